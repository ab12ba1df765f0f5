"""How what visitors give comes to Label Studio: whom to ask, where it will be, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from faces.errors import StoreError
from faces.jobs import Job, Jobs, waiting_jobs
from faces.records import PhotoId
from faces.settings import Settings
from faces.store import ledger
from faces.store.database import Store
from serve.access import Visitor, is_loopback

_PHOTOS = "photos"
_WORKER_COMES_WITHIN = timedelta(minutes=2)
"""The worker takes a job at once, unless it has another one in hand."""


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """What is told of when something is in Label Studio, and where; no address if none is known."""

    says: str
    address: str | None


class WayToStudio:
    """Asks the worker to look, and knows our project in Label Studio."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Ask the worker of these settings, whose Label Studio it is.

        Raises:
            SetupError: Redis is wanted, and what talks to it is not installed.
            StoreError: the queue's file cannot be used.
        """
        self._store = store
        self._settings = settings
        self._jobs = Jobs(settings)
        self._server = settings.studio_name or settings.studio_url
        self._url = settings.studio_url.rstrip("/")

    def send(self, photos: Sequence[PhotoId], visitor: Visitor, *, now: datetime) -> OnItsWay:
        """Have the worker show what is new, and tell this visitor what comes next."""
        with self._store.read() as connection:
            project = ledger.project_id(connection, _PHOTOS, server=self._server)
            tasks = ledger.pushed_tasks(connection, _PHOTOS) if len(photos) == 1 else {}
        is_asked = self._ask(now)
        if project is None:
            return OnItsWay("Label Studio shows what is new after the next `faceloop up`.", None)
        says = (
            "Label Studio shows what is new in about a minute while `faceloop up` runs, otherwise "
            "after the next `faceloop sync`."
            if is_asked
            else "Label Studio shows what is new after the next `faceloop sync`."
        )
        if not (visitor.is_here or not is_loopback(urlsplit(self._url).hostname or "")):
            return OnItsWay(says, None)
        address = f"{self._url}/projects/{project}/data"
        task = tasks.get(photos[0]) if photos else None
        known = task is not None and task.task_id is not None
        return OnItsWay(says, f"{address}?task={task.task_id}" if task and known else address)

    def _ask(self, now: datetime) -> bool:
        """Ask for a look; False where nobody seems to do what was asked for before."""
        try:
            since = waiting_jobs(self._settings).since
            self._jobs.enqueue(Job.PULL)
        except StoreError:  # the queue is locked: the worker looks by itself, too
            return False
        return since is None or now - since < _WORKER_COMES_WITHIN
