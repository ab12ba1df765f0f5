"""What annotators do to a page in the tests of the desk, and what the table of meanings says of it.

Nothing here reads an annotation: rows are kept as they were answered.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from faces.confirmations import Word
from faces.records import FaceId, PersonId
from faces.studio_format import UNKNOWN, ClusterVerdict, Tile
from faces.studio_people import REST_ARE_STRANGERS, Asks, SameVerdict
from tests.desk_model import Answer, Beliefs, Line

Item = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A row of a page as it was when it was pushed: it is answered whatever happened since.

    `proposed` is who was proposed for it.
    """

    faces: tuple[FaceId, ...]
    carried: tuple[FaceId, ...] = ()
    disputed: frozenset[FaceId] = frozenset()
    proposed: str | None = None


@dataclass(frozen=True)
class Row:
    """A row with its answer: its tiles, None for one that was deleted, and what is said of them.

    What `contradicts` itself says nothing.
    """

    task: Task
    tiles: tuple[Tile | None, ...] = ()
    name: str | None = None
    verdict: ClusterVerdict | None = None
    contradicts: bool = False

    @property
    def marked(self) -> dict[FaceId, Tile]:
        """The tiles that are still there."""
        tiles = zip(self.task.faces, self.tiles, strict=False)
        return {face: tile for face, tile in tiles if tile is not None}


@dataclass(frozen=True)
class Asked:
    """A page as it was pushed: its key, its data and what is predicted for it."""

    key: str
    data: Mapping[str, Any]
    predicted: Sequence[Item]

    def __post_init__(self) -> None:
        """Refuse a tile that is called as nobody can call it, which the browser would not show."""
        on_offer = {one["value"] for one in (*self.data["labels"], *self.data["people"])}
        for item in self.predicted:
            (label,) = item["value"].get("rectanglelabels") or item["value"]["choices"]
            assert label in on_offer, f"{label} is shown and not on offer"


@dataclass(frozen=True)
class Annotation:
    """What stands in Label Studio, or was said by a command: rows with their answers.

    `pair` is what is said of two rows. `asked` is the page, `result` what was submitted.
    """

    speaker: str
    at: int
    rows: tuple[Row, ...] = ()
    pair: SameVerdict | None = None
    word: Word | None = None
    task_id: int = 0
    asked: Asked | None = field(default=None, compare=False, repr=False)
    result: Sequence[Item] = field(default=(), compare=False)

    @property
    def is_pair(self) -> bool:
        """Whether two rows were asked about as one person."""
        return self.asked is not None and self.asked.data["asks"] == Asks.SAME


def row_of_labels(
    task: Task,
    labels: Sequence[str | None],
    typed: Mapping[int, str],
    *,
    offered: Mapping[str, str],
    rest_are_strangers: bool,
) -> Row:
    """A row whose tiles have these labels, or names typed by their places.

    All that is told by its tiles has to be the same. A name on offer means whom it was offered as.
    """
    tiles = tuple(
        None if label is None else Tile(label) if label in set(Tile) else Tile.SAME_PERSON
        for label in labels
    )
    told = [typed.get(place, label) for place, label in enumerate(labels) if label is not None]
    told = [one.strip() for one in told if one not in {*Tile, UNKNOWN}]
    if len({one.casefold() for one in told}) > 1:
        return Row(task, tiles, contradicts=True)
    verdicts = {verdict.value: verdict for verdict in ClusterVerdict}
    if told and told[0] in verdicts:
        return Row(task, tiles, verdict=verdicts[told[0]])
    if told:
        is_typed = any(labels[place] is not None for place in typed)
        return Row(task, tiles, told[0] if is_typed else offered[told[0]])
    if task.proposed and labels[0] in set(Tile):
        return Row(task, tiles, task.proposed)
    return Row(task, tiles, verdict=ClusterVerdict.STRANGER if rest_are_strangers else None)


def meaning(annotation: Annotation, beliefs: Beliefs) -> Answer:
    """What the table of meanings says of it."""
    said = Answer(annotation.speaker, annotation.at)
    of_rows = [
        said if row.contradicts else _meaning_of_row(row, said, beliefs) for row in annotation.rows
    ]
    passed: set[FaceId] = set()
    for row, one in zip(annotation.rows, of_rows, strict=True):
        said = replace(
            said,
            lines=said.lines + one.lines,
            apart=said.apart + one.apart,
            carried=said.carried + one.carried,
            mixed=said.mixed + one.mixed,
        )
        if not row.contradicts and one == Answer(annotation.speaker, annotation.at):
            passed |= {*row.task.faces, *row.task.carried}
    if annotation.is_pair:
        return _with_pair(said, annotation)
    return replace(said, passed=frozenset(passed))


