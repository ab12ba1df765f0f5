"""Ready-made tabs in the real Data Manager: their order, and two people who share the work."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from faces.store import ledger
from faces.studio_views import Tab
from scripts.people_page import PATIENCE_MS
from sync.desk import Project
from sync.tabs import photo_tabs

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(1200)]

ANSWERS_WITHIN_S = 90
DIFFERING = "Model and people disagree"
SIZE = {"width": 1400, "height": 1000}
SECOND = {"email": "ben@studio.example", "password": "a password of ben"}


def titles(loop, project: Project) -> list[str]:
    return [tab.title for tab in loop.studio.views(loop.project(project)).values()]


def worth(tasks: list[dict]) -> list[str]:
    return [task["data"]["worth"] for task in tasks]


def take_picture(page, name: str) -> None:
    """Keep what is on the screen, where somebody wants to look at it."""
    folder = os.environ.get("FACELOOP_TEST_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_both_projects_have_their_tabs(loop) -> None:
    assert titles(loop, Project.PEOPLE) == [
        "Name these first",
        "Same person?",
        "Answered lately",
    ]
    assert titles(loop, Project.PHOTOS) == [
        "New photos",
        DIFFERING,
        "Answered lately",
    ]


def test_the_first_tab_lists_what_is_worth_most_first(loop, annotator) -> None:
    tasks = annotator.open_tab(loop.project(Project.PEOPLE), "Name these first")
    take_picture(annotator.page, "name-these-first")
    assert len(tasks) >= 2
    assert worth(tasks) == sorted(worth(tasks), reverse=True)
    assert len(set(worth(tasks))) > 1


def test_new_photos_are_listed_newest_first(loop, annotator) -> None:
    tasks = annotator.open_tab(loop.project(Project.PHOTOS), "New photos")
    take_picture(annotator.page, "new-photos")
    ids = [task["id"] for task in tasks]
    assert ids
    assert ids == sorted(ids, reverse=True)


def test_a_photo_that_nobody_disputes_is_not_in_the_tab_of_those(loop, annotator) -> None:
    assert annotator.open_tab(loop.project(Project.PHOTOS), DIFFERING) == []


def test_photos_that_differ_are_listed_by_their_ids(loop, annotator) -> None:
    project = loop.project(Project.PHOTOS)
    new, *_ = loop.studio.foremost(project, "photo", 5).values()
    differing = next(t for t in photo_tabs([new["photo"]], ()) if t.title == DIFFERING)
    made = loop.studio.save_view(project, replace(differing, title="these"))
    listed = annotator.open_tab(project, "these")
    assert [task["data"]["photo"] for task in listed] == [new["photo"]]
    assert loop.studio.views(project)[made] == replace(differing, title="these")
    loop.studio.delete_view(made)


@pytest.fixture(scope="module")
def answered(loop, annotator, wait_for) -> int:
    """The task that `Label Tasks As Displayed` opened first, answered."""
    project = loop.project(Project.PEOPLE)
    best = annotator.open_tab(project, "Name these first")[0]
    task = annotator.label_as_displayed()
    assert worth([loop.studio.task(task)]) == worth([best])
    annotator.wait_for_page(task)
    annotator.name_first_row("Somebody")
    annotator.submit_for_next()
    wait_for(
        lambda: loop.truth().person_named("Somebody"),
        within_s=ANSWERS_WITHIN_S,
        what="the answer in the log",
    )
    return task


def test_an_answered_task_can_be_opened_again(loop, annotator, answered) -> None:
    project = loop.project(Project.PEOPLE)
    tasks = annotator.open_tab(project, "Answered lately")
    take_picture(annotator.page, "answered-lately")
    assert [task["id"] for task in tasks] == [answered]
    annotator.page.goto(f"{annotator.page.url}&task={answered}")
    expect(annotator.page.get_by_text("Somebody").first).to_be_visible(timeout=PATIENCE_MS)
    take_picture(annotator.page, "opened-again")
    expect(annotator.page.get_by_role("button", name="submit")).to_have_text("Update")
    still_open = annotator.open_tab(project, "Name these first")
    assert answered not in [task["id"] for task in still_open]


def test_what_people_set_themselves_survives_a_sync(loop, annotator, answered) -> None:
    project = loop.project(Project.PEOPLE)
    mine = loop.studio.save_view(project, Tab("mine", ordering="id"))
    ours = next(v for v, t in loop.studio.views(project).items() if t.title == "Name these first")
    url = f"{loop.connection.studio_url}/api/dm/views/{ours}/"
    headers = {"Authorization": f"Token {loop.connection.studio_api_key}"}
    data = loop.http.get(url, headers=headers).json()["data"] | {"columnsWidth": {"tasks:id": 77}}
    loop.http.patch(url, headers=headers, json={"project": project, "data": {**data}})
    annotator.open_tab(project, "mine")
    annotator.open_tab(project, "Name these first")
    before = loop.studio.views(project)
    loop.faceloop("sync")
    assert loop.studio.views(project) == before
    assert before[mine].title == "mine"
    assert loop.http.get(url, headers=headers).json()["data"]["columnsWidth"] == {"tasks:id": 77}


@pytest.fixture(scope="module")
def second(loop, chromium: Browser) -> Iterator[object]:
    """Somebody else, who came by invitation."""
    url = loop.connection.studio_url
    headers = {"Authorization": f"Token {loop.connection.studio_api_key}"}
    invited = loop.http.get(f"{url}/api/invite", headers=headers).json()["invite_url"]
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as http:
        csrf = re.search(r'csrfmiddlewaretoken" value="(\w+)"', http.get(invited).text)
        assert csrf
        form = {**SECOND, "csrfmiddlewaretoken": csrf[1]}
        made = http.post(invited, data=form, headers={"Referer": url})
        assert made.is_success
    from tests.live.conftest import Annotator  # the class, with the fixtures that pytest found

    context = chromium.new_context(viewport=SIZE)
    yield Annotator(context, loop, user=SECOND["email"], password=SECOND["password"])
    context.close()


def test_two_people_at_once_get_no_task_twice(loop, annotator, second, answered) -> None:
    loop.faceloop("sync", "--annotators", "anna,ben")
    project = loop.project(Project.PEOPLE)
    assert titles(loop, Project.PEOPLE)[:2] == ["anna · Name these first", "ben · Name these first"]
    opened: dict[str, list[int]] = {"anna": [], "ben": []}
    people = {"anna": annotator, "ben": second}
    there = {
        name: somebody.open_tab(project, f"{name} · Name these first")
        for name, somebody in people.items()
    }
    take_picture(annotator.page, "of-anna")
    assert all(there.values()), "one of them has nothing to do"
    left = [task["id"] for tasks in there.values() for task in tasks]
    for name, somebody in people.items():
        opened[name].append(somebody.label_as_displayed())
    while people:
        for name, somebody in list(people.items()):
            somebody.wait_for_page(opened[name][-1])
            somebody.name_first_row(f"{name} {len(opened[name])}")
            following = somebody.submit_for_next()
            if following is None:
                del people[name]
            else:
                opened[name].append(following)
    assert not set(opened["anna"]) & set(opened["ben"])
    assert sorted(opened["anna"] + opened["ben"]) == sorted(left)


def test_two_people_share_the_new_photos(loop, annotator, second) -> None:
    loop.faceloop("sync", "--annotators", "anna,ben@studio.example")
    project = loop.project(Project.PHOTOS)
    of_anna, of_ben = (
        {task["id"] for task in annotator.open_tab(project, f"{name} · New photos")}
        for name in ("anna", "ben")
    )
    with loop.store.read() as connection:
        pushed = ledger.pushed_tasks(connection, Project.PHOTOS).values()
    assert of_anna | of_ben == {task.task_id for task in pushed if not task.annotated}
    assert not of_anna & of_ben


def test_one_queue_comes_back(loop, answered) -> None:
    loop.faceloop("sync", "--annotators", "")
    expected = ["Name these first", "Same person?", "Answered lately", "mine"]
    assert titles(loop, Project.PEOPLE) == expected
    loop.faceloop("sync")
    said = loop.faceloop("sync", "--dry-run")
    assert re.findall(r"(\d+) new, (\d+) changed, (\d+) to delete", said) == [("0", "0", "0")] * 2
