"""Pages of several rows by mouse and keyboard: every key, every name, and what is submitted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from faceloop.workspace import new_token
from faces.media import save_picture
from faces.montage import Layout, draw_montage, lay_out
from faces.pictures import CROP_PX, save_jpeg
from faces.records import Box, FaceId, Photo, PhotoId
from faces.studio import Studio
from faces.studio_configs import EVERYONE_FILE, PEOPLE_CONFIG
from faces.studio_context import Sighting, context_html
from faces.studio_format import PEOPLE_VERSION
from faces.studio_people import Asks, ShownRow, people_prediction, people_task
from scripts.people_page import NAME_FIELD, PATIENCE_MS, TILE_FIELD, PeoplePage
from tests.live.conftest import label_studio_in, sign_in
from tests.live.people_desk import WINDOW

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(900)]

FOOT_PX = 50
"""The height of Label Studio's own bar at the bottom."""
PEOPLE = [f"Person {number} von und zu Hohenlohe-Langenburg" for number in range(1, 10)]
LABELS = {
    **{str(key): name for key, name in enumerate(PEOPLE, start=1)},
    "0": "Unknown",
    "x": "Stranger",
    "s": "Mixed",
    "c": "Cannot tell",
    "q": "Same person",
    "w": "Someone else",
    "e": "Not a face",
}
UNNAMED = range(7, 11)
"""The rows of `strips` without a proposed name, by their numbers."""
PHOTO = Photo(PhotoId("a" * 64), 400, 200)
SEEN = Sighting(PHOTO, Box(100, 50, 40, 50), "a.jpg", "beach", "3 July 2019")


@dataclass
class Shown:
    """A task in Label Studio, and where its tiles lie."""

    project: int
    task: int
    layout: Layout


