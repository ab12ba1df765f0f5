"""People tasks as Label Studio's JSON: who is this row of faces, who are these, are these one?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from faces.records import FaceId, PersonId
from faces.studio_format import (
    PEOPLE_VERSION,
    UNKNOWN,
    ClusterVerdict,
    ShownTile,
    Tile,
    options,
    percent,
)

REST_ARE_STRANGERS = "The rest are strangers"
"""What an annotator says of the rows that were not spoken of."""


class Asks(StrEnum):
    """How a People task is to be answered."""

    NAME = "name"
    """One row: one name for all tiles that are not marked."""
    SEVERAL = "several"
    """Rows: a name on a tile is that of its row."""
    SAME = "same"
    """Two rows: one person or two."""


class SameVerdict(StrEnum):
    """What an annotator says of two rows."""

    ONE_PERSON = "One person"
    TWO_PEOPLE = "Two people"
    CANNOT_TELL = "Cannot tell"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """Faces that are asked about as one person, with the name that is proposed for them.

    The `carried` ones belong with them and are not shown.
    """

    tiles: tuple[ShownTile, ...]
    name: str | None = None
    carried: tuple[FaceId, ...] = ()


_MOST_BUTTONS = 9
"""As many names as there are keys from 1 to 9."""
_NAME_COLOURS = (
    *("#1e6fd9", "#ef7d00", "#8e3fb0", "#009e9e", "#e0489a"),
    *("#6fa800", "#b98a00", "#2b2f9e", "#4fb3ea"),
)
_OF_TILES = {
    Tile.SAME_PERSON.value: ("q", "#2e7d32"),
    Tile.SOMEONE_ELSE.value: ("w", "#c62828"),
    Tile.NOT_A_FACE.value: ("e", "#616161"),
}
_OF_ROWS = {
    Tile.SAME_PERSON.value: ("q", "#c3ccc3"),
    Tile.SOMEONE_ELSE.value: ("w", "#c62828"),
    Tile.NOT_A_FACE.value: ("e", "#616161"),
    ClusterVerdict.STRANGER.value: ("x", "#1b1b1b"),
    ClusterVerdict.MIXED.value: ("s", "#7a4a2b"),
    ClusterVerdict.CANNOT_TELL.value: ("c", "#b39ddb"),
    UNKNOWN: ("0", "#9e9e9e"),
}
"""Key and colour of what a tile can be called beside a name.

