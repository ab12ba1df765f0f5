"""A folder of photos to faces and encodings in the store, with previews and crops beside it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from faces.detect import Detector
from faces.encode import NETWORK, Encoder
from faces.errors import BadPhoto, SetupError
from faces.pictures import OpenPhoto, face_crop, open_photo, preview, save_jpeg
from faces.reading import FaceReader
from faces.records import Encodings, Face, PhotoFile, PhotoId
from faces.store import photos
from faces.store.database import Store
from faces.store.photos import ReadPhoto
from sync.folder import find_photo_files, place_of, plan_folder, readable
from sync.media import CROP_PX, Media

WAITING_PER_PROCESS = 4
_TRY_AGAIN = -1
"""Noted as a file's time when the next run shall read it again: no file has it."""

OnProgress = Callable[[int, int], None]
"""Called with how many photos are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What reading a folder did."""

    found: int
    read: int
    unchanged: int
    refused: int
    faces: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a process gives back for one file: which photo it holds, or why none.

    `read` is None for a photo that was read before, from another file.
    """

    file: PhotoFile
    photo: PhotoId | None = None
    read: ReadPhoto | None = None
    refused: str | None = None


def ingest_folder(
    store: Store,
    folder: Path,
    *,
    media: Media,
    jobs: int,
    now: datetime,
    on_progress: OnProgress,
) -> Ingested:
    """Read every new or changed photo below a folder; stopped half way, the next run goes on.

    Raises:
        SetupError: the folder is missing or holds no photo at all.
    """
    found = find_photo_files(folder)
    root = str(folder.resolve())
    with store.read() as connection:
        known = photos.known_files(connection, root)
        known_photos = frozenset(photo.id for photo in photos.photos(connection))
    if not found:
        raise SetupError(
            f"no photo in {folder}; give a folder that holds JPEG, PNG or other photos"
        )
    plan = plan_folder(found, known)
    refused = faces = 0
    on_progress(0, len(plan.to_read))
    readings = _read_all(plan.to_read, (media, known_photos), jobs)
    for done, reading in enumerate(readings, start=1):
        _save(store, reading, now=now)
        refused += reading.photo is None
        faces += len(reading.read.faces) if reading.read else 0
        on_progress(done, len(plan.to_read))
    with store.write() as connection:
        photos.forget_files(connection, root, plan.gone)
    return Ingested(len(found), len(plan.to_read), plan.unchanged, refused, faces)


def encode_drawn_faces(store: Store, *, media: Media) -> int:
    """Encode and crop the faces that people drew or moved; returns how many there were."""
    with store.read() as connection:
        missing = photos.faces_without_encoding(connection, NETWORK)
        if not missing:
            return 0
        files = photos.files_of_photos(connection)
    encoder: Encoder | None = None
    done = 0
    for face in missing:
        opened = _open_any(files.get(face.photo, []))
        if opened is None:
            continue
        encoder = encoder or Encoder()
        plain, mirrored = encoder.encode(opened.pixels, [face.box])
        _save_crop(opened, face, media)
        with store.write() as connection:
            encodings = Encodings(NETWORK, (face.id,), plain, mirrored)
            photos.save_encodings(connection, encodings)
        done += 1
    return done


def _read_all(
    files: Sequence[PhotoFile], start: tuple[Media, frozenset[PhotoId]], jobs: int
) -> Iterator[_Reading]:
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
        waiting: set[Future[_Reading]] = set()
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


def _read_file(file: PhotoFile) -> _Reading:
    known = _known_photo(place_of(file))
    if known is not None:
        return _Reading(file, known)
    try:
        opened = open_photo(place_of(file))
    except BadPhoto as reason:
        noted = replace(file, modified_ns=_TRY_AGAIN) if _may_pass(reason, file) else file
        return _Reading(noted, refused=readable(str(reason)))
    read = _Reader.faces.read(opened)
    place = _Reader.media.preview(opened.photo.id)
    if not place.exists():
        save_jpeg(preview(opened.pixels), place)
    for face in read.faces:
        if not _Reader.media.crop(face.id).exists():
            _save_crop(opened, face, _Reader.media)
    return _Reading(file, read.photo.id, read)


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


def _save_crop(opened: OpenPhoto, face: Face, media: Media) -> None:
    crop = face_crop(opened.pixels, face.box, size_px=CROP_PX)
    save_jpeg(crop, media.crop(face.id))


def _save(store: Store, reading: _Reading, *, now: datetime) -> None:
    with store.write() as connection:
        if reading.read is not None:
            photos.save_photo(connection, reading.read, now=now)
        photos.save_file(connection, reading.file, photo=reading.photo, refused=reading.refused)


def _open_any(files: Sequence[PhotoFile]) -> OpenPhoto | None:
    """The photo from the first of its files that can still be read."""
    for file in files:
        try:
            return open_photo(place_of(file))
        except BadPhoto:
            continue
    return None
