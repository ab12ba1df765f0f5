"""The tab *Live* in a real browser, whose camera shows what was filmed beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.filmed import film
from scripts.browser import start_chromium
from tests.live.app_pages import PATIENCE_MS
from tests.orl_people import STRANGER, Learned, portrait, put_to_use
from tests.running_app import RunningApp, running_app

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(180)]

USERS = {"FACELOOP_APP_USERS": "anna:s3cret", "FACELOOP_APP_HOSTS": "faces.example"}
DESKTOP, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app"), **USERS) as running:
        yield running


@contextmanager
def browser_with(chromium: Browser, *flags: str) -> Iterator[Browser]:
    """Another browser of the same kind: flags are given when it starts."""
    browser = start_chromium(chromium.browser_type, *flags)
    yield browser
    browser.close()


def open_live(browser: Browser, address: str, size: tuple[int, int] = DESKTOP) -> Page:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(address)
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill("s3cret")
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Live").press("Enter")
    return page


def said(page: Page) -> Locator:
    return page.locator("#live").get_by_role("status")


@pytest.fixture(scope="module")
def camera(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    filmed = tmp_path_factory.mktemp("film") / "three.mjpeg"
    filmed.write_bytes(b"".join(film([portrait(person, 9) for person in (1, STRANGER, 4)])))
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with browser_with(chromium, *flags, f"--use-file-for-fake-video-capture={filmed}") as browser:
        yield browser


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_in_front_of_the_camera_is_named_until_it_is_stopped_by_keyboard_alone(
    app: RunningApp,
    camera: Browser,
    learned: Learned,
    size: tuple[int, int],
) -> None:
    put_to_use(app.models, learned)
    page = open_live(camera, app.address, size)
    asked: list[str] = []
    page.on("request", lambda made: asked.append(made.url))
    page.get_by_role("button", name="Start the camera").press("Enter")
    expect(said(page)).to_have_text("3 faces: 2 named, 1 unknown.", timeout=PATIENCE_MS)
    names = page.locator("#live").get_by_role("listitem")
    expect(names).to_have_text(["Zoë", "Unknown", "Ana María"])
    assert page.evaluate(COLOURS) == {"named": True, "other": True}
    assert page.evaluate("document.scrollingElement.scrollWidth") <= size[0]
    page.get_by_role("button", name="Stop the camera").press("Enter")
    expect(said(page)).to_contain_text("none is kept")
    assert page.evaluate("document.querySelector('#live video').srcObject") is None
    until_now = len(asked)
    page.wait_for_timeout(500)
    assert len(asked) == until_now
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(app.address).netloc}
    page.close()
    assert "Traceback" not in app.log.read_text()


COLOURS = """() => {
    const canvas = document.querySelector("#live canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const has = (r, g, b) => {
        for (let i = 0; i < data.length; i += 4)
            if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3]) return true;
        return false;
    };
    return { named: has(45, 212, 191), other: has(226, 232, 240) };
}"""
"""Whether a box around somebody named, and one around somebody unknown, is on the screen."""


def test_the_camera_is_off_once_another_tab_is_chosen(app: RunningApp, camera: Browser) -> None:
    page = open_live(camera, app.address)
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#live video")).to_be_visible(timeout=PATIENCE_MS)
    film_of = page.evaluate_handle("document.querySelector('#live video').srcObject")
    page.get_by_role("tab", name="One face").click()
    page.wait_for_function(
        "film => film.getTracks().every(t => t.readyState === 'ended')", arg=film_of
    )
    page.get_by_role("tab", name="Live").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    page.close()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--use-fake-device-for-media-stream=device-count=0",), "No camera was found"),
        (
            ("--use-fake-device-for-media-stream", "--deny-permission-prompts"),
            "The browser did not let this page have the camera",
        ),
    ],
    ids=["none", "refused"],
)
def test_without_a_camera_the_page_says_why_and_what_to_do(
    app: RunningApp, chromium: Browser, flags: tuple[str, ...], told: str
) -> None:
    with browser_with(chromium, *flags) as browser:
        page = open_live(browser, app.address)
        page.get_by_role("button", name="Start the camera").click()
        expect(said(page)).to_contain_text(told, timeout=PATIENCE_MS)
        expect(page.get_by_role("button", name="Start the camera")).to_be_enabled()
        page.close()


def test_where_browsers_give_no_camera_the_page_says_so_and_where_they_do(
    app: RunningApp, chromium: Browser
) -> None:
    port = urlsplit(app.address).port
    with browser_with(chromium, "--host-resolver-rules=MAP faces.example 127.0.0.1") as browser:
        page = open_live(browser, f"http://faces.example:{port}")
        expect(said(page)).to_contain_text(f"open http://localhost:{port}/")
        expect(page.get_by_role("button", name="Start the camera")).to_be_disabled()
        page.close()
