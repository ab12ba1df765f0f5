"""What the People desk asks: tasks, each of one or more rows of faces that look like one person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from faces.cluster import Groups
from faces.confirmations import Truth
from faces.identify import look_alikes_known
from faces.learned import Learned
from faces.look_alikes import LookAlikes
from faces.records import FaceId, FloatRows, PersonId, PhotoId

PAGE_TILES = 30
"""No page of any kind shows more tiles."""
LONGEST_STRIP = 12
"""A group that needs a longer look has a page of its own."""
FULL = 0.8
"""A page of several rows is full with so many of the tiles that it may show."""
SURE = 0.5
"""What is said of some faces of a group less sure to be one person tells nothing of the others."""
OFFERED_PEOPLE = 9
"""As many as there are hotkeys from 1 to 9."""


class Kind(StrEnum):
    """What is asked."""

    NAME = "name"
    """Who is this one row, and which faces do not belong?"""
    SEVERAL = "several"
    """Who is each of these rows? One submit for all."""
    SAME = "same"
    """Are these two rows one person?"""
    DOUBT = "doubt"
    """Annotators disagree about these faces: who is each?"""


@dataclass(frozen=True)
class DeskRow:
    """Faces that are asked about as one person.

    Only the `shown` ones become confirmations; the `carried` ones take the name along if none of
    the shown is thrown out. `people` are on offer, likeliest first. `chosen` is chosen beforehand,
    being right with the probability `chance`. `wrong` is how many of the shown faces are expected
    not to belong, `known` how likely people can name them, `named` how many faces an answer is
    expected to give their name. The first `together` people are offered side by side.
    """

    shown: tuple[FaceId, ...]
    carried: tuple[FaceId, ...] = ()
    people: tuple[PersonId, ...] = ()
    chosen: PersonId | None = None
    chance: float = 0.0
    wrong: float = 0.0
    named: float = 0.0
    known: float = 1.0
    together: int = 1

    def __post_init__(self) -> None:
        """Refuse an empty row, and faces both shown and carried."""
        if not self.shown or not set(self.shown).isdisjoint(self.carried):
            raise ValueError("a row shows faces, and none of those that it carries")

    @property
    def faces(self) -> tuple[FaceId, ...]:
        """All that an answer speaks of."""
        return self.shown + self.carried


@dataclass(frozen=True)
class DeskTask:
    """One page to answer; `worth` is how many faces each action on it is expected to name."""

    kind: Kind
    rows: tuple[DeskRow, ...]
    worth: float

    def __post_init__(self) -> None:
        """Refuse a page of nothing, one too long to look at, and a pair that is none."""
        if not self.rows or self.tiles > PAGE_TILES:
            raise ValueError(f"a page shows 1 to {PAGE_TILES} faces, not {self.tiles}")
        if (self.kind is Kind.SAME and len(self.rows) != 2) or (
            self.kind is Kind.NAME and len(self.rows) != 1
        ):
            raise ValueError(f"a task of the kind {self.kind} has not {len(self.rows)} rows")
        if len(chosen_in(self.rows)) > OFFERED_PEOPLE:
            raise ValueError(f"a page has keys for {OFFERED_PEOPLE} people")

    @property
    def key(self) -> str:
        """What the task is about, whoever is proposed: a digest of its faces, row by row."""
        told = ";".join(",".join(row.shown) + "/" + ",".join(row.carried) for row in self.rows)
        return f"{self.kind}-{hashlib.sha256(told.encode()).hexdigest()[:24]}"

    @property
    def tiles(self) -> int:
        """How many faces the page shows."""
        return sum(len(row.shown) for row in self.rows)

    @property
    def is_full(self) -> bool:
        """Whether it need not wait for more rows to share it with."""
        if self.kind is Kind.NAME:
            return self.tiles > LONGEST_STRIP
        if self.kind is not Kind.SEVERAL or self.tiles >= FULL * PAGE_TILES:
            return True
        return len(chosen_in(self.rows)) == OFFERED_PEOPLE

    @property
    def is_named(self) -> bool:
        """Whether every row has a name chosen beforehand."""
        return all(row.chosen is not None for row in self.rows)

    @property
    def people(self) -> tuple[PersonId, ...]:
        """Who is on offer: whoever is chosen for a row, then the next likeliest of each in turn.

        Who are often taken for each other stand side by side.
        """
        people = dict.fromkeys(row.chosen for row in self.rows if row.chosen is not None)
        for row in self.rows:
            alike = row.people[: row.together] if row.together > 1 else ()
            people |= dict.fromkeys(alike[: OFFERED_PEOPLE - len(people)])
        for place in range(OFFERED_PEOPLE):
            for row in self.rows:
                if place < len(row.people) and len(people) < OFFERED_PEOPLE:
                    people.setdefault(row.people[place])
        return tuple(people)

    @property
    def shown(self) -> tuple[FaceId, ...]:
        """The faces that it shows, row by row."""
        return tuple(face for row in self.rows for face in row.shown)

    @property
    def faces(self) -> tuple[FaceId, ...]:
        """All that an answer speaks of."""
        return tuple(face for row in self.rows for face in row.faces)


def chosen_in(rows: Iterable[DeskRow]) -> set[PersonId]:
    """Whoever is chosen beforehand for one of the rows."""
    return {row.chosen for row in rows if row.chosen is not None}


@dataclass(frozen=True)
class DeskState:
    """All that the desk is planned from; row i of `rows` (n, 128) is that of `faces[i]`.

    Rows are `identity_rows`; `photo_of` needs every face. `passed` are faces that were shown on an
    answered page without a word being said of them: they are asked about again only with a name
    chosen beforehand, and not with one of those in `declined`, which were chosen when they were
    passed. `waiting` are those of pages that somebody has in hand.
    """

    faces: Sequence[FaceId]
    rows: FloatRows
    groups: Groups
    truth: Truth
    learned: Learned
    photo_of: Mapping[FaceId, PhotoId]
    passed: frozenset[FaceId] = field(default=frozenset())
    waiting: frozenset[FaceId] = field(default=frozenset())
    declined: Mapping[FaceId, frozenset[PersonId]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rows that do not fit the faces."""
        if len(self.rows) != len(self.faces):
            raise ValueError(f"{len(self.faces)} faces do not have {len(self.rows)} rows")

    @cached_property
    def look_alikes(self) -> LookAlikes:
        """Who is often taken for whom, by people and by the model."""
        return look_alikes_known(self.truth, self.learned.version)
