"""What visitors of the app suggest, one suggestion a face, until an annotator has answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from faces.confirmations import Verdict
from faces.records import FaceId, PersonId
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.log import aware
from faces.store.owing import owe_push
from faces.store.upsert import upsert
from faces.suggestions import Suggestion


def suggest(connection: sa.Connection, suggestion: Suggestion) -> None:
    """Keep a suggestion; of a face only the newest one is kept."""
    new = {
        "id": suggestion.id,
        "verdict": suggestion.verdict.value,
        "person_id": suggestion.person,
        "name": suggestion.name,
        "at": suggestion.at.astimezone(UTC),
    }
    upsert(connection, t.suggestions, key={"face_id": suggestion.face}, new=new)
    owe_push(connection)


def suggestions(connection: sa.Connection) -> list[Suggestion]:
    """All that wait, by face."""
    query = sa.select(t.suggestions).order_by(t.suggestions.c.face_id)
    return [_suggestion(row) for row in connection.execute(query)]


def count_suggestions(connection: sa.Connection) -> int:
    """How many wait."""
    return connection.scalar(sa.select(sa.func.count()).select_from(t.suggestions)) or 0


def drop_suggestions(connection: sa.Connection, ids: Iterable[str]) -> int:
    """Forget suggestions that were answered or taken back; how many of them were still there."""
    there = 0
    for some in in_chunks(sorted(set(ids))):
        gone = connection.execute(sa.delete(t.suggestions).where(t.suggestions.c.id.in_(some)))
        there += gone.rowcount
    return there


def _suggestion(row: sa.Row[Any]) -> Suggestion:
    return Suggestion(
        row.id,
        FaceId(row.face_id),
        Verdict(row.verdict),
        aware(row.at),
        row.name,
        None if row.person_id is None else PersonId(row.person_id),
    )
