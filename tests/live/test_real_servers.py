"""What the quick tests claim of an SQLite file and of a stand-in, asked of the real servers."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from faceloop.studio_server import studio_command, studio_environment
from faceloop.workspace import Connection, new_password, new_token
from faces.settings import load_settings

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(600)]

READY_WITHIN_S = 300


def give_up(reason: str) -> NoReturn:
    """Skip where something is missing, but not in CI, which has it all."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


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
    """The address and the token of a Label Studio of our own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = load_settings(workspace=tmp_path / "workspace", studio_port=port)
    if not (settings.studio_venv / "bin" / "label-studio").exists():
        give_up("Label Studio is not installed; run `make setup`")
    url, token = f"http://127.0.0.1:{port}", new_token()
    connection = Connection(
        studio_name="test",
        studio_url=url,
        studio_api_key=token,
        studio_pictures="local",
        backend_secret="",
        studio_user="owner@localhost",
        studio_password=new_password(),
        studio_port=port,
        backend_port=9090,
        app_port=7860,
        own_api_key=token,
        studio_venv=str(settings.studio_venv),
    )
    settings.media.mkdir(parents=True)
    log = tmp_path / "studio.txt"
    with log.open("wb") as written:
        process = subprocess.Popen(
            studio_command(settings),
            env=studio_environment(settings, connection),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(url, process, log)
        yield url, token
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"Label Studio did not start: {log.read_text()[-2000:]}")


def test_label_studio_answers_as_its_double_does(label_studio: tuple[str, str]) -> None:
    url, token = label_studio
    ask(
        "tests/faces/test_studio.py",
        "--force-enable-socket",
        environment={"STUDIO_URL": url, "STUDIO_KEY": token},
    )
