from datetime import datetime

import pytest

from faces.confirmations import (
    FaceVerdict,
    PersonCreated,
    PersonRenamed,
    Retracted,
    Revised,
    Verdict,
)
from faces.records import Box, PersonId
from faces.store import log, photos
from sync.desk import Project, open_desk
from tests.studio_double import URL
from tests.sync.conftest import (
    Workspace,
    chosen,
    face_id,
    marked,
    names,
    photo_id,
    prediction_of,
    said_of_row,
    typed,
)

ANNA = PersonId("p-anna")


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Three photos of two people, nobody named, all pushed."""
    workspace.add_photos(3)
    workspace.cluster()
    workspace.push()
    return workspace


def page_of(workspace: Workspace, person: int) -> int:
    return workspace.page_of(workspace.members[person][0])


def photo_task(workspace: Workspace, number: int = 0) -> int:
    return workspace.task_of(Project.PHOTOS, photo_id(number))


def name_row(workspace: Workspace, person: int, name: str, *, by: str = "owner@studio.test") -> int:
    """Type a name for somebody's row, and leave the others of its page as they are."""
    page = page_of(workspace, person)
    result = said_of_row(workspace, page, workspace.members[person][0], name=name)
    return workspace.double.annotate(page, result, by=by)


@pytest.mark.parametrize("filling", ["filled", "alone"])
def test_naming_a_row_names_all_its_faces_and_no_others(
    request: pytest.FixtureRequest, filling: str
) -> None:
    filled: Workspace = request.getfixturevalue(filling)
    name_row(filled, 0, "Zoë")
    pulled = filled.pull()
    assert (pulled.answers, pulled.words, pulled.problems) == (1, 4, [])
    assert pulled.brought_news
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")


def test_one_answer_names_all_rows_of_a_page(filled: Workspace) -> None:
    page = page_of(filled, 0)
    assert page_of(filled, 1) == page
    result = said_of_row(filled, page, filled.members[0][0], name="Zoë")
    result = said_of_row(filled, page, filled.members[1][2], name="Ben", before=result)
    filled.double.annotate(page, result)
    pulled = filled.pull()
    assert (pulled.answers, pulled.words) == (1, 8)
    zoe, ben = (dict.fromkeys(filled.members[n], name) for n, name in enumerate(("Zoë", "Ben")))
    assert names(filled) == zoe | ben


def test_pulling_again_adds_nothing(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
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
    answer = name_row(filled, 0, "Zoë")
    filled.pull()
    page, (first, *_, last) = page_of(filled, 0), filled.members[0]
    result = said_of_row(filled, page, last, name="Anna")
    filled.double.change(answer, result=[one for one in result if one.get("id") != first])
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0][1:], "Anna")
    assert [type(event.word) for event in filled.events()].count(Revised) == 2


def test_a_deleted_answer_takes_its_words_back(filled: Workspace) -> None:
    answer = name_row(filled, 0, "Zoë")
    filled.pull()
    filled.double.take_back(answer)
    pulled = filled.pull()
    assert pulled.taken_back == 1
    assert names(filled) == {}
    assert not filled.pull().brought_news
    name_row(filled, 0, "Zoë")
    filled.pull()
    assert len(filled.truth().people) == 1, "the name comes back to the same person"