*Same person* is pale where names have colours: it says only that a tile goes with its row.
"""
_VERDICTS = {
    Asks.NAME: {
        ClusterVerdict.STRANGER.value: "x",
        ClusterVerdict.NOT_FACES.value: "n",
        ClusterVerdict.MIXED.value: "s",
        ClusterVerdict.CANNOT_TELL.value: "c",
    },
    Asks.SEVERAL: {REST_ARE_STRANGERS: "d"},
    Asks.SAME: {
        SameVerdict.ONE_PERSON.value: "1",
        SameVerdict.TWO_PEOPLE.value: "2",
        SameVerdict.CANNOT_TELL.value: "c",
    },
}


def people_task(
    *,
    asks: Asks,
    rows: Sequence[ShownRow],
    montage_url: str,
    people: Sequence[str],
    photos: int,
    ids: Mapping[str, PersonId] | None = None,
    disputed: Sequence[FaceId] = (),
    question: str = "",
    context: str = "",
) -> dict[str, Any]:
    """The data of a People task: the montage, the likeliest names, and the faces it shows.

    Where several rows are asked about, the names proposed for them stand before those of `people`.
    `ids` tells whom the names stand for; `disputed` are those of the faces that are asked again
    because people disagree. `question` and `context` are HTML: what to ask beside who it is, and
    what lies over the montage.
    """
    faces = _faces(rows)
    carried = [list(row.carried) for row in rows]
    together: dict[str, Any] = {}
    if asks is Asks.NAME:
        together = {"carried": carried[0]} if any(carried) else {}
    else:
        together = {"rows": [[tile.face for tile in row.tiles] for row in rows]}
        together |= {"carried_rows": carried} if any(carried) else {}
    if asks is Asks.SEVERAL:
        together |= {"proposed": [row.name or "" for row in rows]}
    return {
        "asks": asks.value,
        "title": _title(asks, rows, photos=photos, is_disputed=bool(disputed)),
        "question": question,
        "montage": montage_url,
        "context": context,
        "size": str(len(faces)),
        "photos": str(photos),
        "people": options(people if asks is Asks.NAME else ()),
        "labels": _labels(asks, rows, people),
        "verdicts": [{"value": said, "hotkey": key} for said, key in _VERDICTS[asks].items()],
        "faces": faces,
        **together,
        **({"people_ids": dict(ids)} if ids else {}),
        **({"disputed": list(disputed)} if disputed else {}),
    }


def people_prediction(
    *, asks: Asks, rows: Sequence[ShownRow], width_px: int, height_px: int, score: float
) -> dict[str, Any]:
    """Every tile as what it is taken for until somebody says otherwise.

    All are *same person*. The name proposed for a single row is chosen as one answer for all; one
    of several rows has it on its first tile, unless it is beyond those that have a button.
    """
    called = dict.fromkeys(_faces(rows), Tile.SAME_PERSON.value)
    if asks is Asks.SEVERAL:
        offered = _buttons(rows, ())
        for row in rows:
            called[row.tiles[0].face] = row.name if row.name in offered else UNKNOWN
    result: list[dict[str, Any]] = [
        {
            "id": tile.face,
            "from_name": "face",
            "to_name": "montage",
            "type": "rectanglelabels",
            "original_width": width_px,
            "original_height": height_px,
            "image_rotation": 0,
            "value": percent(tile.box, width_px, height_px)
            | {"rotation": 0, "rectanglelabels": [called[tile.face]]},
        }
        for row in rows
        for tile in row.tiles
    ]
    if asks is Asks.NAME and rows[0].name is not None:
        chosen = {"choices": [rows[0].name]}
        result.append(
            {"from_name": "name", "to_name": "montage", "type": "choices", "value": chosen}
        )
    return {"model_version": PEOPLE_VERSION, "score": score, "result": result}


def _faces(rows: Iterable[ShownRow]) -> list[FaceId]:
    return [tile.face for row in rows for tile in row.tiles]


def _buttons(rows: Iterable[ShownRow], people: Iterable[str]) -> tuple[str, ...]:
    """The names that tiles can be given by a key."""
    proposed = (row.name for row in rows if row.name is not None)
    return tuple(dict.fromkeys((*proposed, *people)))[:_MOST_BUTTONS]


def _labels(asks: Asks, rows: Sequence[ShownRow], people: Sequence[str]) -> list[dict[str, str]]:
    """What a tile can be called: every label has a key, or Label Studio would give it a letter."""
    if asks is not Asks.SEVERAL:
        return [_label(said, *how) for said, how in _OF_TILES.items()]
    names = zip(_buttons(rows, people), _NAME_COLOURS, strict=False)
    named = [_label(name, str(key), colour) for key, (name, colour) in enumerate(names, start=1)]
    return [*(_label(said, *how) for said, how in _OF_ROWS.items()), *named]


def _label(value: str, key: str, colour: str) -> dict[str, str]:
    return {"value": value, "hotkey": key, "background": colour}


def _title(asks: Asks, rows: Sequence[ShownRow], *, photos: int, is_disputed: bool) -> str:
    faces = sum(len(row.tiles) for row in rows)
    if asks is Asks.SAME:
        return "Same person?"
    if asks is Asks.NAME:
        hidden = len(rows[0].carried)
        more = f", and {hidden:,} more like these" if hidden else ""
        return f"Who is this?  {_count(faces, 'face')} in {_count(photos, 'photo')}{more}"
    if is_disputed:
        return f"People disagree: who are these {faces}?"
    if all(row.name is not None for row in rows):
        return f"Right?  {_counted(rows, faces)}"
    if faces == len(rows):
        return f"Loose faces: who are these {faces}?"
    return f"Who are these?  {_counted(rows, faces)}"


def _counted(rows: Sequence[ShownRow], faces: int) -> str:
    loose = faces == len(rows)
    return (
        _count(faces, "face") if loose else f"{_count(len(rows), 'group')}, {_count(faces, 'face')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