def _meaning_of_row(row: Row, said: Answer, beliefs: Beliefs) -> Answer:
    task, tiles, verdict = row.task, row.marked, row.verdict
    same = tuple(face for face in tiles if tiles[face] is Tile.SAME_PERSON)
    red = tuple(face for face in tiles if tiles[face] is Tile.SOMEONE_ELSE)
    grey = tuple(face for face in tiles if tiles[face] is Tile.NOT_A_FACE)
    of_all: dict[str, Iterable[FaceId]] = {"not a face": grey}
    person = ""
    if verdict is ClusterVerdict.NOT_FACES:
        of_all, red = {"not a face": tiles}, ()
    elif verdict is ClusterVerdict.STRANGER:
        of_all |= {"stranger": same}
    elif verdict is ClusterVerdict.CANNOT_TELL:
        of_all |= {"cannot tell": same}
    elif verdict is None and row.name and (same or red):
        person = beliefs.who(row.name.strip().casefold())
        of_all |= {"is": same, "is not": red}
        if task.carried and len(same) == len(tiles):
            said = replace(said, carried=((task.carried, person, same),))
    if not person and same and red:
        said = replace(said, apart=tuple((face, same) for face in red))
    if verdict is ClusterVerdict.MIXED and len(same) > 1:
        said = replace(said, mixed=(same,))
    lines = [
        Line(face, says, person if says in ("is", "is not") else "", face in task.disputed)
        for says, faces in of_all.items()
        for face in faces
    ]
    return replace(said, lines=tuple(lines))


def _with_pair(said: Answer, annotation: Annotation) -> Answer:
    """What is said of two rows beside what is said of each; a name says that they are one."""
    first, second = (
        tuple(face for face, tile in row.marked.items() if tile is Tile.SAME_PERSON)
        for row in annotation.rows
    )
    silent = any(row.contradicts or row.name for row in annotation.rows)
    if silent or not first or not second or annotation.pair is None:
        return said
    if annotation.pair is SameVerdict.ONE_PERSON:
        return replace(said, together=first + second)
    if annotation.pair is SameVerdict.CANNOT_TELL:
        return replace(said, unsure=(first, second))
    return replace(said, apart=said.apart + tuple((face, second) for face in first))


class How(NamedTuple):
    """How somebody answers a page: `tiles` one after the other, `turn` which ways they take."""

    tiles: tuple[Tile | None, ...]
    name: str | None
    verdict: ClusterVerdict | None
    turn: int


class Submitted(NamedTuple):
    """What the browser submits, and the rows as they were answered."""

    result: list[Item]
    rows: tuple[Row, ...]
    pair: SameVerdict | None


def answered(
    asked: Asked,
    how: How,
    first_name: Mapping[PersonId, str],
    *,
    by: str,
    at: int,
    task_id: int = 0,
) -> Annotation:
    """A page, answered. At least one of its tiles is left."""
    page = _Page(asked.data, asked.predicted, how, first_name)
    match asked.data["asks"]:
        case Asks.SEVERAL:
            said = page.several()
        case Asks.SAME:
            said = page.same()
        case _:
            said = page.name()
    return Annotation(by, at, said.rows, said.pair, None, task_id, asked, said.result)


