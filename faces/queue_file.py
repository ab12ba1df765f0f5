"""The file of the queue: a damaged one is set aside and a new one begun, since nothing in it is
needed.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from huey.storage import SqliteStorage

_BESIDE = ("-wal", "-shm")
"""Files that belong to the database beside them, and would change whatever takes its place."""

_LOOKING_WAITS_S = 1.0

_logger = logging.getLogger(__name__)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that what stands in the file cannot be used, or has no such tables.

    Errors of which it makes a kind of their own speak of locks and of the disk.
    """
    has_other_tables = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return type(error) is sqlite3.DatabaseError or has_other_tables


def set_aside_at(file: Path) -> Path:
    """Where a damaged queue is kept; the next damaged one takes its place."""
    return file.with_name(f"{file.name}.damaged")


def lying_in(file: Path) -> list[bytes]:
    """What lies in a queue's file, which is looked at and not touched; nothing if there is none.

    Raises:
        sqlite3.Error: it is damaged, locked or cannot be read.
    """
    if not file.exists():
        return []
    address = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_LOOKING_WAITS_S)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        return [content for (content,) in connection.execute("SELECT data FROM task")]


class QueueFile(SqliteStorage):  # type: ignore[misc]  # huey comes without types
    """huey's queue in a file, begun anew where it is damaged.

    Whoever meets the damage gets an error once; asked again, it works. Other processes see that the
    file is another one, and follow.
    """

    _conn: sqlite3.Connection | None
    _inode = 0

    def initialize_schema(self) -> None:
        """Make the tables; a damaged file does not keep anybody from starting."""
        try:
            super().initialize_schema()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            super().initialize_schema()

    def close(self) -> bool:
        """Close the file; says whether it was open. Several threads may do so at once."""
        with self.lock:
            connection, self._conn = self._conn, None
            if connection is not None:
                connection.close()
        return connection is not None

    @contextmanager
    def db(self, commit: bool = False, close: bool = False) -> Iterator[sqlite3.Cursor]:  # noqa: FBT001, FBT002  # huey's own
        """A cursor of the file that is there now."""
        if self._conn is not None and self._inode != _inode_of(self.filename):
            self.close()
        try:
            with super().db(commit=commit, close=close) as cursor:
                yield cursor
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                self._set_aside(error)
            raise

    def _create_connection(self) -> sqlite3.Connection:
        """Open the file, and make what is missing in it."""
        self._inode = _inode_of(self.filename)
        connection: sqlite3.Connection = super()._create_connection()
        for statement in self.ddl:
            connection.execute(statement)
        if not self._inode:  # or it may be that of a file which took this one's place meanwhile
            self._inode = _inode_of(self.filename)
        return connection

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Keep what is damaged under another name, unless another process has done so."""
        self.close()
        file = Path(self.filename)
        if not self._inode or _inode_of(self.filename) != self._inode:
            return
        for ending in _BESIDE:
            file.with_name(file.name + ending).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            kept = file.replace(set_aside_at(file))
            _logger.warning(
                "the queue of jobs %s is damaged (%s): it is kept as %s and a new one is begun; "
                "nothing is lost, since the worker looks by itself what there is to do",
                file,
                error,
                kept.name,
            )


def _inode_of(filename: str) -> int:
    """What tells a file from another one in its place, 0 if there is none."""
    try:
        return Path(filename).stat().st_ino
    except FileNotFoundError:
        return 0
