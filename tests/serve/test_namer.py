from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from faces.confirmations import (
    FaceVerdict,
    Occasion,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    Retracted,
    Verdict,
    Word,
)
from faces.errors import BadPhoto
from faces.records import Box, FaceId, FloatRows, PersonId
from faces.store import log
from faces.store.database import Store
from faces.versions import ModelVersion
from serve.answers import NamedPicture
from serve.namer import Namer

Learn = Callable[..., ModelVersion]
LEFT, MIDDLE, RIGHT = Box(10, 10, 80, 80), Box(200, 50, 100, 100), Box(400, 20, 90, 90)


def towards(axis: int) -> FloatRows:
    """The unit row along one axis, (128,)."""
    return np.asarray(np.eye(128)[axis], dtype=np.float32)


def say(store: Store, *words: Word, place: str = "test") -> None:
    with store.write() as connection:
        log.append(connection, Occasion("eve", datetime(2026, 3, 2, tzinfo=UTC), place), words)


def a_face_of(person: PersonId) -> FaceVerdict:
    return FaceVerdict(FaceId(f"a face of {person}"), Verdict.IS, person)


def names(picture: NamedPicture) -> list[str | None]:
    return [face.name for face in picture.faces]


def test_everyone_known_is_named_and_a_stranger_is_unknown_from_left_to_right(
    namer: Namer, reader: Any, learn: Learn, picture: bytes
) -> None:
    version = learn(Anna=towards(0), Łukasz=towards(1))
    reader.found = [(RIGHT, towards(5)), (LEFT, towards(1)), (MIDDLE, towards(0))]
    answer = namer.name_all(picture, called="a.png")
    assert names(answer) == ["Łukasz", "Anna", None]
    assert answer.version == version.id
    assert [face.box for face in answer.faces] == [LEFT, MIDDLE, RIGHT]
    assert all(0.7 <= face.certainty <= 1 for face in answer.faces)


def test_a_face_is_unknown_as_surely_as_it_is_none_of_the_likeliest(
    namer: Namer, reader: Any, learn: Learn, picture: bytes
) -> None:
    learn(Anna=towards(0), Berta=towards(1))
    reader.found = [(LEFT, towards(0) + towards(1) + towards(5))]
    [face] = namer.name_all(picture, called="a.png").faces
    assert face.name is None
    known = sum(one.probability for one in face.likeliest)
    assert (face.certainty, known > 0.4) == (pytest.approx(1 - known), True)


def test_without_a_model_faces_are_found_and_unknown(
    namer: Namer, reader: Any, picture: bytes
) -> None:
    reader.found = [(LEFT, towards(0))]
    answer = namer.name_all(picture, called="a.png")
    assert (names(answer), answer.version) == ([None], None)
    assert namer.about().version is None
    assert answer.faces[0].likeliest == ()


def test_a_picture_without_faces_has_no_names(namer: Namer, learn: Learn, picture: bytes) -> None:
    learn(Anna=towards(0))
    assert namer.name_all(picture, called="a.png").faces == ()


def test_the_model_made_current_last_answers(
    namer: Namer, reader: Any, learn: Learn, picture: bytes
) -> None:
    reader.found = [(LEFT, towards(0))]
    learn(Anna=towards(0))
    assert names(namer.name_all(picture, called="a.png")) == ["Anna"]
    second = learn(Berta=towards(0), Cleo=towards(1))
    answer = namer.name_all(picture, called="a.png")
    assert (names(answer), answer.version) == (["Berta"], second.id)
    assert (namer.about().version, namer.about().people) == (second.id, 2)


def test_people_are_called_as_they_are_called_now(
    namer: Namer, reader: Any, learn: Learn, picture: bytes, store: Store
) -> None:
    learn(Anna=towards(0), Berta=towards(1))
    anna, berta = PersonId("anna"), PersonId("berta")
    say(store, PersonCreated(anna, "Anna"), PersonCreated(berta, "Berta"))
    say(store, *(a_face_of(one) for one in (anna, berta)))
    say(store, PersonRenamed(anna, "Anna Ødegård"))
    reader.found = [(LEFT, towards(0)), (MIDDLE, towards(1))]
    assert names(namer.name_all(picture, called="a.png")) == ["Anna Ødegård", "Berta"]


