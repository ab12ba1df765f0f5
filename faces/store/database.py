"""Open the database, bring it to the current shape, and give out transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from filelock import FileLock

from faces.errors import FaceloopError, SetupError, StoreError

BUSY_TIMEOUT_S = 30

Connection = sa.Connection
"""What a transaction gives: the functions of the store's other modules take it."""


_DAMAGED = (
    "; it is damaged: stop faceloop and put a copy of the workspace back (docs/workspace.md tells "
    "what else can be saved)"
)
_NO_ROOM = "; make room on its disk and run this again: what was kept before is still there"
_REMEDIES = {
    "is full": _NO_ROOM,
    "disk I/O error": "; is its disk full, or broken? then make room and run this again",
    "is locked": "; another program holds it: close that, and run this again",
    "malformed": _DAMAGED,
    "not a database": _DAMAGED,
}
"""What to do about what SQLite says."""
_LIKE_THIS = (
    "give an address like postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE, with signs like / and "
    "@ in the password written as %2F and %40, or none for a file in the workspace"
)
_ONE_STATE = "REPEATABLE READ"
"""By itself PostgreSQL shows each query of a transaction what others wrote meanwhile."""
_KEPT = "faceloop_kept"
_WRITES = "faceloop_writes"
_Kind = TypeVar("_Kind")


class Kept:
    """What was worked out of the last two states of the database that were asked about.

    Of two, because somebody may still read the one before when another is told of already; so
    nobody gets what is older or newer than what they read. Thread-safe.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._lock = threading.Lock()
        self._known: list[tuple[object, object]] = []

    def get(self, state: object, work_out: Callable[[_Kind | None], _Kind]) -> _Kind:
        """What `work_out` gives for this state, by which it must be told from all others.

        It is given what it gave last for another state, None the first time. Two threads that ask
        at once work it out once.
        """
        with self._lock:
            for known, value in self._known:
                if known == state:
                    return cast("_Kind", value)
            before = self._known[-1][1] if self._known else None
            worked_out = work_out(cast("_Kind | None", before))
            self._known = [*self._known[-1:], (state, worked_out)]
            return worked_out


def kept(connection: sa.Connection) -> Kept | None:
    """What readers of this store share. Who writes has none: it may never come to be."""
    options = connection.get_execution_options()
    found: Kept | None = None if options.get(_WRITES) else options.get(_KEPT)
    return found


class Store:
    """One database: an SQLite file or a PostgreSQL server, by its SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        """Prepare the connection; nothing is opened before the first transaction.

        Raises:
            SetupError: this is no address of a database that could be used here.
        """
        self._url, self._engine = _understood(url)
        self._kept = Kept()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is kept whole or not at all."""
        with self._transaction(writes=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[sa.Connection]:
        told: dict[str, Any] = {_WRITES: writes, _KEPT: self._kept}
        if not writes and self._url.get_backend_name() != "sqlite":
            told["isolation_level"] = _ONE_STATE
        options = self._engine.execution_options(**told)
        try:
            with options.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise StoreError(self._told(str(error.orig))) from error
        except FaceloopError:
            raise
        except Exception as error:
            if not self._is_damaged():
                raise
            raise StoreError(self._told(f"what stands in it makes no sense{_DAMAGED}")) from error

    def migrate(self, *, lock: Path) -> None:
        """Bring the database to the current shape; one process at a time, held by `lock`.

        Raises:
            StoreError: the database is newer than this faceloop.
        """
        if self._url.get_backend_name() == "sqlite" and self._url.database:
            Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock), self.write() as connection:
            config = _alembic_config()
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise StoreError(
                    f"the database {self._shown} was written by a newer faceloop: {error}"
                ) from error

    def check(self) -> None:
        """Make sure that the database has the current shape.

        Raises:
            StoreError: it is missing, older or newer than this faceloop.
        """
        if self._url.get_backend_name() == "sqlite" and self._url.database:
            database = Path(self._url.database)
            if not database.exists():
                raise StoreError(f"there is no database at {database}; start with `faceloop up`")
        head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
        with self.read() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        if found != head:
            raise StoreError(
                f"the database {self._shown} has version {found}, this faceloop needs {head}; "
                "run `faceloop up` or `faceloop cluster` with the newer faceloop once"
            )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _is_damaged(self) -> bool:
        """Whether SQLite itself finds that its file is not whole."""
        if self._url.get_backend_name() != "sqlite" or not self._url.database:
            return False
        try:
            with closing(sqlite3.connect(self._url.database)) as connection:
                found: object = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError:
            return True
        return found != ("ok",)

    def _told(self, problem: str) -> str:
        """What is wrong with the database, and what to do."""
        remedy = next((told for sign, told in _REMEDIES.items() if sign in problem), "")
        on_one_line = " ".join(problem.split())
        return f"the database {self._shown} does not answer: {on_one_line}{remedy}"

    @property
    def _shown(self) -> str:
        """Its address without a password, which may also stand among the options."""
        return self._url.set(query={}).render_as_string(hide_password=True)


def open_store(url: str) -> Store:
    """The store at this URL, checked to have the current shape.

    Raises:
        SetupError: this is no address of a database.
        StoreError: it is missing, older or newer than this faceloop.
    """
    store = Store(url)
    try:
        store.check()
    except StoreError:
        store.close()
        raise
    return store


def _understood(url: str) -> tuple[sa.URL, sa.Engine]:
    """What an address says; it is not quoted if it says nothing, since a password may stand in it.

    Raises:
        SetupError: it is none, or of a kind of database whose driver is not installed.
    """
    try:
        parts = sa.make_url(url)
        return parts, _engine(parts)
    except ImportError as error:
        raise SetupError(
            f"FACELOOP_DATABASE_URL asks for a database whose driver, {error.name}, is not "
            f"installed; {_LIKE_THIS}"
        ) from None
    except (sa.exc.ArgumentError, ValueError, TypeError):
        raise SetupError(f"FACELOOP_DATABASE_URL cannot be understood; {_LIKE_THIS}") from None


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Leave transactions to us (the driver would start them late), and let readers not block."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at the start: taking it half way can fail without waiting."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("faces.store") / "migrations"))
    return config
