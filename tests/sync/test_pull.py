import json
from typing import Any

import pytest

from faces.confirmations import (
    FaceVerdict,
    PersonCreated,
    PersonRenamed,
    Retracted,
    Revised,
    Verdict,
)
from faces.records import Box, FaceId, PersonId
from faces.store import log, photos
from sync.desk import Project, open_desk
from tests.studio_double import URL
from tests.sync.conftest import Workspace, face_id, photo_id

ANNA = PersonId("p-anna")


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Three photos of two people, nobody named, all pushed."""
    workspace.add_photos(3)
    workspace.cluster()
    workspace.push()
    return workspace


def page_of(workspace: Workspace, person: int) -> int:
    for task in workspace.double.tasks_of(workspace.desk.people):
        if workspace.members[person][0] in task["data"]["faces"]:
            return int(task["id"])
    raise AssertionError(f"no page shows person {person}")


def photo_task(workspace: Workspace, number: int = 0) -> int:
    return workspace.task_of(Project.PHOTOS, photo_id(number))


def shown(workspace: Workspace, task: int) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = workspace.double.predictions_of(task)[-1]["result"]
    return json.loads(json.dumps(result))  # type: ignore[no-any-return]  # a copy


def typed(name: str) -> dict[str, Any]:
    text = {"text": [name]}
    return {"from_name": "new_name", "to_name": "montage", "type": "textarea", "value": text}


def chosen(control: str, value: str) -> dict[str, Any]:
    choices = {"choices": [value]}
    return {"from_name": control, "to_name": "montage", "type": "choices", "value": choices}


def name_page(
    workspace: Workspace, person: int, name: str, *, by: str = "owner@studio.test"
) -> int:
    page = page_of(workspace, person)
    return workspace.double.annotate(page, [*shown(workspace, page), typed(name)], by=by)


def names(workspace: Workspace) -> dict[FaceId, str]:
    truth = workspace.truth()
    return {face: truth.people[c.person].name for face, c in truth.confirmed.items()}


def test_naming_a_page_names_all_its_faces(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë")
    pulled = filled.pull()
    assert (pulled.answers, pulled.words, pulled.problems) == (1, 4, [])
    assert pulled.brought_news
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")


def test_pulling_again_adds_nothing(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë")
    filled.double.annotate(photo_task(filled))
    filled.pull()
    events, lines = filled.events(), filled.log_lines.read_text()
    filled.double.requests.clear()
    assert not filled.pull().brought_news
    assert filled.events() == events
    assert filled.log_lines.read_text() == lines
    assert not [path for _, path in filled.double.requests if path != "/api/tasks/"]


def test_pulling_an_untouched_label_studio_brings_nothing(filled: Workspace) -> None:
    assert not filled.pull().brought_news
    assert filled.events() == []


def test_a_changed_answer_replaces_what_it_said(filled: Workspace) -> None:
    answer = name_page(filled, 0, "Zoë")
    filled.pull()
    page = page_of(filled, 0)
    filled.double.change(answer, result=[*shown(filled, page)[1:], typed("Anna")])
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0][1:], "Anna")
    assert [type(event.word) for event in filled.events()].count(Revised) == 2


def test_a_deleted_answer_takes_its_words_back(filled: Workspace) -> None:
    answer = name_page(filled, 0, "Zoë")
    filled.pull()
    filled.double.take_back(answer)
    pulled = filled.pull()
    assert pulled.taken_back == 1
    assert names(filled) == {}
    assert not filled.pull().brought_news
    name_page(filled, 0, "Zoë")
    filled.pull()
    assert len(filled.truth().people) == 1, "the name comes back to the same person"


def test_one_of_two_answers_deleted_leaves_the_other(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë")
    second = name_page(filled, 0, "Anna", by="second@studio.test")
    filled.pull()
    assert filled.truth().disputed == set(filled.members[0])
    filled.double.take_back(second)
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")


def test_a_dispute_is_settled_by_the_page_that_asks_again(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë", by="first@studio.test")
    name_page(filled, 0, "Anna", by="second@studio.test")
    filled.pull()
    filled.push()
    (asked_again,) = (
        task
        for task in filled.double.tasks_of(filled.desk.people)
        if task["data"].get("disputed") == filled.members[0]
    )
    result = [*shown(filled, asked_again["id"]), typed("Zoë")]
    again = filled.double.annotate(asked_again["id"], result, by="third@studio.test")
    filled.pull()
    assert filled.truth().disputed == frozenset()
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")
    filled.double.take_back(again)
    filled.pull()
    assert filled.truth().disputed == set(filled.members[0])


def test_a_carried_name_ends_when_a_shown_tile_is_thrown_out(filled: Workspace) -> None:
    page = page_of(filled, 0)
    *first, last = filled.members[0]
    data = filled.double.tasks[page]["data"]
    data.update(faces=first, carried=[last])
    tiles = [one for one in shown(filled, page) if one.get("id") in first]
    answer = filled.double.annotate(page, [*tiles, typed("Zoë")])
    filled.pull()
    truth = filled.truth()
    assert set(truth.confirmed) == set(first)
    assert {face: truth.people[who].name for face, who in truth.carried.items()} == {last: "Zoë"}
    tiles[0]["value"]["rectanglelabels"] = ["Someone else"]
    filled.double.change(answer, result=[*tiles, typed("Zoë")])
    filled.pull()
    assert filled.truth().carried == {}
    assert last not in filled.truth().settled


def test_a_chosen_name_that_changed_hands_means_who_had_it(filled: Workspace) -> None:
    filled.say(PersonCreated(ANNA, "Anna"), FaceVerdict(filled.members[0][0], Verdict.IS, ANNA))
    filled.push()
    (page,) = (
        task["id"]
        for task in filled.double.tasks_of(filled.desk.people)
        if task["data"]["people_ids"] == {"Anna": ANNA}
        and filled.members[0][1] in task["data"]["faces"]
    )
    filled.say(PersonRenamed(ANNA, "Anni"))
    filled.say(PersonCreated(PersonId("p-other"), "Anna"))
    result = [one for one in shown(filled, page) if one["from_name"] != "name"]
    filled.double.annotate(page, [*result, chosen("name", "Anna")])
    filled.pull()
    assert set(names(filled).values()) == {"Anni"}
    assert set(filled.members[0]) <= names(filled).keys()


def test_a_new_name_that_is_nearly_somebodys_is_told_and_nobody_is_made_one(
    filled: Workspace,
) -> None:
    name_page(filled, 0, "Johnny")
    assert filled.pull().problems == []
    page = page_of(filled, 1)
    name_page(filled, 1, "Jonny")
    (problem,) = filled.pull().problems
    assert f"task={page}:" in problem
    assert "Jonny is new, and spelled nearly like Johnny" in problem
    assert sorted(person.name for person in filled.truth().people.values()) == ["Johnny", "Jonny"]
    name_page(filled, 1, "Jonny")
    assert filled.pull().problems == [], "it is told once, when the name is new"


def test_a_skipped_answer_says_nothing(filled: Workspace) -> None:
    answer = name_page(filled, 0, "Zoë")
    filled.double.change(answer, was_cancelled=True)
    filled.pull()
    assert filled.events() == []
    filled.double.change(answer, was_cancelled=False)
    filled.pull()
    assert len(names(filled)) == 3
    filled.double.change(answer, was_cancelled=True)
    assert filled.pull().taken_back == 1
    assert names(filled) == {}


@pytest.mark.parametrize("what", ["task", "project", "everything"])
def test_what_vanished_takes_nothing_back(filled: Workspace, what: str) -> None:
    name_page(filled, 0, "Zoë")
    filled.pull()
    known = names(filled)
    if what == "task":
        filled.double.drop_task(page_of(filled, 0))
    elif what == "project":
        filled.double.drop_project(filled.desk.people)
    else:
        filled.double.tasks.clear()
        filled.double.projects.clear()
        filled.double.predictions.clear()
        filled.double.annotations.clear()
    filled.desk = open_desk(
        filled.store, filled.studio, server=URL, media=filled.media, pictures="local"
    )
    filled.pull()
    filled.push()
    filled.pull()
    assert names(filled) == known


def test_annotation_1_of_a_new_label_studio_is_another_answer(filled: Workspace) -> None:
    answer = name_page(filled, 0, "Zoë")
    filled.pull()
    double = filled.double
    for rows in (double.tasks, double.projects, double.predictions, double.annotations):
        rows.clear()
    filled.desk = open_desk(
        filled.store, filled.studio, server="another", media=filled.media, pictures="local"
    )
    filled.push()
    double._ids = answer - 1
    assert name_page(filled, 1, "Anna") == answer
    filled.pull()
    assert set(names(filled).values()) == {"Zoë", "Anna"}


def test_two_annotators_are_two_speakers(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë")
    name_page(filled, 0, "Zoë", by="second@studio.test")
    filled.pull()
    speakers = filled.truth().confirmed[filled.members[0][0]].speakers
    assert speakers == ("annotator:owner@studio.test", "annotator:second@studio.test")


def test_one_annotator_who_changes_their_mind_is_believed_the_last_time(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë")
    name_page(filled, 0, "Anna")
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Anna")


def test_a_bad_name_is_reported_and_loses_nothing_else(filled: Workspace) -> None:
    page = page_of(filled, 0)
    result = shown(filled, page)
    result[0]["value"]["rectanglelabels"] = ["Not a face"]
    filled.double.annotate(page, [*result, typed("Unknown")])
    name_page(filled, 1, "Zoë")
    pulled = filled.pull()
    assert len(pulled.problems) == 1
    assert "Unknown" in pulled.problems[0]
    assert str(page) in pulled.problems[0]
    assert names(filled) == dict.fromkeys(filled.members[1], "Zoë")
    assert filled.truth().not_faces == {result[0]["id"]}


def test_a_bad_name_of_one_box_loses_no_other_box(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = shown(filled, task)
    second["value"]["rectanglelabels"] = ["Zoë"]
    bad = {**first, "from_name": "new_name", "type": "textarea", "value": {"text": ["Stranger"]}}
    filled.double.annotate(task, [first, bad, second])
    pulled = filled.pull()
    assert len(pulled.problems) == 1
    assert names(filled) == {second["id"]: "Zoë"}


def test_a_submitted_photo_confirms_its_names(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = shown(filled, task)
    first["value"]["rectanglelabels"] = ["Zoë"]
    filled.double.annotate(task, [first, second])
    filled.pull()
    assert names(filled) == {first["id"]: "Zoë"}
    assert filled.truth().not_faces == frozenset()


def test_a_box_missing_from_a_submitted_proposal_is_no_face(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = shown(filled, task)
    filled.double.annotate(task, [first])
    filled.pull()
    assert filled.truth().not_faces == {second["id"]}


def test_a_box_missing_from_an_answer_that_began_empty_means_nothing(filled: Workspace) -> None:
    task = photo_task(filled)
    filled.double.annotate(task, shown(filled, task)[:1], prediction=False)
    filled.pull()
    assert filled.truth().not_faces == frozenset()


def test_an_answer_began_from_a_prediction_even_when_that_is_gone(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = shown(filled, task)
    answer = filled.double.annotate(task, [first, second])
    filled.pull()
    filled.double.drop_prediction(filled.double.predictions_of(task)[0]["id"])
    filled.double.change(answer, result=[first])
    filled.pull()
    assert filled.truth().not_faces == {second["id"]}


def test_a_drawn_box_becomes_a_face(filled: Workspace) -> None:
    task = photo_task(filled)
    drawn = {**shown(filled, task)[0], "id": "drawn"}
    drawn["value"] = {**drawn["value"], "x": 60, "y": 10, "rectanglelabels": ["Zoë"]}
    filled.double.annotate(task, [*shown(filled, task), drawn])
    filled.pull()
    (face,) = names(filled)
    with filled.store.read() as connection:
        (stored,) = [f for f in photos.faces(connection) if f.id == face]
    assert stored.drawn
    assert stored.photo == photo_id(0)
    assert stored.box.overlap(Box(240, 10, 40, 50)) == pytest.approx(1)


def test_moving_a_box_keeps_the_face(filled: Workspace) -> None:
    task = photo_task(filled)
    result = shown(filled, task)
    result[0]["value"] |= {"x": 5.0, "rectanglelabels": ["Zoë"]}
    filled.double.annotate(task, result)
    filled.pull()
    assert names(filled) == {face_id(0, 0): "Zoë"}
    with filled.store.read() as connection:
        (moved,) = [f for f in photos.faces(connection) if f.id == face_id(0, 0)]
    assert moved.box.left == pytest.approx(20)
    assert not moved.drawn


@pytest.mark.parametrize("project", Project)
def test_a_task_that_is_not_ours_is_passed_over(filled: Workspace, project: Project) -> None:
    (foreign,) = filled.studio.import_tasks(
        filled.desk.project(project), [{"data": {"text": "hello"}}]
    )
    box = shown(filled, photo_task(filled))
    filled.double.annotate(foreign, [*box, typed("Zoë")])
    pulled = filled.pull()
    assert pulled.words == 0
    assert filled.truth().people == {}
    events = filled.events()
    assert not filled.pull().brought_news
    assert filled.events() == events


def test_labels_that_are_not_ours_are_passed_over(filled: Workspace) -> None:
    page = page_of(filled, 0)
    result = shown(filled, page)
    result[0]["value"]["rectanglelabels"] = ["Maybe"]
    filled.double.annotate(page, [*result, chosen("verdict", "Perhaps"), typed("Zoë")])
    task = photo_task(filled)
    box = {**shown(filled, task)[0], "from_name": "verdict", "type": "choices"}
    filled.double.annotate(task, [*shown(filled, task), {**box, "value": {"choices": ["Perhaps"]}}])
    assert filled.pull().problems == []
    assert names(filled) == dict.fromkeys(filled.members[0][1:], "Zoë")


def test_an_answer_speaks_of_its_faces_whatever_cluster_they_are_in_by_then(
    filled: Workspace,
) -> None:
    name_page(filled, 0, "Zoë")
    filled.members = {0: filled.members[1][:2], 1: [filled.members[1][2], *filled.members[0]]}
    filled.cluster("dbscan-2")
    filled.push()
    filled.pull()
    assert set(names(filled)) == set(filled.members[1][1:])


def test_a_pull_and_a_push_settle_down(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë")
    filled.double.annotate(photo_task(filled))
    filled.pull()
    filled.push()
    filled.double.requests.clear()
    assert not filled.pull().brought_news
    assert all(plan.is_empty for plan in filled.push().values())
    assert filled.double.writes == []


def test_the_lines_beside_the_database_rebuild_it(filled: Workspace) -> None:
    answer = name_page(filled, 0, "Zoë")
    filled.pull()
    filled.double.take_back(answer)
    name_page(filled, 1, "Anna")
    filled.pull()
    assert log.read_lines(filled.log_lines) == filled.events()
    assert Retracted in {type(event.word) for event in filled.events()}


def test_a_lost_file_of_lines_is_written_again(filled: Workspace) -> None:
    name_page(filled, 0, "Zoë")
    filled.pull()
    filled.log_lines.unlink()
    filled.pull()
    assert log.read_lines(filled.log_lines) == filled.events()
