"""A folder of photos to faces and encodings in the store, with previews and crops beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from faces.encode import NETWORK, Encoder
from faces.errors import BadPhoto, SetupError
from faces.pictures import OpenPhoto, face_crop, open_photo, save_jpeg
from faces.reading import ReadingOptions
from faces.records import Encodings, PhotoFile, PhotoId
from faces.store import photos
from faces.store.database import Store
from faces.store.photos import KnownFile
from sync.folder import find_photo_files, place_of, plan_folder
from sync.media import CROP_PX, Media, save_picture
from sync.readers import read_all
from sync.readings import Known, Reading

OnProgress = Callable[[int, int], None]
"""Called with how many photos are done and how many there are."""


_AS_SHIPPED = ReadingOptions()


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
    options: ReadingOptions = _AS_SHIPPED,
    scheduler: str = "",
) -> Ingested:
    """Read every new or changed photo below a folder; stopped half way, the next run goes on.

    Raises:
        SetupError: the folder is missing or holds no photo at all.
    """
    found = find_photo_files(folder)
    root = str(folder.resolve())
    with store.read() as connection:
        everywhere = photos.known_files(connection)
    known = [entry for entry in everywhere if entry.file.root == root]
    if not found:
        raise SetupError(
            f"no photo in {folder}; give a folder that holds JPEG, PNG or other photos"
        )
    plan = plan_folder(found, known)
    refused = faces = 0
    on_progress(0, len(plan.to_read))
    readings = read_all(
        plan.to_read,
        options=options,
        known=_known_by_size(everywhere, media),
        jobs=jobs,
        scheduler=scheduler,
    )
    for done, reading in enumerate(readings, start=1):
        _save(store, reading, media, now=now)
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
        save_jpeg(face_crop(opened.pixels, face.box, size_px=CROP_PX), media.crop(face.id))
        with store.write() as connection:
            encodings = Encodings(NETWORK, (face.id,), plain, mirrored)
            photos.save_encodings(connection, encodings)
        done += 1
    return done


def _known_by_size(files: Iterable[KnownFile], media: Media) -> Known:
    """Which photos a file of some size may hold; those whose preview was lost are read again."""
    by_size: dict[int, set[PhotoId]] = defaultdict(set)
    for entry in files:
        if entry.photo is not None:
            by_size[entry.file.size_bytes].add(entry.photo)

    def known(file: PhotoFile) -> list[PhotoId]:
        photos_of_size = by_size.get(file.size_bytes, ())
        return sorted(photo for photo in photos_of_size if media.preview(photo).exists())

    return known


def _save(store: Store, reading: Reading, media: Media, *, now: datetime) -> None:
    if reading.photo is not None and reading.preview is not None:
        save_picture(reading.preview, media.preview(reading.photo))
    for face, crop in reading.crops.items():
        save_picture(crop, media.crop(face))
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
