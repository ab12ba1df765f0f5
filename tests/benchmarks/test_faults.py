import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

from werkzeug.test import Client

from benchmarks.faults_answers import page_answer
from benchmarks.faults_state import State, compared, said_twice
from benchmarks.faults_studio import DurableStudio
from faces.confirmations import Event, FaceVerdict, Occasion, PersonCreated, Revised, Verdict, Word
from faces.records import FaceId, PersonId
from sync.desk import Project
from tests.studio_double import API_KEY
from tests.sync.conftest import NOW, Workspace, names

TOKEN = {"Authorization": f"Token {API_KEY}"}


def said(*words: Word, place: str = "annotation:1") -> list[Event]:
    """What one answer said, word by word."""
    return [
        Event(number, Occasion("somebody", NOW + timedelta(seconds=number), place), word)
        for number, word in enumerate(words, start=1)
    ]


def test_what_is_missing_is_lost_and_what_is_there_too_often_doubled() -> None:
    undisturbed = State(Counter({"photo a": 1, "photo b": 1, "f is Anna": 1}))
    found = compared(State(Counter({"photo a": 2, "f is Ben": 1})), undisturbed)
    assert found.lost == ["f is Anna", "photo b"]
    assert found.doubled == ["f is Ben", "photo a"]
    assert compared(undisturbed, undisturbed).is_nothing


def test_a_word_said_twice_by_one_revision_of_an_answer_is_doubled() -> None:
    anna = PersonCreated(PersonId("p1"), "Anna")
    is_anna = FaceVerdict(FaceId("f1"), Verdict.IS, PersonId("p1"))
    assert said_twice(said(anna, is_anna, Revised("later"), is_anna)) == []
    assert len(said_twice(said(anna, is_anna, is_anna))) == 1
    assert said_twice([*said(is_anna), *said(is_anna, place="annotation:2")]) == []


def test_the_small_label_studio_has_after_a_restart_what_it_had(tmp_path: Path) -> None:
    place = tmp_path / "studio.json"
    studio = Client(DurableStudio(place))
    project = {"title": "Ours", "label_config": "<View/>"}
    made = studio.post("/api/projects/", json=project, headers=TOKEN).get_json()
    tasks = [{"data": {"photo": "a"}, "meta": {"key": "a"}}]
    studio.post(f"/api/projects/{made['id']}/import", json=tasks, headers=TOKEN)
    before = json.loads(place.read_bytes())
    again = Client(DurableStudio(place))
    assert again.get(f"/api/projects/{made['id']}/", headers=TOKEN).get_json() == made
    again.post(f"/api/projects/{made['id']}/import", json=tasks, headers=TOKEN)
    after = json.loads(place.read_bytes())
    assert len(after["tasks"]) == len(before["tasks"]) + 1


def test_an_answer_gives_every_face_its_true_name(workspace: Workspace) -> None:
    workspace.add_photos(3, people=3)
    workspace.cluster()
    workspace.push()
    real = {f: f"Person {p}" for p, faces in workspace.members.items() for f in faces}
    for task in workspace.double.tasks_of(workspace.desk.project(Project.PEOPLE)):
        shown = {**task, "predictions": workspace.double.predictions_of(task["id"])}
        result = page_answer(shown, real)
        assert result is not None
        workspace.double.annotate(task["id"], result)
    workspace.pull()
    assert names(workspace) == real
