"""When photos were taken, and what could not be understood of an annotation."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring the tables to this shape. Of the photos that are there no date is known yet."""
    op.add_column("photos", sa.Column("taken_at", sa.Text()))
    op.add_column(
        "studio_annotations",
        sa.Column("problem", sa.Text(), nullable=False, server_default=""),
    )
