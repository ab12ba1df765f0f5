"""The append-only log of what people said, in the database and beside it as JSON lines."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from faces.carrying import once_a_photo
from faces.confirmation_lines import event_from_json, event_to_json, word_from_json, word_to_json
from faces.confirmations import Event, FaceVerdict, Occasion, Truth, Word, faces_in
from faces.errors import StoreError
from faces.fold import Folded, grown
from faces.records import FaceId, PhotoId
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.database import kept

_JUST_AFTER = timedelta(microseconds=1)

_logger = logging.getLogger(__name__)


def append(connection: sa.Connection, occasion: Occasion, words: Iterable[Word]) -> None:
    """Write down what was said on one occasion, in this order."""
    for word in words:
        connection.execute(
            sa.insert(t.log).values(
                at=occasion.at.astimezone(UTC),
                speaker=occasion.speaker,
                place=occasion.place,
                word=word_to_json(word),
            )
        )


def events(connection: sa.Connection, *, after: int = 0) -> list[Event]:
    """All that was said, in order; only what has a number above `after`."""
    query = sa.select(t.log).where(t.log.c.number > after).order_by(t.log.c.number)
    return [_event_of(row) for row in connection.execute(query)]


def said_at(connection: sa.Connection, place: str) -> list[Event]:
    """All that was ever said at a place, taken back or not, in order."""
    query = sa.select(t.log).where(t.log.c.place == place).order_by(t.log.c.number)
    return [_event_of(row) for row in connection.execute(query)]


def last_number(connection: sa.Connection) -> int:
    """The number of what was said last, 0 when nothing was."""
    return connection.scalar(sa.select(sa.func.max(t.log.c.number))) or 0


def latest(connection: sa.Connection, *, until: int) -> datetime | None:
    """The latest time of all words up to a number, None if there is no such word."""
    query = sa.select(sa.func.max(t.log.c.at)).where(t.log.c.number <= until)
    moment: datetime | None = connection.scalar(query)
    return None if moment is None else aware(moment)


def after_all(connection: sa.Connection, moment: datetime) -> datetime:
    """This time, or just after the latest word if that is later: then a clock was set back."""
    last = latest(connection, until=last_number(connection))
    return moment if last is None or moment > last else last + _JUST_AFTER


def state(connection: sa.Connection) -> tuple[int | None, int]:
    """What tells one state of an append-only log from all others.

    PostgreSQL may give out numbers in another order than that in which they come to be seen.
    """
    number = t.log.c.number
    last, count = connection.execute(sa.select(sa.func.max(number), sa.func.count(number))).one()
    return last, count


@dataclass(frozen=True, slots=True)
class _Known:
    """A state of the log, what holds after it, and the photos that were looked up for that."""

    state: tuple[int | None, int]
    folded: Folded
    truth: Truth
    photo_of: Mapping[FaceId, PhotoId]


def truth(connection: sa.Connection) -> Truth:
    """What holds now, after everything that was said.

    Which faces share a photo is known here alone, so no name is carried twice into one. The log is
    folded once for all readers of a store; when something more is said, they read and fold only
    that.
    """
    now = state(connection)
    shared = kept(connection)
    if shared is None:
        return _known(connection, now, None).truth
    return shared.get(now, lambda before: _known(connection, now, before)).truth


def _known(connection: sa.Connection, now: tuple[int | None, int], before: _Known | None) -> _Known:
    """What holds in this state, beginning with what did before if the log just grew at its end."""
    after, count = (0, 0) if before is None else (before.state[0] or 0, before.state[1])
    news = events(connection, after=after)
    if before is None or count + len(news) != now[1]:
        before = _Known((None, 0), Folded(), Truth(), {})
        news = events(connection) if after else news
    folded = grown(before.folded, news)
    if not folded.truth.carried:
        return _Known(now, folded, folded.truth, before.photo_of)
    photo_of = _photos_looked_up(connection, folded.truth, before.photo_of)
    return _Known(now, folded, once_a_photo(folded.truth, photo_of), photo_of)


def _photos_looked_up(
    connection: sa.Connection, folded: Truth, known: Mapping[FaceId, PhotoId]
) -> Mapping[FaceId, PhotoId]:
    """The photos of all faces that have a name which is carried; a face's photo never changes."""
    people = frozenset(folded.carried.values())
    confirmed = {face for face, said in folded.confirmed.items() if said.person in people}
    wanted = confirmed | folded.carried.keys()
    return {**known, **_photo_of(connection, wanted - known.keys())}


def faces_spoken_of(connection: sa.Connection, *, after: int = 0) -> frozenset[FaceId]:
    """All faces that words with a number above `after` are about, taken back or not."""
    return frozenset(f for event in events(connection, after=after) for f in faces_in(event.word))


