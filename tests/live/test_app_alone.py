"""The app by itself in a real browser: `python -m serve` over a small workspace."""

from __future__ import annotations

import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from faces.pictures import open_bytes
from faces.records import Pixels
from tests.live.app_pages import PATIENCE_MS, app_page, give
from tests.orl_people import STRANGER, Learned, album_page, portrait, put_to_use
from tests.running_app import RunningApp, running_app

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(180)]

DESKTOP, PHONE = (1280, 900), (390, 844)


@pytest.fixture
def app(app_of_all: RunningApp) -> RunningApp:
    """The app before its first model."""
    shutil.rmtree(app_of_all.models, ignore_errors=True)
    return app_of_all


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Browser:
    """The browser of all live tests: there can be only one at a time."""
    return chromium


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(browser: Browser, app: RunningApp, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The app's page; whatever it asks for must come from the app, on any size of screen."""
    with app_page(browser, app.address, size_px=request.param) as page:
        yield page


def names(page: Page) -> list[str]:
    return page.locator(".fl-faces .fl-name").all_inner_texts()


@pytest.fixture(scope="module")
def group() -> bytes:
    return album_page(*(portrait(person, 9) for person in (1, 20, STRANGER, 4)))


def test_everyone_in_a_picture_is_named_and_the_picture_can_be_taken_home(
    app: RunningApp,
    page: Page,
    group: bytes,
    learned: Learned,
) -> None:
    expect(page.locator("#header")).to_contain_text("No classifier yet")
    version = put_to_use(app.models, learned)
    give(page, "everyone", group)
    expect(page.locator("#everyone-shown")).to_contain_text(
        "4 faces: 3 named, 1 unknown.", timeout=PATIENCE_MS
    )
    assert names(page) == ["Zoë", "Ida", "Unknown", "Ana María"]
    expect(page.locator("#header")).to_contain_text(f"{version.id} knows 4 people")
    expect(page.locator("#header")).to_contain_text("95.3% of the faces named right, 1.2% wrong")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download picture").press("Enter")
    assert taken.value.suggested_filename == "group-named.jpg"
    home = open_bytes(Path(taken.value.path()).read_bytes(), name="what was taken home")
    assert home.pixels.shape == open_bytes(group, name="the picture").pixels.shape
    assert differs(home.pixels, open_bytes(group, name="the picture").pixels)


def differs(drawn: Pixels, given: Pixels) -> bool:
    return bool(np.abs(drawn.astype(int) - given).max() > 100)


def test_before_the_first_model_faces_are_found_and_the_next_step_is_said(
    page: Page, group: bytes
) -> None:
    give(page, "everyone", group)
    expect(page.locator("#everyone-shown")).to_contain_text(
        "4 faces found. No classifier yet: name a few people in Label Studio, "
        "then run faceloop retrain.",
        timeout=PATIENCE_MS,
    )
    assert names(page) == ["Unknown"] * 4


def test_a_broken_file_gets_a_kind_message_and_a_picture_after_it_an_answer(
    app: RunningApp, page: Page, group: bytes
) -> None:
    give(page, "everyone", b"no picture at all", called="holiday.jpg")
    expect(page.get_by_role("alert")).to_contain_text(
        "holiday.jpg is no picture that can be opened", timeout=PATIENCE_MS
    )
    give(page, "everyone", group)
    expect(page.locator("#everyone-shown")).to_contain_text("4 faces", timeout=PATIENCE_MS)
    page.locator("#everyone-given").get_by_label("Remove Image").click()
    expect(page.locator("#everyone-shown .fl-hint")).to_be_visible()
    assert "Traceback" not in app.log.read_text()


def test_pictures_are_grouped_by_person_with_a_broken_file_among_them_by_keyboard_alone(
    page: Page,
) -> None:
    page.get_by_role("tab", name="Cluster my pictures").press("Enter")
    given = [(f"{n}.jpg", album_page(portrait(1, n), portrait(4, n))) for n in (1, 2, 3)]
    given.insert(1, ("broken.jpg", b"no picture at all"))
    page.locator("#cluster-given input[type=file]").set_input_files(
        [FilePayload(name=name, mimeType="image/jpeg", buffer=content) for name, content in given]
    )
    shown = page.locator("#cluster-shown")
    expect(shown).to_contain_text("2 people in 3 pictures with 6 faces", timeout=PATIENCE_MS)
    expect(shown.get_by_role("alert")).to_contain_text("broken.jpg is no picture")
    first = shown.locator(".fl-card").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(first.get_by_role("listitem")).to_have_count(3)
    boxed = first.get_by_alt_text("1.jpg with a box around face 1")
    boxed.scroll_into_view_if_needed()
    expect(boxed).to_have_js_property("complete", True, timeout=PATIENCE_MS)
    assert boxed.evaluate("image => image.naturalWidth") > 0
    with page.expect_download() as taken:
        first.get_by_role("link", name="ZIP").press("Enter")
    with zipfile.ZipFile(taken.value.path()) as home:
        assert sum(name.startswith("pictures/") for name in home.namelist()) == 3
    page.get_by_role("button", name="Remove my pictures now").press("Enter")
    expect(shown).to_contain_text("Your pictures are removed", timeout=PATIENCE_MS)


def test_stopping_the_app_leaves_no_picture_behind(
    tmp_path: Path, browser: Browser, group: bytes
) -> None:
    with running_app(tmp_path) as app:
        page = browser.new_page()
        page.goto(app.address)
        give(page, "everyone", group)
        expect(page.locator("#everyone-shown .fl-picture img")).to_be_visible(timeout=PATIENCE_MS)
        assert pictures_in(app.workspace)
        app.process.send_signal(signal.SIGTERM)
        app.process.wait(timeout=20)
        assert not pictures_in(app.workspace)
        assert "Traceback" not in app.log.read_text()
        page.close()


def test_behind_a_password_people_sign_in_on_a_page_and_are_where_they_wanted(
    tmp_path: Path, browser: Browser, group: bytes
) -> None:
    with running_app(tmp_path, FACELOOP_APP_USERS="anna:s3cret") as app:
        page = browser.new_page()
        page.goto(app.address)
        for password in ("wrong", "s3cret"):
            page.get_by_label("Name").fill("anna")
            page.get_by_label("Password").fill(password)
            page.keyboard.press("Enter")
            if password == "wrong":
                expect(page.get_by_role("alert")).to_contain_text("do not fit")
        give(page, "everyone", group)
        expect(page.locator("#everyone-shown")).to_contain_text("4 faces", timeout=PATIENCE_MS)
        assert "Traceback" not in app.log.read_text()
        page.close()


def pictures_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.jp*g") if path.is_file()]