def test_one_of_two_answers_deleted_leaves_the_other(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
    second = name_row(filled, 0, "Anna", by="second@studio.test")
    filled.pull()
    assert filled.truth().disputed == set(filled.members[0])
    filled.double.take_back(second)
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")


def test_a_dispute_is_settled_by_the_page_that_asks_again(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë", by="first@studio.test")
    name_row(filled, 0, "Anna", by="second@studio.test")
    filled.pull()
    filled.push()
    (asked_again,) = (
        task
        for task in filled.double.tasks_of(filled.desk.people)
        if task["data"].get("disputed") == filled.members[0]
    )
    result = prediction_of(filled, asked_again["id"])
    for face in filled.members[0]:
        result = said_of_row(filled, asked_again["id"], face, name="Zoë", before=result)
    again = filled.double.annotate(asked_again["id"], result, by="third@studio.test")
    filled.pull()
    assert filled.truth().disputed == frozenset()
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")
    filled.double.take_back(again)
    filled.pull()
    assert filled.truth().disputed == set(filled.members[0])


@pytest.mark.parametrize("people", [1, 2])
def test_a_carried_name_ends_when_a_shown_tile_is_thrown_out(
    workspace: Workspace, people: int
) -> None:
    workspace.add_photos(8, people=people)
    workspace.cluster()
    workspace.push()
    page = page_of(workspace, 0)
    data = workspace.double.tasks[page]["data"]
    shown = [face for face in workspace.members[0] if face in data["faces"]]
    carried = set(workspace.members[0]) - set(shown)
    assert carried
    result = said_of_row(workspace, page, shown[0], name="Zoë")
    answer = workspace.double.annotate(page, result)
    workspace.pull()
    truth = workspace.truth()
    assert set(truth.confirmed) == set(shown)
    assert {face: truth.people[who].name for face, who in truth.carried.items()} == dict.fromkeys(
        carried, "Zoë"
    )
    workspace.double.change(answer, result=marked(result, shown[1], "Someone else"))
    workspace.pull()
    assert set(workspace.truth().confirmed) == set(shown) - {shown[1]}
    assert workspace.truth().carried == {}
    assert carried.isdisjoint(workspace.truth().settled)


def test_a_chosen_name_that_changed_hands_means_who_had_it(filled: Workspace) -> None:
    filled.say(PersonCreated(ANNA, "Anna"), FaceVerdict(filled.members[0][0], Verdict.IS, ANNA))
    filled.push()
    page = filled.page_of(filled.members[0][1])
    assert filled.double.tasks[page]["data"]["people_ids"] == {"Anna": ANNA}
    filled.say(PersonRenamed(ANNA, "Anni"))
    filled.say(PersonCreated(PersonId("p-other"), "Anna"))
    result = [one for one in prediction_of(filled, page) if one["from_name"] != "name"]
    filled.double.annotate(page, [*result, chosen("name", "Anna")])
    filled.pull()
    assert set(names(filled).values()) == {"Anni"}
    assert set(filled.members[0]) <= names(filled).keys()


def test_a_name_that_is_chosen_for_a_row_and_changed_hands_means_who_had_it(
    filled: Workspace,
) -> None:
    filled.name(0, "Anna", faces=1)
    filled.name(1, "Ben", faces=1)
    filled.push()
    page = filled.page_of(filled.members[1][1])
    assert filled.double.tasks[page]["data"]["proposed"] == ["Anna", "Ben"]
    filled.say(PersonRenamed(PersonId("p0"), "Anni"))
    filled.say(PersonCreated(PersonId("p-other"), "Anna"))
    filled.double.annotate(page)
    filled.pull()
    anni, ben = (dict.fromkeys(filled.members[n], name) for n, name in enumerate(("Anni", "Ben")))
    assert names(filled) == anni | ben


def test_a_new_name_that_is_nearly_somebodys_is_told_and_nobody_is_made_one(
    filled: Workspace,
) -> None:
    name_row(filled, 0, "Johnny")
    assert filled.pull().problems == []
    page = page_of(filled, 1)
    name_row(filled, 1, "Jonny")
    (problem,) = filled.pull().problems
    assert f"task={page}:" in problem
    assert "Jonny is new, and spelled nearly like Johnny" in problem
    assert sorted(person.name for person in filled.truth().people.values()) == ["Johnny", "Jonny"]
    name_row(filled, 1, "Jonny")
    assert filled.pull().problems == [], "it is told once, when the name is new"


def test_a_skipped_answer_says_nothing(filled: Workspace) -> None:
    answer = name_row(filled, 0, "Zoë")
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
    name_row(filled, 0, "Zoë")
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
    answer = name_row(filled, 0, "Zoë")
    filled.pull()
    double = filled.double
    for rows in (double.tasks, double.projects, double.predictions, double.annotations):
        rows.clear()
    filled.desk = open_desk(
        filled.store, filled.studio, server="another", media=filled.media, pictures="local"
    )
    filled.push()
    double._ids = answer - 1
    assert name_row(filled, 1, "Anna") == answer
    filled.pull()
    assert set(names(filled).values()) == {"Zoë", "Anna"}


def test_two_annotators_are_two_speakers(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
    name_row(filled, 0, "Zoë", by="second@studio.test")
    filled.pull()
    speakers = filled.truth().confirmed[filled.members[0][0]].speakers
    assert speakers == ("annotator:owner@studio.test", "annotator:second@studio.test")


def test_one_annotator_who_changes_their_mind_is_believed_the_last_time(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
    name_row(filled, 0, "Anna")
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Anna")


def set_clock(workspace: Workspace, *, seconds: int) -> None:
    """Label Studio's clock goes to so many seconds after its first moment."""
    workspace.double._moments = seconds


def test_with_a_clock_that_was_set_back_the_last_word_still_counts(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
    filled.pull()
    filled.pull()
    for clock, name in enumerate(("Anna", "Ben", "Carla")):
        set_clock(filled, seconds=-1000 * clock - 1000)
        name_row(filled, 0, name)
        filled.pull()
        assert names(filled) == dict.fromkeys(filled.members[0], name)
    assert not filled.pull().brought_news


def test_what_was_said_while_the_clock_was_back_is_read_in_its_order(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
    filled.pull()
    filled.pull()
    set_clock(filled, seconds=-1000)
    later_page, changed = page_of(filled, 0), name_row(filled, 0, "Anna")
    name_row(filled, 0, "Ben")
    result = said_of_row(filled, later_page, filled.members[0][0], name="Carla")
    filled.double.change(changed, result=result)
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Carla")


def test_once_the_clock_is_right_again_nothing_of_its_error_stays(filled: Workspace) -> None:
    set_clock(filled, seconds=10**8)
    name_row(filled, 0, "Zoë")
    filled.pull()
    filled.pull()
    set_clock(filled, seconds=100)
    answer = name_row(filled, 0, "Anna")
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Anna")
    filled.double.take_back(answer)
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")


def test_a_word_that_a_pull_could_miss_keeps_its_time(filled: Workspace) -> None:
    """It was said while that pull went on, before another word that the pull came to."""
    read_at_once = name_row(filled, 0, "Zoë")
    late = filled.double.annotations[name_row(filled, 0, "Anna")]
    said = {**late}
    del filled.double.annotations[late["id"]]
    filled.double.annotations[read_at_once]["updated_at"] = filled.double.moment()
    filled.pull()
    filled.double.annotations[late["id"]] = said
    filled.pull()
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")


def test_another_label_studio_has_a_clock_of_its_own(filled: Workspace) -> None:
    set_clock(filled, seconds=5000)
    name_row(filled, 0, "Zoë")
    filled.pull()
    filled.pull()
    filled.desk = open_desk(
        filled.store, filled.studio, server="another", media=filled.media, pictures="local"
    )
    filled.push()
    set_clock(filled, seconds=100)
    answer = filled.double.annotations[name_row(filled, 1, "Anna")]
    filled.pull()
    assert filled.events()[-1].occasion.at == datetime.fromisoformat(answer["updated_at"])


def test_a_bad_name_is_reported_and_loses_nothing_else(filled: Workspace) -> None:
    page, (none, *_, last) = page_of(filled, 0), filled.members[0]
    result = said_of_row(filled, page, last, name="Unknown")
    result = said_of_row(filled, page, filled.members[1][0], name="Zoë", before=result)
    filled.double.annotate(page, marked(result, none, "Not a face"))
    pulled = filled.pull()
    assert len(pulled.problems) == 1
    assert "Unknown" in pulled.problems[0]
    assert str(page) in pulled.problems[0]
    assert names(filled) == dict.fromkeys(filled.members[1], "Zoë")
    assert filled.truth().not_faces == {none}


def test_a_bad_name_for_a_page_of_one_row_is_reported_and_loses_nothing_else(
    alone: Workspace,
) -> None:
    page, (none, *_) = page_of(alone, 0), alone.members[0]
    result = said_of_row(alone, page, none, name="Unknown")
    alone.double.annotate(page, marked(result, none, "Not a face"))
    (problem,) = alone.pull().problems
    assert "Unknown" in problem
    assert names(alone) == {}
    assert alone.truth().not_faces == {none}


def test_a_bad_name_of_one_box_loses_no_other_box(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = prediction_of(filled, task)
    second["value"]["rectanglelabels"] = ["Zoë"]
    bad = {**first, "from_name": "new_name", "type": "textarea", "value": {"text": ["Stranger"]}}
    filled.double.annotate(task, [first, bad, second])
    pulled = filled.pull()
    assert len(pulled.problems) == 1
    assert names(filled) == {second["id"]: "Zoë"}


def test_a_submitted_photo_confirms_its_names(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = prediction_of(filled, task)
    first["value"]["rectanglelabels"] = ["Zoë"]
    filled.double.annotate(task, [first, second])
    filled.pull()
    assert names(filled) == {first["id"]: "Zoë"}
    assert filled.truth().not_faces == frozenset()


def test_a_box_missing_from_a_submitted_proposal_is_no_face(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = prediction_of(filled, task)
    filled.double.annotate(task, [first])
    filled.pull()
    assert filled.truth().not_faces == {second["id"]}


def test_a_box_missing_from_an_answer_that_began_empty_means_nothing(filled: Workspace) -> None:
    task = photo_task(filled)
    filled.double.annotate(task, prediction_of(filled, task)[:1], prediction=False)
    filled.pull()
    assert filled.truth().not_faces == frozenset()


def test_an_answer_began_from_a_prediction_even_when_that_is_gone(filled: Workspace) -> None:
    task = photo_task(filled)
    first, second = prediction_of(filled, task)
    answer = filled.double.annotate(task, [first, second])
    filled.pull()
    filled.double.drop_prediction(filled.double.predictions_of(task)[0]["id"])
    filled.double.change(answer, result=[first])
    filled.pull()
    assert filled.truth().not_faces == {second["id"]}


def test_a_drawn_box_becomes_a_face(filled: Workspace) -> None:
    task = photo_task(filled)
    drawn = {**prediction_of(filled, task)[0], "id": "drawn"}
    drawn["value"] = {**drawn["value"], "x": 60, "y": 10, "rectanglelabels": ["Zoë"]}
    filled.double.annotate(task, [*prediction_of(filled, task), drawn])
    filled.pull()
    (face,) = names(filled)
    with filled.store.read() as connection:
        (stored,) = [f for f in photos.faces(connection) if f.id == face]
    assert stored.drawn
    assert stored.photo == photo_id(0)
    assert stored.box.overlap(Box(240, 10, 40, 50)) == pytest.approx(1)


def test_moving_a_box_keeps_the_face(filled: Workspace) -> None:
    task = photo_task(filled)
    result = prediction_of(filled, task)
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
    box = prediction_of(filled, photo_task(filled))
    filled.double.annotate(foreign, [*box, typed("Zoë")])
    pulled = filled.pull()
    assert pulled.words == 0
    assert filled.truth().people == {}
    events = filled.events()
    assert not filled.pull().brought_news
    assert filled.events() == events


def test_labels_that_are_not_ours_are_passed_over(alone: Workspace) -> None:
    page, (first, *others) = page_of(alone, 0), alone.members[0]
    result = marked(prediction_of(alone, page), first, "Maybe")
    alone.double.annotate(page, [*result, chosen("verdict", "Perhaps"), typed("Zoë")])
    task = photo_task(alone)
    (tile,) = prediction_of(alone, task)
    box = {**tile, "from_name": "verdict", "type": "choices"}
    alone.double.annotate(task, [tile, {**box, "value": {"choices": ["Perhaps"]}}])
    assert alone.pull().problems == []
    assert names(alone) == dict.fromkeys(others, "Zoë")


def test_a_verdict_on_a_page_of_rows_that_is_not_ours_is_passed_over(filled: Workspace) -> None:
    page = page_of(filled, 0)
    result = said_of_row(filled, page, filled.members[0][0], name="Zoë")
    filled.double.annotate(page, [*result, chosen("verdict", "Perhaps")])
    assert filled.pull().problems == []
    assert names(filled) == dict.fromkeys(filled.members[0], "Zoë")
    assert filled.truth().strangers == frozenset()


def test_an_answer_speaks_of_its_faces_whatever_cluster_they_are_in_by_then(
    filled: Workspace,
) -> None:
    name_row(filled, 0, "Zoë")
    filled.members = {0: filled.members[1][:2], 1: [filled.members[1][2], *filled.members[0]]}
    filled.cluster("dbscan-2")
    filled.push()
    filled.pull()
    assert set(names(filled)) == set(filled.members[1][1:])


def test_a_pull_and_a_push_settle_down(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
    filled.double.annotate(photo_task(filled))
    filled.pull()
    filled.push()
    filled.double.requests.clear()
    assert not filled.pull().brought_news
    assert all(plan.is_empty for plan in filled.push().values())
    assert filled.double.writes == []


def test_the_lines_beside_the_database_rebuild_it(filled: Workspace) -> None:
    answer = name_row(filled, 0, "Zoë")
    filled.pull()
    filled.double.take_back(answer)
    name_row(filled, 1, "Anna")
    filled.pull()
    assert log.read_lines(filled.log_lines) == filled.events()
    assert Retracted in {type(event.word) for event in filled.events()}


def test_a_lost_file_of_lines_is_written_again(filled: Workspace) -> None:
    name_row(filled, 0, "Zoë")
    filled.pull()
    filled.log_lines.unlink()
    filled.pull()
    assert log.read_lines(filled.log_lines) == filled.events()
