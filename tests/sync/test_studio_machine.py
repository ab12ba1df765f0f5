"""Whatever happens between Label Studio and the store in whatever order, both agree in the end.

The same model as in `tests.sync.test_desk_machine`, on real SQLite, the real pull and push, and the
small Label Studio: hints are lost, doubled or late, pulls are cut off, everything is started anew.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Set
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from faces.carrying import once_a_photo
from faces.confirmations import Occasion, PersonCreated, PersonRenamed
from faces.errors import StudioUnreachable
from faces.fold import fold
from faces.identify import CurrentModel
from faces.media import Media
from faces.records import FaceId, PersonId, PhotoId
from faces.store import clusters, ledger, log, photos
from faces.store.database import Store
from faces.studio import Studio
from faces.studio_format import UNKNOWN, ClusterVerdict, Tile
from faces.studio_people import Asks
from faces.versions import make_current, numbered, save_version
from sync.clustering import cluster_photos
from sync.desk import Project, open_desk
from sync.pull import GONE
from tests.desk_answers import Annotation, Asked, How, Row, Task, answered, meaning
from tests.desk_model import Answer, Beliefs, check_groups, check_truth
from tests.desk_pages import wrong_version
from tests.studio_double import API_KEY, URL, StudioDouble
from tests.sync.conftest import NOW, Workspace

SEQUENCES = 200
STEPS = 12

speakers = st.sampled_from(["ada@studio.test", "bob@studio.test"])
places = st.integers(0, 99)
names = st.sampled_from(["Anna", "anna ", "Bea", "Cid"])
verdicts = st.sampled_from([None, None, None, *ClusterVerdict])
marks = st.lists(
    st.sampled_from([*[Tile.SAME_PERSON] * 4, *Tile, None]), min_size=8, max_size=8
).map(tuple)
turns = st.integers(0, 2**30)
hints = st.sampled_from(["lost", "once", "twice", "cut off"])


class StudioMachine(RuleBasedStateMachine):
    """People answer in Label Studio while we pull, group and push."""

    empty_database: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="faceloop-"))
        shutil.copy(self.empty_database, self.folder / "store.sqlite3")
        self.double = StudioDouble()
        self.client = self.double.client()
        self.desk_of = self._opened()
        self.clock = 0
        self.there: dict[int, Annotation] = {}
        self.read: dict[int, tuple[Annotation, Answer]] = {}
        self.vanished: dict[int, tuple[Annotation, Answer]] = {}
        self.renamings: list[Answer] = []
        self.beliefs = Beliefs([])
        self.first_name: dict[PersonId, str] = {}

    # What happens

    @initialize(count=st.integers(2, 3), people=st.integers(1, 3))
    def begin(self, count: int, people: int) -> None:
        self.desk_of.add_photos(count, people=people)
        self.group_and_push(new_cut=False)

    @rule(people=st.integers(1, 3))
    def add_photo(self, people: int) -> None:
        self.desk_of.add_photos(1, people=people)

    @rule(new_cut=st.booleans())
    def group_and_push(self, new_cut: bool) -> None:
        cluster_photos(self.desk_of.store, now=NOW, new_cut=new_cut)
        with self.desk_of.store.read() as connection:
            found = [cluster.faces for cluster in clusters.clusters(connection)]
            photo_of = {face.id: face.photo for face in photos.faces(connection)}
        check_groups(found, self.beliefs, photo_of)
        self.push()

    @rule()
    def push(self) -> None:
        self.desk_of.push()
        self._check_open()

    @rule(at=places, by=speakers, tiles=marks, name=names, verdict=verdicts, turn=turns, hint=hints)
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
        tasks = self.double.tasks_of(self.desk_of.desk.people)
        if tasks:
            task = tasks[at % len(tasks)]["id"]
            said = self._page_answer(task, by, How(tiles, name, verdict, turn))
            self.there[self.double.annotate(task, list(said.result), by=by)] = said
            self._hint(hint)

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
        """An answer on a page is another one now."""
        number = sorted(self.there)[at % len(self.there)]
        before = self.there[number]
        if before.asked is not None:
            how = How(tiles, name, verdict, turn)
            self.there[number] = self._page_answer(before.task_id, before.speaker, how)
            self.double.change(number, result=list(self.there[number].result))
            self._hint(hint)

    @rule(at=places, by=speakers, name=names, hint=hints)
    def name_in_a_photo(self, at: int, by: str, name: str, hint: str) -> None:
        """All faces of a photo but one are left unknown."""
        tasks = self._open(Project.PHOTOS)
        if not tasks:
            return
        task = tasks[at % len(tasks)]
        (*_, prediction) = self.double.predictions_of(task["id"])
        boxes = copy.deepcopy(prediction["result"])
        named = boxes[at % len(boxes)]
        for box in boxes:
            box["value"]["rectanglelabels"] = [UNKNOWN]
        typed = {"id": named["id"], "type": "textarea", "value": {"text": [name]}}
        self.clock += 1
        row = Row(Task((FaceId(named["id"]),)), (Tile.SAME_PERSON,), name)
        said = Annotation(by, self.clock, (row,), task_id=task["id"])
        self.there[self.double.annotate(task["id"], [*boxes, typed], by=by)] = said
        self._hint(hint)

    @precondition(lambda self: self.first_name)
    @rule(who=st.integers(0, 2**20))
    def retrain(self, who: int) -> None:
        """A model that is wrong at random is the current one, and shows a round of its own."""
        truth = self.desk_of.truth()
        people = sorted({truth.resolve(person) for person in self.first_name})
        at = {people[(who >> 3 * axis) % len(people)]: axis for axis in range(3)}
        folder = self.folder / "models"
        version = numbered(folder, wrong_version(at))
        save_version(folder, version)
        make_current(folder, version.id)
        self.push()

    @precondition(lambda self: self.there)
    @rule(at=places, hint=hints)
    def delete(self, at: int, hint: str) -> None:
        number = sorted(self.there)[at % len(self.there)]
        self.double.take_back(number)
        del self.there[number]
        self._hint(hint)

    @precondition(lambda self: self.there)
    @rule(at=places)
    def a_task_vanishes(self, at: int) -> None:
        """Somebody deleted it in Label Studio: that takes no word back."""
        task = self.double.annotations[sorted(self.there)[at % len(self.there)]]["task"]
        for annotation in self.double.annotations_of(task):
            del self.there[annotation["id"]]
        for number, said in self.read.items():
            if said[0].task_id == task:
                self.vanished[number] = said
        self.double.drop_task(task)

    @precondition(lambda self: self.first_name)
    @rule(at=places)
    def rename(self, at: int) -> None:
        person = sorted(self.first_name)[at % len(self.first_name)]
        self.clock += 1
        name = f"Name {self.clock}"
        occasion = Occasion("command", NOW, f"command:{self.clock}")
        with self.desk_of.store.write() as connection:
            log.append(connection, occasion, [PersonRenamed(person, name)])
        renamed = (self.first_name[person], name.casefold())
        self.renamings.append(Answer("command", self.clock, renamed=renamed))
        self._check()

    @rule()
    def look(self) -> None:
        self._pull()

    @rule()
    def restart(self) -> None:
        before = self.desk_of
        before.store.close()
        self.desk_of = self._opened()
        self.desk_of.photo_count, self.desk_of.members = before.photo_count, before.members
        self._check()

    def teardown(self) -> None:
        """In the end all that was said is in the store, and shown."""
        try:
            if self.desk_of.photo_count:
                self._pull()
                assert {n: said[0] for n, said in self.read.items() if n not in self.vanished} == (
                    self.there
                )
                self.group_and_push(new_cut=True)
                assert not self.desk_of.pull().brought_news
                assert all(plan.is_empty for plan in self.desk_of.push().values())
                self._check_shown()
        finally:
            self.desk_of.store.close()
            self.client.close()
            shutil.rmtree(self.folder)

    # How it happens

    def _opened(self) -> Workspace:
        store = Store(f"sqlite:///{self.folder / 'store.sqlite3'}")
        studio = Studio(URL, API_KEY, httpx_client=self.client)
        media = Media(media=self.folder / "media", workspace=self.folder)
        desk = open_desk(store, studio, server=URL, media=media, pictures="local")
        models = CurrentModel(self.folder / "models")
        return Workspace(self.folder, store, self.double, studio, media, desk, models)

    def _page_answer(self, number: int, by: str, how: How) -> Annotation:
        """What somebody submits on a page, and what is meant by it."""
        self.clock += 1
        data = self.double.tasks[number]["data"]
        (prediction,) = self.double.predictions_of(number)
        key = self.double.tasks[number]["meta"]["key"]
        asked = Asked(key, data, prediction["result"])
        return answered(asked, how, self.first_name, by=by, at=self.clock, task_id=number)

    def _hint(self, hint: str) -> None:
        if hint == "cut off":
            self._cut_pull()
        elif hint != "lost":
            self._pull()
        if hint == "twice":
            assert not self.desk_of.pull().brought_news

    def _pull(self) -> None:
        self.desk_of.pull()
        self._note_read(set(self.there))
        self._check_passed()
        lines, beside = [], self.desk_of.log_lines
        if beside.exists():  # it begins with the first word
            lines = log.read_lines(beside)
        assert lines == self.desk_of.events()
        assert once_a_photo(fold(lines), self._photo_of()) == self.desk_of.truth()

    def _cut_pull(self) -> None:
        """The connection breaks after some requests; whole answers were read until then."""
        left = [3 + self.clock % 3]

        def cut() -> None:
            left[0] -= 1
            if not left[0]:
                raise httpx.ReadError("the connection was broken")

        self.double.watch = cut
        try:
            self.desk_of.pull()
        except StudioUnreachable:
            pass
        finally:
            self.double.watch = lambda: None
        with self.desk_of.store.read() as connection:
            noted = {
                number: read
                for project in Project
                for number, read in ledger.read_annotations(connection, project).items()
            }
        read = {
            number
            for number in self.there
            if number in noted
            and noted[number].revision == self.double.annotations[number]["updated_at"]
        }
        gone = self.read.keys() - self.vanished.keys() - self.there.keys()
        self._note_read(read, still_there=gone & noted.keys())

    def _note_read(self, numbers: set[int], *, still_there: Set[int] = frozenset()) -> None:
        """What stands now that these annotations were read as they are."""
        believed = self.beliefs
        before, self.read = self.read, dict(self.vanished)
        for number in self.there.keys() | still_there:
            now = self.there.get(number)
            if number in before and (before[number][0] is now or number not in numbers):
                self.read[number] = before[number]
            elif number in numbers and now is not None:
                self.read[number] = now, meaning(now, believed)
        self._check()

    def _check(self) -> None:
        for event in self.desk_of.events():
            if isinstance(event.word, PersonCreated):
                self.first_name[event.word.person] = event.word.name.casefold()
        self.beliefs = Beliefs([*(said for _, said in self.read.values()), *self.renamings])
        check_truth(self.desk_of.truth(), self.beliefs, self.first_name)

    def _photo_of(self) -> dict[FaceId, PhotoId]:
        with self.desk_of.store.read() as connection:
            return {face.id: face.photo for face in photos.faces(connection)}

    def _open(self, project: Project) -> list[dict[str, Any]]:
        """The tasks that nobody answered."""
        tasks = self.double.tasks_of(self.desk_of.desk.project(project))
        return [task for task in tasks if not self.double.annotations_of(task["id"])]

    def _check_open(self) -> None:
        """No face is on two open pages, but a pair's; nothing is asked of which all is said.

        A page whose answer was deleted is open again when that was heard of.
        """
        noted = self.desk_of.ledger(Project.PEOPLE).values()
        answered = {task.task_id for task in noted if task.annotated}
        open_pages = self._open(Project.PEOPLE)
        pages = [task["data"] for task in open_pages if task["id"] not in answered]
        asked = [face for page in pages if page["asks"] != Asks.SAME for face in page["faces"]]
        assert len(asked) == len(set(asked)), "a face is on two open pages"
        looked_at = set().union(*self.beliefs.faces.values()) - self.beliefs.faces["disputed"]
        assert looked_at.isdisjoint(face for page in pages for face in page["faces"])

    def _check_passed(self) -> None:
        """The ledger knows of which faces no answer of a task says anything."""
        for task in self.desk_of.ledger(Project.PEOPLE).values():
            said = [a.passed for one, a in self.read.values() if one.task_id == task.task_id]
            expected = frozenset.intersection(*said) if said else frozenset()
            assert task.seen == GONE or set(task.passed) == expected, "passed over"

    def _check_shown(self) -> None:
        """Every photo shows every name that was said, once; one that was answered stays as is."""
        for task in self._open(Project.PHOTOS):
            (seen,) = (
                prediction
                for prediction in self.double.predictions_of(task["id"])
                if prediction["model_version"] == self.desk_of.selected(Project.PHOTOS)
            )
            for region in seen["result"]:
                (name,) = region["value"].get("rectanglelabels", [UNKNOWN])
                face = FaceId(region["id"])
                if face in self.beliefs.names:
                    person = self.beliefs.names[face]
                    assert name.casefold() == self.beliefs.called.get(person, person)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_store_and_label_studio_agree_whatever_happens(empty_database: Path) -> None:
    StudioMachine.empty_database = empty_database
    run_state_machine_as_test(
        StudioMachine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
