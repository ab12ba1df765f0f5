"""A simulated annotator at the People desk: pages are planned, answered, and planned again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np

from benchmarks.effort_annotator import Annotator, Price
from benchmarks.effort_data import Collection
from faces.carrying import once_a_photo, split_off
from faces.cluster import Groups, group_people
from faces.confirmations import (
    Carried,
    Event,
    FacesApart,
    FacesTogether,
    Occasion,
    Truth,
    Word,
)
from faces.constraints import constraints_of
from faces.cut_finding import find_cut
from faces.desk import plan_desk
from faces.desk_tasks import DeskState, DeskTask, Kind
from faces.fold import fold
from faces.learned import Learned
from faces.name_book import NameBook
from faces.records import FaceId, FloatRows, PersonId
from faces.studio_format import Tile
from faces.studio_rows import PeopleAnswer
from sync.answers import words_of_people_answer

_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Session:
    """What came of it: the price, the names as they stand, and the way there.

    `curve` has after each page the actions so far and how many faces are right.
    """

    price: Price
    collection: Collection
    truth: Truth = field(default_factory=Truth)
    curve: list[tuple[int, int]] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)

    def right(self) -> int:
        """Faces whose name is right, and strangers without one."""
        names = named(self.truth)
        person_of = self.collection.person_of
        return sum(names.get(face) == person_of.get(face) for face in self.collection.faces)

    def figures(self) -> dict[str, float]:
        """All that is reported of one session."""
        faces = len(self.collection.faces)
        return {
            "faces": faces,
            "people": self.collection.people,
            "actions": self.price.actions,
            "actions_per_face": self.price.actions / max(faces, 1),
            "share_right": self.right() / max(faces, 1),
            "confirmed": len(self.truth.confirmed),
            "carried": len(self.truth.carried),
            "keys_and_clicks": self.price.keys,
            "tiles": self.price.tiles,
            **{f"clicks_{kind}": count for kind, count in sorted(self.price.clicks.items())},
            **{f"pages_{kind}": count for kind, count in sorted(self.by_kind.items())},
        }


def named(truth: Truth) -> dict[FaceId, str]:
    """The name that stands on each face, confirmed or carried."""
    confirmed = {face: said.person for face, said in truth.confirmed.items()}
    people = dict(truth.carried) | confirmed
    return {face: truth.people[person].name for face, person in people.items()}


class Desk:
    """The desk as the product keeps it: groups, the log, and what is planned from both."""

    def __init__(self, collection: Collection) -> None:
        """Group the faces; nobody has said a word."""
        self._collection = collection
        self._rows: FloatRows = collection.rows
        constraints = constraints_of(collection.faces, collection.photo_of, Truth())
        encodings = collection.encodings
        self._cut = find_cut(encodings.plain, encodings.mirrored, apart=constraints.apart)
        self._events: list[Event] = []
        self._said = 0
        self._numbers = count()
        self._passed: set[FaceId] = set()
        self._declined: dict[FaceId, frozenset[PersonId]] = {}
        self._standing: list[list[tuple[FaceId, ...]]] = []
        self.groups = Groups()
        self.truth = Truth()
        self.regroup()

    def regroup(self) -> bool:
        """Group again, heeding all that was said; whether that changed a group."""
        before = self.groups
        constraints = constraints_of(self._collection.faces, self._collection.photo_of, self.truth)
        self.groups = group_people(
            self._collection.encodings,
            self._cut,
            constraints,
            settled=self.truth.settled,
            before=before.clusters,
        )
        return {c.faces for c in before.clusters} != {c.faces for c in self.groups.clusters}

    def next(self, waiting: Sequence[FaceId]) -> DeskTask | None:
        """The page most worth answering, without faces of pages in hand; the others stay."""
        truth = self.truth
        lost = split_off(truth, self.groups.clusters)
        if lost:
            truth = replace(
                truth, carried={f: p for f, p in truth.carried.items() if f not in lost}
            )
        state = DeskState(
            self._collection.faces,
            self._rows,
            self.groups,
            truth,
            Learned.of(truth, self._collection.faces, self._rows),
            self._collection.photo_of,
            frozenset(self._passed),
            frozenset(waiting),
            self._declined,
        )
        pages = plan_desk(state, self._standing)
        several = [page for page in pages[1:] if page.kind is Kind.SEVERAL]
        self._standing = [[row.shown for row in page.rows] for page in several]
        return pages[0] if pages else None

    def hear(self, task: DeskTask, answers: Sequence[PeopleAnswer]) -> None:
        """Take up what was said, as a pull does."""
        names = NameBook(self.truth, lambda: PersonId(f"p{next(self._numbers):06}"))
        words: list[Word] = []
        for row, answer in zip(task.rows, answers, strict=True):
            said = list(words_of_people_answer(answer, names).words)
            all_stand = set(answer.tiles.values()) == {Tile.SAME_PERSON}
            if answer.name is not None and row.carried and all_stand:
                person, _ = names.person(answer.name)
                said.append(Carried(row.carried, person, row.shown))
            if not said:
                self._passed.update(row.faces)
                chosen = frozenset() if row.chosen is None else frozenset((row.chosen,))
                for face in row.faces:
                    self._declined[face] = self._declined.get(face, frozenset()) | chosen
            words += said
        self._append(words)

    def hear_pair(self, task: DeskTask, *, same: bool) -> None:
        """Take up whether two rows are one person."""
        first, second = (row.shown for row in task.rows)
        self._append(
            [FacesTogether(first + second)]
            if same
            else [FacesApart(face, second) for face in first]
        )

    def _append(self, words: Sequence[Word]) -> None:
        self._said += 1
        at = _START + timedelta(minutes=self._said)
        occasion = Occasion("annotator", at, f"annotation:{self._said}")
        first = len(self._events)
        self._events += [Event(first + n, occasion, word) for n, word in enumerate(words)]
        self.truth = once_a_photo(fold(self._events), self._collection.photo_of)


def worked(
    collection: Collection,
    *,
    lag: int = 1,
    overlooks: float = 0.0,
    seed: int = 0,
    say: Callable[[str], None] = lambda _line: None,
) -> Session:
    """Answer page after page until the desk has none worth it; `lag` pages are in hand meanwhile.

    When no page is left, faces are grouped again with all that was said; the desk is done when that
    brings no new page.
    """
    annotator = Annotator(
        collection.person_of, overlooks=overlooks, rng=np.random.default_rng(seed)
    )
    desk = Desk(collection)
    session = Session(annotator.price, collection)
    in_hand: list[tuple[DeskTask, Callable[[], None]]] = []
    fresh = True
    while True:
        task = desk.next([face for page, _ in in_hand for face in page.faces])
        if task is None and in_hand:
            in_hand.pop(0)[1]()
        elif task is None:
            if not fresh:
                break
            fresh = False
            desk.regroup()
        else:
            fresh = True
            session.by_kind[task.kind.value] += 1
            in_hand.append((task, _answered(task, annotator, desk)))
            say(_told(task, session))
        while len(in_hand) > lag:
            in_hand.pop(0)[1]()
        session.truth = desk.truth
        session.curve.append((session.price.actions, session.right()))
    return session


def _answered(task: DeskTask, annotator: Annotator, desk: Desk) -> Callable[[], None]:
    """Answer a page now; what is returned lets the desk hear of it."""
    if task.kind is Kind.SAME:
        same = annotator.is_same(task)
        return lambda: desk.hear_pair(task, same=same)
    people = {person.id: person.name for person in desk.truth.people.values()}
    answers = annotator.answer(task, people)
    return lambda: desk.hear(task, answers)


def _told(task: DeskTask, session: Session) -> str:
    """A page in a line."""
    carried = len(task.faces) - task.tiles
    chosen = sum(row.chosen is not None for row in task.rows)
    return (
        f"{session.price.actions} actions, {session.right()} right; {task.kind}: "
        f"{len(task.rows)} rows ({chosen} with a name chosen), {task.tiles} faces shown, "
        f"{carried} carried, worth {task.worth:.2f}"
    )
