"""A page of People by mouse and keyboard: every key, every name, and what comes of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from faces.montage import COLUMNS, GAP_PX, PAGE_TILES
from faces.pictures import CROP_PX
from faces.records import PersonId, PhotoFile
from faces.store import photos
from scripts.people_page import NAME_FIELD, PATIENCE_MS
from sync.everyone import offer_everyone
from tests.live.people_desk import Desk, draw, people_desk
from tests.sync.conftest import Workspace, face_id, photo_id

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(900)]

WIDE_STEP = CROP_PX + GAP_PX
OFFERED = "Bo"
"""Somebody who is in no photo with the others, so that each of them may be this one."""
DOUBTFUL = 0.4
"""How sure a group is that is looked at a page at a time."""
BAD_PATH = "*it* <b>is & <img src=x onerror=alert(1)>.jpg"
VERDICTS = {"x": "Stranger", "n": "Not faces", "s": "Mixed", "c": "Cannot tell"}
MARKS = {"w": "Someone else", "e": "Not a face", "q": "Same person"}


@pytest.fixture(scope="module")
def desk(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Four people in forty photos, one of them named in thirty; each group has its own page."""
    with people_desk(chromium, tmp_path_factory.mktemp("people-page"), fill) as opened:
        yield opened


def fill(workspace: Workspace) -> None:
    workspace.add_photos(40, people=4)
    draw(workspace, photos=range(40), people=range(4))
    workspace.add_photos(10, people=range(4, 5))
    draw(workspace, photos=range(40, 50), people=range(4, 5))
    with workspace.store.write() as connection:
        file = PhotoFile("/a", BAD_PATH, 10, 10)
        photos.save_file(connection, file, photo=photo_id(0))
    workspace.cluster(confidence=DOUBTFUL)
    workspace.name(0, "Anna", faces=30)
    workspace.name(4, OFFERED, faces=10)


def montage(desk: Desk) -> tuple[float, float, float]:
    """Where the montage lies on the screen, and how large its pixels are there."""
    place = desk.hand.picture()
    return place["x"], place["y"], place["width"] / (COLUMNS * WIDE_STEP + GAP_PX)


@pytest.fixture
def fresh(desk: Desk) -> Desk:
    """The first page of the second person, nobody chosen."""
    desk.open_fresh(face_id(0, 1))
    return desk


