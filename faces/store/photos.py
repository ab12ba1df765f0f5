"""Photos, the files that hold them, their faces and encodings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from faces.records import (
    ENCODING_LENGTH,
    Box,
    Encodings,
    Face,
    FaceId,
    FloatRows,
    Photo,
    PhotoFile,
    PhotoId,
)
from faces.records import ReadPhoto as ReadPhoto
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.upsert import upsert_all

_HAS_FILE = sa.exists().where(
    t.photo_files.c.photo_id == t.photos.c.id, t.photo_files.c.removed_at.is_(None)
)
_HAS_FACE = sa.exists().where(t.faces.c.photo_id == t.photos.c.id)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that was read before: the photo in it, or why it was refused.

    `removed`: it was gone the last time; what is known of it waits for its return.
    """

    file: PhotoFile
    photo: PhotoId | None
    refused: str | None
    removed: bool = False


def known_files(connection: sa.Connection, root: str | None = None) -> list[KnownFile]:
    """All files read so far (below one root, if given), removed ones too, by root and path."""
    query = sa.select(t.photo_files).order_by(t.photo_files.c.root, t.photo_files.c.path)
    if root is not None:
        query = query.where(t.photo_files.c.root == root)
    return [known_file(row) for row in connection.execute(query)]


def refused_files(connection: sa.Connection) -> list[KnownFile]:
    """The files and folders that could not be read, with the reason, by root and path."""
    query = (
        sa.select(t.photo_files)
        .where(t.photo_files.c.refused.is_not(None), t.photo_files.c.removed_at.is_(None))
        .order_by(t.photo_files.c.root, t.photo_files.c.path)
    )
    return [known_file(row) for row in connection.execute(query)]


def save_file(
    connection: sa.Connection,
    file: PhotoFile,
    *,
    photo: PhotoId | None = None,
    refused: str | None = None,
) -> None:
    """Note what a file holds: a photo, or nothing readable and why."""
    save_files(connection, [KnownFile(file, photo, refused)])


def save_files(connection: sa.Connection, files: Iterable[KnownFile]) -> None:
    """Note what files hold; those that were removed are back."""
    rows = [
        {
            "root": known.file.root,
            "path": known.file.path,
            "photo_id": known.photo,
            "refused": known.refused,
            "size_bytes": known.file.size_bytes,
            "modified_ns": known.file.modified_ns,
            "removed_at": None,
        }
        for known in files
    ]
    upsert_all(connection, t.photo_files, rows, key=("root", "path"))


def has_photo(connection: sa.Connection, photo: PhotoId) -> bool:
    """Whether the photo's faces were looked for."""
    found = connection.scalar(sa.select(t.photos.c.id).where(t.photos.c.id == photo))
    return found is not None


def save_photo(connection: sa.Connection, read: ReadPhoto, *, now: datetime) -> None:
    """Add a photo with its faces and encodings; a photo that is there already stays as it is."""
    save_photos(connection, [read], now=now)


def save_photos(
    connection: sa.Connection, read: Iterable[ReadPhoto], *, now: datetime
) -> frozenset[PhotoId]:
    """Add photos, each with its faces and encodings; returns those that were not there.

    A photo that is there already stays as it is.
    """
    by_id = {one.photo.id: one for one in read}
    there = {
        row.id
        for some in in_chunks(sorted(by_id))
        for row in connection.execute(sa.select(t.photos.c.id).where(t.photos.c.id.in_(some)))
    }
    new = [one for photo, one in by_id.items() if photo not in there]
    _insert(
        connection,
        t.photos,
        [
            {
                "id": one.photo.id,
                "width_px": one.photo.width_px,
                "height_px": one.photo.height_px,
                "added_at": now,
                "taken_at": taken_text(one.photo),
                "detector": one.detector_name,
                "turned": one.photo.turned,
            }
            for one in new
        ],
    )
    save_faces(connection, [face for one in new for face in one.faces])
    encoded = [row for one in new for row in _encoding_rows(one.encodings)]
    _insert(connection, t.encodings, encoded)
    return frozenset(one.photo.id for one in new)


def save_faces(connection: sa.Connection, saved: Iterable[Face]) -> None:
    """Add faces, or renew all that is known of those that are there."""
    upsert_all(connection, t.faces, [_face_row(face) for face in saved], key=("id",))