def write_lines(connection: sa.Connection, path: Path) -> int:
    """Bring the file of JSON lines up to the database; returns how many lines were added.

    A line about a face also says its photo and box, so that the file can be read alone. A last
    line that was cut off by a crash is replaced. A file that does not end with what the database
    says there is moved aside, to a name with the time of its last change, and written anew.
    """
    try:
        last, whole_bytes = _last_number(connection, path)
    except StoreError as reason:
        _logger.warning("%s; it is kept as %s and written anew", reason, _move_aside(path))
        last, whole_bytes = 0, 0
    news = events(connection, after=last)
    if not news and (not path.exists() or path.stat().st_size == whole_bytes):
        return 0
    where = _where_verdicts_point(connection, news)
    with path.open("a", encoding="utf-8") as lines:
        lines.truncate(whole_bytes)
        for event in news:
            line = event_to_json(event) | where.get(getattr(event.word, "face", ""), {})
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
    return len(news)


def read_lines(path: Path) -> list[Event]:
    """The events in a file of JSON lines.

    Raises:
        StoreError: a line is not an event of the log.
    """
    lines = enumerate(_lines(path), start=1)
    return [_event(line, f"line {number} of {path}") for number, line in lines]


def restore(connection: sa.Connection, saved: Iterable[Event]) -> None:
    """Fill an empty log with saved events, numbers and all.

    Raises:
        StoreError: the log is not empty.
    """
    if connection.scalar(sa.select(sa.func.count()).select_from(t.log)):
        raise StoreError("the log is not empty; restore into a new workspace")
    rows = [
        {
            "number": event.number,
            "at": event.occasion.at.astimezone(UTC),
            "speaker": event.occasion.speaker,
            "place": event.occasion.place,
            "word": word_to_json(event.word),
        }
        for event in saved
    ]
    if rows:
        connection.execute(sa.insert(t.log), rows)
        _count_on(connection)


def _count_on(connection: sa.Connection) -> None:
    """Have the next number follow the highest one; PostgreSQL does not see numbers given to it."""
    if connection.dialect.name == "postgresql":
        highest = sa.select(sa.func.max(t.log.c.number)).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence("log", "number")
        connection.execute(sa.select(sa.func.setval(sequence, highest)))


def _lines(path: Path) -> list[str]:
    """The lines of a file; only a line feed ends one, a name may hold other separators."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return lines if lines[-1] else lines[:-1]


def _last_number(connection: sa.Connection, path: Path) -> tuple[int, int]:
    """The number of the last whole line, and how many bytes the whole lines take.

    Raises:
        StoreError: the last whole line is not what the database says under this number.
    """
    if not path.exists():
        return 0, 0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if not whole:
        return 0, 0
    line = whole[whole.rfind(b"\n", 0, -1) + 1 :].decode(errors="replace")
    last = _event(line, f"the last line of {path}")
    if last not in events(connection, after=last.number - 1)[:1]:
        raise StoreError(f"{path} ends with what is not in the database")
    return last.number, len(whole)


def _event(line: str, name: str) -> Event:
    """The event in a line; `name` is what messages call it.

    Raises:
        StoreError: the line is not an event of the log.
    """
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise StoreError(f"{name} is no JSON: {error}") from error
    try:
        return event_from_json(values)
    except (TypeError, AttributeError) as error:
        raise StoreError(f"{name} is no line of the log: {line}") from error


def _move_aside(path: Path) -> Path:
    """Keep a file under a name that tells when it was last changed."""
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return path.rename(path.with_suffix(f".{changed:%Y%m%dT%H%M%S%f}Z{path.suffix}"))


def _event_of(row: sa.Row[Any]) -> Event:
    """A row of the table as an event."""
    occasion = Occasion(row.speaker, aware(row.at), row.place)
    return Event(row.number, occasion, word_from_json(row.word))


def _photo_of(connection: sa.Connection, faces: Iterable[FaceId]) -> dict[FaceId, PhotoId]:
    """The photo of each face."""
    columns = (t.faces.c.id, t.faces.c.photo_id)
    return {
        FaceId(row.id): PhotoId(row.photo_id)
        for some in in_chunks(sorted(faces))
        for row in connection.execute(sa.select(*columns).where(t.faces.c.id.in_(some)))
    }


def _where_verdicts_point(
    connection: sa.Connection, news: list[Event]
) -> dict[str, dict[str, object]]:
    """For each face that a verdict speaks of: its photo and its box in pixels."""
    wanted = sorted({event.word.face for event in news if isinstance(event.word, FaceVerdict)})
    return {
        row.id: {"photo": row.photo_id, "box_px": [row.left, row.top, row.width, row.height]}
        for some in in_chunks(wanted)
        for row in connection.execute(sa.select(t.faces).where(t.faces.c.id.in_(some)))
    }


def aware(moment: datetime) -> datetime:
    """SQLite gives times back without their zone; they were written in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
