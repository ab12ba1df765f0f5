"""What was made of visitors' pictures, kept in folders of its own and for a set time only."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from faces.errors import AlbumGone, Busy
from serve.album import Given
from serve.album_files import make_private

_ID_BYTES = 32
_FREE_BYTES = 1 << 29
"""So much of the disk is left to others."""
_SWEEP_S = 30.0


class Bounded(Protocol):
    """Something that is gone at a certain time."""

    @property
    def until(self) -> datetime:
        """When."""


Kept = TypeVar("Kept", bound=Bounded)


class Keeping(Generic[Kept]):
    """Keeps values with their folders until their time is over; safe to share between threads.

    Nobody can list them: one is found by its id alone, which nobody can guess.
    """

    def __init__(
        self,
        folder: Path,
        gone: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep them in this folder, which is ours alone: whatever lies there is removed.

        `gone` is what is said where there is none, or none any more.
        """
        self.now = now
        self._folder = folder
        self._gone = gone
        self._lock = threading.Lock()
        self._kept: dict[str, Kept] = {}
        self._on_disk: set[str] = set()
        self._opened: Counter[str] = Counter()
        self._closing = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep_until_closed, daemon=True)

    def __enter__(self) -> Self:
        """Begin with an empty folder, and look every half minute for what has to go.

        Raises:
            SetupError: the folder cannot be made.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        make_private(self._folder)
        self._sweeper.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove everything."""
        self._closing.set()
        self._sweeper.join()
        self._kept.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A folder for files that are just being sent; it goes when this is left."""
        folder = self._folder / f"incoming-{secrets.token_hex(8)}"
        make_private(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def refuse_without_room(self, given: Sequence[Given]) -> None:
        """Make sure that the disk has room for copies of these files.

        Raises:
            Busy: it has not.
        """
        needed = sum(one.path.stat().st_size for one in given if one.path.is_file())
        if shutil.disk_usage(self._folder).free < needed + _FREE_BYTES:
            raise Busy("there is no room for these pictures now; try again in a few minutes")

    def make(self, making: Callable[[str, Path], Kept]) -> Kept:
        """Keep what is made of a new id and its place, where no folder is yet.

        Where the making fails nothing stays.
        """
        new_id = secrets.token_urlsafe(_ID_BYTES)
        place = self._folder / new_id
        try:
            made = making(new_id, place)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        with self._lock:
            self._kept[new_id] = made
            self._on_disk.add(new_id)
        return made

    @contextmanager
    def open(self, kept_id: str) -> Iterator[tuple[Kept, Path]]:
        """What has this id, and its folder, which stays until this is left.

        Raises:
            AlbumGone: there is none, or its time is over.
        """
        with self._lock:
            value = self._kept.get(kept_id)
            if value is None or value.until <= self.now():
                raise AlbumGone(self._gone)
            self._opened[kept_id] += 1
        try:
            yield value, self._folder / kept_id
        finally:
            with self._lock:
                self._opened[kept_id] -= 1
            self.sweep()

    def remove(self, kept_id: str) -> None:
        """Forget one before its time; what is not there is gone already."""
        with self._lock:
            self._kept.pop(kept_id, None)
        self.sweep()

    def sweep(self) -> None:
        """Remove those whose time is over; those that are open go when they are left."""
        now = self.now()
        with self._lock:
            self._kept = {one: value for one, value in self._kept.items() if value.until > now}
            gone = {one for one in self._on_disk - self._kept.keys() if not self._opened[one]}
            self._on_disk -= gone
            for one in gone:
                del self._opened[one]
        for one in gone:
            shutil.rmtree(self._folder / one, ignore_errors=True)

    def _sweep_until_closed(self) -> None:
        while not self._closing.wait(_SWEEP_S):
            self.sweep()
