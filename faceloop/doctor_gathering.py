"""The facts that `faceloop doctor` decides on: store, disk, Label Studio and backend are asked.

Nothing is changed anywhere; a part that does not answer keeps no other from being asked.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import datetime

from faceloop.doctor_facts import Facts, Machine, Told, Unknown, Wanted, told
from faceloop.doctor_of_backend import ask_backend
from faceloop.doctor_of_studio import Pushed, ask_studio
from faceloop.workspace import EMBEDDED
from faces.errors import FaceloopError
from faces.jobs import queue_file, waiting_jobs
from faces.queue_file import set_aside_at
from faces.records import Photo, PhotoId
from faces.settings import Settings
from faces.showing import FIRST_ROUND, ROUND_FACT
from faces.store import ledger, photos
from faces.store.database import Connection, Store, open_store
from faces.store.ledger import PushedTask
from faces.studio_checks import TESTED_SDK, TESTED_STUDIO
from faces.versions import current_id, load_version
from sync.desk import Project, ours_in

_TRIED = "tried by doctor"
"""Under this name the store is written to, which is taken back at once."""


def gather(settings: Settings, *, now: datetime) -> Facts:
    """Ask everything that there is to ask."""
    database, pushed = _database(settings)
    studio = ask_studio(settings, pushed, now=now)
    return Facts(
        wanted=_wanted(settings, pushed),
        machine=Machine(
            database=database,
            free_bytes=shutil.disk_usage(_there(settings)).free,
            model=told(lambda: _model(settings)),
            queue=told(lambda: waiting_jobs(settings)),
            looked_at=now,
            set_aside=_set_aside(settings),
        ),
        studio=studio,
        backend=ask_backend(settings),
        answered_last=pushed.answered_last,
    )


def _wanted(settings: Settings, pushed: Pushed) -> Wanted:
    return Wanted(
        workspace=str(settings.workspace),
        studio_url=settings.studio_url,
        backend_url=settings.backend_url_for_studio.rstrip("/"),
        has_secret=bool(settings.backend_secret.get_secret_value()),
        is_own_studio=settings.studio_name == EMBEDDED,
        round=pushed.round,
        sdk=importlib.metadata.version("label-studio-sdk"),
        tested_sdk=TESTED_SDK,
        tested_studio=TESTED_STUDIO,
        faceloop=importlib.metadata.version("faceloop"),
    )


def _there(settings: Settings) -> str:
    """The workspace, or the nearest folder above that is there."""
    place = settings.workspace
    while not place.exists() and place != place.parent:
        place = place.parent
    return str(place)


def _model(settings: Settings) -> str | None:
    """The model version in use, each of its files compared with its hash."""
    version = current_id(settings.models)
    return None if version is None else load_version(settings.models, version).id


def _set_aside(settings: Settings) -> str:
    """The damaged queue that was replaced, if there was one."""
    kept = set_aside_at(queue_file(settings))
    return str(kept) if kept.exists() else ""


def _database(settings: Settings) -> tuple[Told[str], Pushed]:
    """Whether the store can be read and written, and what it says was pushed."""
    try:
        with closing(open_store(settings.store_url)) as store:
            _try_to_write(store)
            with store.read() as connection:
                counts = photos.count_photos(connection), len(photos.faces(connection))
                pushed = _pushed(connection, settings)
    except FaceloopError as error:
        return Unknown(str(error)), Pushed()
    return f"{counts[0]:,} photos, {counts[1]:,} faces; can be written", pushed


class _TakenBackError(Exception):
    """What was written is not to be kept."""


def _try_to_write(store: Store) -> None:
    with suppress(_TakenBackError), store.write() as connection:
        ledger.set_fact(connection, _TRIED, value=True)
        raise _TakenBackError


def _pushed(connection: Connection, settings: Settings) -> Pushed:
    tasks = {project: ledger.pushed_tasks(connection, project) for project in Project}
    read = [
        one.revision
        for project in Project
        for one in ledger.read_annotations(connection, project).values()
    ]
    first = _first_picture(connection, tasks[Project.PHOTOS].values())
    return Pushed(
        round=str(ledger.fact(connection, ROUND_FACT) or FIRST_ROUND),
        notes=ours_in(connection, server=settings.studio_name or settings.studio_url),
        counts={project: len(some) for project, some in tasks.items()},
        first=first,
        answered_last=max(map(_moment, read), default=None),
    )


def _first_picture(
    connection: Connection, tasks: Iterable[PushedTask]
) -> tuple[PushedTask, Photo] | None:
    """A task whose picture shows its photo as it lies in the store: none that somebody turned."""
    for task in tasks:
        photo = photos.photo(connection, PhotoId(task.key)) if task.task_id else None
        if photo is not None and not photo.turned:
            return task, photo
    return None


def _moment(revision: str) -> datetime:
    return datetime.fromisoformat(revision)