@dataclass
class Bench:
    """A Label Studio, and a browser that looks at one task of it."""

    studio: Studio
    media: Path
    page: Page
    url: str

    @property
    def hand(self) -> PeoplePage:
        """What is done by mouse and keyboard on the page that is open."""
        return PeoplePage(self.page)

    def add(self, asks: Asks, counts: list[int], names: list[str | None]) -> Shown:
        """A project with one task of rows with so many tiles, a name proposed for some of them."""
        montages = self.media / "montages"
        montages.mkdir(parents=True, exist_ok=True)
        project = self.studio.create_project("rows", description="", config=PEOPLE_CONFIG)
        self.studio.serve_folder(project, montages, title="montages")
        faces = iter(range(sum(counts)))
        rows = [[FaceId(f"f{next(faces):04}") for _ in range(count)] for count in counts]
        is_one = asks is Asks.NAME
        layout = lay_out(rows, captions=not is_one, apart=asks is Asks.SAME)
        picture = f"page-{project}.jpg"
        draw_montage(layout, [montages / "crop.jpg"] * sum(counts), montages / picture)
        save_jpeg(np.full((200, 400, 3), 90, np.uint8), montages / "photo.jpg")
        size = {"width_px": layout.width_px, "height_px": layout.height_px}
        shown = [ShownRow(tiles, name) for tiles, name in zip(layout.rows, names, strict=True)]
        context = context_html(
            [SEEN] * sum(counts),
            [tile.box for tile in layout.tiles],
            {PHOTO.id: "/data/local-files/?d=montages/photo.jpg"},
            asks=asks,
            captions=[f"{name}?" if name else "" for name in names][: len(layout.captions)],
            places=layout.captions,
            with_field=[name is None for name in names] if asks is Asks.SEVERAL else (),
            **size,
        )
        data = people_task(
            asks=asks,
            rows=shown,
            montage_url=f"/data/local-files/?d=montages/{picture}",
            people=PEOPLE,
            photos=1,
            context=context,
        )
        prediction = people_prediction(asks=asks, rows=shown, score=0.5, **size)
        [task] = self.studio.import_tasks(project, [{"data": data, "predictions": [prediction]}])
        self.studio.select_version(project, PEOPLE_VERSION)
        return Shown(project, task, layout)

    def open(self, shown: Shown, *, in_stream: bool = True) -> None:
        """Open a task as it was pushed: without a draft of what was tried before."""
        found = self.studio.task(shown.task)
        assert found is not None
        for draft in found["drafts"]:
            self.studio._json("DELETE", f"api/drafts/{draft['id']}/")
        how = "labeling=1" if in_stream else f"task={shown.task}"
        self.page.goto(f"{self.url}/projects/{shown.project}/data?{how}")
        self.hand.wait_for_faces(len(shown.layout.tiles))
        self.page.wait_for_timeout(300)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        self.hand.press(*keys)

    def picture(self) -> dict[str, float]:
        """Where the montage lies on the screen."""
        return dict(self.hand.picture())

    def on_screen(self, shown: Shown, box: Box) -> Box:
        """Where a place of the montage lies on the screen."""
        picture = self.picture()
        scale = picture["width"] / shown.layout.width_px
        left, top = picture["x"] + scale * box.left, picture["y"] + scale * box.top
        return Box(left, top, scale * box.width, scale * box.height)

    def click_tile(self, shown: Shown, place: int, *, more: bool = False) -> None:
        """Click into the middle of a tile; with `more`, those chosen stay chosen."""
        if more:
            self.page.keyboard.down("Control")
        self.hand.click(shown.layout.tiles[place].face)
        if more:
            self.page.keyboard.up("Control")

    def said(self) -> dict[str, Any]:
        """What would be submitted now: the tiles' labels in order, and all else."""
        return told(self.hand.result())

    def submit(self, shown: Shown, *, by_mouse: bool = False) -> dict[str, Any]:
        """Submit; what Label Studio has of it."""
        with self.page.expect_response(
            lambda answer: "/annotations" in answer.url and answer.request.method == "POST"
        ) as saved:
            if by_mouse:
                self.page.get_by_test_id("bottombar-submit-button").click()
            else:
                self.page.keyboard.press("Control+Enter")
        assert saved.value.ok, saved.value.text()
        task = self.studio.task(shown.task)
        assert task is not None
        return told(task["annotations"][-1]["result"])

    def field(self, placeholder: str) -> Locator:
        """A field for names."""
        return self.page.get_by_placeholder(placeholder)


def told(result: list[dict[str, Any]]) -> dict[str, Any]:
    """A result in short: labels in the order of tiles, of tiles by their id, of all by control."""
    labels = [one["value"]["rectanglelabels"][0] for one in result if one["from_name"] == "face"]
    rest = [one for one in result if one["from_name"] != "face"]
    tiles = {
        (one["id"], one["from_name"]): one["value"].get("text") or one["value"].get("taxonomy")
        for one in rest
        if one["from_name"].startswith("tile_")
    }
    whole = {
        one["from_name"]: next(iter(one["value"].values()))[0]
        for one in rest
        if not one["from_name"].startswith("tile_")
    }
    return {"labels": labels, **({"tiles": tiles} if tiles else {}), **whole}