class _Page:
    """A page in a browser."""

    def __init__(
        self,
        data: Mapping[str, Any],
        predicted: Sequence[Item],
        how: How,
        first_name: Mapping[PersonId, str],
    ) -> None:
        self.data, self.how = data, how
        self.rows = [tuple(map(FaceId, row)) for row in data.get("rows") or [data["faces"]]]
        self.offered = {
            name: first_name[person] for name, person in data.get("people_ids", {}).items()
        }
        self.boxes = [item for item in predicted if item["from_name"] == "face"]
        self.chosen = [
            item["value"]["choices"][0] for item in predicted if item["from_name"] == "name"
        ]
        self.labels: dict[FaceId, str] = {
            FaceId(box["id"]): box["value"]["rectanglelabels"][0] for box in self.boxes
        }
        marks = (how.tiles * len(self.labels))[: len(self.labels)]
        self.marks = dict(zip(self.labels, marks, strict=True))
        if not any(marks):
            self.marks[self.rows[0][0]] = Tile.SAME_PERSON

    def name(self) -> Submitted:
        """One row; a verdict beats a name that was only chosen."""
        how, way = self.how, self.how.turn % 8
        task = self._task(0, self.chosen[0] if self.chosen else "")
        name, said = task.proposed, [_choice("name", name) for name in self.chosen]
        if how.name is None:
            name, said = None, []
        elif way == 0 and self.data["people"]:
            button = self.data["people"][-1]["value"]
            name, said = self.offered[button], [_choice("name", button)]
        elif way == 1 or (way > 3 and how.verdict is None):
            name = how.name
            typed = _typed("new_name", name) if way % 2 else _picked("everyone", name)
            said = [*said, typed]
        if how.verdict is not None:
            said = [*said, _choice("verdict", how.verdict)]
        is_typed = any(item["from_name"] in ("new_name", "everyone") for item in said)
        tiles = tuple(self.marks[face] for face in task.faces)
        row = Row(task, tiles, name, contradicts=is_typed and how.verdict is not None)
        if how.verdict is not None:
            row = replace(row, name=None, verdict=how.verdict)
        return Submitted([*self._tiles_left({}), *said], (row,), None)

    def several(self) -> Submitted:
        """Rows, each answered in a way of its own."""
        rest = self.how.verdict is ClusterVerdict.STRANGER
        said = [_choice("verdict", REST_ARE_STRANGERS)] if rest else []
        rows: list[Row] = []
        labels: dict[FaceId, str | None] = {}
        for number, faces in enumerate(self.rows):
            task = self._task(number, self.data["proposed"][number])
            called, typed = self._several_row(number, faces)
            labels |= dict(zip(faces, called, strict=True))
            rows.append(
                row_of_labels(task, called, typed, offered=self.offered, rest_are_strangers=rest)
            )
            for place, name in typed.items():
                is_first = place == min(typed)
                item = self._named(number, name, by_field=is_first and not task.proposed)
                said.append(item | {"id": faces[place]})
        return Submitted([*self._tiles_left(labels), *said], tuple(rows), None)

    def _named(self, number: int, name: str, *, by_field: bool) -> Item:
        """A name given by hand: typed for a tile, picked from the list, or in the row's field."""
        way = (number + self.how.turn) % 3
        if way == 1 and by_field:
            return _typed(f"row_{number + 1}", name)
        return _typed("tile_name", name) if way else _picked("tile_everyone", name)

    def _several_row(
        self, number: int, faces: Sequence[FaceId]
    ) -> tuple[list[str | None], dict[int, str]]:
        """What each tile of a row is called at submit, and the names typed by place."""
        way, typed = (self.how.turn >> 3 * number) % 8, dict[int, str]()
        labels = [self._label(face) for face in faces]
        there = [place for place, label in enumerate(labels) if label is not None]
        names = [one["value"] for one in self.data["labels"] if one["value"] in self.offered]
        if not there:
            return labels, typed
        head, last, spot = there[0], there[-1], there[self.how.turn % len(there)]
        if way == 2 and names:
            labels[spot] = names[self.how.turn % len(names)]
        elif way == 4:
            verdict = self.how.verdict or ClusterVerdict.MIXED
            kinds = {ClusterVerdict.NOT_FACES: ClusterVerdict.CANNOT_TELL}
            labels[spot] = kinds.get(verdict, verdict).value
        elif (way == 5 or (way == 1 and self.data["proposed"][number])) and labels[0] is not None:
            labels[0] = UNKNOWN
        elif way in (2, 3, 6, 7) and self.how.name is not None:
            typed[spot if way in (2, 7) else head] = self.how.name
        if way == 6 and last != head:
            if names:
                labels[last] = names[-1]
            else:
                typed[last] = "Cid"
        return labels, typed

    def same(self) -> Submitted:
        """Two rows; a name says that they are one person."""
        pair = [None, *SameVerdict][self.how.turn % 4]
        said = [] if pair is None else [_choice("verdict", pair)]
        name = self.how.name if self.how.turn % 5 == 0 else None
        if name is not None:
            said.append(_typed("new_name", name))
        contradicts = name is not None and pair not in (None, SameVerdict.ONE_PERSON)
        rows = tuple(
            Row(
                self._task(number, ""),
                tuple(self.marks[face] for face in faces),
                name,
                contradicts=contradicts,
            )
            for number, faces in enumerate(self.rows)
        )
        return Submitted([*self._tiles_left({}), *said], rows, pair)

    def _task(self, number: int, proposed: str) -> Task:
        faces, data = self.rows[number], self.data
        carried = data.get("carried_rows") or [data.get("carried") or [] for _ in self.rows]
        disputed = frozenset(map(FaceId, data.get("disputed", ()))) & set(faces)
        who = self.offered[proposed] if proposed else None
        return Task(faces, tuple(map(FaceId, carried[number])), disputed, who)

    def _label(self, face: FaceId) -> str | None:
        """What a tile is called when it is marked so; left alone it is called as was predicted."""
        mark = self.marks[face]
        return self.labels[face] if mark is Tile.SAME_PERSON else mark

    def _tiles_left(self, labels: Mapping[FaceId, str | None]) -> list[Item]:
        """The tiles as they are called at submit, without those that were deleted."""
        left = []
        for box in copy.deepcopy(self.boxes):
            label = labels.get(box["id"], self._label(box["id"]))
            if label is not None:
                box["value"]["rectanglelabels"] = [str(label)]
                left.append(box)
        return left


def _choice(control: str, value: str) -> Item:
    return {"from_name": control, "type": "choices", "value": {"choices": [str(value)]}}


def _typed(control: str, name: str) -> Item:
    return {"from_name": control, "type": "textarea", "value": {"text": [name]}}


def _picked(control: str, name: str) -> Item:
    return {"from_name": control, "type": "taxonomy", "value": {"taxonomy": [[name]]}}
