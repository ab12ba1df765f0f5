"""`faceloop status`: where things stand."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from faceloop import options
from faceloop.console import console, say
from faceloop.workspace import existing_store, settings_for
from faces.showing import ROUND_FACT
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos
from faces.versions import current_id
from sync.desk import Project

Refused = Annotated[bool, typer.Option("--refused", help="List the files that could not be read.")]


def status(workspace: options.Workspace = None, refused: Refused = False) -> None:
    """Count photos, faces, names and open tasks."""
    settings = settings_for(workspace)
    store = existing_store(settings)
    with store.read() as connection:
        files = photos.known_files(connection)
        if refused:
            for entry in files:
                if entry.refused is not None:
                    say(entry.refused)
            return
        faces = photos.faces(connection)
        truth = log.truth(connection)
        clusters = cluster_store.clusters(connection)
        tasks = {p: ledger.pushed_tasks(connection, p).values() for p in Project}
        current_round = ledger.fact(connection, ROUND_FACT)
    named = {confirmation.person for confirmation in truth.confirmed.values()}
    table = Table(show_header=False, box=None)
    for what, value in (
        ("workspace", settings.workspace),
        ("photos", len({entry.photo for entry in files if entry.photo})),
        ("refused files", sum(entry.refused is not None for entry in files)),
        ("faces", len(faces)),
        ("groups", f"{len(clusters)} of {sum(len(c.faces) for c in clusters)} faces"),
        ("people named", len(named)),
        ("faces confirmed", len(truth.confirmed)),
        ("strangers", len(truth.strangers)),
        ("not a face", len(truth.not_faces)),
        ("disputed", len(truth.disputed)),
        ("open People tasks", sum(not task.annotated for task in tasks[Project.PEOPLE])),
        ("open Photos tasks", sum(not task.annotated for task in tasks[Project.PHOTOS])),
        ("model version", current_id(settings.models) or "none yet"),
        ("round", current_round or "none yet"),
    ):
        table.add_row(what, escape(str(value)))
    console.print(table)
