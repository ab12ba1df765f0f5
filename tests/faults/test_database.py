"""A database that is locked or damaged: one line says so, and what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from faces.errors import StoreError
from faces.store import clusters, ledger, log, photos
from faces.store.database import Store
from sync.desk import Project
from tests.sync.conftest import Workspace

PAGE = 4096


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    workspace.add_photos(6, people=3)
    workspace.cluster()
    workspace.name(0, "Anna", faces=3)
    workspace.push()
    return workspace


def file_of(workspace: Workspace) -> Path:
    return workspace.folder / "store.sqlite3"


def read_all(store: Store) -> None:
    """Read what there is to read."""
    with store.read() as connection:
        photos.photos(connection)
        photos.faces(connection)
        photos.files_of_photos(connection)
        photos.encodings(connection, "dlib-resnet-v1")
        clusters.clusters(connection)
        log.truth(connection)
        for project in Project:
            ledger.pushed_tasks(connection, project)


def test_a_database_that_another_program_holds_is_told_and_used_once_it_is_free(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.store.database.BUSY_TIMEOUT_S", 0.1)
    with closing(Store(f"sqlite:///{file_of(filled)}")) as store:
        with closing(sqlite3.connect(file_of(filled))) as holding:
            holding.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="is locked; another program holds it"):
                filled_push(filled, store)
        assert all(plan.is_empty for plan in filled_push(filled, store).values())


def filled_push(filled: Workspace, store: Store) -> dict[Project, object]:
    filled.store.close()
    filled.store = store
    return dict(filled.push())


def test_a_damaged_database_is_one_line_that_says_what_to_do(
    filled: Workspace, tmp_path: Path
) -> None:
    filled.store.close()
    told = [said_of_damaged(file_of(filled), tmp_path / f"{seed}.db", seed) for seed in range(12)]
    found = [line for line in told if line]
    assert len(found) >= len(told) // 2, "the others hit what nobody reads, or values themselves"
    assert all("damaged" in line and "\n" not in line for line in found)


def said_of_damaged(whole: Path, damaged: Path, seed: int) -> str:
    """What is said of a database of which random bytes were overwritten, if anything."""
    rng = np.random.default_rng(seed)
    content = bytearray(whole.read_bytes())
    first = 0 if seed % 3 == 0 else PAGE
    for at in rng.integers(first, len(content) - 512, size=4):
        content[at : at + 512] = rng.bytes(512)
    damaged.write_bytes(content)
    with closing(Store(f"sqlite:///{damaged}")) as store:
        try:
            read_all(store)
        except StoreError as error:
            return str(error)
    return ""


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "some.sqlite3").write_bytes(b"holiday" * 4096)
    with (
        closing(Store(f"sqlite:///{tmp_path / 'some.sqlite3'}")) as store,
        pytest.raises(StoreError, match=r"it is damaged: .* put a copy of the workspace back"),
    ):
        store.migrate(lock=tmp_path / "migrate.lock")
