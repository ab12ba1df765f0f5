"""The desk opens with the first photos and grows: how much at a time, and what is shown when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from faceloop import growing
from faceloop.growing import (
    SHOW_EVERY_S,
    Growth,
    group_faces,
    group_given,
    next_slice,
    photos_before_opening,
)
from faceloop.reading import PhotoFolders
from faceloop.workspace import prepare
from faces.confirmations import FaceVerdict, Occasion, Verdict
from faces.errors import SetupError, StudioUnreachable
from faces.locks import Work, alone
from faces.records import FaceId
from faces.settings import Settings
from faces.store import given as given_photos
from faces.store import ledger, log, owing, photos
from faces.store.database import Store
from faces.store.ledger import PushedTask, Shown

PHOTOS = 9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace", first_photos=2, jobs=1)


@pytest.fixture
def store(settings: Settings) -> Store:
    return prepare(settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Small pictures without faces, each another one."""
    place = tmp_path / "photos"
    place.mkdir()
    for number in range(PHOTOS):
        Image.new("RGB", (40, 40), (number, 0, 0)).save(place / f"{number}.png")
    return place


@pytest.fixture
def found(settings: Settings, store: Store, folder: Path) -> PhotoFolders:
    return PhotoFolders(settings, store, [str(folder)])


