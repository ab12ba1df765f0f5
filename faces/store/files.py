"""What becomes of the files that hold photos: found by size, removed, back again, forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from faces.records import PhotoId
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.photos import KnownFile, known_file


def photos_of_size(connection: sa.Connection, size_bytes: int, *, most: int) -> list[PhotoId]:
    """The photos that lie or lay in a file of this size, in no order, at most so many of them.

    Ordering them would look at all of that size, each time that one of them is asked for.
    """
    query = (
        sa.select(t.photo_files.c.photo_id)
        .where(t.photo_files.c.size_bytes == size_bytes, t.photo_files.c.photo_id.is_not(None))
        .distinct()
        .limit(most)
    )
    return [PhotoId(row.photo_id) for row in connection.execute(query)]


def files_there(connection: sa.Connection, chosen: Iterable[PhotoId]) -> list[KnownFile]:
    """The files that hold some photos now, in no order."""
    return [
        known_file(row)
        for some in in_chunks(sorted(set(chosen)))
        for row in connection.execute(
            sa.select(t.photo_files).where(
                t.photo_files.c.photo_id.in_(some), t.photo_files.c.removed_at.is_(None)
            )
        )
    ]


def files_ever(connection: sa.Connection, photo: PhotoId) -> list[KnownFile]:
    """The files that hold a photo or held it, those that are there first."""
    order = (t.photo_files.c.removed_at.is_not(None), t.photo_files.c.root, t.photo_files.c.path)
    query = sa.select(t.photo_files).where(t.photo_files.c.photo_id == photo).order_by(*order)
    return [known_file(row) for row in connection.execute(query)]


def remove_files(
    connection: sa.Connection, root: str, paths: Iterable[str], *, now: datetime
) -> None:
    """Note that files are gone; all that is known of them stays until they return."""
    _update_files(connection, root, paths, removed_at=now.astimezone(UTC))


def return_files(connection: sa.Connection, root: str, paths: Iterable[str]) -> None:
    """Note that removed files are there again, as they were."""
    _update_files(connection, root, paths, removed_at=None)


def forget_files(connection: sa.Connection, root: str, paths: Iterable[str]) -> None:
    """Drop the notes about files; their photos stay."""
    table = t.photo_files
    for some in in_chunks(list(paths)):
        chosen = table.c.path.in_(some)
        connection.execute(sa.delete(table).where(table.c.root == root, chosen))


def move_root(connection: sa.Connection, before: str, now: str) -> None:
    """Note that all files below a root lie below another one."""
    table = t.photo_files
    connection.execute(sa.update(table).where(table.c.root == before).values(root=now))


def _update_files(
    connection: sa.Connection, root: str, paths: Iterable[str], **values: object
) -> None:
    table = t.photo_files
    for some in in_chunks(list(paths)):
        chosen = table.c.path.in_(some)
        connection.execute(sa.update(table).where(table.c.root == root, chosen).values(**values))
