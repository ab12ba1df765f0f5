from typing import Any

import pytest

from faces.records import FaceId
from sync.desk import Project
from tests.sync.conftest import Workspace
from tests.sync.test_pull import chosen, names, shown, typed


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Three photos of one person, all pushed."""
    workspace.add_photos(3, people=1)
    workspace.cluster()
    workspace.push()
    return workspace


def open_pages(workspace: Workspace) -> list[dict[str, Any]]:
    tasks = workspace.double.tasks_of(workspace.desk.people)
    return [task for task in tasks if not workspace.double.annotations_of(task["id"])]


def answer(workspace: Workspace, *said: dict[str, Any], skipped: bool = False) -> int:
    """Answer the one page that is open, and bring both sides up to date."""
    (page,) = open_pages(workspace)
    tiles = shown(workspace, page["id"])
    annotation = workspace.double.annotate(page["id"], [*tiles, *said], skipped=skipped)
    workspace.pull()
    workspace.push()
    return annotation


def test_a_stranger_with_a_name_comes_back_and_says_what_contradicted(filled: Workspace) -> None:
    answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
    (page,) = open_pages(filled)
    assert "answered Stranger and Anna: which?" in page["data"]["question"]
    assert page["data"]["faces"] == filled.members[0]
    assert names(filled) == {}


@pytest.mark.parametrize("name", ["Stranger", "x" * 100, "<b>" * 30])
def test_a_name_that_cannot_be_anybodys_comes_back(filled: Workspace, name: str) -> None:
    answer(filled, typed(name))
    (page,) = open_pages(filled)
    assert page["data"]["question"].startswith('<div class="fl-question">Last time ')
    assert "<b>" not in page["data"]["question"]


def test_it_comes_back_as_often_as_it_contradicts_and_then_no_more(filled: Workspace) -> None:
    for _ in range(3):
        answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
        assert len(open_pages(filled)) == 1
    answer(filled, typed("Anna"))
    assert open_pages(filled) == []
    assert names(filled) == dict.fromkeys(filled.members[0], "Anna")
    assert len(filled.ledger(Project.PEOPLE)) == 4


def test_coming_back_is_not_repeated_by_pushing_again(filled: Workspace) -> None:
    answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
    assert all(plan.is_empty for plan in filled.push().values())


def test_an_answer_that_is_mended_takes_the_question_back(filled: Workspace) -> None:
    (page,) = open_pages(filled)
    annotation = answer(filled, typed("Anna"), chosen("verdict", "Stranger"))
    filled.double.change(annotation, result=[*shown(filled, page["id"]), typed("Anna")])
    filled.pull()
    filled.push()
    assert open_pages(filled) == []
    assert set(names(filled)) == {FaceId(face) for face in filled.members[0]}


@pytest.mark.parametrize("said", [[], [chosen("verdict", "Mixed")]])
def test_an_answer_that_contradicts_nothing_is_not_asked_again(
    filled: Workspace, said: list[dict[str, Any]]
) -> None:
    answer(filled, *said)
    assert open_pages(filled) == []


def test_a_page_that_was_skipped_is_not_asked_again(filled: Workspace) -> None:
    answer(filled, typed("Anna"), chosen("verdict", "Stranger"), skipped=True)
    assert open_pages(filled) == []


def test_a_box_drawn_on_a_page_is_told_with_the_tasks_address_and_left_out(
    filled: Workspace,
) -> None:
    (page,) = open_pages(filled)
    tiles = shown(filled, page["id"])
    filled.double.annotate(page["id"], [*tiles, {**tiles[0], "id": "drawn"}, typed("Anna")])
    (problem,) = filled.pull().problems
    assert problem.startswith(
        f"{filled.studio.url}/projects/{filled.desk.people}/data?task={page['id']}: 1 box"
    )
    assert set(names(filled)) == set(filled.members[0])
