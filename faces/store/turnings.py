"""Photos that were turned as people said: which they are, and what a turn changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from faces.confirmations import Turned
from faces.matching import FoundAgain
from faces.records import Encodings, Face, PhotoId
from faces.store import photos, rereading
from faces.store import tables as t
from faces.store.photos import ReadPhoto


def turned_photos(connection: sa.Connection) -> dict[PhotoId, Turned]:
    """How photos were turned, and by whose word; of all others nobody spoke."""
    query = sa.select(t.photos.c.id, t.photos.c.turned, t.photos.c.turned_by)
    spoken_of = sa.or_(t.photos.c.turned != 0, t.photos.c.turned_by != "")
    return {
        PhotoId(row.id): Turned(row.turned, row.turned_by)
        for row in connection.execute(query.where(spoken_of))
    }


def turned_by_size(connection: sa.Connection) -> dict[int, dict[PhotoId, int]]:
    """By how many quarters photos are turned, by the sizes that their files have or had."""
    query = (
        sa.select(t.photo_files.c.size_bytes, t.photos.c.id, t.photos.c.turned)
        .join(t.photos, t.photos.c.id == t.photo_files.c.photo_id)
        .where(t.photos.c.turned != 0)
    )
    found: dict[int, dict[PhotoId, int]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.size_bytes][PhotoId(row.id)] = row.turned
    return dict(found)


def note_turned(connection: sa.Connection, photo: PhotoId, turned: Turned) -> None:
    """Note by whose word a photo lies as it does."""
    connection.execute(
        sa.update(t.photos)
        .where(t.photos.c.id == photo)
        .values(turned=turned.quarters, turned_by=turned.place)
    )


def turn_photo(
    connection: sa.Connection,
    read: ReadPhoto,
    before: Sequence[Face],
    found: FoundAgain,
    *,
    kept: Encodings,
    by: str,
) -> None:
    """Put a photo that was read again, turned, in the place of what it was.

    `before` are its faces with their boxes turned, `found` what became of them, `kept` the
    encodings of those that stay though they were not found. What any network said of the photo as
    it lay before is dropped.
    """
    rereading.drop_encodings(connection, [face.id for face in before])
    photos.save_faces(connection, before)
    rereading.renew_photo(connection, read, found)
    photos.save_encodings(connection, kept)
    photo = read.photo
    connection.execute(
        sa.update(t.photos)
        .where(t.photos.c.id == photo.id)
        .values(width_px=photo.width_px, height_px=photo.height_px)
    )
    note_turned(connection, photo.id, Turned(photo.turned, by))
