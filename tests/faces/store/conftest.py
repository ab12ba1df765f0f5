"""A migrated database: an SQLite file, and a PostgreSQL server where there is one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from faces.store.database import Store

NOBODY = 65534
"""Who runs the server when the tests run as root; PostgreSQL refuses root."""


def _newest_postgresql() -> Path | None:
    """The programs of a server that can be started here, if we can speak with it too."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return programs[-1].parent if programs and importlib.util.find_spec("psycopg") else None


PROGRAMS = _newest_postgresql()
SERVERS = [pytest.param("postgresql", marks=pytest.mark.live)] if PROGRAMS else []


@pytest.fixture(params=["sqlite", *SERVERS])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that holds nothing yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server: Path = request.getfixturevalue("postgresql")
    name = f"test_{uuid.uuid4().hex[:8]}"
    assert PROGRAMS is not None
    create = [PROGRAMS / "createdb", "-h", server, "-U", "faceloop", name]
    subprocess.run(create, check=True, capture_output=True)
    return f"postgresql+psycopg://faceloop@/{name}?host={server}"


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    opened = Store(url)
    opened.migrate(lock=tmp_path / "migrate.lock")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Path]:
    """The folder with the socket of a PostgreSQL server of our own."""
    assert PROGRAMS is not None
    folder = Path(tempfile.mkdtemp(prefix="faceloop-postgresql-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    data = str(folder / "data")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    control = [str(PROGRAMS / "pg_ctl"), "-D", data, "-w"]
    _run([str(PROGRAMS / "initdb"), "-D", data, "-U", "faceloop", "-A", "trust"], folder)
    _run([*control, "-l", str(folder / "log"), "-o", options, "start"], folder)
    yield folder
    _run([*control, "-m", "immediate", "stop"], folder)
    shutil.rmtree(folder)


def _run(command: list[str], folder: Path) -> None:
    somebody = NOBODY if os.geteuid() == 0 else None
    quiet = subprocess.DEVNULL
    subprocess.run(
        command, check=True, cwd=folder, stdout=quiet, stderr=quiet, user=somebody, group=somebody
    )
