"""What the quick tests claim of an SQLite file and of a stand-in, asked of the real servers."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from faceloop.studio_server import COUNTS_FEW
from faceloop.workspace import new_token
from tests.live.conftest import give_up, label_studio_in

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(600)]


def ask(tests: str, *options: str, environment: Mapping[str, str] | None = None) -> None:
    """Run tests in a process of their own; all of them have to pass and none may be skipped."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", tests, "-q", *options],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_the_store_keeps_its_promises_on_postgresql() -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        give_up("no PostgreSQL in /usr/lib/postgresql")
    if importlib.util.find_spec("psycopg") is None:
        give_up("psycopg is not installed; it comes with faceloop[server]")
    ask("tests/faces/store", "-m", "live")


@pytest.fixture
def label_studio(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address and the token of a Label Studio of our own, set as others set theirs."""
    token = new_token()
    with label_studio_in(tmp_path, token=token, **{COUNTS_FEW: "false"}) as url:
        yield url, token


def test_label_studio_answers_as_its_double_does(label_studio: tuple[str, str]) -> None:
    url, token = label_studio
    ask(
        "tests/faces/test_studio.py",
        "--force-enable-socket",
        environment={"STUDIO_URL": url, "STUDIO_KEY": token},
    )
