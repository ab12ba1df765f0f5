"""How long a sync with the real Label Studio takes: the first one, and those after it.

A Label Studio of its own is started in a folder that is gone afterwards. TASKS is how many photos
there are; FACELOOP_STUDIO_VENV says which environment has Label Studio.
"""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from benchmarks.cluster_speed import number_asked
from benchmarks.convention import in_own_process, note, python_module, report
from benchmarks.sync_ours import STUDIO_FILE, settings_in
from benchmarks.sync_store import fill
from faceloop.processes import answers
from faceloop.studio_server import READY_WITHIN_S, studio_command, studio_environment
from faceloop.workspace import EMBEDDED, Connection, new_password
from faces.settings import Settings, load_settings
from faces.store import ledger
from faces.store.database import Store
from faces.studio import Studio
from sync.desk import Project

_ASK_WITHIN_S = 600


def main() -> None:
    """Fill a store, start Label Studio, measure, and ask it what stands there twice."""
    tasks = number_asked("TASKS", 3_000)
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        folder = Path(beside)
        connection = _connection()
        _write_settings(folder, connection)
        settings = settings_in(folder)
        settings.media.mkdir(parents=True, exist_ok=True)
        store = Store(settings.store_url)
        store.migrate(lock=folder / "migrate.lock")
        note(f"making {tasks} photos")
        counted = fill(store, settings, tasks=tasks)
        note("starting Label Studio")
        with _label_studio(settings, connection, output=folder / "studio.txt"):
            ours = in_own_process(python_module("benchmarks.sync_ours", folder))
            twice = count_duplicates(settings, store)
        store.close()
    report({**counted, **ours, **twice}, {})


def count_duplicates(settings: Settings, store: Store) -> dict[str, int]:
    """Tasks, and those tasks and predictions that stand in Label Studio once too often."""
    key = settings.studio_api_key.get_secret_value()
    studio = Studio(settings.studio_url, key)
    tasks, duplicates = 0, 0
    for project in Project:
        with store.read() as connection:
            number = int(ledger.fact(connection, f"project {project}")["id"])
        there = list(studio.tasks(number))
        tasks += len(there)
        duplicates += more_than_one(str(task["meta"]["key"]) for task in there)
        predictions = _predictions(settings.studio_url, key, number)
        duplicates += more_than_one((one["task"], one["model_version"]) for one in predictions)
    return {"tasks": tasks, "duplicates": duplicates}


def more_than_one(found: Iterable[object]) -> int:
    """How many stand there once too often."""
    return sum(count - 1 for count in Counter(found).values())


def _predictions(url: str, key: str, project: int) -> list[dict[str, Any]]:
    """All predictions of a project."""
    answer = requests.get(
        f"{url}/api/predictions/",
        params={"project": str(project)},
        headers={"Authorization": f"Token {key}"},
        timeout=_ASK_WITHIN_S,
    )
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def _connection() -> Connection:
    """An embedded Label Studio on a free port."""
    port, token = _free_port(), secrets.token_hex(20)
    return Connection(
        studio_name=EMBEDDED,
        studio_url=f"http://127.0.0.1:{port}",
        studio_api_key=token,
        studio_pictures="local",
        backend_secret="",
        studio_user="owner@studio.example",
        studio_password=new_password(),
        own_api_key=token,
        studio_port=port,
        backend_port=9090,
        app_port=7860,
        studio_venv=str(load_settings().studio_venv),
    )


def _write_settings(folder: Path, connection: Connection) -> None:
    """What the measured side reads of the connection; the folder is nobody else's."""
    names = ("studio_name", "studio_url", "studio_api_key", "studio_pictures", "studio_port")
    told: Mapping[str, object] = {name: getattr(connection, name) for name in names}
    (folder / STUDIO_FILE).write_text(json.dumps(told))


@contextmanager
def _label_studio(settings: Settings, connection: Connection, *, output: Path) -> Iterator[None]:
    """A running Label Studio, stopped at the end."""
    with output.open("wb") as written:
        process = subprocess.Popen(
            studio_command(settings),
            env=studio_environment(settings, connection),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 2 * READY_WITHIN_S
        while not answers(f"{connection.studio_url}/health"):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"Label Studio did not start: {output.read_text()[-2000:]}")
            time.sleep(0.5)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
