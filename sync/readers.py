"""Files to faces: photos read by several processes at once, with previews and crops beside them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from faces.detect import Detector
from faces.encode import Encoder
from faces.errors import BadPhoto, SetupError
from faces.pictures import OpenPhoto, face_crop, open_photo, preview, save_jpeg
from faces.reading import FaceReader
from faces.records import Face, PhotoFile, PhotoId
from faces.store.photos import ReadPhoto
from sync.folder import place_of, readable
from sync.media import CROP_PX, Media

WAITING_PER_PROCESS = 4
TRY_AGAIN = -1
"""Noted as a file's time when the next run shall read it again: no file has it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process gives back for one file: which photo it holds, or why none.

    `read` is None for a photo that was read before, from another file.
    """

    file: PhotoFile
    photo: PhotoId | None = None
    read: ReadPhoto | None = None
    refused: str | None = None


def read_all(
    files: Sequence[PhotoFile], start: tuple[Media, frozenset[PhotoId]], jobs: int
) -> Iterator[Reading]:
    """Read files in several processes, a few of them waiting, in the order they get done."""
    processes = min(jobs or os.cpu_count() or 1, len(files))
    if processes <= 1:
        _start_reader(*start)
        yield from map(_read_file, files)
        return
    upcoming = iter(files)
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start_reader, initargs=start
    )
    try:
        waiting: set[Future[Reading]] = set()
        while True:
            room = processes * WAITING_PER_PROCESS - len(waiting)
            waiting |= {pool.submit(_read_file, file) for file in islice(upcoming, room)}
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool as error:
        raise SetupError(
            "a process that read photos was ended from outside, probably for want of memory; "
            f"run again with fewer than {processes} (--jobs): what was read is kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


class _Reader:
    """What one process needs to read photos, made once when it starts."""

    media: Media
    known: frozenset[PhotoId]
    faces: FaceReader


def _start_reader(media: Media, known: frozenset[PhotoId]) -> None:
    _Reader.media, _Reader.known = media, known
    _Reader.faces = FaceReader(Detector(), Encoder(threads=1))


def _read_file(file: PhotoFile) -> Reading:
    known = _known_photo(place_of(file))
    if known is not None:
        return Reading(file, known)
    try:
        opened = open_photo(place_of(file))
    except BadPhoto as reason:
        noted = replace(file, modified_ns=TRY_AGAIN) if _may_pass(reason, file) else file
        return Reading(noted, refused=readable(str(reason)))
    read = _Reader.faces.read(opened)
    place = _Reader.media.preview(opened.photo.id)
    if not place.exists():
        save_jpeg(preview(opened.pixels), place)
    for face in read.faces:
        if not _Reader.media.crop(face.id).exists():
            save_crop(opened, face, _Reader.media)
    return Reading(file, read.photo.id, read)


def _known_photo(path: Path) -> PhotoId | None:
    """The photo in a file that was only renamed or copied, if its preview is there too."""
    if not (_Reader.known and path.is_file()):
        return None
    try:
        with path.open("rb") as content:
            photo = PhotoId(hashlib.file_digest(content, "sha256").hexdigest())
    except OSError:
        return None
    return photo if photo in _Reader.known and _Reader.media.preview(photo).exists() else None


def _may_pass(reason: BadPhoto, file: PhotoFile) -> bool:
    """Whether a file was refused by the operating system, and not for what it holds.

    Of a file that could not even be looked at, size and time will change when it can be.
    """
    cause = reason.__cause__
    by_system = isinstance(cause, OSError) and cause.errno is not None
    looked_at = bool(file.size_bytes or file.modified_ns)
    return looked_at and (by_system or not place_of(file).is_file())


def save_crop(opened: OpenPhoto, face: Face, media: Media) -> None:
    """Cut a face out of its photo, for montages."""
    crop = face_crop(opened.pixels, face.box, size_px=CROP_PX)
    save_jpeg(crop, media.crop(face.id))
