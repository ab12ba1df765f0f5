"""Insert a row, or say what changes when it is there already; both databases spell it alike."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    *,
    key: Mapping[str, object],
    new: Mapping[str, object],
    fixed: Mapping[str, object] | None = None,
) -> None:
    """Write one row by its primary key; `fixed` columns are set only when the row is new."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(**key, **new, **(fixed or {}))
    connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=dict(new)))
