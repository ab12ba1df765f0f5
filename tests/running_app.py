"""The app as a process of its own, over an empty store: `python -m serve`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.own_studio import free_ports
from faces.store.database import Store

_WITHIN_S = 120


@dataclass(frozen=True)
class RunningApp:
    """The app, answering."""

    address: str
    workspace: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def models(self) -> Path:
        return self.workspace / "models"


@contextlib.contextmanager
def running_app(folder: Path, **settings: str) -> Iterator[RunningApp]:
    """The app in a workspace below a folder, with these variables of its environment."""
    workspace = folder / "workspace"
    workspace.mkdir()
    store = Store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
    store.migrate(lock=workspace / "migrate.lock")
    store.close()
    [port] = free_ports(1)
    ours = {"FACELOOP_WORKSPACE": str(workspace), "FACELOOP_APP_PORT": str(port)}
    others = {name: v for name, v in os.environ.items() if not name.startswith("FACELOOP_")}
    log = folder / "app.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "serve"],
            env={**others, **ours, **settings},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    app = RunningApp(f"http://127.0.0.1:{port}", workspace, process, log)
    try:
        _wait_until_it_answers(app)
        yield app
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(app: RunningApp) -> None:
    until = time.monotonic() + _WITHIN_S
    while time.monotonic() < until:
        assert app.process.poll() is None, app.log.read_text()
        with (
            contextlib.suppress(urllib.error.URLError),
            urllib.request.urlopen(f"{app.address}/health", timeout=60),  # noqa: S310
        ):
            return
        time.sleep(0.1)
    pytest.fail(f"the app did not answer within {_WITHIN_S} s: {app.log.read_text()}")
