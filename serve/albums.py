"""Albums that visitors made: apart from the project's own photos, and kept for a set time only."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Self

from faces.errors import AlbumGone, Busy
from faces.reading import FaceReader
from faces.records import PhotoId, ReadPhoto
from serve.album import (
    Album,
    AlbumId,
    Given,
    Picture,
    Progress,
    Refused,
    clustered,
    seconds_left,
)
from serve.album_files import AlbumFiles, make_private
from serve.album_reading import AlbumPhoto, AlbumReader
from serve.file_names import last_part, safe_names
from serve.limits import Limits

_ID_BYTES = 32
_FREE_BYTES = 1 << 29
"""So much of the disk is left to others."""
_SWEEP_S = 30.0

Tell = Callable[[Progress], None]
"""Hears how far an album is; what it raises ends the album."""


@dataclass(frozen=True)
class OpenAlbum:
    """An album whose files stay as long as it is open."""

    album: Album
    files: AlbumFiles


class Albums:
    """Makes albums and keeps them until their time is over; safe to share between threads.

    Nobody can list them: an album is found by its id alone, which nobody can guess.
    """

    def __init__(
        self,
        folder: Path,
        reader: FaceReader,
        limits: Limits,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        threads: int | None = None,
    ) -> None:
        """Keep albums in this folder, which is ours alone: whatever lies there is removed."""
        self.limits = limits
        self._folder = folder
        self._now = now
        self._reader = AlbumReader(reader, limits, threads=threads)
        self._lock = threading.Lock()
        self._one_grouped = threading.Lock()
        self._kept: dict[AlbumId, Album] = {}
        self._on_disk: set[AlbumId] = set()
        self._opened: Counter[AlbumId] = Counter()
        self._latest_here: AlbumId | None = None
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
        self._reader.close()
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

    def make(
        self, given: Sequence[Given], *, here: bool = False, tell: Tell = lambda _progress: None
    ) -> Album:
        """Find the faces in these files and group them by person; takes as long as that takes.

        The files stay where they are. What is no picture, is there twice, or is more than the
        limits allow is refused with its reason, and the rest goes on. `here` says that a visitor
        from this machine asks.

        Raises:
            Busy: there is no room on the disk.
        """
        self._refuse_without_room(given)
        album_id = AlbumId(secrets.token_urlsafe(_ID_BYTES))
        files = AlbumFiles(self._folder / album_id)
        files.make()
        try:
            album = self._made(album_id, given, files, tell)
        except BaseException:
            shutil.rmtree(files.folder, ignore_errors=True)
            raise
        with self._lock:
            self._kept[album_id] = album
            self._on_disk.add(album_id)
            self._latest_here = album_id if here else self._latest_here
        return album

    @contextmanager
    def open(self, album_id: str) -> Iterator[OpenAlbum]:
        """An album by its id; its files stay until this is left.

        Raises:
            AlbumGone: there is none, or its time is over.
        """
        with self._lock:
            album = self._kept.get(AlbumId(album_id))
            if album is None or album.until <= self._now():
                raise AlbumGone(
                    "there is no such album: pictures are kept for "
                    f"{self.limits.minutes_kept:g} minutes; give them again"
                )
            self._opened[album.id] += 1
        try:
            yield OpenAlbum(album, AlbumFiles(self._folder / album.id))
        finally:
            with self._lock:
                self._opened[album.id] -= 1
            self.sweep()

    def latest_here(self) -> AlbumId:
        """The album that was made last from this machine.

        Raises:
            AlbumGone: there is none.
        """
        with self._lock:
            if self._latest_here is None:
                raise AlbumGone("no pictures were given yet")
            return self._latest_here

    def remove(self, album_id: str) -> None:
        """Forget an album before its time; one that is not there is gone already."""
        with self._lock:
            self._kept.pop(AlbumId(album_id), None)
        self.sweep()

    def sweep(self) -> None:
        """Remove the albums whose time is over; those that are open go when they are left."""
        now = self._now()
        with self._lock:
            self._kept = {one: album for one, album in self._kept.items() if album.until > now}
            gone = {one for one in self._on_disk - self._kept.keys() if not self._opened[one]}
            self._on_disk -= gone
            for album_id in gone:
                del self._opened[album_id]
        for album_id in gone:
            shutil.rmtree(self._folder / album_id, ignore_errors=True)

    def _sweep_until_closed(self) -> None:
        while not self._closing.wait(_SWEEP_S):
            self.sweep()

    def _refuse_without_room(self, given: Sequence[Given]) -> None:
        """Make sure that the disk has room for copies.

        Raises:
            Busy: it has not.
        """
        needed = sum(one.path.stat().st_size for one in given if one.path.is_file())
        if shutil.disk_usage(self._folder).free < needed + _FREE_BYTES:
            raise Busy("there is no room for these pictures now; try again in a few minutes")

    def _made(
        self, album_id: AlbumId, given: Sequence[Given], files: AlbumFiles, tell: Tell
    ) -> Album:
        """Read what fits, then group it."""
        fitting, refused = self._fitting(given)
        read: dict[PhotoId, AlbumPhoto] = {}
        for one in self._read(fitting, files, tell):
            if isinstance(one, Refused):
                refused.append(one)
            elif (first := read.setdefault(one.read.photo.id, one)) is not one:
                same = f"it is the same picture as {last_part(first.called)}"
                refused.append(Refused(one.called, same))
        pictures = _pictures(list(read.values()))
        with self._one_grouped:
            clusters, alone = clustered(pictures)
        return Album(
            album_id,
            tuple(picture for picture, _ in pictures),
            clusters,
            alone,
            tuple(refused),
            self._now() + self.limits.kept,
        )

    def _fitting(self, given: Sequence[Given]) -> tuple[list[Given], list[Refused]]:
        """The files that an album has place for, and the others."""
        fitting: list[Given] = []
        refused: list[Refused] = []
        room = self.limits.album_bytes
        for place, one in enumerate(given):
            size = one.path.stat().st_size if one.path.is_file() else 0
            if place >= self.limits.pictures:
                refused.append(Refused(one.called, self.limits.too_many))
            elif size > room:
                refused.append(Refused(one.called, self.limits.too_much))
            else:
                fitting.append(one)
                room -= size
        return fitting, refused

    def _read(
        self, given: Sequence[Given], files: AlbumFiles, tell: Tell
    ) -> Iterator[AlbumPhoto | Refused]:
        """What each file gave, while it is told how many are done."""
        began = monotonic()
        total = len(given)
        tell(Progress(0, total, None))
        reading = self._reader.read_all(given, files, until=began + self.limits.seconds)
        with closing(reading):
            for done, one in enumerate(reading, start=1):
                yield one
                tell(Progress(done, total, seconds_left(done, total, monotonic() - began)))


def _pictures(read: Sequence[AlbumPhoto]) -> list[tuple[Picture, ReadPhoto]]:
    """The pictures with names that can be taken home, and what was read of each."""
    names = safe_names([one.called for one in read], [one.suffix for one in read])
    return [
        (
            Picture(
                one.number, one.called, name, one.read.photo.width_px, one.read.photo.height_px
            ),
            one.read,
        )
        for one, name in zip(read, names, strict=True)
    ]
