"""A photo that was looked through once more: its faces keep their ids."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from faces.matching import FoundAgain
from faces.records import Encodings, FaceId, PhotoId
from faces.store import photos
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.photos import ReadPhoto


def photos_read_otherwise(connection: sa.Connection, detector: str) -> frozenset[PhotoId]:
    """The photos that were looked through by another detector."""
    query = sa.select(t.photos.c.id).where(t.photos.c.detector != detector)
    return frozenset(PhotoId(row.id) for row in connection.execute(query))


def renew_photo(connection: sa.Connection, read: ReadPhoto, found: FoundAgain) -> None:
    """Put what was found again in the place of what a photo's faces were.

    A renewed face keeps the encodings that other networks made of it, if its box is the same. Faces
    that are gone leave with their encodings, their place in a cluster, their proposals and what
    visitors suggested.
    """
    boxes = {face.id: face.box for face in photos.faces(connection, read.photo.id)}
    moved = [face.id for face in found.renewed if photos.has_moved(boxes[face.id], face.box)]
    drop_encodings(connection, [*found.gone, *moved])
    _delete(connection, t.cluster_faces.c.face_id, found.gone)
    _delete(connection, t.loose_faces.c.face_id, found.gone)
    _delete(connection, t.proposals.c.face_id, found.gone)
    _delete(connection, t.suggestions.c.face_id, found.gone)
    _delete(connection, t.faces.c.id, found.gone)
    photos.save_faces(connection, [*found.renewed, *found.new])
    photos.save_encodings(connection, _of_found(read.encodings, found))
    connection.execute(
        sa.update(t.photos)
        .where(t.photos.c.id == read.photo.id)
        .values(detector=read.detector_name, taken_at=photos.taken_text(read.photo))
    )


def drop_encodings(connection: sa.Connection, faces: Sequence[FaceId]) -> None:
    """Forget what all networks said of some faces."""
    _delete(connection, t.encodings.c.face_id, faces)


def _delete(connection: sa.Connection, column: sa.Column[str], faces: Sequence[FaceId]) -> None:
    for some in in_chunks(faces):
        connection.execute(sa.delete(column.table).where(column.in_(some)))


def _of_found(encodings: Encodings, found: FoundAgain) -> Encodings:
    """The encodings of renewed and new faces, under the ids that these have."""
    rows = [row for row, face in enumerate(encodings.faces) if face in found.ids]
    ids = tuple(found.ids[encodings.faces[row]] for row in rows)
    return Encodings(encodings.network, ids, encodings.plain[rows], encodings.mirrored[rows])
