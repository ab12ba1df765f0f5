"""From what people said to what can be learned."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.confirmations import Truth
from faces.errors import NotEnoughToLearn
from faces.records import (
    Box,
    Confirmation,
    Encodings,
    Face,
    FaceId,
    Person,
    PersonId,
    PhotoId,
)
from training.dataset import DataSet, Part
from training.dataset import build_data_set as build_by_parts
from training.parts import Parts, part_of

NETWORK = "dlib-resnet-v1"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def photo(number: int) -> PhotoId:
    return PhotoId(hashlib.sha256(f"photo {number}".encode()).hexdigest())


def photos_for(part: Part, count: int) -> list[PhotoId]:
    found = (photo(number) for number in range(10_000))
    return [one for one in found if part_of(one) is part][:count]


LEARNING = photos_for(Part.LEARNING, 12)
TEST = photos_for(Part.TEST, 12)


def a_face(name: str, of: PhotoId) -> Face:
    return Face(FaceId(name), of, Box(0, 0, 10, 10), 1.0)


def encoded(faces: list[Face]) -> Encodings:
    rng = np.random.default_rng(0)
    plain, mirrored = rng.normal(size=(2, len(faces), 128)).astype(np.float32)
    return Encodings(NETWORK, tuple(face.id for face in faces), plain, mirrored)


def said(names: dict[str, str], **more: frozenset[FaceId]) -> Truth:
    """The truth in which these faces have these names; a person's id is the name in lower case."""
    people = {
        PersonId(name.lower()): Person(PersonId(name.lower()), name) for name in names.values()
    }
    confirmed = {
        FaceId(face): Confirmation(FaceId(face), PersonId(name.lower()), ("you",), NOW, 1)
        for face, name in names.items()
    }
    return Truth(people=people, confirmed=confirmed, **more)


FACES = [a_face(f"f{number:02d}", photo) for number, photo in enumerate(LEARNING)]
ANN_AND_NED = {"f00": "Ann", "f01": "Ann", "f02": "Ned", "f03": "Ned"}


def build_data_set(
    truth: Truth, faces: list[Face], encodings: Encodings, *, parts: Parts | None = None
) -> DataSet:
    """Each photo in the part of its own content, unless others are given."""
    own = {face.photo: part_of(face.photo) for face in faces}
    return build_by_parts(truth, faces, encodings, parts=own | dict(parts or {}))


def labels_by_face(data: DataSet) -> dict[str, int]:
    return dict(zip(data.faces, data.labels.tolist(), strict=True))


def test_faces_of_people_are_labelled_and_strangers_are_nobody() -> None:
    truth = said(ANN_AND_NED, strangers=frozenset({FaceId("f05")}))
    data = build_data_set(truth, FACES, encoded(FACES))
    assert [person.name for person in data.people] == ["Ann", "Ned"]
    assert labels_by_face(data) == {"f00": 0, "f01": 0, "f02": 1, "f03": 1, "f05": 2}
    assert np.allclose(np.linalg.norm(data.rows, axis=1), 1, atol=1e-5)


def test_what_nobody_is_sure_of_is_left_out() -> None:
    truth = said(
        ANN_AND_NED,
        disputed=frozenset({FaceId("f06")}),
        not_faces=frozenset({FaceId("f07")}),
        cannot_tell=frozenset({FaceId("f08")}),
    )
    data = build_data_set(truth, FACES, encoded(FACES))
    assert set(data.faces) == set(ANN_AND_NED)


def test_a_carried_name_teaches_nothing_and_tests_nothing() -> None:
    carried = {face.id: PersonId("ann") for face in FACES[4:]}
    data = build_data_set(replace(said(ANN_AND_NED), carried=carried), FACES, encoded(FACES))
    assert set(data.faces) == set(ANN_AND_NED)


@pytest.mark.parametrize("part", [Part.CALIBRATION, Part.TEST])
def test_carried_names_are_in_no_part(part: Part) -> None:
    carried = {face.id: PersonId("ann") for face in FACES[4:]}
    data = build_data_set(
        replace(said(ANN_AND_NED), carried=carried),
        FACES,
        encoded(FACES),
        parts={face.photo: part for face in FACES[4:]},
    )
    assert part not in data.parts


def test_a_photo_of_no_part_serves_for_nothing() -> None:
    names = {**ANN_AND_NED, "f04": "Ned"}
    data = build_data_set(said(names), FACES, encoded(FACES), parts={LEARNING[4]: None})
    assert set(data.faces) == set(ANN_AND_NED)


def test_a_face_without_an_encoding_is_left_out() -> None:
    data = build_data_set(said({**ANN_AND_NED, "f04": "Ned"}), FACES, encoded(FACES[:4]))
    assert set(data.faces) == set(ANN_AND_NED)


