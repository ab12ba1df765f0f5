"""What visitors of the app say of faces, waiting for an annotator."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Bring the tables to this shape. Nobody has suggested anything yet."""
    op.create_table(
        "suggestions",
        sa.Column("face_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(32)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["faces.id"], name="fk_suggestions_face_id_faces"),
        sa.PrimaryKeyConstraint("face_id", name="pk_suggestions"),
    )