def test_whoever_was_taken_back_is_named_no_more_and_counts_in_no_probability(
    namer: Namer, reader: Any, learn: Learn, picture: bytes, store: Store
) -> None:
    learn(Anna=towards(0), Berta=towards(1))
    anna, berta = PersonId("anna"), PersonId("berta")
    say(store, PersonCreated(anna, "Anna"), PersonCreated(berta, "Berta"))
    say(store, a_face_of(anna))
    say(store, a_face_of(berta), place="of Berta")
    reader.found = [(LEFT, towards(0)), (MIDDLE, towards(1))]
    assert names(namer.name_all(picture, called="a.png")) == ["Anna", "Berta"]
    say(store, Retracted(), place="of Berta")
    again = namer.name_all(picture, called="a.png")
    assert names(again) == ["Anna", None]
    assert [[one.name for one in face.likeliest] for face in again.faces] == [["Anna"], ["Anna"]]
    say(store, a_face_of(berta), place="of Berta")
    assert names(namer.name_all(picture, called="a.png")) == ["Anna", "Berta"]


def test_two_people_who_are_one_are_listed_once(
    namer: Namer, reader: Any, learn: Learn, picture: bytes, store: Store
) -> None:
    learn(Anna=towards(0), Ann=towards(1), Cleo=towards(2))
    anna, ann = PersonId("anna"), PersonId("ann")
    say(store, PersonCreated(anna, "Anna"), PersonMerged(ann, anna))
    say(store, a_face_of(anna), a_face_of(PersonId("cleo")))
    reader.found = [(LEFT, towards(0) + towards(1))]
    [face] = namer.name_all(picture, called="a.png").faces
    assert [one.name for one in face.likeliest] == ["Anna", "Cleo"]
    assert face.likeliest[0].probability == pytest.approx(1.0, abs=0.05)


def test_without_a_store_the_names_are_those_that_the_model_learned(
    namer: Namer, reader: Any, models: Any, learn: Learn, picture: bytes
) -> None:
    learn(Anna=towards(0))
    reader.found = [(LEFT, towards(0))]
    alone = Namer(models, reader, None)
    assert names(alone.name_all(picture, called="a.png")) == ["Anna"]


def test_nobody_is_chosen_among_people_who_are_often_taken_for_each_other(
    namer: Namer, reader: Any, learn: Learn, picture: bytes
) -> None:
    learn(Anna=towards(0), Berta=towards(1), Cleo=towards(2), look_alikes=[("anna", "cleo")])
    reader.found = [(LEFT, towards(0)), (RIGHT, towards(1))]
    alike, alone = namer.name_all(picture, called="a.png", count=1).faces
    assert (alike.name, alike.either) == (None, ("Anna", "Cleo"))
    assert alike.called == "Anna or Cleo"
    assert alike.certainty > 0.9
    assert [one.name for one in alike.likeliest] == ["Anna", "Cleo"]
    assert (alone.name, alone.either) == ("Berta", ())


def test_nobody_is_offered_for_a_face_that_people_said_is_somebody_else(
    namer: Namer, reader: Any, learn: Learn, picture: bytes, store: Store
) -> None:
    learn(Anna=towards(0), Berta=towards(1))
    reader.found = [(LEFT, towards(0))]
    [face] = namer.name_all(picture, called="a.png").faces
    assert (face.name, face.id is None) == ("Anna", False)
    anna = PersonId("anna")
    say(store, PersonCreated(anna, "Anna"), PersonCreated(PersonId("berta"), "Berta"))
    say(store, a_face_of(anna), a_face_of(PersonId("berta")))
    say(store, FaceVerdict(face.id, Verdict.IS_NOT, anna))
    [face] = namer.name_all(picture, called="a.png").faces
    assert (face.name, face.either) == (None, ())
    assert [one.name for one in face.likeliest] == ["Berta"]
    assert face.certainty > 0.9


def test_bytes_that_are_no_photo_are_refused_by_name(namer: Namer) -> None:
    with pytest.raises(BadPhoto, match=r"holiday\.jpg"):
        namer.name_all(b"not a picture", called="holiday.jpg")


def test_a_damaged_new_version_leaves_the_old_one_answering(
    namer: Namer, reader: Any, learn: Learn, picture: bytes, models_folder: Any
) -> None:
    first = learn(Anna=towards(0))
    namer.about()
    second = learn(Berta=towards(0))
    (models_folder / second.id / "weights.safetensors").write_bytes(b"")
    reader.found = [(LEFT, towards(0))]
    assert names(namer.name_all(picture, called="a.png")) == ["Anna"]
    assert namer.about().version == first.id
    assert second.id in (namer.about().problem or "")
