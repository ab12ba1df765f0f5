"""Talk to every part and say what answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests
from rich.markup import escape
from rich.table import Table

from faceloop.console import console
from faceloop.workspace import EMBEDDED
from faces.errors import FaceloopError
from faces.jobs import Job, Jobs
from faces.settings import Settings, reach
from faces.store import ledger, photos
from faces.store.database import Store
from sync.desk import BACKEND_USER, Desk, Project

WORKER_WITHIN_S = 60
ASKED_BY_STUDIO = "backend, asked by Label Studio"


class Outcome(StrEnum):
    """How asking a part went; what is not connected is missed, but the rest works without it."""

    GOOD = "ok"
    NOT_CONNECTED = "not connected"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Checked:
    """One part, how asking it went, and what it said or what is wrong."""

    part: str
    outcome: Outcome
    said: str


def check_all(
    settings: Settings, store: Store, desk: Desk, *, refusal: str | None
) -> list[Checked]:
    """Ask every part; a part that fails keeps no other from being asked.

    `refusal` is why Label Studio may not call the backend. Of our own Label Studio that is a
    fault; of another's it is a rule of its owner's, and everything else works.
    """
    parts: dict[str, Callable[[], str]] = {
        "store": lambda: _store(store),
        "Label Studio": lambda: (
            f"version {desk.studio.version()}, token of {desk.studio.speaker()}"
        ),
        "People project": lambda: _project(store, desk, Project.PEOPLE),
        "Photos project": lambda: _project(store, desk, Project.PHOTOS),
        "a picture": lambda: _picture(store, desk),
        "backend": lambda: _backend(settings),
        ASKED_BY_STUDIO: lambda: desk.studio.ask_backend(desk.photos),
        "worker": lambda: _worker(settings),
        "app": lambda: _app(settings),
    }
    if refusal is not None and settings.studio_name != EMBEDDED:
        del parts[ASKED_BY_STUDIO]
        refused = [Checked(ASKED_BY_STUDIO, Outcome.NOT_CONNECTED, _remedy(settings, refusal))]
    else:
        refused = []
    return [*(_asked(part, ask) for part, ask in parts.items()), *refused]


def tell_checks(checks: list[Checked]) -> bool:
    """Print a table of what answered; False if something failed."""
    table = Table("part", "", "")
    for check in checks:
        table.add_row(check.part, check.outcome, escape(check.said))
    console.print(table)
    return all(check.outcome is not Outcome.FAILED for check in checks)


def _asked(part: str, ask: Callable[[], str]) -> Checked:
    try:
        return Checked(part, Outcome.GOOD, ask())
    except (FaceloopError, requests.RequestException) as error:
        return Checked(part, Outcome.FAILED, str(error))


def _remedy(settings: Settings, refusal: str) -> str:
    return (
        f"{refusal}\nTo connect it, have whoever runs this Label Studio allow calls to "
        f"{settings.backend_url_for_studio}; if it runs elsewhere, set FACELOOP_BACKEND_HOST and "
        "FACELOOP_BACKEND_URL to an address that it reaches"
    )


def _store(store: Store) -> str:
    store.check()
    with store.read() as connection:
        return f"{len(photos.photos(connection))} photos, {len(photos.faces(connection))} faces"


def _project(store: Store, desk: Desk, project: Project) -> str:
    """Every task that we pushed is there."""
    with store.read() as connection:
        pushed = len(ledger.pushed_tasks(connection, project))
    found = sum(1 for _task in desk.studio.tasks(desk.project(project)))
    if found < pushed:
        raise FaceloopError(f"{found} of {pushed} tasks are there; run `faceloop sync`")
    version = desk.studio.selected_version(desk.project(project))
    return f"{found} tasks, showing {version or 'no predictions yet'}"


def _picture(store: Store, desk: Desk) -> str:
    with store.read() as connection:
        pushed = list(ledger.pushed_tasks(connection, Project.PHOTOS).values())
    if not pushed:
        return "no photo with a face yet"
    size = len(desk.studio.picture(pushed[0].picture_url))
    return f"{size} bytes of {pushed[0].picture_url}"


def _backend(settings: Settings) -> str:
    answer = requests.post(
        f"http://{reach(settings.backend_host)}:{settings.backend_port}/setup",
        json={},
        auth=(BACKEND_USER, settings.backend_secret.get_secret_value()),
        timeout=5,
    )
    answer.raise_for_status()
    return f"answers as {answer.json()['model_version']}"


def _worker(settings: Settings) -> str:
    """Ask for a job and see it taken."""
    jobs = Jobs(settings)
    jobs.enqueue(Job.PULL)
    deadline = time.monotonic() + WORKER_WITHIN_S
    while jobs.waiting():
        if time.monotonic() > deadline:
            raise FaceloopError("it does not take its jobs; see the worker's log")
        time.sleep(0.2)
    return "takes its jobs"


def _app(settings: Settings) -> str:
    answer = requests.get(
        f"http://{reach(settings.app_host)}:{settings.app_port}/health", timeout=5
    )
    answer.raise_for_status()
    return said_by_app(answer.json())


def said_by_app(health: Mapping[str, Any]) -> str:
    """What the app says of itself at /health.

    Raises:
        FaceloopError: the app answers, but its classifier cannot be used.
    """
    version = health["model_version"]
    if health["problem"]:
        raise FaceloopError(f"answers by {version or 'no classifier'}: {health['problem']}")
    return f"answers by {version}" if version else "answers; no classifier yet"
