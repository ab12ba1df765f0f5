"""How photos were turned as people said, and where that was said."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Bring the tables to this shape. The photos that are there lie as their files have them."""
    op.add_column("photos", sa.Column("turned", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("photos", sa.Column("turned_by", sa.Text(), nullable=False, server_default=""))