@pytest.fixture(scope="module")
def bench(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A real Label Studio, and a laptop's window on it."""
    folder = tmp_path_factory.mktemp("rows-page")
    token = new_token()
    with label_studio_in(folder, token=token) as url, httpx.Client(timeout=60) as client:
        media = folder / "workspace" / "media"
        crop = np.random.default_rng(1).integers(60, 200, (CROP_PX, CROP_PX, 3))
        save_jpeg(crop.astype(np.uint8), media / "montages" / "crop.jpg")
        everyone = json.dumps([{"value": name} for name in ["Zoë", "Zora", *PEOPLE]])
        save_picture(everyone.encode(), media / "montages" / EVERYONE_FILE)
        page = chromium.new_page(viewport=WINDOW)
        sign_in(page, url)
        yield Bench(Studio(url, token, httpx_client=client), media, page, url)
        page.close()


@pytest.fixture(scope="module")
def strips(bench: Bench) -> Shown:
    """Ten rows of two and three of three, with names proposed for nine of them."""
    names = [*PEOPLE[:6], *[None] * len(UNNAMED), *PEOPLE[6:]]
    return bench.add(Asks.SEVERAL, [2] * 10 + [3] * 3, names)


@pytest.fixture(scope="module")
def loose(bench: Bench) -> Shown:
    """Thirty loose faces, one of them perhaps known."""
    return bench.add(Asks.SEVERAL, [1] * 30, [None, PEOPLE[0], *[None] * 28])


@pytest.fixture(scope="module")
def pair(bench: Bench) -> Shown:
    """Two rows, perhaps of one person."""
    return bench.add(Asks.SAME, [15, 15], [PEOPLE[0], None])


def test_thirty_loose_faces_fit_a_laptops_screen_with_all_that_can_be_said_of_them(
    bench: Bench, loose: Shown
) -> None:
    bench.open(loose)
    for place, tile in enumerate(loose.layout.tiles):
        box = bench.on_screen(loose, tile.box)
        assert box.width >= 120
        assert box.bottom <= WINDOW["height"] - FOOT_PX
        number = bench.page.locator(".fl-photos summary").nth(place).bounding_box()
        assert number is not None
        assert (number["x"], number["y"]) == pytest.approx((box.left, box.top), abs=3)
    for said in bench.page.locator(".lsf-label, .fl-said .lsf-choice label").all():
        control = said.bounding_box()
        assert control is not None
        assert control["x"] > bench.picture()["x"] + bench.picture()["width"]
        assert control["x"] + control["width"] <= WINDOW["width"]
        assert control["y"] + control["height"] <= WINDOW["height"] - FOOT_PX


@pytest.mark.parametrize("in_stream", [True, False])
def test_a_rows_name_stands_on_its_tiles(bench: Bench, strips: Shown, in_stream: bool) -> None:
    bench.open(strips, in_stream=in_stream)
    captions = bench.page.locator(".fl-caption")
    expect(captions).to_have_count(9)
    expect(captions.first).to_have_text(f"{PEOPLE[0]}?")
    rows = [*strips.layout.rows[:6], *strips.layout.rows[10:]]
    for caption, row in zip(captions.all(), rows, strict=True):
        place = caption.bounding_box()
        first, last = (bench.on_screen(strips, row[at].box) for at in (0, -1))
        assert place is not None
        assert first.left <= place["x"] < first.right
        assert place["x"] + place["width"] <= last.right + 3
        assert first.top < place["y"] < place["y"] + place["height"] <= first.bottom + 1


def test_beside_the_list_of_tasks_the_controls_stand_above_the_picture(
    bench: Bench, strips: Shown
) -> None:
    bench.open(strips, in_stream=False)
    bench.click_tile(strips, 3)
    controls = bench.page.locator(".fl-controls").bounding_box()
    assert controls is not None
    assert controls["y"] + controls["height"] <= bench.picture()["y"] + 1
    assert bench.on_screen(strips, strips.layout.tiles[0].box).width >= 120
    places = [
        bench.page.locator(f"{name} >> visible=true").all()
        for name in (".fl-controls h3", ".fl-inputs", ".lsf-labels", ".fl-said .lsf-choices")
    ]
    boxes = [one.bounding_box() for several in places for one in several]
    assert len(boxes) == 4
    apart = [Box(b["x"], b["y"], b["width"], b["height"]) for b in boxes if b is not None]
    assert not any(a.overlap(b) for i, a in enumerate(apart) for b in apart[i + 1 :])


def test_what_is_left_as_it_was_says_what_was_proposed(bench: Bench, strips: Shown) -> None:
    bench.open(strips)
    rows = [len(row) for row in strips.layout.rows]
    firsts = [*PEOPLE[:6], *["Unknown"] * 4, *PEOPLE[6:]]
    wanted = [
        label
        for first, count in zip(firsts, rows, strict=True)
        for label in (first, *["Same person"] * (count - 1))
    ]
    assert bench.said() == {"labels": wanted}


@pytest.mark.parametrize("auto_annotation", [False, True])
@pytest.mark.parametrize("tile", [None, 4])
def test_every_key_does_what_it_says(
    bench: Bench, loose: Shown, auto_annotation: bool, tile: int | None
) -> None:
    bench.open(loose)
    bench.page.evaluate(f"Htx.setAutoAnnotation({str(auto_annotation).lower()})")
    before = bench.said()
    for key, label in LABELS.items():
        if tile is not None:
            bench.click_tile(loose, tile)
        bench.press(key)
        labels = list(before["labels"])
        if tile is not None:
            labels[tile] = label
        assert bench.said() == {**before, "labels": labels}, key
        bench.press("Escape")
    if tile is not None:
        bench.click_tile(loose, tile)
        bench.press("0")
    bench.press("d")
    assert bench.said() == {**before, "verdict": "The rest are strangers"}
    bench.press("d", *"nmrvhbopkgfzty")
    assert bench.said() == before


def test_every_label_tells_its_key_and_no_other_letter_appears(bench: Bench, loose: Shown) -> None:
    bench.open(loose)
    labels = {
        one.locator(".lsf-label__hotkey").inner_text(): one.locator(".lsf-label__text").inner_text()
        for one in bench.page.locator(".lsf-label").all()
    }
    assert labels == LABELS
    keys = bench.page.locator(".fl-desk .lsf-choice .lsf-hint").all_inner_texts()
    assert keys == ["[d]"]


def test_a_name_is_typed_for_a_tile_without_the_mouse_and_shifts_nothing(
    bench: Bench, strips: Shown
) -> None:
    bench.open(strips)
    before, place = bench.said(), bench.picture()
    expect(bench.field(TILE_FIELD)).to_be_hidden()
    expect(bench.field(NAME_FIELD)).to_be_hidden()
    bench.click_tile(strips, 12)
    bench.press("Tab")
    typed = "qwexscd 190 Özil"
    bench.page.keyboard.type(typed)
    assert bench.field(TILE_FIELD).input_value() == typed
    assert bench.said() == before
    bench.press("Enter")
    assert bench.picture() == place
    named = {("f0012", "tile_name"): [typed]}
    assert bench.said() == {**before, "tiles": named}
    expect(bench.page.locator(".fl-tile")).to_contain_text(typed)
    bench.press("d")
    assert bench.said()["verdict"] == "The rest are strangers", "the keys are alive again"
    bench.click_tile(strips, 14)
    expect(bench.page.locator(".fl-tile")).not_to_contain_text(typed)
    bench.press("w")
    assert bench.said()["labels"][14] == "Someone else"
    assert bench.said()["tiles"] == named


def test_a_name_half_typed_counts_when_another_tile_is_clicked(bench: Bench, strips: Shown) -> None:
    bench.open(strips)
    bench.click_tile(strips, 12)
    bench.press("Tab")
    bench.page.keyboard.type("Zoë")
    bench.click_tile(strips, 14)
    assert bench.said()["tiles"] == {("f0012", "tile_name"): ["Zoë"]}
    bench.press("s")
    assert bench.said()["labels"][14] == "Mixed"


def test_names_are_typed_from_field_to_field_stay_to_be_seen_and_are_submitted(
    bench: Bench,
) -> None:
    page = bench.add(Asks.SEVERAL, [3] * 4, [None] * 4)
    bench.open(page)
    before, place = bench.said(), bench.picture()
    bench.hand.field(1).click()
    typed = {"row_1": "qwexscd 190", "row_2": "Bo", "row_3": "Zoë"}
    for name in typed.values():
        bench.page.keyboard.type(name)
        bench.press("Tab")
    bench.page.keyboard.type("Cy")
    bench.press("Enter")
    assert bench.said() == {**before, "row_4": "Cy"}, "the others count when it is submitted"
    assert bench.picture() == place
    bench.click_tile(page, 11)
    bench.press("w")
    for row, name in enumerate(typed.values(), start=1):
        expect(bench.hand.field(row)).to_have_value(name)
    expect(bench.page.locator(".fl-field-4")).to_have_text("Cy")
    labels = [*before["labels"][:-1], "Someone else"]
    assert bench.submit(page) == {"labels": labels, **typed, "row_4": "Cy"}


def test_a_rows_name_field_lies_on_its_first_tiles_and_a_named_row_has_none(
    bench: Bench, strips: Shown
) -> None:
    bench.open(strips)
    fields = [bench.hand.field(row) for row in range(1, len(strips.layout.rows) + 1)]
    shown = {row for row, field in enumerate(fields, start=1) if field.is_visible()}
    assert shown == set(UNNAMED)
    for row in UNNAMED:
        first, last = (
            bench.on_screen(strips, strips.layout.rows[row - 1][at].box) for at in (0, -1)
        )
        field = fields[row - 1].bounding_box()
        assert field is not None
        assert first.left <= field["x"] < field["x"] + field["width"] <= last.right + 3
        assert first.top < field["y"] < field["y"] + field["height"] <= first.bottom + 4


def test_a_name_typed_in_a_rows_field_is_changed_there(bench: Bench, strips: Shown) -> None:
    bench.open(strips)
    bench.hand.name_row(UNNAMED[1], "Zoe")
    field = bench.page.locator(f".fl-field-{UNNAMED[1]}")
    field.hover()
    field.get_by_role("button").first.click()
    bench.press("End", "Backspace")
    bench.page.keyboard.type("ë")
    bench.press("Enter")
    assert bench.said()[f"row_{UNNAMED[1]}"] == "Zoë"
    expect(field).to_have_text("Zoë")


def test_a_tiles_name_is_found_among_all(bench: Bench, strips: Shown) -> None:
    bench.open(strips)
    place = bench.picture()
    bench.click_tile(strips, 12)
    bench.page.locator(".fl-tile .htx-taxonomy").click()
    bench.page.wait_for_timeout(300)
    bench.page.keyboard.type("zor")
    found = bench.page.locator(".ant-select-tree-title >> visible=true")
    expect(found).to_have_count(1, timeout=PATIENCE_MS)
    found.click()
    bench.press("Escape")
    assert bench.picture() == place
    assert bench.said()["tiles"] == {("f0012", "tile_everyone"): [["Zora"]]}
    bench.click_tile(strips, 14)
    bench.press("c")
    assert bench.said()["labels"][14] == "Cannot tell", "the keys are alive again"


def test_several_tiles_are_named_by_one_key_and_the_next_is_reached_by_another(
    bench: Bench, loose: Shown
) -> None:
    bench.open(loose)
    for place in (3, 9, 20):
        bench.click_tile(loose, place, more=True)
    bench.press("4")
    labels = bench.said()["labels"]
    assert [place for place, label in enumerate(labels) if label == PEOPLE[3]] == [3, 9, 20]
    bench.press("Escape")
    bench.click_tile(loose, 5)
    bench.press("Alt+.", "7")
    assert bench.said()["labels"][6] == PEOPLE[6]


def test_a_number_opens_the_photo_above_all(bench: Bench, strips: Shown) -> None:
    bench.open(strips)
    bench.page.locator(".fl-photos summary").nth(4).click()
    picture = bench.page.locator(".fl-photos details[open] img")
    expect(picture).to_be_visible()
    place = picture.bounding_box()
    assert place is not None
    on_top = bench.page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.fl-photo') !== null",
        [place["x"] + place["width"] / 2, place["y"] + place["height"] / 2],
    )
    assert on_top
    bench.press("d")
    assert bench.said()["verdict"] == "The rest are strangers", "keys work beside an open photo"


