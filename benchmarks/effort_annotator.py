"""An honest annotator, simulated: knows who everybody is, answers what is asked, counts actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from faces.desk_tasks import DeskRow, DeskTask, Kind
from faces.records import FaceId, PersonId
from faces.studio_format import ClusterVerdict, Tile
from faces.studio_rows import PeopleAnswer

MANY_WRONG = 3
"""From so many wrong tiles on, and a quarter of all, a group is called mixed."""
_MIXED_SHARE = 0.25


@dataclass
class Price:
    """What was done so far, by kind: one action each. `keys` are strokes of keys and clicks."""

    clicks: Counter[str] = field(default_factory=Counter)
    keys: int = 0
    tiles: int = 0

    @property
    def actions(self) -> int:
        """All of it."""
        return self.clicks.total()

    def chosen(self) -> None:
        """A name or a verdict was chosen: one key."""
        self.clicks["choose"] += 1
        self.keys += 1

    def picked_row(self) -> None:
        """One of several rows was clicked on, to be named: part of choosing or typing."""
        self.keys += 1

    def typed(self, name: str) -> None:
        """A name was typed."""
        self.clicks["type"] += 1
        self.keys += len(name)

    def marked(self) -> None:
        """A tile was marked, or a face moved: a click and a key."""
        self.clicks["mark"] += 1
        self.keys += 2

    def submitted(self) -> None:
        """An answer was sent."""
        self.clicks["submit"] += 1
        self.keys += 1


class Annotator:
    """Answers honestly; one who overlooks misses that share of what is wrong on a page."""

    def __init__(
        self,
        person_of: Mapping[FaceId, str],
        *,
        overlooks: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Know everybody."""
        self._person_of = person_of
        self._overlooks = overlooks
        self._rng = rng or np.random.default_rng(0)
        self.price = Price()

    def answer(self, task: DeskTask, names: Mapping[PersonId, str]) -> list[PeopleAnswer]:
        """An answer to each row; `names` has what everybody on offer is called, by their id."""
        self.price.tiles += task.tiles
        answers = [self._of_row(row, task, names) for row in task.rows]
        self.price.submitted()
        return answers

    def is_same(self, task: DeskTask) -> bool:
        """Whether the first faces of the two rows of a pair are one person."""
        self.price.tiles += task.tiles
        self.price.chosen()
        self.price.submitted()
        first, second = (self._person_of.get(row.shown[0]) for row in task.rows)
        return first is not None and first == second

    def _of_row(self, row: DeskRow, task: DeskTask, names: Mapping[PersonId, str]) -> PeopleAnswer:
        """Who most of a row's tiles are that anybody knows, and which ones are not."""
        chosen = None if row.chosen is None else names[row.chosen]
        known = Counter(self._person_of[face] for face in row.shown if face in self._person_of)
        if not known:
            return self._strangers(row, task, chosen)
        most = max(known.values())
        likely = [name for name, count in known.items() if count == most]
        person = chosen if chosen in likely else likely[0]
        wrong = [face for face in row.shown if self._person_of.get(face) != person]
        if len(wrong) >= max(MANY_WRONG, _MIXED_SHARE * len(row.shown)):
            self._pick(task)
            self.price.chosen()
            return PeopleAnswer(None, ClusterVerdict.MIXED, _all(row))
        if chosen is not None and chosen != person and self._misses():
            person = chosen
            wrong = []
        tiles = dict(_all(row))
        for face in wrong:
            if not self._misses():
                tiles[face] = Tile.SOMEONE_ELSE
                self.price.marked()
        typed = False
        if person != chosen:
            self._pick(task)
            typed = person not in [names[one] for one in task.people]
            if typed:
                self.price.typed(person)
            else:
                self.price.chosen()
        return PeopleAnswer(person, None, tiles, typed=typed)

    def _strangers(self, row: DeskRow, task: DeskTask, chosen: str | None) -> PeopleAnswer:
        """Nobody knows any of them: that is said where a name stands, or where only they are."""
        if chosen is not None and self._misses():
            return PeopleAnswer(chosen, None, _all(row))
        if chosen is None and task.kind is not Kind.NAME:
            return PeopleAnswer(None, None, _all(row))
        self._pick(task)
        self.price.chosen()
        return PeopleAnswer(None, ClusterVerdict.STRANGER, _all(row))

    def _pick(self, task: DeskTask) -> None:
        """A name is that of the row of which a tile is chosen, if there are several."""
        if task.kind is not Kind.NAME:
            self.price.picked_row()

    def _misses(self) -> bool:
        return self._overlooks > 0 and bool(self._rng.random() < self._overlooks)


def _all(row: DeskRow) -> dict[FaceId, Tile]:
    return dict.fromkeys(row.shown, Tile.SAME_PERSON)
