import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from faces.confirmation_lines import word_to_json
from faces.confirmations import (
    Carried,
    Decided,
    Event,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    NotOnePerson,
    Occasion,
    PairUnsure,
    PersonCreated,
    PersonRenamed,
    Retracted,
    SamePhotoException,
    Truth,
    Verdict,
)
from faces.errors import StoreError
from faces.fold import Folded, fold, grown
from faces.records import Box, Encodings, Face, FaceId, PersonId, Photo, PhotoId
from faces.store import chunks, log, photos, tables
from faces.store.database import Connection, Store
from faces.store.photos import ReadPhoto
from tests.faces.words import logs

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
ADA = Occasion("Ada", NOW, "annotation:1")
ANNA = PersonId("p1")
WORDS = [PersonCreated(ANNA, "Zoë"), FaceVerdict(FaceId("f1"), Verdict.IS, ANNA)]


def test_events_come_back_in_order_with_their_time(store: Store) -> None:
    with store.write() as connection:
        log.append(connection, ADA, WORDS)
        log.append(connection, ADA, [])
    with store.read() as connection:
        events = log.events(connection)
        assert events == [Event(1, ADA, WORDS[0]), Event(2, ADA, WORDS[1])]
        assert log.events(connection, after=1) == events[1:]
        assert log.truth(connection) == fold(events)


def test_faces_that_any_word_was_about_are_told(store: Store) -> None:
    words = (
        PersonCreated(ANNA, "Zoë"),
        FaceVerdict(FaceId("f1"), Verdict.IS, ANNA),
        FacesTogether((FaceId("f2"), FaceId("f3"))),
        FacesApart(FaceId("f4"), (FaceId("f5"),)),
        SamePhotoException(FaceId("f6"), FaceId("f7")),
        Carried((FaceId("f8"),), ANNA, (FaceId("f9"),)),
        NotOnePerson((FaceId("f10"), FaceId("f11"))),
        PairUnsure((FaceId("f12"),), (FaceId("f13"),)),
        Decided(FaceId("f14"), Verdict.STRANGER),
        Retracted(),
    )
    with store.write() as connection:
        assert log.faces_spoken_of(connection) == frozenset()
        log.append(connection, ADA, words)
        assert log.faces_spoken_of(connection) == {f"f{number}" for number in range(1, 15)}
        assert log.faces_spoken_of(connection, after=7) == {"f12", "f13", "f14"}


def test_a_name_is_carried_once_into_a_photo(store: Store) -> None:
    ids: list[FaceId] = []
    with store.write() as connection:
        for name, boxes in (("a", 1), ("b", 2)):
            photo = Photo(PhotoId(name * 64), 100, 100)
            shown = tuple(
                Face(FaceId(f"{name}{n}"), photo.id, Box(30 * n, 0, 20, 20), 1.0)
                for n in range(boxes)
            )
            rows = np.zeros((boxes, 128), dtype=np.float32)
            encodings = Encodings("net", tuple(face.id for face in shown), rows, rows)
            photos.save_photo(connection, ReadPhoto(photo, shown, encodings), now=NOW)
            ids += encodings.faces
        shown_face, first, second = ids
        named = FaceVerdict(shown_face, Verdict.IS, ANNA)
        log.append(connection, ADA, [named, Carried((first,), ANNA, (shown_face,))])
        assert log.truth(connection).carried == {first: ANNA}
        log.append(connection, ADA, [named, Carried((second,), ANNA, (shown_face,))])
        assert log.truth(connection).carried == {}


