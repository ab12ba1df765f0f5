"""Faces of which an answer says nothing: they are not asked about again without a name chosen."""

import pytest

from faces.confirmations import FaceVerdict, PersonCreated, PersonMerged, Verdict
from faces.records import PersonId
from sync.desk import Project
from tests.sync.conftest import Workspace, marked, names, prediction_of, said_of_row, typed


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Three photos of three people: a page of three rows."""
    workspace.add_photos(3, people=3)
    workspace.cluster()
    workspace.push()
    return workspace


def sync(workspace: Workspace) -> None:
    workspace.pull()
    workspace.push()


def name_first_row(workspace: Workspace) -> int:
    (page,) = workspace.open_pages()
    result = said_of_row(workspace, page["id"], workspace.members[0][0], name="Anna")
    return workspace.double.annotate(page["id"], result)


def is_named(workspace: Workspace, person: int, name: str) -> None:
    """Somebody names a face that looks like this person's, on a photo of its own."""
    workspace.add_photos(1, people=person + 1)
    face = workspace.members[person][-1]
    someone = PersonId(f"p-{name}")
    workspace.say(PersonCreated(someone, name), FaceVerdict(face, Verdict.IS, someone))


def test_rows_that_were_passed_are_not_asked_about_again(filled: Workspace) -> None:
    name_first_row(filled)
    sync(filled)
    assert filled.open_pages() == []
    (task,) = filled.ledger(Project.PEOPLE).values()
    assert set(task.passed) == {*filled.members[1], *filled.members[2]}
    filled.cluster("dbscan-2")
    filled.push()
    assert filled.open_pages() == []


def test_what_is_said_of_a_row_later_ends_that_it_was_passed(filled: Workspace) -> None:
    annotation = name_first_row(filled)
    filled.pull()
    (task,) = filled.ledger(Project.PEOPLE).values()
    assert task.task_id is not None
    result = said_of_row(filled, task.task_id, filled.members[1][0], verdict="Stranger")
    filled.double.change(annotation, result=result)
    filled.pull()
    (task,) = filled.ledger(Project.PEOPLE).values()
    assert set(task.passed) == {*filled.members[0], *filled.members[2]}


def test_what_one_of_two_answers_says_something_of_was_not_passed(filled: Workspace) -> None:
    name_first_row(filled)
    (task,) = filled.ledger(Project.PEOPLE).values()
    assert task.task_id is not None
    result = said_of_row(filled, task.task_id, filled.members[1][0], name="Ben")
    filled.double.annotate(task.task_id, result, by="second@studio.test")
    filled.pull()
    (task,) = filled.ledger(Project.PEOPLE).values()
    assert set(task.passed) == set(filled.members[2])


def test_the_rest_that_are_called_strangers_are_not_passed(filled: Workspace) -> None:
    (page,) = filled.open_pages()
    result = said_of_row(filled, page["id"], filled.members[0][0], name="Anna")
    rest = {"choices": ["The rest are strangers"]}
    said = {"from_name": "verdict", "to_name": "montage", "type": "choices", "value": rest}
    filled.double.annotate(page["id"], [*result, said])
    sync(filled)
    assert filled.truth().strangers == {*filled.members[1], *filled.members[2]}
    (task,) = filled.ledger(Project.PEOPLE).values()
    assert task.passed == ()


def test_passed_faces_come_back_with_a_name_chosen(filled: Workspace) -> None:
    name_first_row(filled)
    sync(filled)
    is_named(filled, 1, "Ben")
    filled.cluster("dbscan-2")
    filled.push()
    (page,) = filled.open_pages()
    row = page["data"]["rows"].index([*filled.members[1][:3]])
    assert page["data"]["proposed"][row] == "Ben"
    assert filled.asked().isdisjoint(filled.members[2])
    filled.double.annotate(page["id"])
    filled.pull()
    assert {names(filled).get(face) for face in filled.members[1]} == {"Ben"}


def test_the_same_page_that_was_passed_comes_back_once_with_a_name_chosen(
    alone: Workspace,
) -> None:
    (page,) = alone.open_pages()
    alone.double.annotate(page["id"])
    sync(alone)
    assert alone.open_pages() == []
    is_named(alone, 0, "Anna")
    alone.cluster("dbscan-2")
    for _ in range(2):
        alone.push()
        (again,) = alone.open_pages()
        assert again["data"]["faces"] == page["data"]["faces"]
    assert again["data"]["question"] == ""
    alone.double.annotate(again["id"], skipped=True)
    sync(alone)
    assert alone.open_pages() == [], "who skips it twice does not want to tell"
    assert all(plan.is_empty for plan in alone.push().values())


