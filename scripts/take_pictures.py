"""Make the pictures of README.md and docs/ from the demo, by working in it with a browser.

make pictures

They go to docs/pictures. It takes about ten minutes and needs Chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect

from benchmarks.filmed import film
from faceloop.demo_album import AlbumFace
from faces.studio_format import Kind
from scripts.browser import start_chromium
from scripts.check_files import PICTURES
from scripts.demo_loop import STRAY, WIDE, Annotator, DemoLoop, OpenPage, chromium, running_loop
from scripts.people_page import PATIENCE_MS
from sync.desk import Project

SCREEN = ViewportSize(width=1280, height=720)
FULL_PAGE = ViewportSize(width=1280, height=800)
"""So high that five rows are seen whole."""
PAIR_HEIGHT = 600
REPORT = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
QUALITY = 88
LARGEST_KB = 250
LIST_PX = 240
"""The width of the list of tasks, which is cut off."""


def main() -> int:
    """Take all pictures."""
    out = Path(PICTURES)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="faceloop-pictures-") as folder:
        _say("starting the demo: about four minutes")
        with running_loop(Path(folder)) as loop, chromium() as browser:
            take_all(loop, browser, out)
    return 0


def take_all(loop: DemoLoop, browser: Browser, out: Path) -> None:
    """Walk the demo from the first name to the app, and take a picture at each stop."""
    annotator = Annotator(browser.new_page(viewport=SCREEN), loop)
    take_pair(annotator, loop, out)
    loop.faceloop("cluster", *WIDE)
    loop.faceloop("sync")
    while others := pages_beside_shown(loop):
        _say(f"naming {', '.join(others[0].names)}")
        annotator.answer(others[0])
        loop.faceloop("sync")
    take_rows(annotator, loop.open_pages(), out)
    loop.faceloop("retrain")
    loop.faceloop("cluster", str(loop.album.new_photos))
    loop.faceloop("sync")
    take_confirm(annotator, loop, out)
    page, faces = new_page(loop)
    take_photo(annotator, loop.task_of_photo(page.name), faces, out)
    take_app(browser, loop.app_url, page, len(faces), out)
    take_live(browser, loop.app_url, page, faces, out)
    take_report(loop, browser, out)


def pages_beside_shown(loop: DemoLoop) -> list[OpenPage]:
    """The open pages but for the two that are shown: the one with a stray, and the best other."""
    pages = loop.open_pages()
    return [page for page in pages if not page.strays][1:]


def take_pair(annotator: Annotator, loop: DemoLoop, out: Path) -> None:
    """Two rows that may be one person."""
    pair = next(page for page in loop.open_pages() if page.kind == Kind.SAME)
    _open_beside_list(annotator, pair, height=PAIR_HEIGHT)
    _save(annotator.page, out / "same-person.webp", left_px=LIST_PX)


def take_rows(annotator: Annotator, pages: list[OpenPage], out: Path) -> None:
    """In the stream of open tasks: names being typed, and a tile being thrown out."""
    annotator.page.set_viewport_size(FULL_PAGE)
    annotator.open_stream(Project.PEOPLE)
    for _ in range(len(pages)):
        page = annotator.next_in_stream(pages)
        pages = [other for other in pages if other is not page]
        *most, last = page.names
        annotator.hand.call(page.rows[:-1], most)
        for face in page.strays:
            annotator.hand.click(face, "w", "Escape")
        annotator.wait_until_told_all()
        annotator.hand.field(len(page.rows)).fill(last)
        annotator.page.mouse.move(SCREEN["width"] - 1, SCREEN["height"] / 2)
        _save(annotator.page, out / f"{'someone-else' if page.strays else 'people-desk'}.webp")
        annotator.page.keyboard.press("Enter")
        annotator.hand.submit()


def take_confirm(annotator: Annotator, loop: DemoLoop, out: Path) -> None:
    """A page where every row has a name proposed."""
    pages = [page for page in loop.open_pages() if page.kind == Kind.CONFIRM]
    _open_beside_list(
        annotator, max(pages, key=lambda page: len(page.rows)), height=SCREEN["height"]
    )
    _save(annotator.page, out / "quick-confirm.webp", left_px=LIST_PX)


def _open_beside_list(annotator: Annotator, page: OpenPage, *, height: int) -> None:
    """Open a page so that it looks as in the stream of tasks, but for the list beside it."""
    annotator.page.set_viewport_size(ViewportSize(width=SCREEN["width"] + LIST_PX, height=height))
    annotator.open_page(page)


def take_report(loop: DemoLoop, browser: Browser, out: Path) -> None:
    """The page with all groups."""
    with tempfile.TemporaryDirectory(prefix="faceloop-report-") as folder:
        report = Path(folder) / "groups.html"
        loop.faceloop("cluster", "--method", "people", "--report", str(report))
        page = browser.new_page(viewport=REPORT)
        page.goto(report.as_uri())
        _save(page, out / "report.webp")
        page.close()


def new_page(loop: DemoLoop) -> tuple[Path, tuple[AlbumFace, ...]]:
    """Of the new pages that show somebody whom nobody has named, the one with the most people."""
    new = [page for page in sorted(loop.album.truth) if page.parent == loop.album.new_photos]
    unknown = [page for page in new if any(f.name == STRAY for f in loop.album.truth[page])]
    page = max(unknown, key=lambda page: len(loop.album.truth[page]))
    return page, loop.album.truth[page]


def take_photo(annotator: Annotator, task: int, faces: tuple[AlbumFace, ...], out: Path) -> None:
    """A new photo with a name at each face."""
    annotator.page.set_viewport_size(ViewportSize(width=SCREEN["width"] + LIST_PX, height=1000))
    annotator.open_photo(task, faces=len(faces))
    annotator.show_names()
    _save(annotator.page, out / "new-photo.webp", left_px=LIST_PX)


def take_app(browser: Browser, url: str, photo: Path, faces: int, out: Path) -> None:
    """Everyone in a picture, on a desktop and on a phone."""
    for name, screen, scale in (("app", SCREEN, 1), ("app-phone", PHONE, 2)):
        page = browser.new_page(viewport=screen, device_scale_factor=scale)
        page.goto(url)
        page.locator("#everyone-given input[type=file]").set_input_files(photo)
        expect(page.locator(".fl-faces .fl-name")).to_have_count(faces, timeout=PATIENCE_MS)
        _save(page, out / f"{name}.webp", whole=True)
        page.close()


def take_live(
    browser: Browser, url: str, photo: Path, faces: tuple[AlbumFace, ...], out: Path
) -> None:
    """Some of them before the camera, one whom nobody has named among them."""
    chosen = sorted(faces, key=lambda face: face.name != STRAY)[:3]
    with Image.open(photo) as page_of_album, tempfile.TemporaryDirectory() as folder:
        prints = [page_of_album.convert("RGB").crop(_corners(face)) for face in chosen]
        filmed = Path(folder) / "camera.mjpeg"
        filmed.write_bytes(b"".join(film(prints, is_still=True)))
        flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
        camera = f"--use-file-for-fake-video-capture={filmed}"
        with closing(start_chromium(browser.browser_type, *flags, camera)) as other:
            page = other.new_page(viewport=SCREEN)
            page.goto(url)
            page.get_by_role("tab", name="Live").click()
            page.get_by_role("button", name="Start the camera").click()
            names = page.locator("#live").get_by_role("listitem")
            expect(names).to_have_count(len(chosen), timeout=PATIENCE_MS)
            _save(page, out / "app-live.webp")


def _corners(face: AlbumFace) -> tuple[int, int, int, int]:
    box = face.box
    return round(box.left), round(box.top), round(box.right), round(box.bottom)


def _save(page: Page, place: Path, *, left_px: int = 0, whole: bool = False) -> None:
    """Save what the page shows, without what is left of `left_px`; say how large it is."""
    page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    shown = picture.crop((left_px, 0, picture.width, picture.height))
    shown.save(place, quality=QUALITY, method=6)
    size_kb = place.stat().st_size / 1000
    _say(f"{place}: {shown.width} x {shown.height}, {size_kb:.0f} kB")
    if size_kb > LARGEST_KB:
        raise ValueError(f"{place} has {size_kb:.0f} kB; the largest picture may have {LARGEST_KB}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
