"""`faceloop restore`: what people said comes back from a file into a database of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceloop import options
from faceloop.console import say
from faceloop.dry_run import store_or_empty
from faceloop.wording import counted
from faceloop.workspace import prepare, settings_for
from faces.confirmations import PersonCreated
from faces.locks import Work, alone
from faces.store import log
from faces.store.restoring import Restoring, Saved, plan_restoring, read_saved
from faces.store.restoring import restore as write

File = Annotated[
    Path, typer.Argument(help="The confirmations.jsonl of a workspace.", show_default=False)
]


def restore(
    file: File, workspace: options.Workspace = None, dry_run: options.DryRun = False
) -> None:
    """Bring back what people said, into a workspace in which nobody has said anything yet."""
    settings = settings_for(workspace)
    saved = read_saved(file)
    if dry_run:
        with store_or_empty(settings) as store, store.read() as connection:
            say(f"would restore {told(saved, plan_restoring(connection, saved))}")
        return
    store = prepare(settings)
    with alone(settings, Work.PULL):
        with store.write() as connection:
            plan = plan_restoring(connection, saved)
            write(connection, plan)
        with store.read() as connection:
            log.write_lines(connection, settings.log_lines)
    say(f"restored {told(saved, plan)}")


def told(saved: Saved, plan: Restoring) -> str:
    """What comes back, in words, and what has to be done for the faces that are not there yet."""
    came = []
    if plan.events:
        people = sum(isinstance(event.word, PersonCreated) for event in plan.events)
        words = counted(len(plan.events), "word")
        came.append(f"{words} about {counted(people, 'person', 'people')}")
    if plan.drawn:
        came.append(counted(len(plan.drawn), "face that somebody drew", "faces that people drew"))
    done = " and ".join(came) or "nothing: all of it is there already"
    if not plan.missing:
        return done
    return (
        f"{done}; {plan.missing:,} of {counted(len(saved.faces), 'face')} not here yet: run "
        "`faceloop cluster FOLDER` on the photos, then restore once more"
    )
