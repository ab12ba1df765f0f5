"""Insert rows, or say what changes when they are there already; both databases spell it alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

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
    upsert_all(connection, table, [{**key, **new, **(fixed or {})}], key=key, fixed=fixed or ())


def upsert_all(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, object]],
    *,
    key: Collection[str],
    fixed: Collection[str] = (),
) -> None:
    """Write many rows with the same columns by their primary key, in one statement."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table)
    changed = [column for column in rows[0] if column not in key and column not in fixed]
    statement = insert.on_conflict_do_update(
        index_elements=list(key), set_={column: insert.excluded[column] for column in changed}
    )
    connection.execute(statement, [dict(row) for row in rows])