@pytest.mark.parametrize("filling", ["filled", "alone"])
def test_a_page_that_was_skipped_is_passed_whole(
    request: pytest.FixtureRequest, filling: str
) -> None:
    workspace: Workspace = request.getfixturevalue(filling)
    (page,) = workspace.open_pages()
    workspace.double.annotate(page["id"], skipped=True)
    sync(workspace)
    assert workspace.events() == []
    assert workspace.open_pages() == []
    (task,) = workspace.ledger(Project.PEOPLE).values()
    assert set(task.passed) == {face for faces in workspace.members.values() for face in faces}


def test_the_carried_faces_of_a_page_that_was_passed_are_passed_too(workspace: Workspace) -> None:
    workspace.add_photos(20, people=1)
    workspace.cluster()
    workspace.push()
    (page,) = workspace.open_pages()
    assert len(page["data"]["faces"]) < 20
    workspace.double.annotate(page["id"])
    sync(workspace)
    assert workspace.open_pages() == []


@pytest.mark.parametrize("skipped", [True, False])
def test_a_skip_or_an_answer_that_is_deleted_asks_again(filled: Workspace, skipped: bool) -> None:
    (page,) = filled.open_pages()
    if skipped:
        annotation = filled.double.annotate(page["id"], skipped=True)
    else:
        annotation = name_first_row(filled)
    sync(filled)
    assert filled.open_pages() == []
    filled.double.take_back(annotation)
    sync(filled)
    (again,) = filled.open_pages()
    assert (again["id"], again["data"]["rows"]) == (page["id"], page["data"]["rows"])
    (task,) = filled.ledger(Project.PEOPLE).values()
    assert (task.annotated, task.passed) == (False, ())


def test_a_page_of_one_row_that_is_named_after_a_skip_is_not_passed(alone: Workspace) -> None:
    (page,) = alone.open_pages()
    skip = alone.double.annotate(page["id"], skipped=True)
    alone.pull()
    shown = prediction_of(alone, page["id"])
    alone.double.change(skip, was_cancelled=False, result=[*shown, typed("Anna")])
    sync(alone)
    (task,) = alone.ledger(Project.PEOPLE).values()
    assert task.passed == ()
    assert set(names(alone)) == set(alone.members[0])


@pytest.mark.parametrize("skips", [True, False])
def test_a_name_that_was_declined_is_not_chosen_for_the_same_faces_again(
    filled: Workspace, skips: bool
) -> None:
    is_named(filled, 0, "Anna")
    is_named(filled, 1, "Ben")
    filled.cluster("dbscan-2")
    filled.push()
    (page,) = [one for one in filled.open_pages() if any(one["data"].get("proposed", ()))]
    tiles = prediction_of(filled, page["id"])
    declined = marked(tiles, filled.members[0][0], "Unknown")
    filled.double.annotate(page["id"], declined, skipped=skips)
    for _ in range(2):
        sync(filled)
        filled.add_photos(1, people=3)
    sync(filled)
    assert filled.asked().isdisjoint(filled.members[0][:3])
    assert {filled.members[0][-1], filled.members[1][-1]} <= filled.asked()


def test_whom_a_declined_name_was_merged_into_is_declined_too(filled: Workspace) -> None:
    is_named(filled, 0, "Anna")
    filled.push()
    (page,) = [one for one in filled.open_pages() if filled.members[0][0] in one["data"]["faces"]]
    filled.double.annotate(page["id"], skipped=True)
    someone = PersonId("p-Bea")
    filled.say(PersonCreated(someone, "Bea"), PersonMerged(PersonId("p-Anna"), someone), place="m")
    sync(filled)
    assert filled.asked().isdisjoint(filled.members[0][:3])


def test_what_was_passed_with_one_name_is_asked_about_with_another(alone: Workspace) -> None:
    is_named(alone, 0, "Anna")
    alone.cluster("dbscan-2")
    alone.push()
    (page,) = alone.open_pages()
    alone.double.annotate(page["id"], skipped=True)
    sync(alone)
    assert alone.open_pages() == []
    face, someone = alone.members[0][-1], PersonId("p-Bea")
    alone.say(PersonCreated(someone, "Bea"), FaceVerdict(face, Verdict.IS, someone))
    alone.push()
    (again,) = alone.open_pages()
    assert again["data"]["faces"] == page["data"]["faces"]
    assert [one["value"] for one in again["data"]["people"]] == ["Bea"]
