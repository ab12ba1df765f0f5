"""The whole loop running over the demo's album, and somebody with a browser who names people in it.

The script that takes the pictures drives it; it is what a newcomer has after `make demo`, smaller,
and with a mistake in it to be shown being mended.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.own_studio import free_ports
from faceloop.demo_album import Album, make_album
from faceloop.workspace import Connection, read_connection
from faces.records import FaceId
from faces.store import ledger, photos
from faces.store.database import Store, open_store
from faces.studio import Studio
from faces.studio_format import WORTH
from scripts.browser import start_chromium
from scripts.people_page import PATIENCE_MS, PeoplePage
from sync.desk import Project

PEOPLE = 20
NARROW, WIDE = (("--method", "dbscan", "--eps", eps) for eps in ("0.38", "0.48"))
"""Radii with which one person comes in two groups, and one face into the group of somebody else."""
STRAY, STRAY_PAGE = "Ruben", "page-037.jpg"
"""Who that is; of the pages that show them the album keeps this one."""
READY_WITHIN_S = 600
_REGIONS = ".lsf-outliner-item__title"


@dataclass(frozen=True)
class OpenPage:
    """An open task of the People project: its rows, and who most of each really are."""

    task: int
    kind: str
    rows: tuple[tuple[FaceId, ...], ...]
    names: tuple[str, ...]
    strays: tuple[FaceId, ...]
    """The faces that show somebody else than the rest of their row."""


@dataclass
class DemoLoop:
    """A running `faceloop up`."""

    album: Album
    workspace: Path
    connection: Connection
    store: Store
    studio: Studio

    @property
    def app_url(self) -> str:
        """The app's page."""
        return f"http://127.0.0.1:{self.connection.app_port}"

    def project(self, project: Project) -> int:
        """Label Studio's id of one of the two projects."""
        with self.store.read() as connection:
            return int(ledger.fact(connection, f"project {project}")["id"])

    def open_pages(self) -> list[OpenPage]:
        """The pages that nobody has answered yet, those worth most first."""
        names = self._real_names()
        found = [
            (int(task["id"]), self._data(task["id"]))
            for task in self.studio.tasks(self.project(Project.PEOPLE))
            if not task["total_annotations"]
        ]
        best = sorted(found, key=lambda one: one[1][WORTH], reverse=True)
        return [_open_page(task, data, names) for task, data in best]

    def task_of_photo(self, name: str) -> int:
        """The Photos task of a photo, by its file's name."""
        with self.store.read() as connection:
            tasks = ledger.pushed_tasks(connection, Project.PHOTOS)
            files = photos.known_files(connection)
        photo = next(known.photo for known in files if known.file.path == name and known.photo)
        task = tasks[photo].task_id
        if task is None:
            raise LookupError(f"{name} has no task in Label Studio")
        return task

    def faceloop(self, *arguments: str) -> None:
        """Run the command on this workspace; what it says goes to the terminal."""
        command = [sys.executable, "-m", "faceloop", *arguments]
        subprocess.run(
            [*command, "--workspace", str(self.workspace)], env=environment(), check=True
        )

    def _data(self, task: int) -> dict[str, Any]:
        found = self.studio.task(task)
        if found is None:
            raise LookupError(f"Label Studio has no task {task}")
        data: dict[str, Any] = found["data"]
        return data

    def _real_names(self) -> Mapping[FaceId, str]:
        """Who each face really is, by the album's own truth."""
        with self.store.read() as connection:
            files = photos.files_of_photos(connection)
            faces = photos.faces(connection)
        truth = {page.name: there for page, there in self.album.truth.items()}
        names: dict[FaceId, str] = {}
        for face in faces:
            page = Path(files[face.photo][0].path).name
            for there in truth[page]:
                if face.box.overlap(there.box) > 0.1:
                    names[face.id] = there.name
        return names


def _open_page(task: int, data: Mapping[str, Any], real: Mapping[FaceId, str]) -> OpenPage:
    rows = tuple(tuple(map(FaceId, row)) for row in data.get("rows") or [data["faces"]])
    names = tuple(Counter(real[face] for face in row).most_common(1)[0][0] for row in rows)
    strays = tuple(
        face for row, name in zip(rows, names, strict=True) for face in row if real[face] != name
    )
    return OpenPage(task, data["kind"], rows, names, strays)


