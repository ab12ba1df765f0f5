"""The log as JSON lines, readable without faceloop and enough to rebuild it."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from faces.confirmations import WORDS, Event, FaceVerdict, Occasion, Verdict, Word
from faces.errors import StoreError

_KIND_OF = {kind: name for name, kind in WORDS.items()}


def word_to_json(word: Word) -> dict[str, Any]:
    """The word as plain JSON values, its kind under "said"."""
    return {"said": _KIND_OF[type(word)], **asdict(word)}


def word_from_json(line: dict[str, Any]) -> Word:
    """The word that `word_to_json` wrote; keys that are not the word's own are left out.

    Raises:
        StoreError: the kind is unknown, or a part is missing or wrong.
    """
    kind = WORDS.get(line.get("said", ""))
    if kind is None:
        raise StoreError(f"the log holds {line.get('said')!r}, which this faceloop does not know")
    try:
        parts = {part.name: _frozen(line[part.name]) for part in fields(kind)}
        if issubclass(kind, FaceVerdict):
            parts["verdict"] = Verdict(parts["verdict"])
        word: Word = kind(**parts)
    except (KeyError, ValueError) as error:
        raise StoreError(f"this is no line of the log ({error}): {line}") from error
    return word


def event_to_json(event: Event) -> dict[str, Any]:
    """The whole line: number, time, speaker, place and what was said."""
    return {
        "number": event.number,
        "at": event.occasion.at.isoformat(),
        "speaker": event.occasion.speaker,
        "place": event.occasion.place,
        **word_to_json(event.word),
    }


def event_from_json(line: dict[str, Any]) -> Event:
    """The event that `event_to_json` wrote.

    Raises:
        StoreError: the line is not an event of the log.
    """
    try:
        occasion = Occasion(line["speaker"], datetime.fromisoformat(line["at"]), line["place"])
        return Event(int(line["number"]), occasion, word_from_json(line))
    except (KeyError, ValueError) as error:
        raise StoreError(f"this is no line of the log ({error}): {line}") from error


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
