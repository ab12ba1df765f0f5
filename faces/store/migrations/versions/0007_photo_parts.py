"""What each photo serves for in training, once it is fixed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the tables to this shape. Photos get their parts when a classifier is trained next."""
    op.create_table(
        "photo_parts",
        sa.Column("photo_id", sa.String(64), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("photo_id", name="pk_photo_parts"),
    )
