"""Files to faces: photos read by several processes at once, with previews and crops as JPEGs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context

from faces.errors import BadPhoto, SetupError
from faces.pictures import face_crop, jpeg_bytes, open_bytes, preview
from faces.reading import FaceReader, ReadingOptions, face_reader
from faces.records import FaceId, PhotoFile, PhotoId
from faces.store.photos import ReadPhoto
from sync.folder import place_of, readable
from sync.media import CROP_PX
from sync.storage import content_of

WAITING_PER_PROCESS = 4
TRY_AGAIN = -1
"""Noted as a file's time when the next run shall read it again: no file has it."""

Known = Callable[[PhotoFile], Collection[PhotoId]]
"""Which photos that need no reading a file may hold, say those that had a file of its size.

Asked in the process that calls `read_all`, just before the file's turn. A file whose content is one
of them is answered with that photo, undecoded.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave: the photo that it holds, or why none.

    `read` is None for a photo that was known. Otherwise `preview` is the photo for the screen and
    `crops` has each face of `read`, cut out for montages; both are JPEGs, to be written by whoever
    asked, under the ids that the faces get there.
    """

    file: PhotoFile
    photo: PhotoId | None = None
    read: ReadPhoto | None = None
    refused: str | None = None
    preview: bytes | None = None
    crops: Mapping[FaceId, bytes] = field(default_factory=dict)


def read_all(
    files: Sequence[PhotoFile],
    *,
    options: ReadingOptions,
    known: Known,
    jobs: int,
    scheduler: str = "",
) -> Iterator[Reading]:
    """Read files in several processes, a few of them waiting, in the order they get done."""
    if scheduler:
        raise SetupError("a scheduler cannot be used yet; leave it out")
    processes = min(jobs or os.cpu_count() or 1, len(files))
    if processes <= 1:
        reader = face_reader(options, threads=1)
        for file in files:
            yield read_file(file, reader, known=known(file))
        return
    upcoming = iter(files)
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start_reader, initargs=(options,)
    )
    try:
        waiting: set[Future[Reading]] = set()
        while True:
            room = processes * WAITING_PER_PROCESS - len(waiting)
            waiting |= {
                pool.submit(_read_file, file, known(file)) for file in islice(upcoming, room)
            }
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

    faces: FaceReader


def _start_reader(options: ReadingOptions) -> None:
    _Reader.faces = face_reader(options, threads=1)


def _read_file(file: PhotoFile, known: Collection[PhotoId]) -> Reading:
    return read_file(file, _Reader.faces, known=known)


def read_file(file: PhotoFile, reader: FaceReader, *, known: Collection[PhotoId]) -> Reading:
    """Read one file, unless its content is one of the known photos'."""
    try:
        content = content_of(file)
        if known and (photo := PhotoId(hashlib.sha256(content).hexdigest())) in known:
            return Reading(file, photo)
        opened = open_bytes(content, name=str(place_of(file)))
    except BadPhoto as reason:
        noted = replace(file, modified_ns=TRY_AGAIN) if _may_pass(reason, file) else file
        return Reading(noted, refused=readable(str(reason)))
    read = reader.read(opened)
    shown = jpeg_bytes(preview(opened.pixels))
    crops = {
        face.id: jpeg_bytes(face_crop(opened.pixels, face.box, size_px=CROP_PX))
        for face in read.faces
    }
    return Reading(file, read.photo.id, read, preview=shown, crops=crops)


def _may_pass(reason: BadPhoto, file: PhotoFile) -> bool:
    """Whether a file was refused by the operating system, and not for what it holds.

    Of a file that could not even be looked at, size and time will change when it can be.
    """
    cause = reason.__cause__
    by_system = isinstance(cause, OSError) and cause.errno is not None
    looked_at = bool(file.size_bytes or file.modified_ns)
    return looked_at and (by_system or not place_of(file).is_file())
