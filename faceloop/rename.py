"""`faceloop rename`: a person is called something else from now on, everywhere."""

from __future__ import annotations

import getpass
import uuid
from datetime import UTC, datetime
from typing import Annotated

import typer

from faceloop import options
from faceloop.console import say
from faceloop.workspace import existing_store, settings_for
from faces.confirmations import Occasion, PersonRenamed, Truth
from faces.errors import BadName
from faces.locks import Work, alone
from faces.names import NearNames, clean_name
from faces.records import Person
from faces.store import log

Old = Annotated[str, typer.Argument(help="What they are called now.", show_default=False)]
New = Annotated[str, typer.Argument(help="What they are called then.", show_default=False)]


def rename(old: Old, new: New, workspace: options.Workspace = None) -> None:
    """Call a person something else, in every photo; renaming back undoes it."""
    settings = settings_for(workspace)
    store = existing_store(settings)
    with alone(settings, Work.PULL):
        with store.write() as connection:
            truth = log.truth(connection)
            person, word = renaming(truth, old, new)
            if word is not None:
                now = log.after_all(connection, datetime.now(UTC))
                log.append(connection, _occasion(now), [word])
        with store.read() as connection:
            log.write_lines(connection, settings.log_lines)
    if word is None:
        say(f"{person.name} is called so already")
        return
    say(
        f"{person.name} is {word.name} now; Label Studio shows it after `faceloop sync`, and by "
        "itself while `faceloop up` runs"
    )


def renaming(truth: Truth, old: str, new: str) -> tuple[Person, PersonRenamed | None]:
    """Who is renamed, and what has to be said for it; nothing if they have that name.

    Raises:
        BadName: nobody has the old name, or the new one is somebody else's, or cannot be a name.
    """
    person = truth.person_named(old)
    if person is None:
        near = NearNames(one.name for one in truth.people.values()).like(old)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise BadName(f"nobody is called {old}{hint}")
    name = clean_name(new)
    holder = truth.person_named(name)
    if holder is not None and holder.id != person.id:
        before = "" if holder.name == name else f" ({holder.name}, who had it before)"
        raise BadName(
            f"{name} is somebody else's name{before}; if both are one person, give the groups of "
            "both the same name in Label Studio"
        )
    return person, None if person.name == name else PersonRenamed(person.id, name)


def _occasion(now: datetime) -> Occasion:
    """Who says it here; a place of its own, as nothing else that was said is replaced."""
    try:
        speaker = getpass.getuser()
    except (ImportError, KeyError, OSError):
        speaker = "command"
    return Occasion(speaker, now, f"command:rename {uuid.uuid4().hex}")
