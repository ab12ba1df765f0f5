"""Which detector found a face and how good the face is; files that are gone for now."""

import hashlib
from typing import Any

import sqlalchemy as sa
from alembic import op

from faces.store.chunks import in_chunks

revision = "0002"
down_revision = "0001"

_FIRST_DETECTOR = "dlib-hog-1"
"""The only one there was when the tables had their first shape."""


def upgrade() -> None:
    """Bring the tables to this shape.

    Columns are added in place: SQLite would otherwise copy `faces` and drop the table that others
    point to.
    """
    op.add_column("photos", _detector())
    op.add_column("faces", _detector())
    op.add_column("faces", sa.Column("sharpness", sa.Float()))
    op.add_column("faces", sa.Column("pose", sa.Float()))
    op.add_column("photo_files", sa.Column("removed_at", sa.DateTime(timezone=True)))
    op.create_index(op.f("ix_photo_files_size_bytes"), "photo_files", ["size_bytes"])
    photos, faces = sa.table("photos", sa.column("detector")), _faces()
    op.execute(sa.update(photos).values(detector=_FIRST_DETECTOR))
    op.execute(sa.update(faces).where(~faces.c.drawn).values(detector=_FIRST_DETECTOR))
    for some in in_chunks(_moved_by_people(faces)):
        op.execute(sa.update(faces).where(faces.c.id.in_(some)).values(detector=""))


def _moved_by_people(faces: sa.TableClause) -> list[str]:
    """The faces whose box is not the one that named them: a person moved it, so it stays."""
    found = op.get_bind().execute(sa.select(faces).where(~faces.c.drawn))
    return [row.id for row in found if row.id != _id_of_box(row)]


def _id_of_box(row: sa.Row[Any]) -> str:
    """What a face that a detector found is called, by its photo and its box."""
    corners = ",".join(str(round(v)) for v in (row.left, row.top, row.width, row.height))
    return "f" + hashlib.sha256(f"{row.photo_id}:{corners}".encode()).hexdigest()[:16]


def _detector() -> sa.Column[str]:
    return sa.Column("detector", sa.String(length=32), nullable=False, server_default="")


def _faces() -> sa.TableClause:
    told = ("id", "photo_id", "detector", "left", "top", "width", "height")
    return sa.table("faces", sa.column("drawn", sa.Boolean()), *map(sa.column, told))