@pytest.mark.parametrize("auto_annotation", [False, True])
@pytest.mark.parametrize("tile", [None, 20])
def test_one_person_or_two_takes_one_key(
    bench: Bench, pair: Shown, auto_annotation: bool, tile: int | None
) -> None:
    bench.open(pair)
    bench.page.evaluate(f"Htx.setAutoAnnotation({str(auto_annotation).lower()})")
    before = bench.said()
    assert before == {"labels": ["Same person"] * 30}
    for key, verdict in {"1": "One person", "2": "Two people", "c": "Cannot tell"}.items():
        if tile is not None:
            bench.click_tile(pair, tile)
        bench.press(key)
        assert bench.said() == {**before, "verdict": verdict}
        bench.press(key, "Escape")
        assert bench.said() == before
    if tile is not None:
        bench.click_tile(pair, tile)
        bench.press("w")
        assert bench.said()["labels"][tile] == "Someone else"
        bench.press("q")
    bench.press(*"03456789xsdnmrvhbopkgfzty")
    assert bench.said() == before
    expect(bench.field(TILE_FIELD)).to_be_hidden()


def test_two_rows_lie_clearly_apart_and_fit_a_laptops_screen(bench: Bench, pair: Shown) -> None:
    bench.open(pair)
    first, second = pair.layout.rows
    upper = bench.on_screen(pair, first[-1].box)
    lower = bench.on_screen(pair, second[0].box)
    within = bench.on_screen(pair, first[8].box).top - bench.on_screen(pair, first[0].box).bottom
    assert lower.top - upper.bottom > 4 * within
    assert bench.on_screen(pair, second[-1].box).bottom <= WINDOW["height"] - FOOT_PX


