from typing import Any

import pytest

from faces.records import FaceId
from sync.desk import Project
from tests.sync.conftest import Workspace, chosen, names, prediction_of, said_of_row, typed


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Three photos of one person, all pushed."""
    workspace.add_photos(3, people=1)
    workspace.cluster()
    workspace.push()
    return workspace


def answer(workspace: Workspace, *said: dict[str, Any], skipped: bool = False) -> int:
    """Answer the one page that is open, and bring both sides up to date."""
    (page,) = workspace.open_pages()
    tiles = prediction_of(workspace, page["id"])
    annotation = workspace.double.annotate(page["id"], [*tiles, *said], skipped=skipped)
    workspace.pull()
    workspace.push()
    return annotation


def test_a_stranger_with_a_name_comes_back_and_says_what_contradicted(filled: Workspace) -> None:
    answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
    (page,) = filled.open_pages()
    assert "answered Stranger and Anna: which?" in page["data"]["question"]
    assert page["data"]["faces"] == filled.members[0]
    assert names(filled) == {}


@pytest.mark.parametrize("name", ["Stranger", "x" * 100, "<b>" * 30])
def test_a_name_that_cannot_be_anybodys_comes_back(filled: Workspace, name: str) -> None:
    answer(filled, typed(name))
    (page,) = filled.open_pages()
    assert page["data"]["question"].startswith('<div class="fl-question">Last time ')
    assert "<b>" not in page["data"]["question"]


def test_it_comes_back_as_often_as_it_contradicts_and_then_no_more(filled: Workspace) -> None:
    for _ in range(3):
        answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
        assert len(filled.open_pages()) == 1
    answer(filled, typed("Anna"))
    assert filled.open_pages() == []
    assert names(filled) == dict.fromkeys(filled.members[0], "Anna")
    assert len(filled.ledger(Project.PEOPLE)) == 4


def test_coming_back_is_not_repeated_by_pushing_again(filled: Workspace) -> None:
    answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
    assert all(plan.is_empty for plan in filled.push().values())


def test_an_answer_that_is_mended_takes_the_question_back(filled: Workspace) -> None:
    (page,) = filled.open_pages()
    annotation = answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
    filled.double.change(annotation, result=[*prediction_of(filled, page["id"]), typed("Anna")])
    filled.pull()
    filled.push()
    assert filled.open_pages() == []
    assert set(names(filled)) == {FaceId(face) for face in filled.members[0]}


@pytest.mark.parametrize("said", [[], [chosen("verdict", "Cannot tell")]])
def test_an_answer_that_contradicts_nothing_is_not_asked_again(
    filled: Workspace, said: list[dict[str, Any]]
) -> None:
    answer(filled, *said)
    assert filled.open_pages() == []


def test_mixed_contradicts_nothing_and_comes_back_in_parts_without_a_question(
    filled: Workspace,
) -> None:
    answer(filled, chosen("verdict", "Mixed"))
    assert filled.open_pages()
    for page in filled.open_pages():
        assert page["data"]["question"] == ""
        rows = page["data"].get("rows") or [page["data"]["faces"]]
        assert all(set(row) < set(filled.members[0]) for row in rows)
    assert filled.asked() < set(filled.members[0]), "one part waits to be told from the other"


def test_a_page_that_was_skipped_is_not_asked_again(filled: Workspace) -> None:
    answer(filled, typed("Anna"), chosen("verdict", "Stranger"), skipped=True)
    assert filled.open_pages() == []


def test_a_box_drawn_on_a_page_is_told_with_the_tasks_address_and_left_out(
    filled: Workspace,
) -> None:
    (page,) = filled.open_pages()
    tiles = prediction_of(filled, page["id"])
    filled.double.annotate(page["id"], [*tiles, {**tiles[0], "id": "drawn"}, typed("Anna")])
    (problem,) = filled.pull().problems
    assert problem.startswith(
        f"{filled.studio.url}/projects/{filled.desk.people}/data?task={page['id']}: 1 box"
    )
    assert set(names(filled)) == set(filled.members[0])


@pytest.fixture
def rows(workspace: Workspace) -> Workspace:
    """Three photos of three people: a page of three rows."""
    workspace.add_photos(3, people=3)
    workspace.cluster()
    workspace.push()
    return workspace


def contradict(workspace: Workspace) -> int:
    """Call the first row Stranger and Anna, the second Ben, and pass the third."""
    (page,) = workspace.open_pages()
    (first, *_, last), (other, *_) = workspace.members[0], workspace.members[1]
    result = said_of_row(workspace, page["id"], first, verdict="Stranger")
    result = said_of_row(workspace, page["id"], last, name="Anna", before=result)
    result = said_of_row(workspace, page["id"], other, name="Ben", before=result)
    annotation = workspace.double.annotate(page["id"], result)
    workspace.pull()
    workspace.push()
    return annotation


def test_of_several_rows_only_the_one_that_contradicts_itself_comes_back_with_its_question(
    rows: Workspace,
) -> None:
    contradict(rows)
    (page,) = rows.open_pages()
    assert page["data"]["faces"] == rows.members[0]
    assert "answered Stranger and Anna: which?" in page["data"]["question"]
    assert names(rows) == dict.fromkeys(rows.members[1], "Ben")
    assert rows.truth().strangers == frozenset()


def test_a_row_that_came_back_and_is_answered_does_not_come_again(rows: Workspace) -> None:
    contradict(rows)
    (page,) = rows.open_pages()
    rows.double.annotate(page["id"], said_of_row(rows, page["id"], rows.members[0][0], name="Anna"))
    rows.pull()
    rows.push()
    assert rows.open_pages() == []
    assert set(rows.members[0]) <= names(rows).keys()


def test_two_rows_that_contradict_themselves_come_back_with_both_questions(
    rows: Workspace,
) -> None:
    (page,) = rows.open_pages()
    result = prediction_of(rows, page["id"])
    for person, name in enumerate(("Anna", "Ben")):
        first, *_, last = rows.members[person]
        result = said_of_row(rows, page["id"], first, verdict="Cannot tell", before=result)
        result = said_of_row(rows, page["id"], last, name=name, before=result)
    rows.double.annotate(page["id"], result)
    rows.pull()
    rows.push()
    (again,) = rows.open_pages()
    assert again["data"]["rows"] == [rows.members[0], rows.members[1]]
    assert "Cannot tell and Anna: which?" in again["data"]["question"]
    assert "Cannot tell and Ben: which?" in again["data"]["question"]


def test_a_page_of_rows_that_contradicts_itself_whole_is_a_new_task(rows: Workspace) -> None:
    for _ in range(2):
        (page,) = rows.open_pages()
        result = prediction_of(rows, page["id"])
        for person in rows.members:
            first, *_, last = rows.members[person]
            result = said_of_row(rows, page["id"], first, verdict="Stranger", before=result)
            result = said_of_row(rows, page["id"], last, name="Anna", before=result)
        rows.double.annotate(page["id"], result)
        rows.pull()
        rows.push()
    (again,) = rows.open_pages()
    assert again["data"]["rows"] == list(rows.members.values())
    assert again["meta"]["key"].endswith("~2")
    assert len(rows.ledger(Project.PEOPLE)) == 3


def test_deleting_an_answer_that_contradicted_takes_its_question_back(rows: Workspace) -> None:
    (page,) = rows.open_pages()
    rows.double.take_back(contradict(rows))
    rows.pull()
    rows.push()
    (open_page,) = rows.open_pages()
    assert open_page["id"] == page["id"]
    assert open_page["data"]["question"] == ""


def test_a_question_that_was_answered_does_not_stand_on_the_pages_that_follow(
    workspace: Workspace,
) -> None:
    workspace.add_photos(8, people=1)
    workspace.cluster()
    workspace.push()
    answer(workspace, typed("Anna"), chosen("verdict", "Stranger"))
    answer(workspace, chosen("verdict", "Mixed"))
    assert workspace.open_pages()
    assert {page["data"]["question"] for page in workspace.open_pages()} == {""}


def test_a_page_that_contradicted_comes_back_though_a_newer_one_asked_about_its_faces(
    filled: Workspace,
) -> None:
    answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
    newer = answer(filled, typed("Ben"))
    filled.double.change(newer, result=[chosen("verdict", "Cannot tell")])
    filled.pull()
    filled.double.take_back(newer)
    filled.pull()
    filled.push()
    (page,) = filled.open_pages()
    assert "answered Stranger and Anna: which?" in page["data"]["question"]
