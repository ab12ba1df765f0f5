"""Whatever people do at the desk in whatever order, nothing that they said is lost.

Random sequences of what can happen, from answers to groups and tasks without disk and network; what
has to hold is worked out in `tests.desk_model`.
"""

from __future__ import annotations

from collections import defaultdict
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
from faces.constraints import constraints_of
from faces.cut import Cut
from faces.fold import fold
from faces.identify import respecting
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
    Proposal,
)
from faces.regrouping import Regrouping
from faces.studio_format import UNKNOWN, ClusterVerdict, Tile
from faces.studio_rows import PeopleAnswer
from sync.answers import NameBook, words_of_people_answer
from sync.proposing import Guesses, guess
from sync.wanted import WantedPage, wanted_pages, wanted_photos
from tests.desk_model import (
    Annotation,
    Answer,
    Beliefs,
    Task,
    check_groups,
    check_truth,
    meaning,
)

SEQUENCES = 10_000
QUICK_SEQUENCES = 150
STEPS = 14
START = datetime(2026, 1, 1, tzinfo=UTC)

TRANSFORM = np.eye(ENCODING_LENGTH, 8, dtype=np.float32)
STRICT = Cut(TRANSFORM, reach=0.2, single=0.3, growth=0.0, faces=8)
LOOSE = Cut(TRANSFORM, reach=4.0, single=4.0, growth=0.0, faces=8)
"""By which everybody is one person, unless something is said against it."""

TILES = 6
"""So many faces of a page are shown at most; the others are counted."""
ALL_SAME: tuple[Tile | None, ...] = (Tile.SAME_PERSON,) * TILES

speakers = st.sampled_from(["Ada", "Bob"])
places = st.integers(0, 99)
names = st.sampled_from(["Anna", "anna ", "Bea", "Cid"])
verdicts = st.sampled_from([None, None, None, *ClusterVerdict])
marks = st.sampled_from([*[ALL_SAME] * 2000, *product([*Tile, None], repeat=TILES)])
"""What is said of each tile of a page; None is a tile that was deleted. One draw is fast."""
shown = st.sampled_from([TILES, 2])
crowds = st.sampled_from([who for size in (1, 2, 3) for who in product(range(3), repeat=size)])
"""Who is in a photo, some of them twice."""
hints = st.sampled_from(["lost", "once", "twice", "cut off"])
"""What becomes of the hint that an answer was given: it is followed by a pull, or by none."""


def words_of(annotation: Annotation, names: NameBook) -> tuple[Word, ...]:
    """What the product makes of it."""
    if annotation.word is not None:
        return (annotation.word,)
    answer = PeopleAnswer(
        annotation.name,
        annotation.verdict,
        annotation.marked,
        typed=annotation.verdict is None,
        disputed=annotation.task.disputed,
        carried=annotation.task.carried,
    )
    said = words_of_people_answer(answer, names)
    assert not said.problems
    return said.words


