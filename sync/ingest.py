"""A folder of photos to faces and encodings in the store, with previews and crops beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from faces.encode import NETWORK, Encoder
from faces.errors import BadPhoto, SetupError
from faces.pictures import OpenPhoto, open_photo
from faces.records import Encodings, PhotoFile
from faces.store import photos
from faces.store.database import Store
from sync.folder import find_photo_files, place_of, plan_folder
from sync.media import Media
from sync.readers import Reading, read_all, save_crop

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
    readings = read_all(plan.to_read, (media, known_photos), jobs)
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
        save_crop(opened, face, media)
        with store.write() as connection:
            encodings = Encodings(NETWORK, (face.id,), plain, mirrored)
            photos.save_encodings(connection, encodings)
        done += 1
    return done


def _save(store: Store, reading: Reading, *, now: datetime) -> None:
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
