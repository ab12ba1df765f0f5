import multiprocessing
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from faces.errors import StoreError
from faces.store import ledger
from faces.store.database import Store, open_store
from faces.store.tables import metadata

WRITES = 25


def test_migrating_gives_exactly_the_tables(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    with store.write() as connection:
        ledger.set_fact(connection, "kept", 1)
    store.migrate(lock=tmp_path / "migrate.lock")
    store.check()
    with store.read() as connection:
        assert ledger.fact(connection, "kept") == 1


def test_a_migrated_store_opens(store: Store, url: str) -> None:
    open_store(url).close()


def test_a_missing_database_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "store.sqlite3"
    with pytest.raises(StoreError, match=f"no database at {missing}.*faceloop up"):
        open_store(f"sqlite:///{missing}")
    assert not missing.parent.exists(), "looking makes nothing"


def test_an_empty_database_has_no_version(url: str, tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").touch()
    with pytest.raises(StoreError, match=r"has version None, this faceloop needs \d+"):
        open_store(url)


@pytest.mark.parametrize("act", ["check", "migrate"])
def test_a_newer_database_is_left_alone(store: Store, tmp_path: Path, act: str) -> None:
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    acts = {"check": store.check, "migrate": lambda: store.migrate(lock=tmp_path / "migrate.lock")}
    with pytest.raises(StoreError, match="9999"):
        acts[act]()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_text("this is a letter to my aunt, not a database; " * 50)
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:///{path}")


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    def set_half_and_break() -> None:
        with store.write() as connection:
            ledger.set_fact(connection, "half", 1)
            raise KeyError

    with pytest.raises(KeyError):
        set_half_and_break()
    with store.read() as connection:
        assert ledger.fact(connection, "half") is None


def test_a_reader_sees_one_state(store: Store) -> None:
    with store.write() as connection:
        ledger.set_fact(connection, "number", 1)
    with store.read() as reading:
        assert ledger.fact(reading, "number") == 1
        with store.write() as writing:
            ledger.set_fact(writing, "number", 2)
        if reading.dialect.name == "sqlite":
            assert ledger.fact(reading, "number") == 1
    with store.read() as reading:
        assert ledger.fact(reading, "number") == 2


def test_sqlite_is_opened_with_a_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    with store.read() as connection:
        found = [
            connection.scalar(sa.text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 1, 30_000]
    store.close()


def count_up(url: str, name: str) -> None:
    """Read and write a number again and again, each time in one transaction."""
    store = Store(url)
    for _ in range(WRITES):
        with store.write() as connection:
            ledger.set_fact(connection, name, (ledger.fact(connection, name) or 0) + 1)
    store.close()


def test_processes_that_write_at_once_wait_for_each_other(tmp_path: Path) -> None:
    migrate(tmp_path)
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    forking = multiprocessing.get_context("fork")
    processes = [forking.Process(target=count_up, args=(url, "number")) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    store = Store(url)
    with store.read() as connection:
        assert ledger.fact(connection, "number") == 3 * WRITES
    store.close()


def test_threads_that_write_at_once_wait_for_each_other(store: Store, url: str) -> None:
    problems: list[Exception] = []

    def count_up_once_more(name: str) -> None:
        try:
            count_up(url, name)
        except StoreError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=count_up_once_more, args=(f"n{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with store.read() as connection:
        assert [ledger.fact(connection, f"n{n}") for n in range(4)] == [WRITES] * 4


def test_processes_that_open_a_new_database_at_once_all_migrate_it(tmp_path: Path) -> None:
    forking = multiprocessing.get_context("fork")
    processes = [forking.Process(target=migrate, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]


def migrate(folder: Path) -> None:
    store = Store(f"sqlite:///{folder / 'store.sqlite3'}")
    store.migrate(lock=folder / "migrate.lock")
    store.check()
    store.close()
