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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from benchmarks.own_studio import free_ports
from faceloop.demo_album import Album, make_album
from faceloop.workspace import Connection, read_connection
from faces.records import FaceId
from faces.store import ledger, photos
from faces.store.database import Store, open_store
from faces.studio import Studio
from sync.desk import Project
from sync.montage import columns_of

PEOPLE = 20
EPS = "0.48"
"""A radius wide enough that one face comes into the group of somebody else."""
STRAY, STRAY_PAGE = "Ruben", "page-037.jpg"
"""Who that is; of the pages that show them the album keeps this one."""
READY_WITHIN_S = 600
PATIENCE_MS = 60_000
NAME_FIELD = "Type a name, then Enter"
_REGIONS = ".lsf-outliner-item__title"


@dataclass(frozen=True)
class Group:
    """An open task of the People project: its faces, and who most of them really are."""

    task: int
    faces: tuple[FaceId, ...]
    name: str
    strays: tuple[int, ...]
    """The places of the tiles that show somebody else."""


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

    def open_groups(self) -> list[Group]:
        """The groups that nobody has named yet, in Label Studio's order."""
        names = self._real_names()
        open_tasks = [
            int(task["id"])
            for task in self.studio.tasks(self.project(Project.PEOPLE))
            if not task["total_annotations"]
        ]
        return [_group(task, self._data(task)["faces"], names) for task in open_tasks]

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
        names: dict[FaceId, str] = {}
        for face in faces:
            page = self.album.photos / Path(files[face.photo][0].path)
            for there in self.album.truth[page]:
                if face.box.overlap(there.box) > 0.1:
                    names[face.id] = there.name
        return names


def _group(task: int, faces: list[str], names: Mapping[FaceId, str]) -> Group:
    shown = [names[FaceId(face)] for face in faces]
    name = Counter(shown).most_common(1)[0][0]
    strays = tuple(place for place, other in enumerate(shown) if other != name)
    return Group(task, tuple(FaceId(face) for face in faces), name, strays)


@contextmanager
def running_loop(folder: Path) -> Iterator[DemoLoop]:
    """Make the album below `folder`, start everything, and stop it at the end."""
    album = make_album(folder / "demo", people=PEOPLE)
    pages = _pages_with_one_stray(album, folder / "pages")
    workspace = folder / "workspace"
    studio, backend, app = map(str, free_ports(3))
    command = [sys.executable, "-m", "faceloop", "up", str(pages), "--no-browser"]
    command += ["--method", "dbscan", "--eps", EPS]
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

    def open_task(self, project: Project, task: int, *, regions: int) -> None:
        """Open one task; its picture and its regions are there."""
        self.page.goto(f"{self._address(project)}?task={task}")
        self.wait_for_regions(regions)

    def open_stream(self, project: Project) -> None:
        """Have all open tasks of a project come by, one after the other."""
        self.page.goto(self._address(project))
        self.page.get_by_text("Label All Tasks").first.click()

    def wait_for_regions(self, count: int) -> None:
        """Wait until the task that is open shows its picture and so many regions."""
        expect(self.page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
        expect(self.page.locator(_REGIONS)).to_have_count(count, timeout=PATIENCE_MS)

    def name(self, group: Group) -> None:
        """Open a group, throw out who does not belong, type the name and submit."""
        self.open_task(Project.PEOPLE, group.task, regions=len(group.faces))
        for place in group.strays:
            self.mark_someone_else(place)
        self.name_field.fill(group.name)
        self.page.keyboard.press("Enter")
        expect(self.name_field).to_have_count(0, timeout=PATIENCE_MS)
        self.submit()

    def submit(self) -> None:
        """Submit by keyboard; Label Studio says that it has it."""
        with self.page.expect_response(
            lambda answer: "/annotations" in answer.url and answer.request.method == "POST"
        ):
            self.page.keyboard.press("Control+Enter")

    @property
    def name_field(self) -> Locator:
        """Where a new name is typed; it is gone once there is one."""
        return self.page.get_by_placeholder(NAME_FIELD)

    def mark_someone_else(self, place: int) -> None:
        """Click a tile and press w; the list of regions says so."""
        marked = self.page.locator(_REGIONS, has_text="Someone else")
        before = marked.count()
        canvas = self.page.locator("canvas").first.bounding_box()
        if canvas is None:
            raise LookupError("no montage on the page")
        tiles_across = columns_of(self.page.locator(_REGIONS).count())
        step = canvas["width"] / tiles_across
        across, down = place % tiles_across, place // tiles_across
        self.page.mouse.click(
            canvas["x"] + step * (across + 0.5), canvas["y"] + step * (down + 0.5)
        )
        self.page.keyboard.press("w")
        expect(marked).to_have_count(before + 1, timeout=PATIENCE_MS)

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
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        raise LookupError("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
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