class DeskMachine(RuleBasedStateMachine):
    """Photos, a log, groups, tasks, and a Label Studio that is a dictionary."""

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
        self.learned: dict[FaceId, Proposal] | None = None
        self.tasks: list[Task] = []
        self.there: dict[str, Annotation] = {}
        self.read: dict[str, tuple[Annotation, Answer]] = {}
        self.first_name: dict[PersonId, str] = {}

    # What happens

    @initialize(first=st.tuples(*[crowds] * 4))
    def begin(self, first: tuple[tuple[int, ...], ...]) -> None:
        for people in first:
            self._add_photo(people)
        self.group_again(loose=False)

    @rule(people=crowds)
    def add_photo(self, people: tuple[int, ...]) -> None:
        if len(self.photos) < 9:
            self._add_photo(people)

    @rule(loose=st.booleans())
    def group_again(self, loose: bool) -> None:
        """A cut found anew: by the loose one only words keep people from each other."""
        self.cut = LOOSE if loose else STRICT
        faces = tuple(face for face in self.faces if face not in self.truth.not_faces)
        rows = np.array([self.rows[face] for face in faces]).reshape(-1, ENCODING_LENGTH)
        constraints = constraints_of(faces, self.photo_of, self.truth)
        found = group_people(
            Encodings(NETWORK, faces, rows, rows),
            self.cut,
            constraints,
            settled=self.truth.settled,
            before=self.clusters,
            kept=self.kept,
        )
        self.clusters = found.clusters
        check_groups([cluster.faces for cluster in self.clusters], self.beliefs, self.photo_of)
        self._push()

    @rule(who=st.integers(0, 2**20))
    def retrain(self, who: int) -> None:
        """A model that is wrong at random."""
        people = sorted(self.first_name)
        if people:
            self.learned = {
                face: Proposal(face, people[(who >> number) % len(people)], 0.9, "model-1")
                for number, face in enumerate(self.faces)
            }
        self._push()

    @precondition(lambda self: self.tasks)
    @rule(at=places, few=shown, by=speakers, tiles=marks, name=names, verdict=verdicts, hint=hints)
    def answer(
        self,
        at: int,
        few: int,
        by: str,
        tiles: tuple[Tile | None, ...],
        name: str,
        verdict: ClusterVerdict | None,
        hint: str,
    ) -> None:
        self._annotate(by, self._task(at, few), tiles, name, verdict, hint)

    @rule(at=places, by=speakers, tiles=marks, name=names, hint=hints)
    def answer_in_a_photo(
        self, at: int, by: str, tiles: tuple[Tile | None, ...], name: str, hint: str
    ) -> None:
        face = sorted(self.faces)[at % len(self.faces)]
        self._annotate(by, Task((face,)), tiles, name, None, hint)

    @precondition(lambda self: self.tasks)
    @rule(at=places, by=speakers, tiles=marks, hint=hints)
    def throw_out_without_a_name(
        self, at: int, by: str, tiles: tuple[Tile | None, ...], hint: str
    ) -> None:
        self._annotate(by, self._task(at, TILES), tiles, None, None, hint)

    @precondition(lambda self: self.there)
    @rule(at=places, by=speakers, name=names, hint=hints)
    def answer_again(self, at: int, by: str, name: str, hint: str) -> None:
        """The same faces are named once more: by another one, who may disagree, or by the same."""
        task = self.there[sorted(self.there)[at % len(self.there)]].task
        self._annotate(by, task, ALL_SAME, name, None, hint)

    @precondition(lambda self: self.truth.disputed)
    @rule(by=speakers, tiles=marks, name=names, verdict=verdicts)
    def decide(
        self, by: str, tiles: tuple[Tile | None, ...], name: str, verdict: ClusterVerdict | None
    ) -> None:
        faces = tuple(sorted(self.truth.disputed))[:TILES]
        task = Task(faces, disputed=frozenset(faces))
        self._annotate(by, task, tiles, name, verdict, "once")

    @precondition(lambda self: self.there)
    @rule(at=places, tiles=marks, name=names, verdict=verdicts, hint=hints)
    def change(
        self,
        at: int,
        tiles: tuple[Tile | None, ...],
        name: str,
        verdict: ClusterVerdict | None,
        hint: str,
    ) -> None:
        place = sorted(self.there)[at % len(self.there)]
        before = self.there[place]
        if before.word is None:
            self.there[place] = replace(
                before, at=self._now(), tiles=tiles, name=name, verdict=verdict
            )
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
            self.group_again(loose=True)

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

    def _task(self, at: int, few: int) -> Task:
        """One of the tasks, of which only a few faces are shown."""
        task = self.tasks[at % len(self.tasks)]
        return replace(task, faces=task.faces[:few], carried=task.faces[few:] + task.carried)

    def _annotate(
        self,
        by: str,
        task: Task,
        tiles: tuple[Tile | None, ...],
        name: str | None,
        verdict: ClusterVerdict | None,
        hint: str,
    ) -> None:
        now = self._now()
        annotation = Annotation(by, now, task, tiles, name, verdict)
        self.there[f"annotation:{now:03}"] = annotation
        self._hint(hint)

    def _say(self, by: str, word: Word) -> None:
        """What a command says; it can be taken back like an annotation."""
        now = self._now()
        self.there[f"command:{now:03}"] = Annotation(by, now, Task(()), word=word)
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
        """Plan the tasks as a push does; those that were there stay open in somebody's browser."""
        truth = once_a_photo(self.truth, self.photo_of)
        faces = tuple(self.faces)
        rows = np.array([self.rows[face] for face in faces]).reshape(-1, ENCODING_LENGTH)
        encodings = Encodings(NETWORK, faces, rows, rows)
        guesses = guess(encodings, truth, self.clusters, run="people-1", identifier=None)
        if self.learned is not None:
            proposals = respecting(self.learned.values(), truth)
            guesses = Guesses({one.face: one for one in proposals}, guesses.likeliest)
        pages = wanted_pages(self.clusters, self.photo_of, truth, guesses)
        self._check_pages(pages, truth)
        self._check_photos(truth, guesses)
        self.tasks = [Task(page.faces, page.carried, frozenset(page.disputed)) for page in pages]

    def _check_pages(self, pages: list[WantedPage], truth: Truth) -> None:
        asked = [face for page in pages for face in page.faces]
        assert len(asked) == len(set(asked)), "a face is asked for twice"
        assert truth.looked_at.isdisjoint(asked), "asked again though all is said"
        by_name = {person.name: person.id for person in truth.people.values()}
        for page in pages:
            if page.name is not None:
                person = self.first_name[by_name[page.name]]
                refused = {f for f in page.faces if (f, person) in self.beliefs.refused}
                assert not refused, "a refused name is chosen beforehand"

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
def test_nothing_said_at_the_desk_is_lost_in_ten_thousand_sequences() -> None:
    run(SEQUENCES)
