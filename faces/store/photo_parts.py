"""What each photo serves for in training: fixed once, kept also when the photo is gone."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from faces.records import PhotoId
from faces.store import tables as t


def photo_parts(connection: sa.Connection) -> dict[PhotoId, str]:
    """The photos whose part is fixed, and that part as `training` calls it, by id."""
    query = sa.select(t.photo_parts).order_by(t.photo_parts.c.photo_id)
    return {PhotoId(row.photo_id): row.part for row in connection.execute(query)}


def save_photo_parts(connection: sa.Connection, parts: Mapping[PhotoId, str]) -> None:
    """Fix the parts of photos that have none."""
    rows = [{"photo_id": photo, "part": str(part)} for photo, part in sorted(parts.items())]
    if rows:
        connection.execute(sa.insert(t.photo_parts), rows)
