import multiprocessing
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from faces.errors import SetupError, StoreError
from faces.records import (
    Box,
    Cluster,
    ClusterId,
    Face,
    FaceId,
    Photo,
    PhotoFile,
    PhotoId,
    face_id_of_box,
)
from faces.store import clusters, ledger, photos
from faces.store.database import Store, _alembic_config, open_store
from faces.store.ledger import PushedTask, Shown
from faces.store.photos import KnownFile
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


def migrate_to(store: Store, revision: str) -> None:
    """Bring an empty database to an older shape."""
    config = _alembic_config()
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


FIRST_ROWS = (
    "INSERT INTO photos (id, width_px, height_px, added_at)"
    " VALUES ('{photo}', 40, 30, '2026-01-01')",
    "INSERT INTO photo_files VALUES ('/photos', 'a.jpg', '{photo}', NULL, 10, 20)",
    'INSERT INTO faces (id, photo_id, "left", top, width, height, score, drawn)'
    " VALUES ('{found}', '{photo}', 1, 2, 3, 4, 1.5, {false}),"
    " ('moved', '{photo}', 2, 2, 3, 4, 1.5, {false}),"
    " ('drawn', '{photo}', 5, 6, 7, 8, 1.0, {true})",
    "INSERT INTO cluster_faces VALUES ('{found}', 'c1', 0)",
)


def test_rows_of_the_first_shape_are_kept_and_say_which_detector_or_person_it_was(
    url: str, tmp_path: Path
) -> None:
    store = Store(url)
    migrate_to(store, "0001")
    photo = PhotoId("a" * 64)
    found = face_id_of_box(photo, Box(1, 2, 3, 4))
    words = {"photo": photo, "found": found} | (
        {"true": "1", "false": "0"} if "sqlite" in url else {"true": "true", "false": "false"}
    )
    with store.write() as connection:
        for row in FIRST_ROWS:
            connection.execute(sa.text(row.format(**words)))
    store.migrate(lock=tmp_path / "migrate.lock")
    store.check()
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert photos.faces(connection) == [
            Face(found, photo, Box(1, 2, 3, 4), 1.5, detector="dlib-hog-1"),
            Face(FaceId("moved"), photo, Box(2, 2, 3, 4), 1.5),
            Face(FaceId("drawn"), photo, Box(5, 6, 7, 8), 1.0, drawn=True),
        ]
        (file,) = photos.known_files(connection)
        assert file == KnownFile(PhotoFile("/photos", "a.jpg", 10, 20), photo, None, removed=False)
        assert photos.photos_there(connection) == [Photo(photo, 40, 30)]
        assert clusters.clusters(connection) == [Cluster(ClusterId("c1"), (found,))]
        assert clusters.near_clusters(connection) == []
        assert connection.scalar(sa.text("SELECT id FROM clusters")) == "c1"
        assert connection.scalar(sa.text("SELECT detector FROM photos")) == "dlib-hog-1"
    store.close()


def test_of_tasks_pushed_before_pages_were_noted_none_is_known_and_nothing_is_passed(
    url: str, tmp_path: Path
) -> None:
    store = Store(url)
    migrate_to(store, "0004")
    with store.write() as connection:
        there = sa.table(
            "studio_tasks",
            *map(sa.column, ("project", "key", "task_id", "shown_data", "shown_prediction")),
            *map(sa.column, ("round", "picture_url", "seen", "annotated")),
        )
        row = {"project": "people", "key": "page-1", "task_id": 7, "shown_data": "d"}
        row |= {"shown_prediction": "p", "round": "r", "picture_url": "/u", "seen": "s"}
        connection.execute(sa.insert(there).values(**row, annotated=True))
    store.migrate(lock=tmp_path / "migrate.lock")
    store.check()
    known = PushedTask("people", "page-1", 7, Shown("d", "p"), "r", "/u", "s", annotated=True)
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert ledger.pushed_tasks(connection, "people") == {"page-1": known}
    store.close()


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


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("secret-1", "cannot be understood"),
        ("postgres://me:secret-1@host/faces", "cannot be understood"),
        ("postgresql+psycopg://me:secret-1@host:port/faces", "cannot be understood"),
        ("postgresql+psycopg://me:secret-1@[::1/faces", "cannot be understood"),
        ("sqlite://me:secret-1@host/faces", "cannot be understood"),
        ("sqlite:///faces?timeout=secret-1", "cannot be understood"),
        ("postgresql+pg8000://me:secret-1@host/faces", "whose driver, pg8000, is not installed"),
    ],
)
def test_an_address_that_is_none_is_one_line_without_it(url: str, told: str) -> None:
    with pytest.raises(SetupError, match=f"FACELOOP_DATABASE_URL .*{told}") as error:
        Store(url)
    assert "secret-1" not in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:secret-1@/faces?host=/nowhere",
        "postgresql+psycopg://me@/faces?host=/nowhere&password=secret-1",
    ],
)
def test_a_server_that_is_away_is_one_line_without_the_password(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="does not answer") as error:
        Store(url).check()
    assert "secret-1" not in str(error.value)
    assert "\n" not in str(error.value)