def _insert(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]
) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def add_face(connection: sa.Connection, face: Face) -> None:
    """Add a face, or move the box of one that is there, as a person did.

    What was said of another box is dropped: its encodings, its detector and what that measured. A
    box that moves by no more than a pixel is the same box.
    """
    before = connection.execute(sa.select(t.faces).where(t.faces.c.id == face.id)).one_or_none()
    if before is None:
        save_faces(connection, [face])
        return
    new: dict[str, object] = _box_row(face.box)
    if has_moved(_face(before).box, face.box):
        connection.execute(sa.delete(t.encodings).where(t.encodings.c.face_id == face.id))
        new |= {"detector": "", "sharpness": None, "pose": None}
    connection.execute(sa.update(t.faces).where(t.faces.c.id == face.id).values(**new))


def save_encodings(connection: sa.Connection, encodings: Encodings) -> None:
    """Add the encodings of faces that are in the store, or renew them."""
    rows = _encoding_rows(encodings)
    upsert_all(connection, t.encodings, rows, key=("face_id", "network"))


def _encoding_rows(encodings: Encodings) -> list[dict[str, object]]:
    plain, mirrored = encodings.plain.astype("<f4"), encodings.mirrored.astype("<f4")
    return [
        {
            "face_id": face,
            "network": encodings.network,
            "plain": plain[row].tobytes(),
            "mirrored": mirrored[row].tobytes(),
        }
        for row, face in enumerate(encodings.faces)
    ]


def photos(connection: sa.Connection) -> list[Photo]:
    """All photos that were ever read, by id."""
    return [_photo(row) for row in connection.execute(sa.select(t.photos).order_by(t.photos.c.id))]


def photos_there(connection: sa.Connection) -> list[Photo]:
    """The photos that have a file now, by id."""
    query = sa.select(t.photos).where(_HAS_FILE).order_by(t.photos.c.id)
    return [_photo(row) for row in connection.execute(query)]


def count_photos(connection: sa.Connection) -> int:
    """How many photos have a file now."""
    count = sa.select(sa.func.count()).select_from(t.photos).where(_HAS_FILE)
    return connection.scalar(count) or 0


def count_ever_read(connection: sa.Connection) -> int:
    """How many photos were ever read, also those that are gone."""
    return connection.scalar(sa.select(sa.func.count()).select_from(t.photos)) or 0


def count_without_faces(connection: sa.Connection) -> int:
    """In how many of the photos that have a file now no face was found, nor drawn by anybody."""
    count = sa.select(sa.func.count()).select_from(t.photos).where(_HAS_FILE, ~_HAS_FACE)
    return connection.scalar(count) or 0


def sample_without_faces(connection: sa.Connection, count: int) -> list[KnownFile]:
    """A file of each of some photos without a face; the same ones as long as the photos are.

    Photos are taken in the order of their hashes, which has nothing to do with what they show.
    """
    chosen = (
        sa.select(t.photos.c.id).where(_HAS_FILE, ~_HAS_FACE).order_by(t.photos.c.id).limit(count)
    )
    order = (t.photo_files.c.photo_id, t.photo_files.c.root, t.photo_files.c.path)
    query = sa.select(t.photo_files).where(
        t.photo_files.c.photo_id.in_(chosen), t.photo_files.c.removed_at.is_(None)
    )
    first: dict[str, KnownFile] = {}
    for row in connection.execute(query.order_by(*order)):
        first.setdefault(row.photo_id, known_file(row))
    return list(first.values())


def photo(connection: sa.Connection, photo_id: PhotoId) -> Photo | None:
    """One photo, if it is in the store."""
    row = connection.execute(sa.select(t.photos).where(t.photos.c.id == photo_id)).one_or_none()
    return None if row is None else _photo(row)


def faces(connection: sa.Connection, photo_id: PhotoId | None = None) -> list[Face]:
    """All faces (of one photo, if given), by photo, then from left to right."""
    query = sa.select(t.faces).order_by(t.faces.c.photo_id, t.faces.c.left, t.faces.c.id)
    if photo_id is not None:
        query = query.where(t.faces.c.photo_id == photo_id)
    return [_face(row) for row in connection.execute(query)]