def test_somebody_with_one_face_is_nobody_to_this_version() -> None:
    data = build_data_set(said({**ANN_AND_NED, "f04": "Zoe"}), FACES, encoded(FACES))
    assert [person.name for person in data.left_out] == ["Zoe"]
    assert labels_by_face(data)["f04"] == len(data.people)


def test_somebody_seen_only_in_test_photos_is_left_out_by_name() -> None:
    faces = [*FACES[:4], a_face("g0", TEST[0]), a_face("g1", TEST[1])]
    data = build_data_set(said({**ANN_AND_NED, "g0": "Zoe", "g1": "Zoe"}), faces, encoded(faces))
    assert [person.name for person in data.left_out] == ["Zoe"]
    assert set(labels_by_face(data).values()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({}, r"nobody has a confirmed face"),
        ({"f00": "Ann", "f01": "Ann"}, r"so far 1 can be learned \(Ann: 2 faces\)"),
        ({"f00": "Ann", "f01": "Ann", "f02": "Ned"}, r"\(Ann: 2 faces, Ned: 1 face\)"),
        ({f"f{n:02d}": f"P{n}" for n in range(7)}, r"so far 0 .* and 2 more\)"),
    ],
)
def test_too_little_is_refused_and_says_what_is_there(
    names: dict[str, str], complaint: str
) -> None:
    with pytest.raises(NotEnoughToLearn, match=complaint) as refusal:
        build_data_set(said(names), FACES, encoded(FACES))
    assert "2 people with 2 confirmed faces each" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_photos_kept_for_testing_are_named_as_the_reason() -> None:
    faces = [*FACES[:2], a_face("g0", TEST[0]), a_face("g1", TEST[1])]
    names = {"f00": "Ann", "f01": "Ann", "g0": "Zoe", "g1": "Zoe"}
    with pytest.raises(NotEnoughToLearn, match="Zoe: 2 faces, all in photos kept for testing"):
        build_data_set(said(names), faces, encoded(faces))


def test_an_empty_store_is_too_little() -> None:
    with pytest.raises(NotEnoughToLearn):
        build_data_set(Truth(), [], encoded([]))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4)), max_size=60))
def test_no_photo_serves_two_parts(drawn: list[tuple[int, int]]) -> None:
    faces = [a_face(f"f{n:03d}", photo(number)) for n, (number, _) in enumerate(drawn)]
    truth = said({f"f{n:03d}": f"P{person}" for n, (_, person) in enumerate(drawn)})
    try:
        data = build_data_set(truth, faces, encoded(faces))
    except NotEnoughToLearn:
        return
    parts = defaultdict(set)
    for where, part in zip(data.photos, data.parts, strict=True):
        parts[where].add(part)
    assert all(len(found) == 1 for found in parts.values())
    assert sorted(data.faces) == sorted(face.id for face in faces)
    assert sum(data.samples(part).count for part in Part) == len(data.faces)
    assert set(data.samples(Part.LEARNING).labels) >= set(range(len(data.people)))


def test_parts_are_about_as_large_as_said() -> None:
    parts = [part_of(photo(number)) for number in range(3000)]
    shares = [parts.count(part) / len(parts) for part in Part]
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.03)


def test_the_hash_does_not_depend_on_the_order_of_anything() -> None:
    encodings = encoded(FACES)
    turned = Encodings(
        NETWORK, encodings.faces[::-1], encodings.plain[::-1], encodings.mirrored[::-1]
    )
    first = build_data_set(said(ANN_AND_NED), FACES, encodings)
    second = build_data_set(said(dict(reversed(ANN_AND_NED.items()))), FACES[::-1], turned)
    assert first.hash == second.hash


@pytest.mark.parametrize(
    "names",
    [
        {**ANN_AND_NED, "f04": "Ned"},
        {**ANN_AND_NED, "f03": "Ann", "f04": "Ned"},
        {face: name.replace("Ann", "ANN") for face, name in ANN_AND_NED.items()},
    ],
)
def test_a_new_word_makes_a_new_hash(names: dict[str, str]) -> None:
    before = build_data_set(said(ANN_AND_NED), FACES, encoded(FACES))
    assert build_data_set(said(names), FACES, encoded(FACES)).hash != before.hash


def test_a_new_encoding_makes_a_new_hash() -> None:
    encodings = encoded(FACES)
    before = build_data_set(said(ANN_AND_NED), FACES, encodings)
    moved = replace(encodings, plain=encodings.plain + np.float32(0.1))
    assert build_data_set(said(ANN_AND_NED), FACES, moved).hash != before.hash
