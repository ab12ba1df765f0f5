"""Photos, the files that hold them, their faces and encodings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
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
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that was read before: the photo in it, or why it was refused."""

    file: PhotoFile
    photo: PhotoId | None
    refused: str | None


@dataclass(frozen=True)
class ReadPhoto:
    """All that reading one photo gave."""

    photo: Photo
    faces: tuple[Face, ...]
    encodings: Encodings


def known_files(connection: sa.Connection, root: str | None = None) -> list[KnownFile]:
    """All files read so far (below one root, if given), by root and path."""
    query = sa.select(t.photo_files).order_by(t.photo_files.c.root, t.photo_files.c.path)
    if root is not None:
        query = query.where(t.photo_files.c.root == root)
    return [
        KnownFile(
            PhotoFile(row.root, row.path, row.size_bytes, row.modified_ns),
            None if row.photo_id is None else PhotoId(row.photo_id),
            row.refused,
        )
        for row in connection.execute(query)
    ]


def save_file(
    connection: sa.Connection,
    file: PhotoFile,
    *,
    photo: PhotoId | None = None,
    refused: str | None = None,
) -> None:
    """Note what a file holds: a photo, or nothing readable and why."""
    upsert(
        connection,
        t.photo_files,
        key={"root": file.root, "path": file.path},
        new={
            "photo_id": photo,
            "refused": refused,
            "size_bytes": file.size_bytes,
            "modified_ns": file.modified_ns,
        },
    )


def forget_files(connection: sa.Connection, root: str, paths: Iterable[str]) -> None:
    """Drop the notes about files that are gone; their photos stay."""
    for path in paths:
        connection.execute(
            sa.delete(t.photo_files).where(
                t.photo_files.c.root == root, t.photo_files.c.path == path
            )
        )


def has_photo(connection: sa.Connection, photo: PhotoId) -> bool:
    """Whether the photo's faces were looked for."""
    found = connection.scalar(sa.select(t.photos.c.id).where(t.photos.c.id == photo))
    return found is not None


def save_photo(connection: sa.Connection, read: ReadPhoto, *, now: datetime) -> None:
    """Add a photo with its faces and encodings; a photo that is there already stays as it is."""
    if has_photo(connection, read.photo.id):
        return
    connection.execute(
        sa.insert(t.photos).values(
            id=read.photo.id,
            width_px=read.photo.width_px,
            height_px=read.photo.height_px,
            added_at=now,
        )
    )
    for face in read.faces:
        add_face(connection, face)
    save_encodings(connection, read.encodings)


def add_face(connection: sa.Connection, face: Face) -> None:
    """Add a face, or move the box of one that is there; what was said of another box is dropped.

    A box that moves by no more than a pixel is the same box.
    """
    before = connection.execute(sa.select(t.faces).where(t.faces.c.id == face.id)).one_or_none()
    if before is not None and _moved(_face(before).box, face.box):
        connection.execute(sa.delete(t.encodings).where(t.encodings.c.face_id == face.id))
    upsert(
        connection,
        t.faces,
        key={"id": face.id},
        new={
            "left": face.box.left,
            "top": face.box.top,
            "width": face.box.width,
            "height": face.box.height,
        },
        fixed={"photo_id": face.photo, "score": face.score, "drawn": face.drawn},
    )


def save_encodings(connection: sa.Connection, encodings: Encodings) -> None:
    """Add the encodings of faces that are in the store, or renew them."""
    for row, face in enumerate(encodings.faces):
        upsert(
            connection,
            t.encodings,
            key={"face_id": face, "network": encodings.network},
            new={
                "plain": encodings.plain[row].astype("<f4").tobytes(),
                "mirrored": encodings.mirrored[row].astype("<f4").tobytes(),
            },
        )


def photos(connection: sa.Connection) -> list[Photo]:
    """All photos, by id."""
    return [
        Photo(PhotoId(row.id), row.width_px, row.height_px)
        for row in connection.execute(sa.select(t.photos).order_by(t.photos.c.id))
    ]


def photo(connection: sa.Connection, photo_id: PhotoId) -> Photo | None:
    """One photo, if it is in the store."""
    row = connection.execute(sa.select(t.photos).where(t.photos.c.id == photo_id)).one_or_none()
    return None if row is None else Photo(PhotoId(row.id), row.width_px, row.height_px)


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
    """Where each photo lies, by photo; a photo without a file is not among them."""
    found: dict[PhotoId, list[PhotoFile]] = defaultdict(list)
    for known in known_files(connection):
        if known.photo is not None:
            found[known.photo].append(known.file)
    return dict(found)


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


def _moved(before: Box, now: Box) -> bool:
    """Whether an edge lies elsewhere, by more than a pixel."""
    edges = ((box.left, box.top, box.right, box.bottom) for box in (before, now))
    return any(abs(old - new) > 1 for old, new in zip(*edges, strict=True))


def _face(row: sa.Row[Any]) -> Face:
    return Face(
        FaceId(row.id),
        PhotoId(row.photo_id),
        Box(row.left, row.top, row.width, row.height),
        row.score,
        drawn=row.drawn,
    )


def _rows(blobs: list[bytes]) -> FloatRows:
    """Shape (n, 128); copied, so that it can be written to."""
    flat = np.frombuffer(b"".join(blobs), dtype="<f4")
    return flat.reshape(len(blobs), ENCODING_LENGTH).astype(np.float32)
