"""A folder is followed: what changes is told once it rests, and nothing is told for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faceloop import watching
from faceloop.watching import news

pytestmark = pytest.mark.slow


class Enough(Exception):
    """The test has waited long enough."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files rest sooner than in earnest."""
    monkeypatch.setattr(watching, "RESTS_S", 0.2)
    monkeypatch.setattr(watching, "_TICK_S", 0.1)


def told(
    folder: Path, do: Callable[[], object], *, within_s: float = 3.0, **options: float
) -> bool:
    """Whether something is told of a folder after something was done to it."""
    begun = time.monotonic()
    doing: Iterator[Callable[[], object]] = iter([do])

    def tick() -> None:
        if time.monotonic() - begun > within_s:
            raise Enough
        next(doing, lambda: None)()

    try:
        next(news([folder], on_tick=tick, **options))
    except Enough:
        return False
    return True


def test_a_new_photo_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, (tmp_path / "a.jpg").touch)


def test_a_photo_in_a_new_folder_is_told(tmp_path: Path) -> None:
    def add() -> None:
        (tmp_path / "new" / "deep").mkdir(parents=True)
        (tmp_path / "new" / "deep" / "a.jpg").touch()

    assert told(tmp_path, add)


@pytest.mark.parametrize("change", ["removed", "moved", "written"])
def test_a_photo_that_changes_is_told(tmp_path: Path, change: str) -> None:
    photo = tmp_path / "a.jpg"
    photo.touch()
    do: dict[str, Callable[[], object]] = {
        "removed": photo.unlink,
        "moved": lambda: photo.rename(tmp_path / "b.jpg"),
        "written": lambda: photo.write_bytes(b"more"),
    }
    assert told(tmp_path, do[change])


def test_what_is_no_photo_is_not_told(tmp_path: Path) -> None:
    assert not told(tmp_path, (tmp_path / "notes.txt").touch, within_s=0.7)


def test_reading_a_photo_is_no_change(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"content")
    assert not told(tmp_path, photo.read_bytes, within_s=0.7)


def test_a_photo_that_is_still_being_copied_is_told_when_it_rests(tmp_path: Path) -> None:
    def copy_slowly() -> None:
        with (tmp_path / "a.jpg").open("wb") as photo:
            for _ in range(8):
                photo.write(b"some more")
                photo.flush()
                time.sleep(0.1)

    copying = threading.Thread(target=copy_slowly)
    assert told(tmp_path, copying.start)
    assert not copying.is_alive()


def test_photos_that_come_without_end_are_told_at_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LONGEST_S", 0.5)
    stop = threading.Event()

    def keep_coming() -> None:
        while not stop.wait(0.05):
            (tmp_path / f"{time.monotonic()}.jpg").touch()

    coming = threading.Thread(target=keep_coming)
    assert told(tmp_path, coming.start)
    stop.set()
    coming.join()


def test_a_folder_that_tells_nothing_is_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Iterator[set[tuple[int, str]]]:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(watching, "watch", refuse)
    assert told(tmp_path, lambda: None, look_every_s=0.3)
    assert not told(tmp_path, lambda: None, look_every_s=9.0, within_s=0.5)


def test_a_folder_that_is_away_is_followed_once_it_is_back(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    begun = time.monotonic()

    def tick() -> None:
        if time.monotonic() - begun > 5:
            raise Enough

    told_of = news([disk], on_tick=tick, look_every_s=0.2)
    next(told_of)
    disk.mkdir()
    next(told_of)
    (disk / "a.jpg").touch()
    started = time.monotonic()
    next(told_of)
    assert time.monotonic() - started < 2


def test_what_changes_while_nobody_listens_is_told_afterwards(tmp_path: Path) -> None:
    told_of = news([tmp_path], look_every_s=0.2)
    next(told_of)
    (tmp_path / "a.jpg").touch()
    begun = time.monotonic()
    next(told_of)
    assert time.monotonic() - begun < 3
