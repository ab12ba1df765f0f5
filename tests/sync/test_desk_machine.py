"""Whatever people do at the desk in whatever order, nothing that they said is lost.

Random sequences of what can happen, from answers to groups and pages without disk and network; what
has to hold is worked out in `tests.desk_model`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from faces import desk, desk_tasks
from faces.carrying import once_a_photo
from faces.cluster import group_people
from faces.confirmation_lines import event_from_json, event_to_json
from faces.confirmations import (
    Event,
    Occasion,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    Retracted,
    Revised,
    SamePhotoException,
    Truth,
    Word,
)
from faces.constraints import Constraints, constraints_of
from faces.cut import Cut
from faces.fold import fold
from faces.identify import Identifier
from faces.name_book import NameBook
from faces.proposing import Guesses, guess
from faces.records import (
    ENCODING_LENGTH,
    NETWORK,
    Box,
    Cluster,
    Encodings,
    Face,
    FaceId,
    PersonId,
    Photo,
    PhotoId,
)
from faces.regrouping import Regrouping
from faces.store.ledger import PushedTask, Shown
from faces.studio_format import PEOPLE_VERSION, UNKNOWN, ClusterVerdict, Tile
from faces.studio_rows import PageAnswer, PeopleAnswer, read_page_answer
from sync.answers import words_of_page_answer
from sync.desk_state import desk_state, standing_pages
from sync.wanted import wanted_photos
from sync.wanted_pages import WantedPage, wanted_pages
from tests.desk_answers import Annotation, Asked, How, Row, Task, answered, meaning
from tests.desk_model import Answer, Beliefs, check_groups, check_truth
from tests.desk_pages import check_pages, check_standing, wrong_version

SEQUENCES, PARTS = 10_000, 4
QUICK_SEQUENCES = 150
STEPS = 14
START = datetime(2026, 1, 1, tzinfo=UTC)

TRANSFORM = np.eye(ENCODING_LENGTH, 8, dtype=np.float32)
STRICT = Cut(TRANSFORM, reach=0.2, single=0.3, growth=0.0, faces=8)
LOOSE = Cut(TRANSFORM, reach=4.0, single=4.0, growth=0.0, faces=8)
"""By which everybody is one person, unless something is said against it."""
NARROW = Cut(TRANSFORM, reach=0.001, single=0.001, growth=0.0, faces=8)
"""By which faces that look alike are no group yet, so that pairs are asked about."""
CUTS = {"strict": STRICT, "loose": LOOSE, "narrow": NARROW}

TILES = 6
"""So many faces are on a page at most: a small desk, so that few faces fill many pages."""
SMALL = {
    desk: {"PAGE_TILES": TILES, "LONGEST_STRIP": 4, "STRIP_TILES": 3}
    | {"_TYPICAL": 1, "_TYPICAL_OF_MANY": 2},
    desk_tasks: {"PAGE_TILES": TILES, "LONGEST_STRIP": 4},
}
ALL_SAME: tuple[Tile | None, ...] = (Tile.SAME_PERSON,) * TILES

speakers = st.sampled_from(["Ada", "Bob"])
cuts = st.sampled_from(sorted(CUTS))
places = st.integers(0, 99)
names = st.sampled_from(["Anna", "anna ", "Bea", "Cid"])
verdicts = st.sampled_from([None, None, None, *ClusterVerdict])
marks = st.sampled_from([*[ALL_SAME] * 2000, *product([*Tile, None], repeat=TILES)])
"""What is said of each tile of a page; None is a tile that was deleted. One draw is fast."""
turns = st.integers(0, 2**18)
crowds = st.sampled_from([who for size in (1, 2, 3) for who in product(range(3), repeat=size)])
"""Who is in a photo, some of them twice."""
hints = st.sampled_from(["lost", "once", "twice", "cut off"])
"""What becomes of the hint that an answer was given: it is followed by a pull, or by none."""


def answer_of(annotation: Annotation) -> PageAnswer:
    """What the product reads of it; some is answered elsewhere than on a page."""
    if annotation.asked is not None:
        result = {"result": annotation.result}
        return read_page_answer(result, annotation.asked.data, from_prediction=True)
    rows = [
        PeopleAnswer(
            row.name,
            row.verdict,
            row.marked,
            typed=row.verdict is None,
            disputed=row.task.disputed,
            carried=row.task.carried,
        )
        for row in annotation.rows
    ]
    return PageAnswer(tuple(rows))


def words_of(annotation: Annotation, names: NameBook) -> tuple[Word, ...]:
    """What the product makes of it."""
    if annotation.word is not None:
        return (annotation.word,)
    said = words_of_page_answer(answer_of(annotation), names)
    assert bool(said.problems) == any(row.contradicts for row in annotation.rows)
    return said.words


class DeskMachine(RuleBasedStateMachine):
    """Photos, a log, groups, pages, and a Label Studio that is a dictionary."""

    sequences = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).sequences += 1
        self.clock = 0
        self.photos: dict[PhotoId, Photo] = {}
        self.faces: dict[FaceId, Face] = {}
        self.rows: dict[FaceId, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}
        self.log: list[Event] = []
        self.truth, self.beliefs = Truth(), Beliefs([])
        self.clusters: tuple[Cluster, ...] = ()
        self.kept = Regrouping()
        self.cut = STRICT
        self.model: Identifier | None = None
        self.tasks: dict[str, PushedTask] = {}
        self.asked: dict[str, Asked] = {}
        self.there: dict[str, Annotation] = {}
        self.read: dict[str, tuple[Annotation, Answer]] = {}
        self.first_name: dict[PersonId, str] = {}

    # What happens

    @initialize(first=st.tuples(*[crowds] * 4), cut=cuts)
    def begin(self, first: tuple[tuple[int, ...], ...], cut: str) -> None:
        for people in first:
            self._add_photo(people)
        self.group_again(cut)

    @rule(people=crowds)
    def add_photo(self, people: tuple[int, ...]) -> None:
        if len(self.photos) < 9:
            self._add_photo(people)

    @rule(cut=cuts)
    def group_again(self, cut: str) -> None:
        """A cut found anew: by the loose one only words keep people from each other."""
        self.cut = CUTS[cut]
        faces = tuple(face for face in self.faces if face not in self.truth.not_faces)
        rows = np.array([self.rows[face] for face in faces]).reshape(-1, ENCODING_LENGTH)
        constraints = constraints_of(faces, self.photo_of, self.truth)
        self._check_exceptions(faces, constraints)
        found = group_people(
            Encodings(NETWORK, faces, rows, rows),
            self.cut,
            constraints,
            settled=self.truth.settled,
            before=self.clusters,
            kept=self.kept,
        )
        self.clusters = found.clusters
        groups = [cluster.faces for cluster in self.clusters]
        check_groups(groups, self.beliefs, {face: self.photo_of[face] for face in faces})
        self._push()

    @rule()
    def push(self) -> None:
        self._push()

    @rule(who=st.integers(0, 2**20))
    def retrain(self, who: int) -> None:
        """A model that is wrong at random."""
        people = sorted({self.truth.resolve(person) for person in self.first_name})
        if people:
            at = {people[(who >> 3 * axis) % len(people)]: axis for axis in range(3)}
            self.model = Identifier(wrong_version(at))
        self._push()

    @precondition(lambda self: self.asked)
    @rule(
        at=places,
        by=speakers,
        tiles=marks,
        name=names,
        verdict=verdicts,
        turn=turns,
        hint=hints,
    )
    def answer(
        self,
        at: int,
        by: str,
        tiles: tuple[Tile | None, ...],
        name: str,
        verdict: ClusterVerdict | None,
        turn: int,
        hint: str,
    ) -> None:
        self._answer(at, by, How(tiles, name, verdict, turn), hint)

    @rule(at=places, by=speakers, tiles=marks, name=names, hint=hints)
    def answer_in_a_photo(
        self, at: int, by: str, tiles: tuple[Tile | None, ...], name: str, hint: str
    ) -> None:
        face = sorted(self.faces)[at % len(self.faces)]
        self._annotate_rows(by, [Row(Task((face,)), tiles, name)], hint)

    @precondition(lambda self: self.asked)
    @rule(at=places, by=speakers, tiles=marks, hint=hints)
    def throw_out_without_a_name(
        self, at: int, by: str, tiles: tuple[Tile | None, ...], hint: str
    ) -> None:
        self._answer(at, by, How(tiles, None, None, 0), hint)

    @precondition(lambda self: self.there)
    @rule(at=places, by=speakers, name=names, turn=turns, hint=hints)
    def answer_again(self, at: int, by: str, name: str, turn: int, hint: str) -> None:
        """The same faces are named once more: by another one, who may disagree, or by the same."""
        before = self.there[sorted(self.there)[at % len(self.there)]]
        if before.asked is not None:
            self._annotate(by, before.asked, How(ALL_SAME, name, None, turn), hint)
        elif before.word is None:
            named = [replace(row, tiles=ALL_SAME, name=name, verdict=None) for row in before.rows]
            self._annotate_rows(by, named, hint)

    @precondition(lambda self: self.truth.disputed)
    @rule(at=places, by=speakers, tiles=marks, name=names, verdict=verdicts, turn=turns)
    def decide(
        self,
        at: int,
        by: str,
        tiles: tuple[Tile | None, ...],
        name: str,
        verdict: ClusterVerdict | None,
        turn: int,
    ) -> None:
        """A page of faces on which people disagree is answered as soon as it is asked."""
        self._push()
        doubts = [asked for asked in self.asked.values() if "disputed" in asked.data]
        asked = doubts[at % len(doubts)]
        self._annotate(by, asked, How(tiles, name, verdict, turn), "once")

    @precondition(lambda self: self.there)
    @rule(at=places, tiles=marks, name=names, verdict=verdicts, turn=turns, hint=hints)
    def change(
        self,
        at: int,
        tiles: tuple[Tile | None, ...],
        name: str,
        verdict: ClusterVerdict | None,
        turn: int,
        hint: str,
    ) -> None:
        how = How(tiles, name, verdict, turn)
        place = sorted(self.there)[at % len(self.there)]
        before, now = self.there[place], self._now()
        if before.asked is not None:
            names = self.first_name
            self.there[place] = answered(before.asked, how, names, by=before.speaker, at=now)
            self._hint(hint)
        elif before.word is None:
            (row,) = before.rows
            row = replace(row, tiles=how.tiles, name=how.name, verdict=how.verdict)
            self.there[place] = replace(before, at=now, rows=(row,))
            self._hint(hint)

    @precondition(lambda self: self.there)
    @rule(at=places, hint=hints)
    def delete(self, at: int, hint: str) -> None:
        del self.there[sorted(self.there)[at % len(self.there)]]
        self._hint(hint)

    @precondition(lambda self: self.first_name)
    @rule(at=places, by=speakers)
    def rename(self, at: int, by: str) -> None:
        person = self._somebody(at)
        self._say(by, PersonRenamed(person, f"Name {self.clock}"))

    @precondition(lambda self: len(self.first_name) > 1)
    @rule(at=places, other=places, by=speakers)
    def merge(self, at: int, other: int, by: str) -> None:
        self._say(by, PersonMerged(self._somebody(at), self._somebody(other)))

    @rule(at=places, by=speakers)
    def except_a_pair(self, at: int, by: str) -> None:
        """A mirror, or a picture on the wall."""
        shared = defaultdict(list)
        for face in self.faces.values():
            shared[face.photo].append(face.id)
        pairs = [faces[:2] for faces in shared.values() if len(faces) > 1]
        if pairs:
            self._say(by, SamePhotoException(*pairs[at % len(pairs)]))

    @rule()
    def look(self) -> None:
        self._pull()

    @rule()
    def restart(self) -> None:
        """All that is kept of the log are its lines."""
        self.log = [event_from_json(event_to_json(event)) for event in self.log]
        self.kept = Regrouping()

    # What always holds

    @invariant()
    def nothing_is_lost(self) -> None:
        """The fold agrees with what people said; what was taken back was as if never said."""
        if self.log and self.log[-1].number != self.checked:
            check_truth(self.truth, self.beliefs, self.first_name)
            self.checked = self.log[-1].number

    checked = 0

    def teardown(self) -> None:
        """A look that comes at last brings all that was said."""
        if self.faces:
            self._pull()
            self.nothing_is_lost()
            assert {place: said[0] for place, said in self.read.items()} == self.there
            self.group_again("loose")

    # How it happens

    @property
    def photo_of(self) -> dict[FaceId, PhotoId]:
        return {face.id: face.photo for face in self.faces.values()}

    def _now(self) -> int:
        self.clock += 1
        return self.clock

    def _add_photo(self, people: tuple[int, ...]) -> None:
        number = len(self.photos)
        photo = Photo(PhotoId(f"{number:064x}"), 400, 100)
        self.photos[photo.id] = photo
        for place, person in enumerate(people):
            face = FaceId(f"f{number}-{place}")
            self.faces[face] = Face(face, photo.id, Box(10 + 60 * place, 20, 40, 50), 2.0)
            row = np.zeros(ENCODING_LENGTH, dtype=np.float32)
            row[person], row[4 + (number + place) % 4] = 1.0, 0.2
            self.rows[face] = row

    def _somebody(self, at: int) -> PersonId:
        return sorted(self.first_name)[at % len(self.first_name)]

    def _answer(self, at: int, by: str, how: How, hint: str) -> None:
        """A page that is open, as far as we read; else one that somebody answered."""
        keys = [key for key in self.asked if not self.tasks[key].annotated] or list(self.asked)
        self._annotate(by, self.asked[keys[at % len(keys)]], how, hint)

    def _annotate(self, by: str, asked: Asked, how: How, hint: str) -> None:
        now = self._now()
        annotation = answered(asked, how, self.first_name, by=by, at=now)
        self.there[f"annotation:{now:03}"] = annotation
        self._hint(hint)

    def _annotate_rows(self, by: str, rows: Sequence[Row], hint: str) -> None:
        now = self._now()
        self.there[f"annotation:{now:03}"] = Annotation(by, now, tuple(rows))
        self._hint(hint)

    def _say(self, by: str, word: Word) -> None:
        """What a command says; it can be taken back like an annotation."""
        now = self._now()
        self.there[f"command:{now:03}"] = Annotation(by, now, word=word)
        self._pull()

    def _hint(self, hint: str) -> None:
        if hint == "cut off":
            self._pull(most=1)
        elif hint != "lost":
            self._pull()
        if hint == "twice":
            length = len(self.log)
            self._pull()
            assert len(self.log) == length, "a second look brought something"

    def _pull(self, most: int = 99) -> None:
        """Read what is new, changed or gone, as far as we get; what was said last comes first."""
        names = NameBook(self.truth, lambda: PersonId(f"p{len(self.log)}-{len(names._new)}"))
        believed = self.beliefs
        takes_back = False
        for place in sorted(self.there.keys() | self.read.keys(), reverse=True):
            now, before = self.there.get(place), self.read.get(place)
            if before is not None and before[0] is now:
                continue
            if not most:
                break
            most -= 1
            takes_back |= before is not None
            if now is None:
                self._append("label-studio", self._now(), place, Retracted())
                del self.read[place]
            else:
                self._append(
                    now.speaker, now.at, place, Revised(f"r{now.at}"), *words_of(now, names)
                )
                self.read[place] = now, self._meaning(now, believed)
                if now.asked is not None:
                    assert answer_of(now).passed == self.read[place][1].passed, "passed over"
        self._fold(takes_back=takes_back)

    def _meaning(self, annotation: Annotation, believed: Beliefs) -> Answer:
        word, said = annotation.word, Answer(annotation.speaker, annotation.at)
        match word:
            case PersonRenamed(person=person, name=name):
                return replace(said, renamed=(self.first_name[person], name.casefold()))
            case PersonMerged(person=person, into=into):
                return replace(said, merged=(self.first_name[person], self.first_name[into]))
            case SamePhotoException(first=first, second=second):
                return replace(said, excepted=(first, second))
        return meaning(annotation, believed)

    def _append(self, speaker: str, at: int, place: str, *words: Word) -> None:
        occasion = Occasion(speaker, START + timedelta(minutes=at), place)
        for word in words:
            self.log.append(Event(len(self.log) + 1, occasion, word))
            if isinstance(word, PersonCreated):
                self.first_name[word.person] = word.name.casefold()

    def _fold(self, *, takes_back: bool) -> None:
        self.truth = fold(self.log)
        self.beliefs = Beliefs(said for _, said in self.read.values())
        if takes_back:
            self._check_undo()

    def _check_undo(self) -> None:
        """As if only what stands had ever been said, but for who was ever created."""
        newest = {
            event.occasion.place: event.number
            for event in self.log
            if isinstance(event.word, Revised | Retracted)
        }
        stands = [
            event
            for event in self.log
            if isinstance(event.word, PersonCreated) or event.number > newest[event.occasion.place]
        ]
        assert fold(stands) == replace(self.truth, revisions={}), "undo is exact"

    def _push(self) -> None:
        """Plan the pages as a push does; those that somebody answered stay."""
        truth = once_a_photo(self.truth, self.photo_of)
        faces = tuple(self.faces)
        rows = np.array([self.rows[face] for face in faces]).reshape(-1, ENCODING_LENGTH)
        encodings = Encodings(NETWORK, faces, rows, rows)
        guesses = guess(encodings, truth, self.clusters, run="people-1", identifier=self.model)
        tasks = list(self._tasks())
        state = desk_state(encodings, self.faces, self.clusters, truth, guesses.learned, tasks)
        planned = desk.plan_desk(state, standing_pages(tasks))
        pages = wanted_pages(planned, self.photo_of, truth)
        check_pages(planned, self.beliefs, self.photo_of, self.first_name, state)
        check_standing(planned, tasks)
        self._check_photos(truth, guesses)
        self._note({task.key: task for task in tasks}, pages)

    def _tasks(self) -> Iterator[PushedTask]:
        """The tasks with what was read of their answers."""
        passed = defaultdict(list)
        for annotation, said in self.read.values():
            if annotation.asked is not None:
                passed[annotation.asked.key].append(said.passed)
        for task in self.tasks.values():
            of_all = frozenset.intersection(*passed.get(task.key, [frozenset()]))
            is_answered = task.key in passed
            yield replace(task, annotated=is_answered, passed=tuple(sorted(of_all)))

    def _note(self, tasks: dict[str, PushedTask], pages: Sequence[WantedPage]) -> None:
        """Tasks that nobody wants and nobody answered go."""
        kept = {one.asked.key for one in self.there.values() if one.asked is not None}
        wanted = {page.key: page for page in pages}
        assert len(wanted) == len(pages), "two pages have one key"
        self.tasks = {
            key: task
            for key, task in tasks.items()
            if task.annotated or key in kept or key in wanted
        }
        for key, page in wanted.items():
            if key not in self.tasks:
                self.tasks[key] = PushedTask(
                    "people", key, self._now(), Shown("", ""), PEOPLE_VERSION, "", page=page.page
                )
            if not self.tasks[key].annotated:
                predicted = page.prediction(PEOPLE_VERSION)["result"]
                self.asked[key] = Asked(key, page.data("/m.jpg"), predicted)
        self.asked = {key: asked for key, asked in self.asked.items() if key in self.tasks}

    def _check_exceptions(self, faces: Sequence[FaceId], constraints: Constraints) -> None:
        """Two faces of one photo that may be one person are not kept apart for their photo."""
        apart = {frozenset(faces[row] for row in pair) for pair in constraints.apart.tolist()}
        groups = self.beliefs.said_to_be_one()
        for pair in self.beliefs.excepted & apart:
            one = set(pair).union(*(group for group in groups if group & pair))
            assert not self.beliefs.is_one(one), "kept apart though nothing is said against it"
        for pair in self.beliefs.excepted:
            told = [one for one in constraints.contradictions if set(one.faces) == pair]
            assert not any("a mirror" in one.message for one in told), "asked about what was said"

    def _check_photos(self, truth: Truth, guesses: Guesses) -> None:
        wanted = wanted_photos(
            list(self.photos.values()), list(self.faces.values()), {}, truth, guesses
        )
        shown = {face.face: face.name.casefold() for one in wanted for face in one.shown}
        beliefs = self.beliefs
        assert beliefs.faces["not a face"].isdisjoint(shown)
        for face, name in shown.items():
            if face in beliefs.names:
                person = beliefs.names[face]
                assert name == beliefs.called.get(person, person), "a name said is shown"
            elif face in beliefs.faces["stranger"]:
                assert name == UNKNOWN.casefold()
            for person in (person for refused, person in beliefs.refused if refused == face):
                assert name != beliefs.called.get(person, person) or face in beliefs.names


def run(sequences: int) -> None:
    before = DeskMachine.sequences
    with pytest.MonkeyPatch.context() as patch:
        for module, sizes in SMALL.items():
            for name, size in sizes.items():
                patch.setattr(module, name, size)
        run_state_machine_as_test(
            DeskMachine,
            settings=settings(
                max_examples=sequences,
                stateful_step_count=STEPS,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert DeskMachine.sequences - before >= sequences


def test_nothing_said_at_the_desk_is_lost() -> None:
    run(QUICK_SEQUENCES)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_said_at_the_desk_is_lost_in_ten_thousand_sequences(part: int) -> None:
    run(SEQUENCES // PARTS)