def faces_without_encoding(connection: sa.Connection, network: str) -> list[Face]:
    """The faces that a network was not asked about yet, in the order of `faces`."""
    encoded = sa.exists().where(
        t.encodings.c.face_id == t.faces.c.id, t.encodings.c.network == network
    )
    order = (t.faces.c.photo_id, t.faces.c.left, t.faces.c.id)
    query = sa.select(t.faces).where(~encoded).order_by(*order)
    return [_face(row) for row in connection.execute(query)]


def files_of_photos(connection: sa.Connection) -> dict[PhotoId, list[PhotoFile]]:
    """Where each photo lies now, by photo; a photo without a file is not among them."""
    found: dict[PhotoId, list[PhotoFile]] = defaultdict(list)
    for known in known_files(connection):
        if known.photo is not None and not known.removed:
            found[known.photo].append(known.file)
    return dict(found)


def paths_of_photos(connection: sa.Connection) -> dict[PhotoId, str]:
    """What people know each photo by: where it lies now, the first path of several."""
    files = files_of_photos(connection)
    return {photo: min(file.path for file in lying) for photo, lying in files.items()}


def encodings(
    connection: sa.Connection, network: str, only: Sequence[FaceId] | None = None
) -> Encodings:
    """What a network said of all faces (or of some), in the order of face ids."""
    query = (
        sa.select(t.encodings.c.face_id, t.encodings.c.plain, t.encodings.c.mirrored)
        .where(t.encodings.c.network == network)
        .order_by(t.encodings.c.face_id)
    )
    if only is None:
        rows = list(connection.execute(query))
    else:
        chosen = in_chunks(sorted(only))
        some = (query.where(t.encodings.c.face_id.in_(faces)) for faces in chosen)
        rows = [row for part in some for row in connection.execute(part)]
    return Encodings(
        network,
        tuple(FaceId(row.face_id) for row in rows),
        _rows([row.plain for row in rows]),
        _rows([row.mirrored for row in rows]),
    )


def has_moved(before: Box, now: Box) -> bool:
    """Whether an edge lies elsewhere, by more than a pixel."""
    edges = ((box.left, box.top, box.right, box.bottom) for box in (before, now))
    return any(abs(old - new) > 1 for old, new in zip(*edges, strict=True))


def known_file(row: sa.Row[Any]) -> KnownFile:
    """A row of the table of files as a record."""
    return KnownFile(
        PhotoFile(row.root, row.path, row.size_bytes, row.modified_ns),
        None if row.photo_id is None else PhotoId(row.photo_id),
        row.refused,
        removed=row.removed_at is not None,
    )


def _photo(row: sa.Row[Any]) -> Photo:
    taken_at = None if row.taken_at is None else datetime.fromisoformat(row.taken_at)
    return Photo(PhotoId(row.id), row.width_px, row.height_px, taken_at, row.turned)


def taken_text(photo: Photo) -> str | None:
    """When a photo was taken, as the table has it."""
    return None if photo.taken_at is None else photo.taken_at.isoformat()


def _face(row: sa.Row[Any]) -> Face:
    return Face(
        FaceId(row.id),
        PhotoId(row.photo_id),
        Box(row.left, row.top, row.width, row.height),
        row.score,
        drawn=row.drawn,
        detector=row.detector,
        sharpness=row.sharpness,
        pose=row.pose,
    )


def _face_row(face: Face) -> dict[str, object]:
    """A face as the table has it."""
    return {
        "id": face.id,
        "photo_id": face.photo,
        **_box_row(face.box),
        "score": face.score,
        "drawn": face.drawn,
        "detector": face.detector,
        "sharpness": face.sharpness,
        "pose": face.pose,
    }


def _box_row(box: Box) -> dict[str, object]:
    return {"left": box.left, "top": box.top, "width": box.width, "height": box.height}


def _rows(blobs: list[bytes]) -> FloatRows:
    """Shape (n, 128); copied, so that it can be written to."""
    flat = np.frombuffer(b"".join(blobs), dtype="<f4")
    return flat.reshape(len(blobs), ENCODING_LENGTH).astype(np.float32)
