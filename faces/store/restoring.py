"""What people said comes back from a file of JSON lines into a database in which nobody spoke."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from faces.confirmation_lines import event_from_json
from faces.confirmations import Event, faces_in
from faces.errors import SetupError, StoreError
from faces.matching import match_boxes
from faces.records import Box, Face, FaceId, PhotoId
from faces.store import log, photos
from faces.store import tables as t
from faces.store.chunks import in_chunks

_HIGHEST = 2**31 - 1
"""The highest number that PostgreSQL gives to a line; no side of a box is as long."""


@dataclass(frozen=True)
class Saved:
    """What a file of the log holds: what was said, and where the faces are, as far as it says."""

    events: tuple[Event, ...]
    places: Mapping[FaceId, tuple[PhotoId, Box]]

    @property
    def faces(self) -> frozenset[FaceId]:
        """All faces that somebody spoke of."""
        return frozenset(face for event in self.events for face in faces_in(event.word))


@dataclass(frozen=True)
class Restoring:
    """What there is to do: events to write, and faces to add in photos that are there already.

    `missing` is how many faces are in no photo that is there.
    """

    events: tuple[Event, ...]
    drawn: tuple[Face, ...]
    missing: int


def read_saved(path: Path) -> Saved:
    """What a file of the log holds.

    Raises:
        SetupError: it cannot be read.
        StoreError: one of its lines is none of the log; its number is told.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SetupError(f"{path} cannot be read ({error.strerror}); name another file") from error
    return _parsed(content, str(path))


def plan_restoring(connection: sa.Connection, saved: Saved) -> Restoring:
    """Compare what was saved with what is there.

    Raises:
        StoreError: people said something else here.
    """
    there = log.events(connection)
    events = saved.events
    if there and tuple(there[: len(events)]) != events:
        raise StoreError(
            f"what people said is in this database already ({len(there):,} words), and it is not "
            "what is to come back; restore into a new workspace (--workspace)"
        )
    lost = saved.faces - _faces_there(connection, saved.faces)
    drawn = _drawn(connection, {face: saved.places[face] for face in lost if face in saved.places})
    return Restoring(() if there else events, drawn, len(lost) - len(drawn))


def restore(connection: sa.Connection, plan: Restoring) -> None:
    """Do what was planned, in the transaction in which it was."""
    if plan.events:
        log.restore(connection, plan.events)
    photos.save_faces(connection, plan.drawn)


def _parsed(content: bytes, name: str) -> Saved:
    events: list[Event] = []
    places: dict[FaceId, tuple[PhotoId, Box]] = {}
    lines = content.split(b"\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], start=1):
        try:
            values = json.loads(line.decode("utf-8"))
            event = _event(values, after=events[-1].number if events else 0)
            place = _place(values)
        except (ValueError, RecursionError, StoreError) as error:
            raise StoreError(
                f"line {number} of {name} is no line of the log ({_why(error)}); mend or remove "
                "it, and restore again: nothing was restored yet"
            ) from error
        events.append(event)
        if place is not None:
            places[FaceId(values["face"])] = place
    return Saved(tuple(events), places)


def _why(error: Exception) -> str:
    """What is wrong with a line, on one line; it does not quote names."""
    if isinstance(error, UnicodeError | RecursionError):
        return "it is no text"
    return "it is no JSON" if isinstance(error, json.JSONDecodeError) else str(error)


def _event(values: Any, *, after: int) -> Event:
    """The event in a line, which follows a line with the number `after`.

    Raises:
        ValueError: a part is of another kind than it should be.
        StoreError: a part is missing.
    """
    if not isinstance(values, dict):
        raise StoreError("it is no object")
    json.dumps(values, ensure_ascii=False).encode()  # no half characters, which no database takes
    wrong = [name for name in ("speaker", "at", "place", "said") if not _is_text(values.get(name))]
    if type(values.get("number")) is not int:
        wrong.append("number")
    if wrong:
        raise StoreError(f"its {wrong[0]} is missing or none")
    event = _understood(values)
    if not after < event.number <= _HIGHEST:
        raise StoreError(f"it has the number {event.number} after {after}")
    for part in fields(event.word):
        if not _fits(getattr(event.word, part.name), str(part.type)):
            raise StoreError(f"its {part.name} is none")
    return event


def _understood(values: dict[str, Any]) -> Event:
    """The event that these values tell.

    Raises:
        StoreError: they tell none, and why; the line is not quoted.
    """
    try:
        event = event_from_json(values)
        event.occasion.at.astimezone(UTC)
    except (TypeError, OverflowError) as error:
        raise StoreError("a part of it is of another kind than it should be") from error
    except StoreError as error:
        if error.__cause__ is None:
            raise
        is_missing = isinstance(error.__cause__, KeyError)
        why = f"its {error.__cause__.args[0]} is missing" if is_missing else str(error.__cause__)
        raise StoreError(why) from error
    return event


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _fits(value: object, kind: str) -> bool:
    """Whether a word's part is of the kind that its annotation names."""
    if kind.startswith("tuple"):
        return isinstance(value, tuple) and all(map(_is_text, value))
    if kind == "int":
        return type(value) is int
    return _is_text(value) or (value is None and kind.endswith("None"))


def _place(values: dict[str, Any]) -> tuple[PhotoId, Box] | None:
    """Where the face of a line is, if it says so."""
    match values:
        case {"face": str(), "photo": str(photo), "box_px": [_, _, _, _] as sides}:
            if not all(isinstance(side, int | float) and abs(side) < _HIGHEST for side in sides):
                raise StoreError("its box_px is none")
            return PhotoId(photo), Box(*map(float, sides))
    return None


def _faces_there(connection: sa.Connection, wanted: frozenset[FaceId]) -> frozenset[FaceId]:
    return frozenset(
        FaceId(row.id)
        for some in in_chunks(sorted(wanted))
        for row in connection.execute(sa.select(t.faces.c.id).where(t.faces.c.id.in_(some)))
    )


def _drawn(
    connection: sa.Connection, lost: Mapping[FaceId, tuple[PhotoId, Box]]
) -> tuple[Face, ...]:
    """Faces that are to be added: in photos that are there, where no other face is."""
    return tuple(
        Face(face, photo, box, 1.0, drawn=True)
        for face, (photo, box) in sorted(lost.items())
        if photos.has_photo(connection, photo)
        and not match_boxes([one.box for one in photos.faces(connection, photo)], [box])
    )
