"""Which faces a People task asks about, in whose queue, and those of which nothing was said."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the tables to this shape. Of tasks that are there no page is known yet."""
    op.add_column("studio_tasks", sa.Column("page", sa.JSON()))
    op.add_column("studio_tasks", sa.Column("passed", sa.JSON()))
