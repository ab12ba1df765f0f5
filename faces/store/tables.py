"""The tables. Migrations below `migrations/` bring a database to this shape."""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

photos = sa.Table(
    "photos",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("detector", sa.String(32), nullable=False, server_default=""),
    sa.Column("taken_at", sa.Text),
    sa.Column("turned", sa.Integer, nullable=False, server_default="0"),
    sa.Column("turned_by", sa.Text, nullable=False, server_default=""),
)

photo_files = sa.Table(
    "photo_files",
    metadata,
    sa.Column("root", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("photo_id", sa.ForeignKey("photos.id"), index=True),
    sa.Column("refused", sa.Text),
    sa.Column("size_bytes", sa.BigInteger, nullable=False, index=True),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("removed_at", sa.DateTime(timezone=True)),
)

faces = sa.Table(
    "faces",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("photo_id", sa.ForeignKey("photos.id"), nullable=False, index=True),
    sa.Column("left", sa.Float, nullable=False),
    sa.Column("top", sa.Float, nullable=False),
    sa.Column("width", sa.Float, nullable=False),
    sa.Column("height", sa.Float, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("drawn", sa.Boolean, nullable=False),
    sa.Column("detector", sa.String(32), nullable=False, server_default=""),
    sa.Column("sharpness", sa.Float),
    sa.Column("pose", sa.Float),
)

encodings = sa.Table(
    "encodings",
    metadata,
    sa.Column("face_id", sa.ForeignKey("faces.id"), primary_key=True),
    sa.Column("network", sa.String(64), primary_key=True),
    sa.Column("plain", sa.LargeBinary, nullable=False),
    sa.Column("mirrored", sa.LargeBinary, nullable=False),
)

photo_parts = sa.Table(
    "photo_parts",
    metadata,
    sa.Column("photo_id", sa.String(64), primary_key=True),
    sa.Column("part", sa.String(16), nullable=False),
)

log = sa.Table(
    "log",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("speaker", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False, index=True),
    sa.Column("word", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)

cluster_runs = sa.Table(
    "cluster_runs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("how", sa.JSON, nullable=False),
)

cuts = sa.Table(
    "cuts",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("network", sa.String(64), nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("cut", sa.JSON, nullable=False),
)

clusters = sa.Table(
    "clusters",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("confidence", sa.Float),
)

cluster_faces = sa.Table(
    "cluster_faces",
    metadata,
    sa.Column("face_id", sa.ForeignKey("faces.id"), primary_key=True),
    sa.Column("cluster_id", sa.String(64), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("place", sa.Float),
)

near_clusters = sa.Table(
    "near_clusters",
    metadata,
    sa.Column("first_id", sa.ForeignKey("clusters.id"), primary_key=True),
    sa.Column("second_id", sa.ForeignKey("clusters.id"), primary_key=True),
    sa.Column("score", sa.Float, nullable=False),
)

loose_faces = sa.Table(
    "loose_faces",
    metadata,
    sa.Column("face_id", sa.ForeignKey("faces.id"), primary_key=True),
    sa.Column("cluster_id", sa.ForeignKey("clusters.id"), primary_key=True),
    sa.Column("score", sa.Float, nullable=False),
)

proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("face_id", sa.ForeignKey("faces.id"), primary_key=True),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("person_id", sa.String(32)),
    sa.Column("score", sa.Float, nullable=False),
)

suggestions = sa.Table(
    "suggestions",
    metadata,
    sa.Column("face_id", sa.ForeignKey("faces.id"), primary_key=True),
    sa.Column("id", sa.String(32), nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("person_id", sa.String(32)),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

studio_tasks = sa.Table(
    "studio_tasks",
    metadata,
    sa.Column("project", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("task_id", sa.Integer, index=True),
    sa.Column("shown_data", sa.String(64), nullable=False),
    sa.Column("shown_prediction", sa.String(64), nullable=False),
    sa.Column("round", sa.String(64), nullable=False),
    sa.Column("picture_url", sa.Text, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("annotated", sa.Boolean, nullable=False),
    sa.Column("page", sa.JSON(none_as_null=True)),
    sa.Column("passed", sa.JSON(none_as_null=True)),
)

studio_annotations = sa.Table(
    "studio_annotations",
    metadata,
    sa.Column("annotation_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("project", sa.String(16), nullable=False),
    sa.Column("task_id", sa.Integer, nullable=False, index=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("revision", sa.String(64), nullable=False),
    sa.Column("from_prediction", sa.Boolean, nullable=False),
    sa.Column("problem", sa.Text, nullable=False, server_default=""),
)

facts = sa.Table(
    "facts",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)
