"""What people said comes back whole, once, and into a database in which nobody spoke."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from faces.confirmations import Event, FaceVerdict, Occasion, PersonCreated, PhotoTurned, Verdict
from faces.errors import SetupError, StoreError
from faces.fold import fold
from faces.records import Box, Encodings, Face, FaceId, PersonId, Photo, PhotoId
from faces.store import log, photos
from faces.store.database import Connection, Store
from faces.store.photos import ReadPhoto
from faces.store.restoring import Restoring, Saved, plan_restoring, read_saved, restore
from tests.faces.words import logs

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
ADA = Occasion("Ada", NOW, "annotation:1")
ANNA, PHOTO = PersonId("p1"), PhotoId("a" * 64)
SEEN, DRAWN = FaceId("f-seen"), FaceId("f-drawn")
SAID = (
    Event(3, ADA, PersonCreated(ANNA, "Zoë")),
    Event(7, ADA, FaceVerdict(SEEN, Verdict.IS, ANNA)),
    Event(8, ADA, FaceVerdict(DRAWN, Verdict.IS, ANNA)),
)
PLACES = {SEEN: (PHOTO, Box(1, 2, 30, 40)), DRAWN: (PHOTO, Box(50, 2, 30, 40))}
SAVED = Saved(SAID, PLACES)
NOTHING = Restoring((), (), 0)


def brought_back(connection: Connection, saved: Saved) -> Restoring:
    plan = plan_restoring(connection, saved)
    restore(connection, plan)
    return plan


def save_photo(connection: Connection, *faces: tuple[FaceId, Box]) -> None:
    found = tuple(Face(face, PHOTO, box, 1.0, detector="yunet") for face, box in faces)
    rows = np.zeros((len(found), 128), np.float32)
    encodings = Encodings("net", tuple(face.id for face in found), rows, rows)
    photos.save_photo(connection, ReadPhoto(Photo(PHOTO, 100, 100), found, encodings), now=NOW)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(logs)
def test_what_was_said_is_there_again_and_once(store: Store, events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder, store.write() as connection:
        path = Path(folder) / "log.jsonl"
        path.touch()
        undo = connection.begin_nested()
        log.restore(connection, events)
        log.write_lines(connection, path)
        undo.rollback()
        undo = connection.begin_nested()
        saved = read_saved(path)
        assert brought_back(connection, saved).events == tuple(events)
        assert log.events(connection) == events
        assert log.truth(connection) == fold(events)
        assert plan_restoring(connection, saved).events == ()
        undo.rollback()


def test_what_is_said_afterwards_follows_and_a_second_time_changes_nothing(store: Store) -> None:
    with store.write() as connection:
        brought_back(connection, SAVED)
        log.append(connection, ADA, [PersonCreated(PersonId("p2"), "Ben")])
        assert [event.number for event in log.events(connection)] == [3, 7, 8, 9]
        assert plan_restoring(connection, SAVED).events == ()


@pytest.mark.parametrize("said", [SAID[1:], SAID[:2], SAID[:1]])
def test_where_people_said_something_else_nothing_comes_back(
    store: Store, said: tuple[Event, ...]
) -> None:
    with store.write() as connection:
        log.restore(connection, said)
        with pytest.raises(StoreError, match=f"already .{len(said)} words.*new workspace") as told:
            plan_restoring(connection, SAVED)
        assert "\n" not in str(told.value)


def restore_and_fail(store: Store) -> None:
    with store.write() as connection:
        brought_back(connection, SAVED)
        raise KeyError


def test_what_fails_half_way_leaves_nothing(store: Store) -> None:
    with pytest.raises(KeyError):
        restore_and_fail(store)
    with store.read() as connection:
        assert log.events(connection) == []


def test_a_drawn_face_comes_back_once_its_photo_is_there(store: Store) -> None:
    with store.write() as connection:
        assert brought_back(connection, SAVED).missing == 2
        save_photo(connection, (SEEN, PLACES[SEEN][1]))
        plan = brought_back(connection, SAVED)
        assert (plan.events, plan.missing) == ((), 0)
        assert [face.id for face in plan.drawn] == [DRAWN]
        [drawn] = photos.faces_without_encoding(connection, "net")
        assert (drawn.id, drawn.photo, drawn.box, drawn.drawn) == (DRAWN, *PLACES[DRAWN], True)
        assert plan_restoring(connection, SAVED) == NOTHING


def test_no_face_is_put_over_another(store: Store) -> None:
    with store.write() as connection:
        save_photo(connection, (SEEN, PLACES[SEEN][1]), (FaceId("f-other"), PLACES[DRAWN][1]))
        plan = brought_back(connection, SAVED)
        assert (plan.events, plan.drawn, plan.missing) == (SAID, (), 1)


def line(**changes: Any) -> str:
    whole = {
        "number": 1,
        "at": NOW.isoformat(),
        "speaker": "Ada",
        "place": "annotation:1",
        "said": "face",
        "face": "f1",
        "verdict": "stranger",
        "person": None,
        "photo": PHOTO,
        "box_px": [1.0, 2, 3, 4],
    } | changes
    return json.dumps({name: value for name, value in whole.items() if value is not ...})


def saved_as(tmp_path: Path, *lines: str | bytes) -> Path:
    path = tmp_path / "confirmations.jsonl"
    path.write_bytes(b"".join((x if isinstance(x, bytes) else x.encode()) + b"\n" for x in lines))
    return path


def test_a_line_tells_where_its_face_is(tmp_path: Path) -> None:
    saved = read_saved(saved_as(tmp_path, line(), line(number=2, photo=..., face="f2")))
    assert saved.places == {"f1": (PHOTO, Box(1, 2, 3, 4))}
    assert saved.faces == {"f1", "f2"}


def test_an_empty_file_brings_nothing(store: Store, tmp_path: Path) -> None:
    with store.read() as connection:
        assert plan_restoring(connection, read_saved(saved_as(tmp_path))) == NOTHING


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('{"number": 2, "at', "no JSON"),
        ("", "no JSON"),
        ("[" * 100_000, "no text"),
        (b'{"number": 2, "at": "\xff', "no text"),
        ("[]", "no object"),
        (line(number=2, speaker="\ud800"), "no text"),
        (line(number=2, speaker="a\0b"), "speaker"),
        (line(number=2, speaker=...), "speaker"),
        (line(number=2, place=7), "place"),
        (line(number=2, said="sung"), "sung"),
        (line(number=2, said=["face"]), "said"),
        (line(number=2, face=...), "face"),
        (line(number=2, face=5), "face"),
        (line(number=2, face=["f1"]), "face"),
        (line(number=2, verdict="is"), "do not fit"),
        (line(number=2, at="2026-01-01T00:00:00"), "zone"),
        (line(number=2, box_px=[1, 2, 0, 4]), "positive size"),
        (line(number=2, box_px=[1, 2, "3", 4]), "box_px"),
        (line(number=2, box_px=[float("nan"), 2, 3, 4]), "box_px"),
        (line(number=2, said="together", faces=[["f1"]]), "faces"),
        (line(number=2, said="together", faces="f1"), "faces"),
        (line(number=2, said="not one person", faces=5), "another kind"),
        (line(number=2, said="not one person", faces=[["f1"], ["f2"]]), "another kind"),
        (line(number=2, at="0001-01-01T00:00:00+23:59"), "another kind"),
        (line(number=2, said="photo turned", quarters="1"), "quarters"),
        (line(number=2, said="photo turned", quarters=True), "quarters"),
        (line(number=1), "the number 1 after 1"),
        (line(number="2"), "number"),
        (line(number=2**31), "number"),
    ],
)
def test_a_line_that_is_none_is_named_by_its_number(
    tmp_path: Path, broken: str | bytes, why: str
) -> None:
    path = saved_as(tmp_path, line(), broken, line(number=3))
    with pytest.raises(StoreError, match=f"line 2 of {path} is no line of the log") as told:
        read_saved(path)
    assert why in str(told.value)
    assert "\n" not in str(told.value)


def test_what_is_said_of_a_broken_line_quotes_no_name(tmp_path: Path) -> None:
    path = saved_as(tmp_path, line(said="person created", name="Zoë", person=...))
    with pytest.raises(StoreError, match="its person is missing") as told:
        read_saved(path)
    assert "Zoë" not in str(told.value)


def test_a_photo_that_was_turned_comes_back(tmp_path: Path) -> None:
    turned = line(said="photo turned", quarters=1, face=..., verdict=..., person=..., box_px=...)
    [event] = read_saved(saved_as(tmp_path, turned)).events
    assert event.word == PhotoTurned(PHOTO, 1)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot be read .No such file"):
        read_saved(tmp_path / "none.jsonl")