@pytest.fixture
def shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many photos there were each time that they were grouped and shown."""
    counts: list[int] = []

    def note(*_: object, **__: object) -> None:
        with store.read() as connection:
            counts.append(photos.count_photos(connection))

    monkeypatch.setattr(growing, "group_faces", note)
    return counts


def test_few_photos_are_all_read_before_the_desk_opens() -> None:
    assert photos_before_opening(300, 0, first=300) is None
    assert photos_before_opening(0, 30_000, first=300) is None


def test_of_many_photos_some_are_enough_to_open_the_desk() -> None:
    assert photos_before_opening(30_000, 0, first=300) == 300
    assert photos_before_opening(30_000, 200, first=300) == 100


def test_a_desk_that_has_photos_opens_before_any_is_read() -> None:
    assert photos_before_opening(20_000, 10_000, first=300) == 0


@given(known=st.integers(0, 10**6), rate=st.floats(0.1, 500), showing_s=st.floats(0, 3_600))
def test_a_slice_is_never_empty_and_never_more_than_was_known(
    known: int, rate: float, showing_s: float
) -> None:
    size = next_slice(known=known, photos_per_s=rate, showing_s=showing_s, least=300)
    assert 300 <= size <= max(300, known)


def test_slices_double_until_they_take_long() -> None:
    assert next_slice(known=2_400, photos_per_s=20, showing_s=5, least=300) == 2_400
    most = round(SHOW_EVERY_S * 20)
    assert next_slice(known=200_000, photos_per_s=20, showing_s=5, least=300) == most


def test_where_grouping_takes_long_it_happens_rarely() -> None:
    assert next_slice(known=200_000, photos_per_s=20, showing_s=600, least=300) == 60_000


def test_all_is_read_and_shown_slice_by_slice(
    settings: Settings, store: Store, found: PhotoFolders, shown: list[int]
) -> None:
    Growth(settings, store, found).finish()
    assert shown == [2, 4, 8, 9]


def test_without_a_desk_it_is_said_what_became_of_the_groups(
    settings: Settings, store: Store, found: PhotoFolders, capsys
) -> None:
    Growth(settings, store, found).finish()
    assert capsys.readouterr().out.endswith("no group of faces; 0 faces stand alone\n")


def test_where_nothing_changed_nothing_is_shown_or_said(
    settings: Settings, store: Store, found: PhotoFolders, shown: list[int], capsys
) -> None:
    growth = Growth(settings, store, found)
    growth.finish()
    shown.clear()
    capsys.readouterr()
    growth.finish()
    assert (shown, capsys.readouterr().out) == ([], "")


def test_what_could_not_be_shown_is_shown_the_next_time_and_the_reason_is_said_once(
    settings: Settings,
    store: Store,
    found: PhotoFolders,
    shown: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StudioUnreachable("no answer from Label Studio")

    growth = Growth(settings, store, found)
    with monkeypatch.context() as patch:
        patch.setattr(growing, "group_faces", refuse)
        for _ in range(12):
            growth.finish()
    assert capsys.readouterr().err.count("no answer from Label Studio") == 1
    growth.finish()
    assert shown[-1] == PHOTOS


def test_a_part_that_ended_ends_the_growth(
    settings: Settings, store: Store, found: PhotoFolders, shown: list[int]
) -> None:
    def refuse_ended() -> None:
        raise SetupError("backend stopped: it wrote nothing")

    with pytest.raises(SetupError, match="backend stopped"):
        Growth(settings, store, found, on_tick=refuse_ended).finish()


def test_what_was_read_before_an_interruption_is_not_read_again(
    settings: Settings, store: Store, found: PhotoFolders, folder: Path, shown: list[int], capsys
) -> None:
    def interrupt() -> None:
        if shown:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Growth(settings, store, found, on_tick=interrupt).finish()
    Growth(settings, store, PhotoFolders(settings, store, [str(folder)])).finish()
    assert f"{PHOTOS} files: 7 added, 2 as before" in capsys.readouterr().out


def test_a_folder_is_followed(
    settings: Settings,
    store: Store,
    found: PhotoFolders,
    folder: Path,
    shown: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    growth = Growth(settings, store, found)
    growth.finish()
    changes = iter((folder / "0.png").rename(folder / f"new {n}.png") for n in range(1))

    def news(folders: list[Path], **_: object):
        assert folders == [folder]
        for _ in changes:
            yield
        (folder / "1.png").unlink()
        yield

    monkeypatch.setattr(growing, "news", news)
    shown.clear()
    growth.follow()
    assert shown == [PHOTOS, PHOTOS - 1]


def test_other_processes_come_first_once_people_work(
    settings: Settings, store: Store, found: PhotoFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    monkeypatch.setattr("os.nice", steps.append)
    Growth(settings, store, found).give_way()
    assert len(steps) == 1
    assert steps[0] > 0


def given_and_waiting(store: Store) -> bool:
    with store.read() as connection:
        return given_photos.waits_to_be_grouped(connection)


def test_what_visitors_gave_is_grouped_once_and_a_push_is_owed(
    settings: Settings, store: Store
) -> None:
    assert not group_given(settings, store), "nobody gave anything"
    owing.end_push(store, owing.begin_push(store), version=None)
    with store.write() as connection:
        given_photos.note_given(connection, 2)
    assert group_given(settings, store)
    assert not given_and_waiting(store)
    assert owing.owes_push(store, version=None)
    assert not group_given(settings, store)


def test_whoever_is_killed_before_a_push_is_owed_has_it_grouped_again(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: object) -> None:
        raise KeyboardInterrupt

    with store.write() as connection:
        given_photos.note_given(connection, 1)
    monkeypatch.setattr(growing, "owe_push", killed)
    with pytest.raises(KeyboardInterrupt):
        group_given(settings, store)
    assert given_and_waiting(store)


def test_while_photos_are_read_nothing_waits_for_what_visitors_gave(
    settings: Settings, store: Store
) -> None:
    with store.write() as connection:
        given_photos.note_given(connection, 1)
    with alone(settings, Work.INGEST):
        assert not group_given(settings, store)
    assert given_and_waiting(store), "the next look does it"
    group_faces(settings, store)
    assert not given_and_waiting(store), "so does whoever groups"


def say_something(store: Store) -> None:
    with store.write() as connection:
        occasion = Occasion("somebody", datetime.now(UTC), "test")
        log.append(connection, occasion, [FaceVerdict(FaceId("f"), Verdict.STRANGER)])


def note_page(store: Store, *, answered: bool) -> None:
    """Note that Label Studio has a page."""
    page = PushedTask("people", "page", 1, Shown("", ""), "", "", annotated=answered)
    with store.write() as connection:
        ledger.save_tasks(connection, [page])


def test_what_people_said_changes_groups_once_they_rest(
    settings: Settings,
    store: Store,
    found: PhotoFolders,
    shown: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    growth = Growth(settings, store, found)
    growth.finish()
    shown.clear()
    note_page(store, answered=False)
    say_something(store)
    growth.finish()
    assert shown == [], "there may be more to come"
    monkeypatch.setattr(growing, "QUIET_S", 0.0)
    growth.finish()
    growth.finish()
    assert shown == [PHOTOS]


@pytest.mark.parametrize("pages", [0, 1])
def test_where_no_page_is_left_to_answer_groups_change_at_once_and_only_once(
    settings: Settings, store: Store, found: PhotoFolders, shown: list[int], pages: int
) -> None:
    growth = Growth(settings, store, found)
    growth.finish()
    shown.clear()
    for _ in range(pages):
        note_page(store, answered=True)
    growth.finish()
    assert shown == [], "nothing was said"
    say_something(store)
    growth.finish()
    growth.finish()
    assert shown == [PHOTOS]


def test_when_the_last_page_is_answered_groups_change_at_once(
    settings: Settings, store: Store, found: PhotoFolders, shown: list[int]
) -> None:
    growth = Growth(settings, store, found)
    growth.finish()
    shown.clear()
    note_page(store, answered=False)
    say_something(store)
    growth.finish()
    assert shown == []
    note_page(store, answered=True)
    growth.finish()
    assert shown == [PHOTOS]
