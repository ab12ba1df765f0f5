"""How long a sync with the real Label Studio takes: the first one, and those after it.

A Label Studio of its own is started in a folder that is gone afterwards. TASKS is how many photos
there are; FACELOOP_STUDIO_VENV says which environment has Label Studio.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests

from benchmarks.convention import in_own_process, note, python_module, report, whole_number
from benchmarks.own_studio import label_studio, new_connection
from benchmarks.sync_store import fill
from faceloop.workspace import prepare, settings_for, write_connection
from faces.settings import Settings
from faces.store import ledger
from faces.store.database import Store
from faces.studio import Studio
from sync.desk import Project

_ASK_WITHIN_S = 600


def main() -> None:
    """Fill a store, start Label Studio, measure, and ask it what stands there twice."""
    tasks = whole_number("TASKS", 3_000, least=1)
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        folder = Path(beside)
        connection = new_connection(folder)
        write_connection(folder, connection)
        settings = settings_for(folder)
        store = prepare(settings)
        note(f"making {tasks} photos")
        counted = fill(store, settings, tasks=tasks)
        note("starting Label Studio")
        with label_studio(settings, connection):
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


if __name__ == "__main__":
    main()
