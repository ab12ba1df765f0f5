"""`faceloop status`: where things stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from faceloop import options
from faceloop.console import console, say, waiting, warn
from faceloop.contradicting import contradictions_in, tell_contradictions
from faceloop.folders import remembered_folders
from faceloop.queue_telling import is_late, told_waiting
from faceloop.reading import PhotoFolders
from faceloop.retrain_policy import news_of
from faceloop.wording import counted, printable
from faceloop.workspace import existing_store, settings_for
from faces.confirmations import Truth
from faces.errors import FaceloopError
from faces.jobs import waiting_jobs
from faces.names import NearNames
from faces.settings import Settings
from faces.showing import ROUND_FACT
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos
from faces.store.database import Store
from faces.versions import current_id
from sync.desk import Project
from sync.storage import place_shown

_SAMPLE = 5
"""So many photos without a face (--without-faces names all) and pairs of names are told."""
Refused = Annotated[
    bool, typer.Option("--refused", help="List the files that could not be read, with the reason.")
]
WithoutFaces = Annotated[
    bool, typer.Option("--without-faces", help="List the photos in which no face was found.")
]


def status(
    workspace: options.Workspace = None,
    refused: Refused = False,
    without_faces: WithoutFaces = False,
) -> None:
    """Count photos, faces, names and open tasks, and look whether the folders are there."""
    settings = settings_for(workspace)
    store = existing_store(settings)
    if refused or without_faces:
        listed = _refused(store) if refused else _without_faces(store)
        say("\n".join(map(printable, listed)) or "none")
        return
    table = Table(show_header=False, box=None)
    for what, value in _counts(settings, store):
        table.add_row(what, escape(str(value)))
    console.print(table)
    with waiting("Looking through the folders"):
        folders = PhotoFolders(settings, store, remembered_folders(store))
        states = list(folders.states())
    for folder, state in states:
        say(f"{printable(folder)}: {printable(state)}")
    _tell_sample(store)
    _tell_near_names(store)
    tell_contradictions(contradictions_in(store))


def _counts(settings: Settings, store: Store) -> Iterator[tuple[str, object]]:
    with store.read() as connection:
        refused = photos.refused_files(connection)
        faces = photos.faces(connection)
        truth = log.truth(connection)
        clusters = cluster_store.clusters(connection)
        tasks = {p: ledger.pushed_tasks(connection, p).values() for p in Project}
        yield "workspace", settings.workspace
        yield "photos", f"{photos.count_photos(connection):,}"
        yield "photos without a face", f"{photos.count_without_faces(connection):,}"
        yield "refused files", f"{len(refused):,}"
        yield "faces", f"{len(faces):,}"
        yield "groups", f"{len(clusters):,} of {sum(len(c.faces) for c in clusters):,} faces"
        yield "people named", len({said.person for said in truth.confirmed.values()})
        yield "faces confirmed", f"{len(truth.confirmed):,}"
        yield "faces carried", f"{len(truth.carried):,}"
        yield "strangers", f"{len(truth.strangers):,}"
        yield "not a face", f"{len(truth.not_faces):,}"
        yield "disputed", f"{len(truth.disputed):,}"
        for project in Project:
            open_tasks = sum(not task.annotated for task in tasks[project])
            yield f"open {project.capitalize()} tasks", f"{open_tasks:,}"
        yield "detector", settings.detector
        yield "model version", current_id(settings.models) or "none yet"
        yield "retrain", news_of(settings, store)
        yield "round", ledger.fact(connection, ROUND_FACT) or "none yet"
    yield "jobs waiting", told_queue(settings, now=datetime.now(UTC))


def told_queue(settings: Settings, *, now: datetime) -> str:
    """What waits for the worker and since when; a queue that does not answer is told, too."""
    try:
        waiting = waiting_jobs(settings)
    except FaceloopError as error:
        return str(error)
    if not is_late(waiting, now=now):
        return told_waiting(waiting, now=now)
    return f"{told_waiting(waiting, now=now)}: is `faceloop worker` (or `faceloop up`) running?"


def _refused(store: Store) -> Iterator[str]:
    """Each refused file with its reason; the reason names the file."""
    with store.read() as connection:
        yield from (str(entry.refused) for entry in photos.refused_files(connection))


def _without_faces(store: Store) -> Iterator[str]:
    """Each photo without a face, by a file that holds it."""
    with store.read() as connection:
        count = photos.count_without_faces(connection)
        found = photos.sample_without_faces(connection, count)
    yield from sorted(place_shown(entry.file) for entry in found)


def _tell_sample(store: Store) -> None:
    """Name some of the photos without a face, so that one sees what kind they are."""
    with store.read() as connection:
        count = photos.count_without_faces(connection)
        some = photos.sample_without_faces(connection, _SAMPLE)
    if not some:
        return
    more = " (all: faceloop status --without-faces)" if count > len(some) else ""
    say(f"no face was found in these{more}:")
    for entry in some:
        say(f"  {printable(place_shown(entry.file))}")


def near_names(truth: Truth) -> list[str]:
    """Names of two people with faces that are spelled so alike that one may be meant, in words."""
    named = {said.person for said in truth.confirmed.values()}
    near = NearNames()
    found = []
    for name in sorted(person.name for person in truth.people.values() if person.id in named):
        found += [f"{other} and {name}" for other in near.like(name)]
        near.add(name)
    return found


def _tell_near_names(store: Store) -> None:
    """Point nearly equal names out; who is one person is for people to say."""
    with store.read() as connection:
        found = near_names(log.truth(connection))
    for pair in found[:_SAMPLE]:
        warn(
            f"{pair} are spelled nearly alike and are two people; if they are one, give the groups "
            "of both the same name in Label Studio"
        )
    if len(found) > _SAMPLE:
        warn(f"{counted(len(found) - _SAMPLE, 'more pair')} of names are spelled nearly alike")
