"""Albums that visitors made: apart from the project's own photos, and kept for a set time only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Self

from faces.errors import AlbumGone
from faces.reading import FaceReader
from faces.records import PhotoId, ReadPhoto
from serve.album import (
    Album,
    AlbumId,
    Given,
    Picture,
    Progress,
    Refused,
    Tell,
    clustered,
    seconds_left,
)
from serve.album_files import AlbumFiles
from serve.album_reading import AlbumPhoto, AlbumReader, fitting
from serve.file_names import last_part, safe_names
from serve.keeping import Keeping
from serve.limits import Limits


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
        self._keeping: Keeping[Album] = Keeping(
            folder,
            f"there is no such album: pictures are kept for {limits.minutes_kept:g} minutes; "
            "give them again",
            now=now,
        )
        self._reader = AlbumReader(reader, limits, threads=threads)
        self._one_grouped = threading.Lock()
        self._latest_here: AlbumId | None = None

    def __enter__(self) -> Self:
        """Begin with an empty folder, and look every half minute for what has to go.

        Raises:
            SetupError: the folder cannot be made.
        """
        self._keeping.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove everything."""
        self._reader.close()
        self._keeping.__exit__(*error)

    def incoming(self) -> AbstractContextManager[Path]:
        """A folder for files that are just being sent; it goes when this is left."""
        return self._keeping.incoming()

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
        self._keeping.refuse_without_room(given)
        album = self._keeping.make(lambda new_id, place: self._made(new_id, given, place, tell))
        if here:
            self._latest_here = album.id
        return album

    @contextmanager
    def open(self, album_id: str) -> Iterator[OpenAlbum]:
        """An album by its id; its files stay until this is left.

        Raises:
            AlbumGone: there is none, or its time is over.
        """
        with self._keeping.open(album_id) as (album, folder):
            yield OpenAlbum(album, AlbumFiles(folder))

    def latest_here(self) -> AlbumId:
        """The album that was made last from this machine.

        Raises:
            AlbumGone: there is none.
        """
        latest = self._latest_here
        if latest is None:
            raise AlbumGone("no pictures were given yet")
        return latest

    def remove(self, album_id: str) -> None:
        """Forget an album before its time; one that is not there is gone already."""
        self._keeping.remove(album_id)

    def sweep(self) -> None:
        """Remove the albums whose time is over; those that are open go when they are left."""
        self._keeping.sweep()

    def _made(self, album_id: str, given: Sequence[Given], place: Path, tell: Tell) -> Album:
        """Read what fits into a folder at this place, then group it."""
        files = AlbumFiles(place)
        files.make()
        kept, refused = fitting(given, self.limits)
        read: dict[PhotoId, AlbumPhoto] = {}
        for one in self._read(kept, files, tell):
            if isinstance(one, Refused):
                refused.append(one)
            elif (first := read.setdefault(one.read.photo.id, one)) is not one:
                same = f"it is the same picture as {last_part(first.called)}"
                refused.append(Refused(one.called, same))
        pictures = _pictures(list(read.values()))
        with self._one_grouped:
            clusters, alone = clustered(pictures)
        return Album(
            AlbumId(album_id),
            tuple(picture for picture, _ in pictures),
            clusters,
            alone,
            tuple(refused),
            self._keeping.now() + self.limits.kept,
            {picture.number: photo for picture, photo in pictures},
        )

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
