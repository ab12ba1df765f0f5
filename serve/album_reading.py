"""Pictures of albums read on a few threads, whoever gave them, in turn and in bounded memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from time import monotonic

from faces.errors import BadPhoto
from faces.formats import format_of
from faces.pictures import open_bytes
from faces.reading import FaceReader
from faces.records import ReadPhoto
from serve.album import Given, Refused
from serve.album_files import AlbumFiles
from serve.file_names import last_part
from serve.limits import Limits, OneLargeAtATime

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "TIFF": ".tif", "GIF": ".gif"}
SUFFIXES |= {"HEIC": ".heic", "AVIF": ".avif", "BMP": ".bmp"}


@dataclass(frozen=True, slots=True)
class AlbumPhoto:
    """A picture that was read: its number in the album, the suffix of what it holds, its faces."""

    number: int
    called: str
    suffix: str
    read: ReadPhoto


class AlbumReader:
    """Reads the pictures of any number of albums at once; may be shared by threads."""

    def __init__(self, reader: FaceReader, limits: Limits, *, threads: int | None = None) -> None:
        """Read with this; `threads` pictures are in hand at once, one for each core if None."""
        self._reader = reader
        self._limits = limits
        self._threads = threads or len(os.sched_getaffinity(0))
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="album")
        self._large = OneLargeAtATime()

    def read_all(
        self, given: Sequence[Given], files: AlbumFiles, *, until: float
    ) -> Generator[AlbumPhoto | Refused, None, None]:
        """Read files into an album, in their order; those whose turn comes later are refused.

        `until` is on the clock of `time.monotonic`. Albums that are read at the same time take
        turns, a few pictures each. Close it to end it early.
        """
        tasks = iter(enumerate(given, start=1))
        under_way: deque[Future[AlbumPhoto | Refused]] = deque()
        try:
            while True:
                for number, one in islice(tasks, 2 * self._threads - len(under_way)):
                    task = self._pool.submit(self._read, number, one, files, until)
                    under_way.append(task)
                if not under_way:
                    return
                yield under_way.popleft().result()
        finally:
            for left in under_way:
                left.cancel()
            for left in under_way:
                _ = left.cancelled() or left.exception()  # its files are still being written

    def close(self) -> None:
        """End the threads, once they have done what they have in hand."""
        self._pool.shutdown(cancel_futures=True)

    def _read(
        self, number: int, given: Given, files: AlbumFiles, until: float
    ) -> AlbumPhoto | Refused:
        """Read one file, or say why not."""
        called = last_part(given.called)
        if monotonic() > until:
            return Refused(given.called, self._limits.too_long)
        try:
            content = content_of_given(given, self._limits)
            with self._large.turn(self._limits.refuse(content, called=called)):
                opened = open_bytes(content, name=called)
                read = self._reader.read(opened)
                files.keep(number, given.path, opened, read.faces)
        except BadPhoto as reason:
            return Refused(given.called, str(reason))
        return AlbumPhoto(number, given.called, SUFFIXES[format_of(content) or "JPEG"], read)


def content_of_given(given: Given, limits: Limits) -> bytes:
    """What a file holds, if it is not too large.

    Raises:
        BadPhoto: it is, or is gone.
    """
    called = last_part(given.called)
    try:
        limits.refuse_bytes(given.path.stat().st_size, called=called)
        return given.path.read_bytes()
    except OSError as error:
        raise BadPhoto(f"{called} is not there any more; give it again") from error


def fitting(given: Sequence[Given], limits: Limits) -> tuple[list[Given], list[Refused]]:
    """The files that there is place for at once, and the others."""
    kept: list[Given] = []
    refused: list[Refused] = []
    room = limits.album_bytes
    for place, one in enumerate(given):
        size = one.path.stat().st_size if one.path.is_file() else 0
        if place >= limits.pictures:
            refused.append(Refused(one.called, limits.too_many))
        elif size > room:
            refused.append(Refused(one.called, limits.too_much))
        else:
            kept.append(one)
            room -= size
    return kept, refused