def count_folds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each fold was given since."""
    folds: list[int] = []

    def counted(before: Folded, events: Iterable[Event]) -> Folded:
        given = list(events)
        folds.append(len(given))
        return grown(before, given)

    monkeypatch.setattr(log, "grown", counted)
    return folds


def read_truth(store: Store) -> Truth:
    with store.read() as connection:
        return log.truth(connection)


def test_the_log_is_folded_once_until_more_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds = count_folds(monkeypatch)
    assert read_truth(store) == read_truth(store) == fold([])
    with store.write() as connection:
        log.append(connection, ADA, WORDS)
    assert read_truth(store).confirmed.keys() == {"f1"}
    with ThreadPoolExecutor(4) as threads:
        assert len({len(one.confirmed) for one in threads.map(read_truth, [store] * 8)}) == 1
    assert folds == [0, 2]


def test_who_still_reads_the_state_before_gets_what_held_then_and_nothing_is_folded_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds = count_folds(monkeypatch)
    read_truth(store)
    with store.read() as before:
        assert not log.last_number(before)
        with store.write() as connection:
            log.append(connection, ADA, WORDS)
        assert read_truth(store).confirmed
        assert not log.truth(before).confirmed
    assert read_truth(store).confirmed
    assert folds == [0, 2]


def test_of_a_longer_log_only_the_news_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_truth(store)
    read_from: list[int] = []
    plain = log.events

    def remember(connection: Connection, *, after: int = 0) -> list[Event]:
        read_from.append(after)
        return plain(connection, after=after)

    monkeypatch.setattr(log, "events", remember)
    for count in (1, 2):
        with store.write() as connection:
            log.append(connection, ADA, WORDS)
        assert len(read_truth(store).standing) == count * len(WORDS)
    assert read_from == [0, 2]


def test_a_log_that_grew_before_its_end_is_read_anew(store: Store) -> None:
    """On PostgreSQL a lower number may come to be seen after a higher one."""
    with store.write() as connection:
        log.restore(connection, [Event(7, ADA, WORDS[1])])
    assert not read_truth(store).people
    row = {"at": NOW, "speaker": "Ada", "place": "annotation:1", "word": word_to_json(WORDS[0])}
    with store.write() as connection:
        connection.execute(sa.insert(tables.log).values(number=3, **row))
    assert read_truth(store).people[ANNA].name == "Zoë"


def say_and_fail(store: Store) -> None:
    with store.write() as connection:
        log.append(connection, ADA, WORDS)
        assert log.truth(connection).confirmed
        raise KeyError


def test_what_was_never_kept_is_no_truth(store: Store) -> None:
    with pytest.raises(KeyError):
        say_and_fail(store)
    with store.write() as connection:
        log.append(connection, ADA, [PersonCreated(ANNA, "Zoë"), PersonRenamed(ANNA, "Zoe")])
    assert not read_truth(store).confirmed
    assert read_truth(store).people[ANNA].name == "Zoe"


@pytest.mark.parametrize("count", [0, 1])
def test_each_store_has_its_own_truth(store: Store, tmp_path: Path, count: int) -> None:
    other = Store(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    other.migrate(lock=tmp_path / "other.lock")
    for one, words in ((store, WORDS[:count]), (other, WORDS)):
        with one.write() as connection:
            log.append(connection, ADA, words)
    assert len(read_truth(store).standing) == count
    assert len(read_truth(other).standing) == len(WORDS)
    other.close()


def test_writing_lines_twice_adds_nothing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with store.write() as connection:
        assert log.write_lines(connection, path) == 0
        assert not path.exists()
        log.append(connection, ADA, WORDS)
        assert log.write_lines(connection, path) == 2
        content = path.read_bytes()
        assert log.write_lines(connection, path) == 0
        assert path.read_bytes() == content
        log.append(connection, ADA, WORDS[1:])
        assert log.write_lines(connection, path) == 1
        assert path.read_bytes().startswith(content)
        assert log.read_lines(path) == log.events(connection)


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_line_that_was_cut_off_is_written_anew(store: Store, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "log.jsonl"
    with store.write() as connection:
        log.append(connection, ADA, WORDS)
        log.write_lines(connection, path)
        whole = path.read_bytes()
        first = whole.index(b"\n") + 1
        path.write_bytes(whole[: first + kept] if kept >= 0 else whole[:kept])
        log.write_lines(connection, path)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"{not json\n",
        b"[]\n",
        b"{}\n",
        b"\xff\n",
        b'{"at": 2, "speaker": "", "place": ""}\n',
    ],
)
def test_a_file_with_a_damaged_last_line_is_kept_aside_and_written_anew(
    store: Store, tmp_path: Path, damage: bytes
) -> None:
    path = tmp_path / "log.jsonl"
    with store.write() as connection:
        log.append(connection, ADA, WORDS)
        log.write_lines(connection, path)
        whole = path.read_bytes()
        path.write_bytes(whole + damage)
        assert log.write_lines(connection, path) == 2
        assert path.read_bytes() == whole
        (aside,) = set(tmp_path.glob("log.*.jsonl"))
        assert aside.read_bytes() == whole + damage
        assert log.write_lines(connection, path) == 0


@pytest.mark.parametrize("said", [1, 2, 3])
def test_a_file_of_another_database_is_kept_aside_and_written_anew(
    store: Store, tmp_path: Path, said: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "log.jsonl"
    with store.write() as connection:
        undo = connection.begin_nested()
        log.append(connection, ADA, WORDS)
        log.write_lines(connection, path)
        undo.rollback()
        foreign = path.read_bytes()
        other = [PersonCreated(PersonId(f"q{n}"), "Ben") for n in range(said)]
        log.restore(connection, [Event(n, ADA, word) for n, word in enumerate(other, start=1)])
        assert log.write_lines(connection, path) == said
        assert log.read_lines(path) == log.events(connection)
    (aside,) = set(tmp_path.glob("log.*.jsonl"))
    assert aside.read_bytes() == foreign
    assert str(aside) in caplog.text


def test_times_of_other_zones_stay_the_same_moment(store: Store) -> None:
    summer = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    there = Occasion("Ada", summer, "annotation:1")
    with store.write() as connection:
        undo = connection.begin_nested()
        log.append(connection, there, WORDS[:1])
        (event,) = log.events(connection)
        undo.rollback()
        log.restore(connection, [Event(1, there, WORDS[0])])
        (restored,) = log.events(connection)
    assert event.occasion.at == restored.occasion.at == summer


def test_a_line_about_a_face_says_where_it_is(store: Store, tmp_path: Path) -> None:
    photo = Photo(PhotoId("a" * 64), 100, 100)
    face = Face(FaceId("f1"), photo.id, Box(1, 2, 3, 4), 1.0)
    rows = np.zeros((1, 128), np.float32)
    with store.write() as connection:
        read = ReadPhoto(photo, (face,), Encodings("net", (face.id,), rows, rows))
        photos.save_photo(connection, read, now=NOW)
        log.append(connection, ADA, WORDS)
        log.write_lines(connection, tmp_path / "log.jsonl")
    line = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()[1]
    assert f'"photo": "{photo.id}", "box_px": [1.0, 2.0, 3.0, 4.0]' in line


def test_names_are_readable_in_the_lines(store: Store, tmp_path: Path) -> None:
    with store.write() as connection:
        log.append(connection, ADA, [*WORDS, PersonRenamed(ANNA, "a\u2028b\x85c")])
        log.write_lines(connection, tmp_path / "log.jsonl")
        assert log.read_lines(tmp_path / "log.jsonl") == log.events(connection)
    assert "Zoë" in (tmp_path / "log.jsonl").read_text(encoding="utf-8")


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("{}\n")
    with pytest.raises(StoreError, match="no line of the log"):
        log.read_lines(path)
    path.write_text("{not json\n")
    with pytest.raises(StoreError, match="line 1 of"):
        log.read_lines(path)


def test_many_lines_are_written_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 2)
    photo = Photo(PhotoId("a" * 64), 100, 100)
    shown = tuple(Face(FaceId(f"f{n}"), photo.id, Box(n, 2, 3, 4), 1.0) for n in range(5))
    rows = np.zeros((5, 128), np.float32)
    with store.write() as connection:
        encodings = Encodings("net", tuple(face.id for face in shown), rows, rows)
        photos.save_photo(connection, ReadPhoto(photo, shown, encodings), now=NOW)
        log.append(connection, ADA, [FaceVerdict(face.id, Verdict.STRANGER) for face in shown])
        assert log.write_lines(connection, tmp_path / "log.jsonl") == 5
    assert (tmp_path / "log.jsonl").read_text().count("box_px") == 5


def test_a_restored_log_is_the_same_and_goes_on(store: Store) -> None:
    saved = [Event(3, ADA, WORDS[0]), Event(7, ADA, WORDS[1])]
    with store.write() as connection:
        log.restore(connection, saved)
        assert log.events(connection) == saved
        log.append(connection, ADA, WORDS[1:])
        assert [event.number for event in log.events(connection)] == [3, 7, 8]
    with pytest.raises(StoreError, match="not empty"), store.write() as connection:
        log.restore(connection, saved)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(logs)
def test_the_lines_are_enough_to_rebuild_the_truth(store: Store, events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder, store.write() as connection:
        undo = connection.begin_nested()
        path = Path(folder) / "log.jsonl"
        path.touch()
        log.restore(connection, events)
        log.write_lines(connection, path)
        undo.rollback()
        undo = connection.begin_nested()
        log.restore(connection, log.read_lines(path))
        assert log.truth(connection) == fold(events)
        undo.rollback()
