"""What is answered at the desk, followed to the names in Photos: merged, split, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from faces.records import Cluster, ClusterId, FaceId
from faces.store import clusters
from scripts.people_page import PATIENCE_MS
from sync.desk import Project
from tests.live.people_desk import Desk, draw, people_desk
from tests.sync.conftest import NOW, Workspace, face_id, names

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(900)]

PHOTOS = 6
WHOLE, HALVES, MIXED = range(3)
"""Somebody in one group, somebody in two, and somebody in a group with `OTHER`."""
OTHER = 3
FIRST_HALF, SECOND_HALF = range(4), range(4, PHOTOS)


def faces_of(person: int, numbers: range = range(PHOTOS)) -> tuple[FaceId, ...]:
    return tuple(face_id(number, person) for number in numbers)


def fill(workspace: Workspace) -> None:
    workspace.add_photos(PHOTOS, people=4)
    draw(workspace, photos=range(PHOTOS), people=range(4))
    groups = {
        "whole": faces_of(WHOLE),
        "larger-half": faces_of(HALVES, FIRST_HALF),
        "smaller-half": faces_of(HALVES, SECOND_HALF),
        "mixed": faces_of(MIXED, range(3)) + faces_of(OTHER, range(3, 6)),
    }
    found = [Cluster(ClusterId(name), faces) for name, faces in groups.items()]
    with workspace.store.write() as connection:
        clusters.save_run(connection, "people-1", found, how={}, now=NOW + timedelta(minutes=1))


@pytest.fixture(scope="module")
def desk(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with people_desk(chromium, tmp_path_factory.mktemp("desk-answers"), fill) as opened:
        yield opened


def number_of(desk: Desk, task: int, face: FaceId) -> int:
    """The number of the row that a face is in."""
    return next(n for n, row in enumerate(desk.data(task)["rows"], start=1) if face in row)


def names_in_photos(desk: Desk, face: FaceId) -> list[str]:
    return desk.shown_in_photos(int(face[1:9], 16))


def test_two_groups_are_joined_by_one_key(desk: Desk) -> None:
    halves = {*faces_of(HALVES, FIRST_HALF), *faces_of(HALVES, SECOND_HALF)}
    tasks = [task.task_id for task in desk.workspace.ledger(Project.PEOPLE).values()]
    pairs = [task for task in tasks if task and desk.data(task)["asks"] == "same"]
    desk.open(next(task for task in pairs if set(desk.data(task)["faces"]) == halves))
    desk.press("1")
    desk.submit()
    assert desk.sync() == []
    assert [set(faces) for faces in desk.workspace.truth().together] == [halves]


def test_one_submit_names_rows_throws_out_tiles_and_splits_a_group(desk: Desk) -> None:
    task = desk.task_with(face_id(0, WHOLE))
    desk.open(task)
    desk.hand.name_of_face(face_id(0, WHOLE), "Zoë")
    thrown_out = faces_of(WHOLE)[3:5]
    for face in thrown_out:
        desk.hand.click(face, "w")
    desk.hand.name_row(number_of(desk, task, face_id(0, HALVES)), "Ada")
    desk.hand.click(face_id(0, MIXED), "s")
    desk.submit()
    assert desk.sync() == []
    for face in faces_of(WHOLE):
        assert ("Zoë" in names_in_photos(desk, face)) is (face not in thrown_out)
    for face in faces_of(HALVES):
        assert "Ada" in names_in_photos(desk, face), "the other half has its name by the merge"


def test_a_mixed_group_comes_back_in_parts_and_each_gets_its_name(desk: Desk) -> None:
    one, other = faces_of(MIXED, range(3)), faces_of(OTHER, range(3, 6))
    task = desk.task_with(one[0], asks="several")
    assert [row for row in desk.data(task)["rows"] if row[0] in (one[0], other[0])] == [
        list(one),
        list(other),
    ]
    desk.open(task)
    first, second = (number_of(desk, task, row[0]) for row in (one, other))
    assert second == first + 1
    desk.hand.field(first).click()
    desk.page.keyboard.type("Bea")
    desk.press("Tab")
    desk.page.keyboard.type("Cid")
    desk.press("Enter")
    desk.submit()
    assert desk.sync() == []
    named = names(desk.workspace)
    assert {named.get(face) for face in one} == {"Bea"}
    assert {named.get(face) for face in other} == {"Cid"}
    assert "Bea" in names_in_photos(desk, one[0])
    assert "Cid" in names_in_photos(desk, other[0])


def test_an_answer_taken_back_takes_its_names_from_the_photos(desk: Desk) -> None:
    face = face_id(0, WHOLE)
    answered = next(
        task.task_id
        for task in desk.workspace.ledger(Project.PEOPLE).values()
        if task.annotated and task.page is not None and face in task.page.faces
    )
    assert answered is not None
    desk.open(answered)
    desk.page.locator(".lsf-annotation-button").first.hover()
    desk.page.locator(".lsf-annotation-button__trigger").first.click()
    desk.page.get_by_text("Delete Annotation").click()
    with desk.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        desk.page.get_by_role("button", name="Delete").last.click()
    assert desk.sync() == []
    assert "Zoë" not in names_in_photos(desk, face)
    expect(desk.page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
