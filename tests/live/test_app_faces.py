"""Faces on the app's page: chosen by mouse, touch and keyboard, in one picture and in many."""

from __future__ import annotations

import json
import shutil
import zipfile
from base64 import b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from tests.live.app_pages import PATIENCE_MS, app_page, give
from tests.orl_people import STRANGER, Learned, album_page, confirm_faces, portrait, put_to_use
from tests.running_app import RunningApp

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(180)]

DESKTOP, PHONE = (1280, 900), (390, 844)
CONFIRMED = {1: 4, 4: 2, 12: 1, 20: 1}
LOADED = "images => images.every(image => image.complete && image.naturalWidth > 0)"


@pytest.fixture(scope="module")
def confirmed(app_of_all: RunningApp) -> RunningApp:
    """The app over photos on which people said who is who."""
    confirm_faces(app_of_all.workspace, faces_of_each=CONFIRMED)
    return app_of_all


@pytest.fixture
def app(confirmed: RunningApp, learned: Learned) -> RunningApp:
    """The app with its first model version, that takes two people for each other."""
    shutil.rmtree(confirmed.models, ignore_errors=True)
    put_to_use(confirmed.models, learned, alike=[(1, 12)])
    return confirmed


@pytest.fixture
def page(chromium: Browser, app: RunningApp) -> Iterator[Page]:
    with app_page(chromium, app.address, size_px=DESKTOP) as page:
        yield page


@pytest.fixture(scope="module")
def group() -> bytes:
    return album_page(*(portrait(person, 9) for person in (20, STRANGER, 4)))


@pytest.fixture(scope="module")
def twin() -> bytes:
    return album_page(portrait(1, 9))


def row(page: Page, tab: str, number: int) -> Locator:
    """A face of the list, by its number."""
    return page.locator(f"#{tab}-shown .fl-face-row").nth(number - 1)


def test_by_keyboard_alone_every_face_is_chosen_and_shows_whom_it_resembles(
    page: Page, group: bytes
) -> None:
    give(page, "everyone", group)
    shown = page.locator("#everyone-shown")
    expect(shown).to_contain_text("3 faces: 2 named, 1 unknown.", timeout=PATIENCE_MS)
    page.get_by_role("link", name="JSON").focus()
    for number in (1, 2, 3):
        page.keyboard.press("Tab")
        if number > 1:
            expect(page.get_by_text("Correct this …").locator("visible=true")).to_be_focused()
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(row(page, "everyone", number)).to_have_js_property("open", True)
        expect(shown.locator(".fl-face-row[open]")).to_have_count(1)
    last = row(page, "everyone", 3)
    expect(last.locator(".fl-is")).to_contain_text("Ana María")
    examples = last.locator("[alt='Ana María, confirmed']")
    expect(examples).to_have_count(CONFIRMED[4])
    page.wait_for_load_state("networkidle")
    assert examples.evaluate_all(LOADED)


