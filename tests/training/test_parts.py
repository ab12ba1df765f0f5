"""What each photo serves for, and that nothing is ever learned of what is tested."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.records import Encodings, FaceId, Photo, PhotoId, unit_rows
from training.parts import MOST_IN_A_MOMENT, NEAR_COSINE, Part, Parts, fixed_parts, part_of

NETWORK = "dlib-resnet-v1"
NOON = datetime(2026, 1, 2, 12)
LOOKS = unit_rows(np.random.default_rng(0).normal(size=(40, 128)).astype(np.float32))
"""Faces that are nothing like each other."""


def photo_id(number: int) -> PhotoId:
    return PhotoId(hashlib.sha256(f"photo {number}".encode()).hexdigest())


def ids_of(part: Part, count: int) -> list[PhotoId]:
    found = (photo_id(number) for number in range(1000))
    return [one for one in found if part_of(one) is part][:count]


def a_photo(photo: PhotoId, *, second: float | None = None) -> Photo:
    taken_at = None if second is None else NOON + timedelta(seconds=second)
    return Photo(photo, 100, 100, taken_at)


def parts_of(
    photos: Sequence[Photo], looks: Sequence[np.ndarray], known: Parts | None = None
) -> dict[PhotoId, Part | None]:
    """The parts of photos with one face each that look so."""
    faces = tuple(FaceId(f"face of {photo.id}") for photo in photos)
    rows = np.array(looks, dtype=np.float32).reshape(-1, 128)
    photo_of = dict(zip(faces, (photo.id for photo in photos), strict=True))
    return fixed_parts(photos, Encodings(NETWORK, faces, rows, rows), photo_of, known or {})


def almost(look: np.ndarray, by: int) -> np.ndarray:
    """A look that is the same at a cosine of about 0.998, moved towards another."""
    return unit_rows((look + 0.06 * LOOKS[-by])[None])[0]


LEARNED, TESTED = ids_of(Part.LEARNING, 3), ids_of(Part.TEST, 3)


def test_photos_that_are_nothing_like_each_other_have_the_parts_of_their_content() -> None:
    photos = [a_photo(photo_id(number)) for number in range(20)]
    assert parts_of(photos, LOOKS[:20]) == {one.id: part_of(one.id) for one in photos}


def test_a_copy_goes_where_the_older_photo_is() -> None:
    photos = [a_photo(LEARNED[0]), a_photo(TESTED[0])]
    parts = parts_of(photos, [LOOKS[0], almost(LOOKS[0], 1)], {TESTED[0]: Part.TEST})
    assert parts == {LEARNED[0]: Part.TEST, TESTED[0]: Part.TEST}


def test_new_copies_go_together() -> None:
    photos = [a_photo(one) for one in (*LEARNED, *TESTED)]
    parts = parts_of(photos, [almost(LOOKS[0], by) for by in range(1, 7)])
    assert set(parts.values()) == {part_of(min(parts))}


def test_a_burst_goes_together_however_its_faces_look() -> None:
    photos = [a_photo(LEARNED[0], second=0), a_photo(TESTED[0], second=9)]
    assert len(set(parts_of(photos, LOOKS[:2]).values())) == 1


def test_photos_of_another_moment_have_parts_of_their_own() -> None:
    photos = [a_photo(LEARNED[0], second=0), a_photo(TESTED[0], second=11)]
    assert parts_of(photos, LOOKS[:2]) == {LEARNED[0]: Part.LEARNING, TESTED[0]: Part.TEST}


def test_scans_that_all_have_one_time_have_parts_of_their_own() -> None:
    scans = [a_photo(photo_id(number), second=0) for number in range(MOST_IN_A_MOMENT + 1)]
    assert parts_of(scans, LOOKS[: len(scans)]) == {one.id: part_of(one.id) for one in scans}
    burst = scans[:-1]
    assert len(set(parts_of(burst, LOOKS[: len(burst)]).values())) == 1


def test_where_photos_follow_each_other_for_long_only_those_of_a_second_go_together() -> None:
    chain = [a_photo(photo_id(number), second=8 * number) for number in range(35)]
    others = (photo_id(number) for number in range(900, 1000))
    twin = a_photo(next(o for o in others if part_of(o) is not part_of(chain[0].id)), second=0)
    found = parts_of([*chain, twin], LOOKS[:36])
    assert found[twin.id] is found[chain[0].id] is part_of(min(twin.id, chain[0].id))
    assert all(found[one.id] is part_of(one.id) for one in chain[1:])


@pytest.mark.parametrize("second", [0.1, 1])
def test_a_burst_of_more_photos_goes_together_in_stretches(second: float) -> None:
    burst = [a_photo(photo_id(number), second=second * number) for number in range(35)]
    found = parts_of(burst, LOOKS[:35])
    changes = sum(found[one.id] is not found[other.id] for one, other in pairwise(burst))
    assert changes <= 35 // (MOST_IN_A_MOMENT // 2)


def test_a_burst_of_more_photos_is_cut_where_the_camera_paused() -> None:
    seconds = [*range(15), *(15.2 + number for number in range(15))]
    burst = [a_photo(photo_id(number), second=at) for number, at in enumerate(seconds)]
    found = parts_of(burst, LOOKS[:30])
    for half in (burst[:15], burst[15:]):
        assert {found[one.id] for one in half} == {part_of(min(one.id for one in half))}


def test_what_belongs_to_two_parts_serves_for_nothing() -> None:
    between = LEARNED[1]
    photos = [a_photo(LEARNED[0], second=0), a_photo(TESTED[0]), a_photo(between, second=5)]
    known = {LEARNED[0]: Part.LEARNING, TESTED[0]: Part.TEST}
    parts = parts_of(photos, [LOOKS[0], LOOKS[1], almost(LOOKS[1], 1)], known)
    assert parts == {**known, between: None}


def test_a_photo_of_no_part_draws_no_other_with_it() -> None:
    photos = [a_photo(LEARNED[0]), a_photo(TESTED[0])]
    parts = parts_of(photos, [LOOKS[0], LOOKS[0]], {LEARNED[0]: None})
    assert parts == {LEARNED[0]: None, TESTED[0]: Part.TEST}


def test_photos_on_which_one_of_two_faces_looks_the_same_are_not_of_one_moment() -> None:
    chain = [a_photo(photo_id(number)) for number in range(12)]
    faces = {FaceId(f"{side} {n}"): photo.id for n, photo in enumerate(chain) for side in "lr"}
    rows = np.array([LOOKS[n + place] for n in range(12) for place in (0, 1)])
    found = fixed_parts(chain, Encodings(NETWORK, tuple(faces), rows, rows), faces, {})
    assert found == {photo.id: part_of(photo.id) for photo in chain}
    rows = LOOKS[[0, 1, 0, 1]]
    again = dict.fromkeys(list(faces)[:2], LEARNED[0]) | dict.fromkeys(list(faces)[2:4], TESTED[0])
    both = [a_photo(LEARNED[0]), a_photo(TESTED[0])]
    twins = fixed_parts(both, Encodings(NETWORK, tuple(again), rows, rows), again, {})
    assert len(set(twins.values())) == 1


def test_no_photos_have_no_parts() -> None:
    assert parts_of([], []) == {}


Drawn = tuple[int, int, float | None]
"""A new photo: its number, whom of eight it looks like, and the second in which it was taken."""

_PHOTO = st.tuples(
    st.integers(0, 60), st.integers(0, 7), st.none() | st.floats(0, 200, allow_nan=False)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_PHOTO, max_size=12), min_size=1, max_size=5))
def test_no_version_has_learned_from_what_any_other_is_tested_on(rounds: list[list[Drawn]]) -> None:
    there: dict[PhotoId, tuple[Photo, np.ndarray]] = {}
    known: dict[PhotoId, Part | None] = {}
    learned: set[PhotoId] = set()
    tested: set[PhotoId] = set()
    for drawn in rounds:
        for number, like, second in drawn:
            one = photo_id(number)
            look = almost(LOOKS[like], 1 + number % 20)
            there.setdefault(one, (a_photo(one, second=second), look))
        before = dict(known)
        known = parts_of([p for p, _ in there.values()], [row for _, row in there.values()], known)
        assert known.items() >= before.items()
        learned |= {photo for photo, part in known.items() if part is Part.LEARNING}
        tested |= {photo for photo, part in known.items() if part is Part.TEST}
    dated = sum(photo.taken_at is not None for photo, _ in there.values())
    for one in learned:
        for other in tested:
            assert one != other
            (photo, row), (another, their_row) = there[one], there[other]
            assert row @ their_row < NEAR_COSINE + 1e-6
            may_be_bursts = dated <= MOST_IN_A_MOMENT
            if may_be_bursts and photo.taken_at is not None and another.taken_at is not None:
                assert abs(photo.taken_at - another.taken_at) > timedelta(seconds=10)
