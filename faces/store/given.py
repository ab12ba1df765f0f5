"""Pictures that visitors of the app gave to the project: where they lie, and which are news."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from faces.store import files, ledger
from faces.store.database import Connection

_FOLDER = "folder of given photos"
_GIVEN = "photos given"
"""The fact that counts the photos that ever came this way."""
_GROUPED = "given photos grouped"
"""The same as it was when faces were grouped last."""

_BY_STRANGERS = "photos given by strangers"
"""The fact with a day, and how many came on it from visitors whom nobody knows."""


def note_given(connection: Connection, count: int) -> None:
    """Note that so many photos came; their faces are to be grouped."""
    ledger.set_fact(connection, _GIVEN, given_so_far(connection) + count)


def given_so_far(connection: Connection) -> int:
    """How many photos ever came."""
    return int(ledger.fact(connection, _GIVEN) or 0)


def note_by_stranger(connection: Connection, day: date) -> int:
    """Note that a photo came from a visitor whom nobody knows; how many did on this day."""
    noted = ledger.fact(connection, _BY_STRANGERS)
    before = int(noted["count"]) if noted and noted["day"] == day.isoformat() else 0
    ledger.set_fact(connection, _BY_STRANGERS, {"day": day.isoformat(), "count": before + 1})
    return before + 1


def note_grouped(connection: Connection, so_far: int) -> None:
    """Note that faces were grouped when so many photos had come."""
    ledger.set_fact(connection, _GROUPED, so_far)


def waits_to_be_grouped(connection: Connection) -> bool:
    """Whether photos came since faces were grouped."""
    return given_so_far(connection) != int(ledger.fact(connection, _GROUPED) or 0)


def follow_folder(connection: Connection, folder: Path) -> None:
    """Note where the given photos lie; if the workspace was moved, they went with it."""
    before, now = ledger.fact(connection, _FOLDER), str(folder)
    if before == now:
        return
    if before is not None:
        files.move_root(connection, str(before), now)
    ledger.set_fact(connection, _FOLDER, now)
