"""Pages of several rows that are full stay as they are, so that an answer changes few tasks."""

import pytest

from faces.records import FaceId
from sync.desk import Project
from sync.queues import note_annotators
from tests.sync.conftest import Workspace, names, prediction_of, said_of_row

ROWS = 5
"""So many rows of six faces fill a page."""
PAGES = 3


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Pages that are full, and one that is not, of people in six photos each."""
    workspace.add_photos(6, people=ROWS * PAGES + 1)
    workspace.cluster()
    workspace.push()
    return workspace


def keys(workspace: Workspace) -> list[str]:
    """The open pages, by what they are about."""
    return [page["meta"]["key"] for page in workspace.open_pages()]


def people_on(workspace: Workspace, page: int) -> list[int]:
    """Whose faces a task shows, in the order of its rows."""
    person_of = {faces[0]: person for person, faces in workspace.members.items()}
    data = workspace.double.tasks[page]["data"]
    return [person_of[row[0]] for row in data.get("rows") or [data["faces"]]]


def answer(workspace: Workspace, page: int, people: list[int]) -> None:
    """Give these rows of a page a name each, and bring both sides up to date."""
    result = prediction_of(workspace, page)
    for person in people:
        face = workspace.members[person][0]
        result = said_of_row(workspace, page, face, name=f"Person {person}", before=result)
    workspace.double.annotate(page, result)
    workspace.pull()


def test_rows_fill_pages(filled: Workspace) -> None:
    sizes = [page["data"]["size"] for page in filled.open_pages()]
    assert sizes == ["30"] * PAGES + ["6"]
    assert filled.asked() == {face for faces in filled.members.values() for face in faces}


@pytest.mark.parametrize("named", [1, ROWS])
def test_an_answer_leaves_all_other_pages_as_they_are(filled: Workspace, named: int) -> None:
    first, *others = keys(filled)
    page = filled.task_of(Project.PEOPLE, first)
    answer(filled, page, people_on(filled, page)[:named])
    plan = filled.push()[Project.PEOPLE]
    assert plan.is_empty
    assert keys(filled) == others


def test_what_is_said_elsewhere_changes_only_the_page_that_shows_it(filled: Workspace) -> None:
    first, *others = keys(filled)
    page = filled.task_of(Project.PEOPLE, first)
    gone, *left = people_on(filled, page)
    filled.name(gone, "Anna", faces=6)
    plan = filled.push()[Project.PEOPLE]
    assert plan.stale == (first,)
    (new,) = plan.new
    assert people_on(filled, filled.task_of(Project.PEOPLE, new)) == left
    assert set(keys(filled)) == {new, *others}


def test_a_page_that_lost_too_many_rows_is_shared_out_among_what_is_not_full(
    filled: Workspace,
) -> None:
    first, *full, last = keys(filled)
    page = filled.task_of(Project.PEOPLE, first)
    people = people_on(filled, page)
    for person in people[:3]:
        filled.name(person, f"Person {person}", faces=6)
    filled.push()
    (new,) = set(keys(filled)) - set(full)
    assert new not in (first, last)
    shown = people_on(filled, filled.task_of(Project.PEOPLE, new))
    assert set(shown) == {*people[3:], ROWS * PAGES}


def test_new_photos_leave_the_pages_of_those_who_are_not_on_them_as_they_are(
    filled: Workspace,
) -> None:
    pages = {key: filled.task_of(Project.PEOPLE, key) for key in keys(filled)}
    first = next(key for key, task in pages.items() if 0 in people_on(filled, task))
    page, others = pages[first], [key for key in pages if key != first]
    assert people_on(filled, page) == list(range(ROWS))
    answer(filled, page, list(range(ROWS)))
    filled.push()
    new = filled.add_photos(1, people=ROWS)
    filled.cluster("dbscan-2")
    filled.push()
    assert set(others) < set(keys(filled))
    (quick,) = [page for page in filled.open_pages() if page["meta"]["key"] not in others]
    assert quick["data"]["kind"] == "confirm"
    assert len(quick["data"]["faces"]) == ROWS * len(new)


def test_new_people_get_pages_of_their_own_beside_those_that_stand(filled: Workspace) -> None:
    *full, last = keys(filled)
    before = filled.asked()
    filled.add_photos(6, people=range(100, 104))
    filled.cluster("dbscan-2")
    filled.push()
    assert set(full) <= set(keys(filled))
    assert last not in keys(filled), "what was not full has new rows beside it"
    new = {face for person in range(100, 104) for face in filled.members[person]}
    assert filled.asked() == before | new


def test_a_name_moves_a_standing_row_among_those_that_have_one(filled: Workspace) -> None:
    first, *others = keys(filled)
    page = filled.task_of(Project.PEOPLE, first)
    person, *left = people_on(filled, page)
    filled.name(person, "Anna", faces=1)
    filled.push()
    assert set(others) < set(keys(filled))
    (confirm, rest) = sorted(
        (page for page in filled.open_pages() if page["meta"]["key"] not in others),
        key=lambda page: str(page["data"]["kind"]),
    )
    assert confirm["data"]["faces"] == filled.members[person][1:]
    assert people_on(filled, rest["id"]) == left


def test_pushing_again_changes_no_page(filled: Workspace) -> None:
    filled.double.requests.clear()
    assert filled.push()[Project.PEOPLE].is_empty
    assert filled.double.writes == []


def test_a_page_stays_in_its_queue_when_it_loses_a_row(filled: Workspace) -> None:
    with filled.store.write() as connection:
        note_annotators(connection, ("ada", "bob", "cleo"))
    filled.push()
    queue_of = {
        key: task.page.queue
        for key, task in filled.ledger(Project.PEOPLE).items()
        if task.page is not None
    }
    assert len(set(queue_of.values())) > 1
    for key in keys(filled)[:PAGES]:
        page = filled.task_of(Project.PEOPLE, key)
        filled.name(people_on(filled, page)[0], f"of {key}", faces=6)
        (new,) = filled.push()[Project.PEOPLE].new
        task = filled.ledger(Project.PEOPLE)[new]
        assert task.page is not None
        assert task.page.queue == queue_of[key]
        data = filled.double.tasks[filled.task_of(Project.PEOPLE, new)]["data"]
        assert data["queue"] == str(queue_of[key])


def test_at_the_end_everybody_has_their_name(filled: Workspace) -> None:
    while pages := filled.open_pages():
        people = people_on(filled, pages[0]["id"])
        answer(filled, pages[0]["id"], people)
        filled.push()
    expected = {
        FaceId(face): f"Person {person}" for person, of in filled.members.items() for face in of
    }
    assert names(filled) == expected
    assert len(filled.ledger(Project.PEOPLE)) == PAGES + 1