def test_a_name_typed_for_two_rows_is_submitted_with_them(bench: Bench, pair: Shown) -> None:
    bench.open(pair)
    bench.field(NAME_FIELD).click()
    bench.page.keyboard.type("12cqwe Zoë")
    bench.press("Enter", "1")
    said = bench.said()
    assert (said["new_name"], said["verdict"]) == ("12cqwe Zoë", "One person")
    assert bench.submit(pair) == said


def test_what_was_said_of_each_tile_is_submitted(bench: Bench, strips: Shown) -> None:
    bench.open(strips)
    bench.click_tile(strips, 0)
    bench.press("3")
    bench.click_tile(strips, 12)
    bench.press("Tab")
    bench.page.keyboard.type("Zoë")
    bench.press("Enter")
    bench.click_tile(strips, 14)
    bench.press("Tab")
    bench.page.keyboard.type("Half")
    bench.hand.field(UNNAMED[3]).click()
    bench.page.keyboard.type("Ida")
    said = bench.said()
    submitted = bench.submit(strips, by_mouse=True)
    assert submitted["labels"] == said["labels"]
    assert submitted["labels"][0] == PEOPLE[2]
    assert submitted["tiles"] == {("f0012", "tile_name"): ["Zoë"], ("f0014", "tile_name"): ["Half"]}
    assert submitted[f"row_{UNNAMED[3]}"] == "Ida", "half typed"


def test_a_page_of_one_row_asks_for_one_name_alone(bench: Bench) -> None:
    page = bench.add(Asks.NAME, [20], [PEOPLE[0]])
    bench.open(page)
    bench.click_tile(page, 2)
    expect(bench.field(TILE_FIELD)).to_be_hidden()
    expect(bench.field(NAME_FIELD)).to_be_visible()
    hints = bench.page.locator(".fl-desk .lsf-choice .lsf-hint").all_inner_texts()
    assert hints == [*(f"[{key}]" for key in range(1, 10)), "[x]", "[n]", "[s]", "[c]"]
    labels = bench.page.locator(".lsf-label__hotkey").all_inner_texts()
    assert labels == ["q", "w", "e"]
    assert re.search("Who is this", bench.page.locator(".fl-desk h3").inner_text())