@contextmanager
def running_loop(folder: Path) -> Iterator[DemoLoop]:
    """Make the album below `folder`, start everything, and stop it at the end."""
    album = make_album(folder / "demo", people=PEOPLE)
    pages = _pages_with_one_stray(album, folder / "pages")
    workspace = folder / "workspace"
    studio, backend, app = map(str, free_ports(3))
    command = [sys.executable, "-m", "faceloop", "up", str(pages), "--no-browser"]
    command += NARROW
    command += ["--workspace", str(workspace), "--studio-port", studio]
    command += ["--backend-port", backend, "--app-port", app]
    log = folder / "up.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        wait_until(
            lambda: process.poll() is not None or b"faceloop is up" in log.read_bytes(),
            within_s=READY_WITHIN_S,
            what="faceloop up",
        )
        connection = read_connection(workspace)
        if process.poll() is not None or connection is None:
            raise RuntimeError(log.read_text(encoding="utf-8"))
        store = open_store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
        talking = Studio(connection.studio_url, connection.studio_api_key)
        yield DemoLoop(album, workspace, connection, store, talking)
        store.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _pages_with_one_stray(album: Album, folder: Path) -> Path:
    """The album without the pages that show the stray person, but for one."""
    folder.mkdir(parents=True)
    for page, faces in album.truth.items():
        shows_stray = any(face.name == STRAY for face in faces)
        if page.parent == album.photos and (not shows_stray or page.name == STRAY_PAGE):
            shutil.copy(page, folder / page.name)
    return folder


class Annotator:
    """Somebody with a browser, signed in to Label Studio."""

    def __init__(self, page: Page, loop: DemoLoop) -> None:
        """Sign in."""
        self.page = page
        self._loop = loop
        page.goto(f"{loop.connection.studio_url}/user/login/")
        page.fill("input[name=email]", loop.connection.studio_user)
        page.fill("input[name=password]", loop.connection.studio_password)
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)

    @property
    def hand(self) -> PeoplePage:
        """What is done by mouse and keyboard on the page of People that is open."""
        return PeoplePage(self.page)

    def open_page(self, page: OpenPage) -> None:
        """Open a page of People; its picture and all its faces are there."""
        self.page.goto(f"{self._address(Project.PEOPLE)}?task={page.task}")
        self.hand.wait_for_faces(sum(map(len, page.rows)))

    def open_photo(self, task: int, *, faces: int) -> None:
        """Open a photo; its picture and so many regions are there."""
        self.page.goto(f"{self._address(Project.PHOTOS)}?task={task}")
        expect(self.page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
        expect(self.page.locator(_REGIONS)).to_have_count(faces, timeout=PATIENCE_MS)

    def open_stream(self, project: Project) -> None:
        """Have all open tasks of a project come by, one after the other."""
        self.page.goto(self._address(project))
        self.page.get_by_text("Label All Tasks").first.click()

    def next_in_stream(self, pages: Sequence[OpenPage]) -> OpenPage:
        """Wait until one of these pages has come by."""
        tasks = [str(page.task) for page in pages]
        handle = self.page.wait_for_function(
            "tasks => tasks.find(task => task === String(window.Htx?.task?.id))",
            arg=tasks,
            timeout=PATIENCE_MS,
        )
        page = pages[tasks.index(handle.json_value())]
        self.hand.wait_for_faces(sum(map(len, page.rows)))
        return page

    def answer(self, page: OpenPage) -> None:
        """Open a page, give every row its name, throw out who does not belong, and submit."""
        self.open_page(page)
        self.hand.call(page.rows, page.names)
        for face in page.strays:
            self.hand.click(face, "w", "Escape")
        self.hand.submit()

    def wait_until_told_all(self) -> None:
        """Wait until the note on what was saved is gone."""
        expect(self.page.get_by_text("saved successfully")).to_have_count(0, timeout=PATIENCE_MS)

    def show_names(self) -> None:
        """Have Label Studio write the label beside each box: a setting of its own."""
        self.page.get_by_label("Settings").last.click()
        self.page.get_by_text("Show region labels").click()
        self.page.keyboard.press("Escape")

    def _address(self, project: Project) -> str:
        return f"{self._loop.connection.studio_url}/projects/{self._loop.project(project)}/data"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A real browser: the system's Chromium."""
    with sync_playwright() as playwright:
        browser = start_chromium(playwright.chromium)
        yield browser
        browser.close()


def wait_until(found: Callable[[], object], *, within_s: float, what: str) -> None:
    """Look until it is there.

    Raises:
        TimeoutError: it did not come in time.
    """
    deadline = time.monotonic() + within_s
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within_s:.0f} s in vain for {what}")
        time.sleep(0.5)


def environment() -> dict[str, str]:
    """Ours, without settings that somebody may have; Label Studio is where they said it is."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FACELOOP_")}
    studio = os.environ.get("FACELOOP_STUDIO_VENV", ".venv-studio")
    return {**kept, "FACELOOP_STUDIO_VENV": str(Path(studio).resolve())}