def test_a_full_page_has_large_tiles_with_their_numbers_on_a_laptops_screen(fresh: Desk) -> None:
    left, top, scale = montage(fresh)
    assert scale * CROP_PX >= 120
    numbers = fresh.page.locator(".fl-photos summary")
    expect(numbers).to_have_count(PAGE_TILES)
    for place in (0, 7, 8, 29):
        number = numbers.nth(place).bounding_box()
        assert number is not None
        across = left + scale * (GAP_PX + (place % COLUMNS) * WIDE_STEP)
        down = top + scale * (GAP_PX + (place // COLUMNS) * WIDE_STEP)
        assert number["x"] == pytest.approx(across, abs=3)
        assert number["y"] == pytest.approx(down, abs=3)
        assert numbers.nth(place).inner_text() == str(place + 1)


def test_in_the_stream_of_tasks_tiles_are_as_large(desk: Desk) -> None:
    desk.page.goto(f"{desk.url}/projects/{desk.workspace.desk.people}/data")
    desk.page.get_by_text("Label All Tasks").first.click()
    expect(desk.page.locator(".fl-page canvas").first).to_be_visible(timeout=PATIENCE_MS)
    expect(desk.page.locator(".fl-whole .htx-taxonomy")).to_be_visible(timeout=PATIENCE_MS)
    assert montage(desk)[2] * CROP_PX >= 120

    desk.page.get_by_test_id("bottombar-skip-button").click(trial=True)


def test_a_click_on_a_number_shows_the_photo_with_the_face_marked(fresh: Desk) -> None:
    opened = fresh.page.locator(".fl-photos details[open]")
    fresh.page.locator(".fl-photos summary").nth(0).click()
    picture = opened.locator("img")
    expect(picture).to_be_visible()
    fresh.page.wait_for_function("document.querySelector('details[open] img').naturalWidth === 400")
    expect(opened.locator(".fl-told")).to_have_text(f"1 {BAD_PATH} · a · file of 1 January 1970")
    assert opened.locator("b, img").count() == 2, "no name of a file became HTML"
    photo, mark = picture.bounding_box(), opened.locator("i").bounding_box()
    assert photo is not None
    assert mark is not None
    assert (mark["x"] - photo["x"]) / photo["width"] == pytest.approx(70 / 400, abs=0.01)
    assert mark["width"] / photo["width"] == pytest.approx(40 / 400, abs=0.02)
    fresh.press("x")
    assert fresh.said()["verdict"] == "Stranger", "keys work beside an open photo"
    fresh.page.locator(".fl-photos summary").nth(16).click()
    expect(opened).to_have_count(1)
    expect(opened.locator("summary")).to_have_text("17")
    fresh.page.mouse.click(*montage(fresh)[:2])
    expect(opened).to_have_count(0)


@pytest.mark.parametrize("auto_annotation", [False, True])
@pytest.mark.parametrize("tile", [None, 2])
def test_every_key_does_what_it_says(fresh: Desk, auto_annotation: bool, tile: int | None) -> None:
    fresh.page.evaluate(f"Htx.setAutoAnnotation({str(auto_annotation).lower()})")
    before = fresh.said()
    for key, verdict in VERDICTS.items():
        if tile is not None:
            fresh.click_tile(tile)
        fresh.press(key)
        assert fresh.said() == {**before, "verdict": verdict}
        fresh.press(key)
        assert fresh.said() == before
    fresh.press("1")
    assert fresh.said() == {**before, "name": OFFERED}
    fresh.press("1", "Escape")
    assert fresh.said() == before
    for key, mark in MARKS.items():
        if tile is not None:
            fresh.click_tile(tile)
        fresh.press(key)
        marked = list(before["marks"])
        if tile is not None:
            marked[tile] = mark
        assert fresh.said() == {**before, "marks": marked}
        fresh.press("Escape")
    fresh.press(*"umrvhbopk")
    assert fresh.said() == before


def test_while_a_name_is_typed_keys_only_type(fresh: Desk) -> None:
    before = fresh.said()
    fresh.page.get_by_placeholder(NAME_FIELD).click()
    fresh.page.keyboard.type("qwexnscumrvhbopk 19")
    assert fresh.page.get_by_placeholder(NAME_FIELD).input_value() == "qwexnscumrvhbopk 19"
    assert fresh.said() == before
    fresh.press("Enter", "x")
    assert fresh.said() == {**before, "new_name": "qwexnscumrvhbopk 19", "verdict": "Stranger"}


def test_a_click_on_a_name_leaves_the_keys_alive(fresh: Desk) -> None:
    fresh.page.get_by_text(re.compile(rf"^{OFFERED}(\[\d\])?$")).first.click()
    fresh.press("x")
    assert fresh.said()["name"] == OFFERED
    assert fresh.said()["verdict"] == "Stranger"


def test_among_two_thousand_names_one_is_found_by_a_few_letters(desk: Desk) -> None:
    names = [f"Person {number:04} / Ström" for number in range(2000)]
    began = time.monotonic()
    offer_everyone(desk.workspace.desk, names)
    offered_s = time.monotonic() - began
    desk.open_fresh(face_id(0, 1))
    desk.page.locator(".fl-whole .htx-taxonomy").click()
    desk.page.wait_for_timeout(400)
    desk.page.keyboard.type("1234 /")
    found = desk.page.locator(".ant-select-tree-title")
    expect(found).to_have_count(1, timeout=PATIENCE_MS)
    found.click()
    assert desk.said()["everyone"] == ["Person 1234 / Ström"]
    assert offered_s < 1
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator(".htx-taxonomy-dropdown")).to_be_hidden()
    desk.press("x")
    assert desk.said()["verdict"] == "Stranger", "the keys are alive again"
    desk.workspace.push()


def test_a_name_chosen_beforehand_takes_one_key_and_reaches_the_photos(desk: Desk) -> None:
    desk.open(desk.task_with(face_id(30, 0)))
    assert desk.said()["name"] == "Anna"
    desk.submit()
    assert desk.sync() == []
    truth = desk.workspace.truth()
    assert truth.confirmed[face_id(39, 0)].person == PersonId("p0")
    assert "Anna" in desk.shown_in_photos(39)


def test_a_name_that_is_offered_takes_two_keys_and_two_tiles_are_thrown_out(desk: Desk) -> None:
    desk.workspace.name(3, "Zoë", faces=1)
    desk.workspace.push()
    task = desk.task_with(face_id(1, 3))
    desk.open(task)
    faces = desk.data(task)["faces"]
    offered = [one["value"] for one in desk.data(task)["people"]]
    if desk.said().get("name") != "Zoë":
        desk.press(str(offered.index("Zoë") + 1))
    for place in (4, 20):
        desk.click_tile(place)
        desk.press("w")
    desk.submit()
    assert desk.sync() == []
    truth = desk.workspace.truth()
    zoe = truth.person_named("Zoë")
    assert zoe is not None
    thrown = {faces[4], faces[20]}
    assert {face for face in faces if face in truth.confirmed} == set(faces) - thrown
    assert {face for face, people in truth.rejected.items() if zoe.id in people} == thrown
    for face in (faces[0], faces[4]):
        labels = desk.shown_in_photos(int(face[1:9], 16))
        assert ("Zoë" in labels) is (face not in thrown)


def test_two_keys_name_a_page(desk: Desk) -> None:
    face = face_id(35, 3)
    task = desk.task_with(face)
    desk.open(task)
    chosen = desk.said().get("name")
    desk.press("1")
    if chosen is not None:
        assert "name" not in desk.said(), "the same key takes the choice back"
        desk.press("1")
    name = desk.said()["name"]
    desk.submit()
    desk.sync()
    assert name in desk.shown_in_photos(35)


def test_a_stranger_with_a_name_comes_back_and_a_drawn_box_is_told(desk: Desk) -> None:
    task = desk.task_with(face_id(0, 2))
    desk.open(task)
    faces = desk.data(task)["faces"]
    left, top, scale = montage(desk)
    desk.press("w")
    across = left + scale * (GAP_PX + 6 * WIDE_STEP)
    down = top + scale * (GAP_PX + 3 * WIDE_STEP)
    desk.page.mouse.move(across + 10, down + 10)
    desk.page.mouse.down()
    desk.page.mouse.move(across + 90, down + 70, steps=5)
    desk.page.mouse.up()
    desk.page.get_by_placeholder(NAME_FIELD).fill("Bert")
    desk.press("Enter", "x")
    desk.submit()
    problems = desk.sync()
    assert len(problems) == 2
    assert all(f"/projects/{desk.workspace.desk.people}/data?task={task}:" in p for p in problems)
    again = desk.task_with(faces[0])
    assert again != task
    desk.open(again)
    said = desk.page.locator(".fl-question")
    expect(said).to_have_text("Last time this was answered Stranger and Bert: which?")
    desk.press("x")
    desk.submit()
    desk.sync()
    assert desk.workspace.truth().strangers >= set(faces)
