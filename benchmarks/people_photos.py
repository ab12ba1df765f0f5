"""A folder of photos `Person/image`, read as faceloop reads photos, and kept for the next time."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from benchmarks.convention import note, note_progress
from benchmarks.middle_face import nearest_the_middle
from benchmarks.people_encodings import PeopleEncodings
from faces.errors import BadPhoto
from faces.pictures import open_photo
from faces.quality import quality
from faces.reading import FaceReader, ReadingOptions, detector_named, face_reader
from faces.records import (
    ENCODING_LENGTH,
    NETWORK,
    Box,
    Face,
    FaceId,
    FloatRows,
    PhotoId,
)
from sync.folder import is_photo_name

_MEASURED = ("left", "top", "width", "height", "score", "sharpness", "pose")
"""What is kept of a face so that its quality can be told; not a number where nobody knows."""
_KEPT = ("plain", "mirrored", "measured")

Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SeenFaces:
    """The face that counts on each photo: encodings (n, 128), and `measured` (n, 7).

    Rows of photos without a face are not a number.
    """

    plain: FloatRows
    mirrored: FloatRows
    measured: npt.NDArray[np.float64]


def read_people(folder: Path, *, keep_in: Path | None = None) -> PeopleEncodings:
    """One face of each photo `folder/Person/image`: that nearest the middle, if there is any.

    What was read is kept in a folder of the user's (`keep_in`), never beside the photos, and is
    read anew when a photo, the detector or the network is another one.

    Raises:
        SystemExit: there are no such photos.
    """
    photos, seen = _seen_faces(folder, keep_in)
    names = tuple(f"{photo.parent.name}/{photo.name}" for photo in photos)
    return people_encodings(names, seen, detector=detector_named(ReadingOptions().detector).name)


def boxes_of_people(folder: Path, *, keep_in: Path | None = None) -> tuple[list[Path], Boxes]:
    """The photos of `read_people`, and the box of the face on each: left, top, width, height.

    Boxes (n, 4) are in pixels; rows of photos without a face are not a number.

    Raises:
        SystemExit: there are no such photos.
    """
    photos, seen = _seen_faces(folder, keep_in)
    return photos, seen.measured[:, :4]


def photos_of_people(folder: Path) -> list[Path]:
    """The photos `folder/Person/image`, in the order of their names; nothing deeper."""
    people = sorted(place for place in folder.iterdir() if place.is_dir())
    return [
        photo
        for person in people
        for photo in sorted(person.iterdir())
        if is_photo_name(photo.name) and photo.is_file()
    ]


def people_encodings(names: Sequence[str], seen: SeenFaces, *, detector: str) -> PeopleEncodings:
    """What was seen, with the quality that `faces.quality` gives it today."""
    found = ~np.isnan(seen.plain[:, 0])
    good = [
        quality(_face(measured, detector=detector)) if there else 0.0
        for measured, there in zip(seen.measured, found, strict=True)
    ]
    plain, mirrored = (
        np.where(found[:, None], rows, np.float32(0)) for rows in (seen.plain, seen.mirrored)
    )
    return PeopleEncodings(tuple(names), plain, mirrored, found, np.array(good, dtype=np.float64))


def _seen_faces(folder: Path, keep_in: Path | None) -> tuple[list[Path], SeenFaces]:
    """The photos, and what was seen on them now or before."""
    photos = photos_of_people(folder)
    if not photos:
        raise SystemExit(f"there are no photos in {folder}: it needs {folder.name}/Person/image")
    options = ReadingOptions()
    detector = detector_named(options.detector).name
    where = keep_in or Path(platformdirs.user_cache_dir("faceloop", appauthor=False)) / "benchmarks"
    kept = where / f"people-{_fingerprint(folder, photos, detector)}.npz"
    seen = _kept(kept, len(photos))
    if seen is None:
        seen = _read(photos, options)
        _keep(kept, seen)
    else:
        note(f"{len(photos)} photos were read before: {kept}")
    return photos, seen


def _read(photos: Sequence[Path], options: ReadingOptions) -> SeenFaces:
    """Read all photos, one on each core."""
    reader = face_reader(options, threads=1)
    seen = SeenFaces(
        np.full((len(photos), ENCODING_LENGTH), np.nan, dtype=np.float32),
        np.full((len(photos), ENCODING_LENGTH), np.nan, dtype=np.float32),
        np.full((len(photos), len(_MEASURED)), np.nan),
    )
    progress = note_progress("photos read")
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        read = threads.map(lambda photo: _read_one(reader, photo), photos)
        for row, face in enumerate(read):
            if face is not None:
                seen.plain[row], seen.mirrored[row], seen.measured[row] = face
            progress(row + 1, len(photos))
    return seen


def _read_one(reader: FaceReader, photo: Path) -> tuple[FloatRows, FloatRows, list[float]] | None:
    """The face that counts: its two encodings, (128,) each, and what is measured of it."""
    try:
        read = reader.read(open_photo(photo))
    except BadPhoto as error:
        note(f"  counted as a photo without a face: {error}")
        return None
    boxes = [face.box for face in read.faces]
    size = read.photo
    place = nearest_the_middle(boxes, width_px=size.width_px, height_px=size.height_px)
    if place is None:
        return None
    face, box = read.faces[place], boxes[place]
    known = (box.left, box.top, box.width, box.height, face.score, face.sharpness, face.pose)
    measured = [np.nan if value is None else value for value in known]
    return read.encodings.plain[place], read.encodings.mirrored[place], measured


def _face(measured: npt.NDArray[np.float64], *, detector: str) -> Face:
    """A face with all that its quality depends on."""
    left, top, width, height, score = map(float, measured[:5])
    sharpness, pose = (None if np.isnan(value) else float(value) for value in measured[5:])
    return Face(
        FaceId("counted"),
        PhotoId("0" * 64),
        Box(left, top, width, height),
        score,
        detector=detector,
        sharpness=sharpness,
        pose=pose,
    )


def _fingerprint(folder: Path, photos: Sequence[Path], detector: str) -> str:
    """Names all that the encodings depend on, but for the code that reads photos."""
    files = [
        (str(photo.relative_to(folder)), photo.stat().st_size, photo.stat().st_mtime_ns)
        for photo in photos
    ]
    told = json.dumps([str(folder.resolve()), files, NETWORK, detector, _MEASURED])
    return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:16]


def _kept(file: Path, count: int) -> SeenFaces | None:
    """What was kept, if it is there and whole."""
    try:
        with file.open("rb") as stored, np.load(stored, allow_pickle=False) as held:
            seen = SeenFaces(*(held[name] for name in _KEPT))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        return None
    rows = (count, ENCODING_LENGTH)
    fits = seen.plain.shape == seen.mirrored.shape == rows
    return seen if fits and seen.measured.shape == (count, len(_MEASURED)) else None


def _keep(file: Path, seen: SeenFaces) -> None:
    """Keep it for the next time; without a place to keep it, that one reads the photos again."""
    beside = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as out:
            np.savez(out, **{name: getattr(seen, name) for name in _KEPT})
        beside.replace(file)
    except OSError as error:
        note(f"what was read could not be kept: {error}")
        with suppress(OSError):
            beside.unlink()
        return
    note(f"kept for the next time: {file}")