@pytest.mark.parametrize("size_px", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_box_in_the_picture_opens_its_face_and_look_alikes_are_side_by_side(
    chromium: Browser, app: RunningApp, twin: bytes, size_px: tuple[int, int]
) -> None:
    with app_page(chromium, app.address, size_px=size_px) as page:
        give(page, "everyone", twin)
        opened = row(page, "everyone", 1)
        expect(opened).to_contain_text("Zoë or Jiří", timeout=PATIENCE_MS)
        opened.locator("summary").first.click()
        expect(opened).to_have_js_property("open", False)
        page.locator(".fl-box").click()
        expect(opened).to_have_js_property("open", True)
        expect(page.locator(".fl-box")).to_have_class("fl-box fl-chosen")
        expect(opened.locator(".fl-pair .fl-who")).to_have_text(["Zoë", "Jiří"])
        expect(opened).to_contain_text("neither is chosen")


def test_many_pictures_are_named_at_once_and_taken_home_with_a_broken_file_among_them(
    page: Page, group: bytes, twin: bytes
) -> None:
    given = [("group.jpg", group), ("broken.jpg", b"no picture"), ("twin.jpg", twin)]
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Many pictures").press("Enter")
    chooser.value.set_files(
        [FilePayload(name=name, mimeType="image/jpeg", buffer=content) for name, content in given]
    )
    shown = page.locator("#everyone-shown")
    expect(shown).to_contain_text("2 pictures with 4 faces", timeout=PATIENCE_MS)
    expect(shown.get_by_role("alert")).to_contain_text("broken.jpg is no picture")
    first = shown.locator(".fl-card").first
    first.locator("summary").first.press("Enter")
    first.locator(".fl-face-row summary").first.press("Enter")
    expect(first.locator(".fl-panel").first).to_be_visible()
    with page.expect_download() as taken:
        shown.get_by_role("link", name="Download everything").press("Enter")
    with zipfile.ZipFile(taken.value.path()) as home:
        assert "pictures/group-named.jpg" in home.namelist()
        assert [one["picture"] for one in json.loads(home.read("faces.json"))] == [
            "group.jpg",
            "twin.jpg",
        ]


DROPPED = """async ([area, ...sent]) => {
    const dropped = new DataTransfer();
    for (const [name, content] of sent) {
        const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
        dropped.items.add(new File([bytes], name, { type: "image/jpeg" }));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) area.dispatchEvent(
        new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
}"""


def test_many_pictures_dropped_where_one_is_asked_for_are_all_named(
    page: Page, group: bytes, twin: bytes
) -> None:
    area = page.get_by_label("Drop an image file here to upload").first.element_handle()
    given = [("group.jpg", group), ("twin.jpg", twin)]
    page.evaluate(
        DROPPED, [area, *([name, b64encode(content).decode()] for name, content in given)]
    )
    shown = page.locator("#everyone-shown")
    expect(shown).to_contain_text("2 pictures with 4 faces", timeout=PATIENCE_MS)
    expect(shown).to_contain_text("twin.jpg")


def test_of_several_faces_in_the_tab_of_one_any_can_be_chosen(
    chromium: Browser, app: RunningApp, group: bytes
) -> None:
    with app_page(chromium, app.address, size_px=PHONE) as page:
        page.get_by_role("tab", name="One face").click()
        give(page, "one", group)
        expect(page.locator("#one-shown")).to_contain_text("3 faces", timeout=PATIENCE_MS)
        expect(page.locator("#one-shown .fl-face-row[open]")).to_have_count(1)
        row(page, "one", 1).locator("summary").first.press("Enter")
        expect(row(page, "one", 1).locator(".fl-is")).to_contain_text("Ida")


def test_the_example_is_named_and_says_where_it_is_from(page: Page) -> None:
    page.get_by_role("button", name="Try an example").press("Enter")
    shown = page.locator("#everyone-shown")
    expect(shown).to_contain_text("AT&T Laboratories Cambridge", timeout=PATIENCE_MS)
    expect(shown.locator(".fl-face-row")).to_have_count(4)


def test_a_page_that_stays_open_follows_a_promotion_by_itself(
    app: RunningApp, page: Page, learned: Learned
) -> None:
    expect(page.locator("#header")).to_contain_text("model-0001", timeout=PATIENCE_MS)
    newer = put_to_use(app.models, learned)
    expect(page.locator("#header")).to_contain_text(newer.id, timeout=PATIENCE_MS)


def test_of_two_visitors_neither_sees_the_other_s_picture_and_both_get_their_own(
    chromium: Browser, app: RunningApp, group: bytes, twin: bytes
) -> None:
    with (
        app_page(chromium, app.address, size_px=DESKTOP) as one,
        app_page(chromium, app.address, size_px=DESKTOP) as other,
    ):
        give(one, "everyone", group)
        give(other, "everyone", twin)
        addresses = []
        for page, faces in ((one, 3), (other, 1)):
            shown = page.locator("#everyone-shown")
            expect(shown.locator(".fl-face-row")).to_have_count(faces, timeout=PATIENCE_MS)
            addresses.append(shown.locator(".fl-picture img").get_attribute("src"))
        mine, theirs = addresses
        assert mine != theirs
        one.locator("#everyone-given").get_by_label("Remove Image").click()
        expect(one.locator("#everyone-shown .fl-hint")).to_be_visible()
        assert one.request.get(f"{app.address}{mine}").status == 404
        assert other.request.get(f"{app.address}{theirs}").status == 200
