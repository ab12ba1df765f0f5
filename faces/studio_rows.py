"""What an annotation of a People task holds, as records: one answer for each row of its page.

A region's id is its FaceId; what is not on our screens is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faces.names import compared
from faces.records import FaceId, PersonId
from faces.studio_format import UNKNOWN, ClusterVerdict, Tile, first_of
from faces.studio_people import REST_ARE_STRANGERS, Asks, SameVerdict

_OF_ALL = ("name", "new_name", "everyone", "verdict")
"""The controls of a People task that speak of all its tiles."""
_TILE_NAMES = ("tile_name", "tile_everyone")
"""The controls that name one tile; what is typed beats what is picked from the list."""
_OF_ROW = "row_"
"""How the names of the fields of rows begin; then comes the row's number, from 1 on."""
_VERDICTS = {
    verdict.value: verdict
    for verdict in (ClusterVerdict.STRANGER, ClusterVerdict.MIXED, ClusterVerdict.CANNOT_TELL)
}
"""What can be said of a row by one of its tiles, beside a name."""


@dataclass(frozen=True, slots=True)
class PeopleAnswer:
    """What is said of faces that are asked about as one person: a name, a verdict, each tile.

    `typed` is true when the name was typed, or picked from the list of everyone: one of the
    buttons may be our own prediction, left as it was. `meant` is whom a button's name stood for
    when it was offered, where the task tells. Of the faces in `disputed` people disagreed, so that
    what is said of them here decides. The faces in `carried` belong to the group and were counted,
    not shown. In a `contradiction` several things are said of one row: then none of them counts.
    """

    name: str | None
    verdict: ClusterVerdict | None
    tiles: Mapping[FaceId, Tile]
    typed: bool = False
    meant: PersonId | None = None
    disputed: frozenset[FaceId] = frozenset()
    carried: tuple[FaceId, ...] = ()
    contradiction: tuple[str, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether nothing comes of it: *someone else* says nothing where nobody else is left."""
        if self.contradiction or (self.typed and self.verdict is not None):
            return False
        marks = set(self.tiles.values())
        if Tile.NOT_A_FACE in marks or self.verdict is ClusterVerdict.NOT_FACES:
            return not marks
        if self.verdict is None and self.name is not None:
            return not marks
        if len(marks) > 1 or Tile.SAME_PERSON not in marks:
            return len(marks) < 2
        return self.verdict is None or (
            self.verdict is ClusterVerdict.MIXED and len(self.tiles) < 2
        )


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One annotation of a montage, row by row; `drawn` boxes are about no tile.

    `passed` are faces that were asked about and of which nothing was said. Where a pair of rows was
    asked about, `pair` says whether they are one person, and `rows` hold what was marked.
    """

    rows: tuple[PeopleAnswer, ...]
    pair: SameVerdict | None = None
    drawn: int = 0
    passed: frozenset[FaceId] = frozenset()


def rows_of_task(task_data: Mapping[str, Any]) -> tuple[tuple[FaceId, ...], ...]:
    """The faces that a People task shows, row by row."""
    told = task_data.get("rows")
    rows = told if isinstance(told, list) and told else [task_data.get("faces")]
    return tuple(tuple(dict.fromkeys(_faces(row))) for row in rows)


def read_page_answer(
    annotation: Mapping[str, Any], task_data: Mapping[str, Any], *, from_prediction: bool
) -> PageAnswer:
    """What an annotation of a People task says.

    Where the annotation did not begin from a prediction, no tile was there to be left or changed:
    then the answer speaks of all faces of the montage, which the annotator saw.
    """
    page = _Page(annotation, task_data, from_prediction=from_prediction)
    asks = task_data.get("asks", Asks.NAME)
    if asks == Asks.SEVERAL:
        return page.several()
    if asks == Asks.SAME:
        return page.same()
    return page.name()


def passed_of_skipped(task_data: Mapping[str, Any]) -> frozenset[FaceId]:
    """The faces that were asked about on a page that somebody skipped."""
    if task_data.get("asks") == Asks.SAME:
        return frozenset()
    shown = {face for row in rows_of_task(task_data) for face in row}
    return frozenset(shown.union(*_carried_rows(task_data)))


class _Page:
    """An annotation beside its task."""

    def __init__(
        self,
        annotation: Mapping[str, Any],
        task_data: Mapping[str, Any],
        *,
        from_prediction: bool,
    ) -> None:
        self._data = task_data
        self._rows = rows_of_task(task_data)
        shown = {face for row in self._rows for face in row}
        items = _items(annotation)
        boxes = [item for item in items if item.get("from_name") == "face"]
        self._drawn = sum(_id(box) not in shown for box in boxes)
        self._labels = {_id(box): _label(box) for box in boxes if _id(box) in shown}
        self._is_empty = not self._labels and not from_prediction
        if self._is_empty:
            self._labels = dict.fromkeys(shown, Tile.SAME_PERSON.value)
        if task_data.get("asks") != Asks.SEVERAL:
            self._labels = {face: on for face, on in self._labels.items() if on in set(Tile)}
        self._of_all = {i["from_name"]: _said(i) for i in items if i.get("from_name") in _OF_ALL}
        self._named: dict[FaceId, str] = {}
        for control in reversed(_TILE_NAMES):
            for item in items:
                if item.get("from_name") == control and _said(item).strip():
                    self._named[_id(item)] = _said(item).strip()
        fields = (item for item in items if str(item.get("from_name")).startswith(_OF_ROW))
        self._of_row = {str(item["from_name"]): _said(item).strip() for item in fields}
        self._disputed = frozenset(_faces(task_data.get("disputed")))

    def name(self) -> PageAnswer:
        """Who is this? One name, one verdict, for all tiles."""
        verdict = self._of_all.get("verdict", "")
        typed = self._typed_for_all()
        row = PeopleAnswer(
            name=typed or self._of_all.get("name") or None,
            verdict=ClusterVerdict(verdict) if verdict in set(ClusterVerdict) else None,
            tiles=self._tiles(self._rows[0]),
            typed=bool(typed),
            meant=None if typed else self._meant(self._of_all.get("name")),
            disputed=self._disputed,
            carried=_carried_rows(self._data)[0],
        )
        return self._answer([row])

    def several(self) -> PageAnswer:
        """Who is each of these rows?"""
        rest = self._of_all.get("verdict") == REST_ARE_STRANGERS
        carried = _carried_rows(self._data)
        proposed = self._data.get("proposed") or [""] * len(self._rows)
        return self._answer(
            [
                self._row(
                    faces,
                    carried=carried[number],
                    proposed=proposed[number],
                    typed=self._of_row.get(f"{_OF_ROW}{number + 1}", ""),
                    rest=rest,
                )
                for number, faces in enumerate(self._rows)
            ]
        )

    def same(self) -> PageAnswer:
        """Are these two rows one person? A name says so too; whoever it is."""
        verdict = self._of_all.get("verdict", "")
        pair = SameVerdict(verdict) if verdict in set(SameVerdict) else None
        name = self._typed_for_all()
        contradicts = bool(name) and pair not in (None, SameVerdict.ONE_PERSON)
        rows = [
            PeopleAnswer(
                name=name or None,
                verdict=None,
                tiles=self._tiles(faces),
                typed=bool(name),
                disputed=self._disputed & set(faces),
                contradiction=(name, verdict) if contradicts else (),
            )
            for faces in self._rows
        ]
        return PageAnswer(tuple(rows), pair, self._drawn)

    def _row(
        self,
        faces: Sequence[FaceId],
        *,
        carried: tuple[FaceId, ...],
        proposed: str,
        typed: str,
        rest: bool,
    ) -> PeopleAnswer:
        """What is said of a row, by its own field and by its tiles: the same by all that say
        anything, or nothing.

        A first tile that is marked leaves the name that was proposed to the others. On a page that
        was opened empty no tile had it.
        """
        given = [typed, *(self._said_on(face) for face in faces if face in self._labels)]
        said = list({compared(one): one for one in reversed(given) if one}.values())[::-1]
        if not said and proposed and not self._is_empty and self._labels.get(faces[0]) in set(Tile):
            said = [proposed]
        if not said and rest:
            said = [ClusterVerdict.STRANGER.value]
        (only,) = said if len(said) == 1 else [None]
        verdict = _VERDICTS.get(only or "")
        name = only if verdict is None else None
        by_hand = {compared(one) for one in (typed, *map(self._named.get, faces)) if one}
        is_typed = name is not None and compared(name) in by_hand
        return PeopleAnswer(
            name=name,
            verdict=verdict,
            tiles=self._tiles(faces),
            typed=is_typed,
            meant=None if is_typed else self._meant(name),
            disputed=self._disputed & set(faces),
            carried=carried,
            contradiction=tuple(said) if len(said) > 1 else (),
        )

    def _said_on(self, face: FaceId) -> str | None:
        """The name or verdict that a tile has; what is typed beats its label."""
        label = self._labels[face]
        return self._named.get(face) or (None if label in {*Tile, UNKNOWN} else label)

    def _tiles(self, faces: Sequence[FaceId]) -> dict[FaceId, Tile]:
        """Each tile that is still there; one that has a name goes with its row."""
        marks = {Tile.SOMEONE_ELSE.value, Tile.NOT_A_FACE.value}
        return {
            face: Tile(self._labels[face]) if self._labels[face] in marks else Tile.SAME_PERSON
            for face in faces
            if face in self._labels
        }

    def _typed_for_all(self) -> str:
        return self._of_all.get("new_name", "").strip() or self._of_all.get("everyone", "")

    def _meant(self, name: str | None) -> PersonId | None:
        """Whom a name on offer stands for; None in a task that does not tell."""
        ids = self._data.get("people_ids")
        known = ids.get(name) if isinstance(ids, dict) else None
        return PersonId(known) if isinstance(known, str) else None

    def _answer(self, rows: Sequence[PeopleAnswer]) -> PageAnswer:
        passed = {
            face
            for row, faces in zip(rows, self._rows, strict=True)
            if row.is_silent
            for face in (*faces, *row.carried)
        }
        return PageAnswer(tuple(rows), None, self._drawn, frozenset(passed))


def _carried_rows(task_data: Mapping[str, Any]) -> list[tuple[FaceId, ...]]:
    """For each row the faces that were counted with it and not shown."""
    told = task_data.get("carried_rows")
    rows = rows_of_task(task_data)
    if isinstance(told, list) and len(told) == len(rows):
        return [tuple(_faces(row)) for row in told]
    if len(rows) == 1:
        return [tuple(_faces(task_data.get("carried")))]
    return [()] * len(rows)


def _faces(values: Any) -> list[FaceId]:
    return [FaceId(str(value)) for value in values] if isinstance(values, list) else []


def _items(annotation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What an annotation holds, as far as it is what Label Studio makes."""
    result = annotation.get("result")
    return [item for item in result if isinstance(item, dict)] if isinstance(result, list) else []


def _id(item: Mapping[str, Any]) -> FaceId:
    """The face that a region is about."""
    return FaceId(str(item.get("id")))


def _value(item: Mapping[str, Any]) -> Mapping[str, Any]:
    value = item.get("value")
    return value if isinstance(value, dict) else {}


def _label(box: Mapping[str, Any]) -> str:
    """What a tile is called; one without a label was left as it was."""
    return first_of(_value(box).get("rectanglelabels")) or Tile.SAME_PERSON.value


def _said(item: Mapping[str, Any]) -> str:
    """What is chosen or typed; in the list of everyone it is a path of one step."""
    value = _value(item)
    paths = value.get("taxonomy")
    path = paths[0] if isinstance(paths, list) and paths else None
    return first_of(value.get("choices")) or first_of(value.get("text")) or first_of(path) or ""
