"""The app's page in a real browser, which may ask no other host for anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, FilePayload, Page, expect

PATIENCE_MS = 30_000


@contextmanager
def app_page(browser: Browser, address: str, *, size_px: tuple[int, int]) -> Iterator[Page]:
    """The page on a screen of this size; whatever it asks for must come from the app.

    It belongs to a visitor of its own, and is never wider than the screen.
    """
    width, height = size_px
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda made: asked.append(made.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(address)
    expect(page.locator("#everyone-given")).to_be_visible(timeout=PATIENCE_MS)
    yield page
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    context.close()
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(address).netloc}
    assert broken == []


def give(page: Page, tab: str, *contents: bytes, called: str = "group.jpg") -> None:
    """Choose pictures in the tab that is open."""
    chooser = page.locator(f"#{tab}-given input[type=file]")
    chooser.set_input_files(
        [FilePayload(name=called, mimeType="image/jpeg", buffer=one) for one in contents]
    )
