"""Which detector found a face and how good the face is; files that are gone for now."""

import sqlalchemy as sa
from alembic import op

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


def _detector() -> sa.Column[str]:
    return sa.Column("detector", sa.String(length=32), nullable=False, server_default="")


def _faces() -> sa.TableClause:
    return sa.table("faces", sa.column("detector"), sa.column("drawn", sa.Boolean()))
