from typing import Any

import pytest

from faces.studio_format import WORTH
from sync.desk import Project
from sync.queues import note_annotators
from tests.sync.conftest import Workspace


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Five people in ten photos, five in six and one in two, grouped and pushed."""
    workspace.add_photos(2, people=11)
    workspace.add_photos(4, people=10)
    workspace.add_photos(4, people=5)
    workspace.cluster()
    workspace.push()
    return workspace


def tasks(workspace: Workspace) -> list[dict[str, Any]]:
    """What the People tasks say, in the order in which they were imported."""
    return [task["data"] for task in workspace.double.tasks_of(workspace.desk.people)]


def test_tasks_are_imported_in_the_order_of_their_worth(filled: Workspace) -> None:
    assert [data["size"] for data in tasks(filled)] == ["30", "30", "2"]
    assert tasks(filled)[0]["carried_rows"], "more faces get their names by the same actions"
    worth = [data[WORTH] for data in tasks(filled)]
    assert worth == sorted(worth, reverse=True)
    assert len(set(worth)) == 3
    assert {data["kind"] for data in tasks(filled)} == {"name"}


def test_a_task_says_anew_what_it_is_worth_and_nothing_else_is_touched(filled: Workspace) -> None:
    task = filled.double.tasks_of(filled.desk.people)[0]
    before = dict(task["data"])
    task["data"] = before | {WORTH: "000000.500"}
    filled.double.requests.clear()
    filled.push()
    assert filled.double.writes == [("PATCH", f"/api/tasks/{task['id']}/")]
    assert filled.double.tasks[task["id"]]["data"] == before


def test_a_task_that_says_nothing_of_its_worth_is_taught_to(filled: Workspace) -> None:
    task = filled.double.tasks_of(filled.desk.people)[0]
    told = task["data"].pop(WORTH)
    filled.push()
    assert filled.double.tasks[task["id"]]["data"][WORTH] == told


@pytest.mark.parametrize("how", ["draft", "answer"])
def test_a_task_that_somebody_has_begun_keeps_its_worth(filled: Workspace, how: str) -> None:
    task = filled.double.tasks_of(filled.desk.people)[0]
    task["data"] = task["data"] | {WORTH: "000000.500"}
    if how == "draft":
        filled.double.drafts.add(task["id"])
    else:
        filled.double.annotate(task["id"])
    filled.push()
    assert filled.double.tasks[task["id"]]["data"][WORTH] == "000000.500"


def test_annotators_share_the_tasks(filled: Workspace) -> None:
    with filled.store.write() as connection:
        note_annotators(connection, ("anna", "ben", "cleo"))
    plans = filled.push()
    assert {data["queue"] for data in tasks(filled)} <= {"1", "2", "3"}
    assert not plans[Project.PEOPLE].new
    filled.double.requests.clear()
    filled.push()
    assert filled.double.writes == []


def test_a_push_renews_the_best_tasks_and_not_all_others(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.ordering.BEST", 1)
    monkeypatch.setattr("sync.worth.BEST", 1)
    monkeypatch.setattr("sync.ordering._LOOKS", 1)
    first, second, third = filled.double.tasks_of(filled.desk.people)
    right = dict(second["data"])
    for task in (second, third):
        task["data"] = task["data"] | {WORTH: "009999.000"}
    filled.double.requests.clear()
    filled.push()
    assert len(filled.double.writes) == 1
    filled.push()
    assert second["data"] == right
    assert first["data"][WORTH] > third["data"][WORTH]
