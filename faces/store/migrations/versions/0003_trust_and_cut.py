"""How sure clusters and their faces are, what is near them, and the cut they were made at."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring the tables to this shape. The clusters that are there stay, with nothing told yet."""
    op.create_table(
        "cuts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cut", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cuts")),
    )
    op.create_table(
        "clusters",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("confidence", sa.Float()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clusters")),
    )
    op.create_table(
        "near_clusters",
        sa.Column("first_id", sa.String(length=64), nullable=False),
        sa.Column("second_id", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], ["clusters.id"], name=op.f(f"fk_near_clusters_{column}_clusters")
            )
            for column in ("first_id", "second_id")
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_near_clusters")),
    )
    op.create_table(
        "loose_faces",
        sa.Column("face_id", sa.String(length=32), nullable=False),
        sa.Column("cluster_id", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [f"{one}_id"], [f"{one}s.id"], name=op.f(f"fk_loose_faces_{one}_id_{one}s")
            )
            for one in ("face", "cluster")
        ),
        sa.PrimaryKeyConstraint("face_id", "cluster_id", name=op.f("pk_loose_faces")),
    )
    op.add_column("cluster_faces", sa.Column("place", sa.Float()))
    clusters = sa.table("clusters", sa.column("id"))
    members = sa.table("cluster_faces", sa.column("cluster_id"))
    known = sa.select(members.c.cluster_id).distinct()
    op.execute(sa.insert(clusters).from_select(["id"], known))
