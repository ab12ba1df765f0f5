"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the tables to this shape."""
    op.create_table(
        "cluster_runs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_runs")),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
    )
    op.create_table(
        "log",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("word", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_log")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_log_place"), ["place"], unique=False)

    op.create_table(
        "photos",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    op.create_table(
        "studio_annotations",
        sa.Column("annotation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project", sa.String(length=16), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("from_prediction", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("annotation_id", name=op.f("pk_studio_annotations")),
    )
    with op.batch_alter_table("studio_annotations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_studio_annotations_task_id"), ["task_id"], unique=False
        )

    op.create_table(
        "studio_tasks",
        sa.Column("project", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("shown_data", sa.String(length=64), nullable=False),
        sa.Column("shown_prediction", sa.String(length=64), nullable=False),
        sa.Column("round", sa.String(length=64), nullable=False),
        sa.Column("picture_url", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("annotated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("project", "key", name=op.f("pk_studio_tasks")),
    )
    with op.batch_alter_table("studio_tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_studio_tasks_task_id"), ["task_id"], unique=False)

    op.create_table(
        "faces",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("left", sa.Float(), nullable=False),
        sa.Column("top", sa.Float(), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_faces_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faces")),
    )
    with op.batch_alter_table("faces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_faces_photo_id"), ["photo_id"], unique=False)

    op.create_table(
        "photo_files",
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_photo_files_photo_id_photos")
        ),
        sa.PrimaryKeyConstraint("root", "path", name=op.f("pk_photo_files")),
    )
    with op.batch_alter_table("photo_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_photo_files_photo_id"), ["photo_id"], unique=False)

    op.create_table(
        "cluster_faces",
        sa.Column("face_id", sa.String(length=32), nullable=False),
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["face_id"], ["faces.id"], name=op.f("fk_cluster_faces_face_id_faces")
        ),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_cluster_faces")),
    )
    with op.batch_alter_table("cluster_faces", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_cluster_faces_cluster_id"), ["cluster_id"], unique=False
        )

    op.create_table(
        "encodings",
        sa.Column("face_id", sa.String(length=32), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("plain", sa.LargeBinary(), nullable=False),
        sa.Column("mirrored", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["faces.id"], name=op.f("fk_encodings_face_id_faces")),
        sa.PrimaryKeyConstraint("face_id", "network", name=op.f("pk_encodings")),
    )
    op.create_table(
        "proposals",
        sa.Column("face_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["faces.id"], name=op.f("fk_proposals_face_id_faces")),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_proposals")),
    )
