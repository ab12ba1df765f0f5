"""The whole loop, running: `faceloop up` over a small album, and a browser that works in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Response,
    expect,
    sync_playwright,
)

from benchmarks.own_studio import free_ports, label_studio, new_connection
from faceloop.demo_album import Album, make_album
from faceloop.studio_server import studio_data
from faceloop.workspace import Connection, explicit_settings, read_connection, settings_of
from faces.confirmations import Truth
from faces.records import FaceId
from faces.store import ledger, log, photos
from faces.store.database import Store, open_store
from faces.studio import Studio
from scripts.browser import start_chromium
from scripts.people_page import PATIENCE_MS, PeoplePage
from sync.desk import Project
from tests.live.studio_tables import give_tables
from tests.orl_people import Learned, learn_directions
from tests.running_app import RunningApp, running_app

READY_WITHIN_S = 420
USER, PASSWORD = "owner@studio.example", "a-password-of-tests"  # on loopback
ALBUM_PEOPLE = 20
"""So many that one of them comes in two groups, and several pages are full."""
T = TypeVar("T")


def give_up(reason: str) -> NoReturn:
    """Skip where something is missing, but not in CI, which has it all."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def wait_until(found: Callable[[], T], *, within_s: float, what: str) -> T:
    """Look until there is something."""
    deadline = time.monotonic() + within_s
    while not (result := found()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {within_s:.0f} s in vain for {what}")
        time.sleep(0.5)
    return result


@contextmanager
def label_studio_in(folder: Path, *, token: str, **otherwise: str) -> Iterator[str]:
    """A Label Studio that keeps all that is its own in this folder; gives its address.

    `otherwise` are variables of its environment which differ from those that `up` sets.
    """
    refuse_no_studio()
    connection = replace(
        new_connection(folder / "workspace"),
        studio_api_key=token,
        own_api_key=token,
        studio_user=USER,
        studio_password=PASSWORD,
    )
    settings = explicit_settings(folder / "workspace", **settings_of(connection))
    give_tables(studio_data(settings))
    with label_studio(settings, connection, **otherwise):
        yield connection.studio_url


def personal_access_token(url: str, user: str, password: str) -> str:
    """A personal access token of Label Studio, made as a person makes one."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30) as browser:
        browser.get("/user/login/")
        form = {"email": user, "password": password}
        asked = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": url}
        browser.post("/user/login/", data=form, headers=asked)
        asked["X-CSRFToken"] = browser.cookies["csrftoken"]
        answer = browser.post("/api/token/", headers=asked)
        assert answer.is_success, answer.text
        return str(answer.json()["token"])


def refuse_no_studio() -> None:
    """Without Label Studio there is nothing to try."""
    if not (Path(environment()["FACELOOP_STUDIO_VENV"]) / "bin" / "label-studio").exists():
        give_up("Label Studio is not installed; run `make setup`")


@dataclass
class Loop:
    """A running `faceloop up`."""

    album: Album
    workspace: Path
    connection: Connection
    process: subprocess.Popen[bytes]
    output: Path
    http: httpx.Client
    name_of: dict[FaceId, str] = field(default_factory=dict)

    def close(self) -> None:
        """Close what was opened to look at it."""
        self.http.close()
        self.store.close()

    @cached_property
    def store(self) -> Store:
        """The workspace's store."""
        return open_store(f"sqlite:///{self.workspace / 'faceloop.sqlite3'}")

    @cached_property
    def studio(self) -> Studio:
        """Label Studio as the program sees it."""
        key = self.connection.studio_api_key
        return Studio(self.connection.studio_url, key, httpx_client=self.http)

    @property
    def app_url(self) -> str:
        """The app's page."""
        return f"http://127.0.0.1:{self.connection.app_port}"

    @property
    def backend_url(self) -> str:
        """The backend's address."""
        return f"http://127.0.0.1:{self.connection.backend_port}"

    def truth(self) -> Truth:
        """What holds now."""
        with self.store.read() as connection:
            return log.truth(connection)

    def project(self, name: str) -> int:
        """Label Studio's id of one of the two projects."""
        with self.store.read() as connection:
            return int(ledger.fact(connection, f"project {name}")["id"])

    def faceloop(self, *arguments: str) -> str:
        """Run the command on this workspace."""
        done = subprocess.run(
            [sys.executable, "-m", "faceloop", *arguments, "--workspace", str(self.workspace)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def real_name(self, face: FaceId) -> str:
        """Who a face really is, by the album's own truth."""
        if face not in self.name_of:
            self.name_of = dict(self._real_names())
        return self.name_of[face]

    def _real_names(self) -> Iterator[tuple[FaceId, str]]:
        with self.store.read() as connection:
            files = photos.files_of_photos(connection)
            faces = photos.faces(connection)
        for face in faces:
            file = files[face.photo][0]
            for there in self.album.truth[Path(file.root) / file.path]:
                middle_x = face.box.left + face.box.width / 2
                middle_y = face.box.top + face.box.height / 2
                inside_x = there.box.left <= middle_x <= there.box.right
                if inside_x and there.box.top <= middle_y <= there.box.bottom:
                    yield face.id, f"{there.name} ({there.person})"


def environment() -> dict[str, str]:
    """Ours, without settings that somebody may have; Label Studio is where they said it is."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FACELOOP_")}
    studio = os.environ.get("FACELOOP_STUDIO_VENV", ".venv-studio")
    return {**kept, "FACELOOP_STUDIO_VENV": str(Path(studio).resolve()), "COLUMNS": "200"}


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
    """A small album of the demo."""
    return make_album(tmp_path_factory.mktemp("demo") / "album", people=ALBUM_PEOPLE)


@pytest.fixture(scope="module")
def loop(album: Album, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """Everything up: what a newcomer has after `make demo`."""
    refuse_no_studio()
    folder = tmp_path_factory.mktemp("loop")
    workspace, output = folder / "workspace", folder / "up.txt"
    give_tables(studio_data(explicit_settings(workspace)))
    studio, backend, app = map(str, free_ports(3))
    with output.open("wb") as written:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "faceloop", "up", str(album.photos)),
                *("--workspace", str(workspace), "--no-browser"),
                *("--studio-port", studio, "--backend-port", backend, "--app-port", app),
            ],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(
            lambda: process.poll() is not None or b"faceloop is up" in output.read_bytes(),
            within_s=READY_WITHIN_S,
            what="faceloop up",
        )
        assert process.poll() is None, output.read_text()
        connection = read_connection(workspace)
        assert connection is not None
        with httpx.Client(timeout=60) as http:
            running = Loop(album, workspace, connection, process, output, http)
            yield running
            running.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., object]:
    """`wait_until`, for test modules."""
    return wait_until


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser."""
    with sync_playwright() as playwright:
        try:
            browser = start_chromium(playwright.chromium)
        except LookupError as error:
            give_up(str(error))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def app_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app alone, over an empty store, for the tests of its page."""
    with running_app(tmp_path_factory.mktemp("app")) as running:
        yield running


@pytest.fixture(scope="session")
def learned() -> Learned:
    """What a version knows of a few people."""
    return learn_directions()


def sign_in(page: Page, url: str, user: str = USER, password: str = PASSWORD) -> None:
    """Sign in to Label Studio."""
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", user)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)


class Annotator:
    """Somebody with a browser, signed in to Label Studio; every request is noted."""

    def __init__(
        self, context: BrowserContext, loop: Loop, *, user: str = "", password: str = ""
    ) -> None:
        """Sign in as this user, by default as the one that `faceloop up` made."""
        self.loop = loop
        self.asked: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        known = loop.connection
        sign_in(
            self.page,
            known.studio_url,
            user or known.studio_user,
            password or known.studio_password,
        )

    def hosts_asked(self) -> set[str]:
        """All hosts that the browser asked for anything."""
        return {urlsplit(u).netloc for u in self.asked if not u.startswith(("data:", "blob:"))}

    @property
    def hand(self) -> PeoplePage:
        """What is done by mouse and keyboard on the page of People that is open."""
        return PeoplePage(self.page)

    def open_page(self, task: int) -> dict[str, Any]:
        """Open a page of People; its data."""
        project = self.loop.project(Project.PEOPLE)
        self.page.goto(f"{self.loop.connection.studio_url}/projects/{project}/data?task={task}")
        return self.wait_for_page(task)

    def wait_for_page(self, task: int) -> dict[str, Any]:
        """Wait until a page of People is there with all its faces; its data."""
        self.page.wait_for_function(
            "task => String(window.Htx?.task?.id) === String(task)", arg=task, timeout=PATIENCE_MS
        )
        data: dict[str, Any] = self.loop.studio.task(task)["data"]
        self.hand.wait_for_faces(len(data["faces"]))
        return data

    def name_first_row(self, name: str) -> None:
        """Name the first row of the page of People that is open."""
        self.hand.call([[self.hand.tiles()[0]["id"]]], [name])

    def open_task(self, project: int, task: int, *, regions: int) -> None:
        """Open one task; its picture and so many regions are there."""
        self.page.goto(f"{self.loop.connection.studio_url}/projects/{project}/data?task={task}")
        expect(self.page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
        titles = self.page.locator(".lsf-outliner-item__title")
        expect(titles).to_have_count(regions, timeout=PATIENCE_MS)

    def open_tab(self, project: int, title: str) -> list[dict[str, Any]]:
        """Open a tab of the Data Manager by its title; the tasks that it lists, in its order."""
        views = self.loop.studio.views(project)
        view = next(view for view, tab in views.items() if tab.title == title)
        with self.page.expect_response(
            lambda answer: "/api/tasks?" in answer.url and f"view={view}&" in f"{answer.url}&"
        ) as listed:
            self.page.goto(f"{self.loop.connection.studio_url}/projects/{project}/data?tab={view}")
        shown = self.page.get_by_role("tab", name=title, exact=True)
        expect(shown).to_be_visible(timeout=PATIENCE_MS)
        found: list[dict[str, Any]] = listed.value.json()["tasks"]
        return found

    def label_as_displayed(self) -> int:
        """Begin to label the tasks of the open tab; the first one's id."""
        self.page.get_by_label("Toggle open").click()
        with self.page.expect_response(_is_next_task) as answer:
            self.page.get_by_text("Label Tasks As Displayed").click()
        return int(answer.value.json()["id"])

    def submit_for_next(self) -> int | None:
        """Submit; the id of the task that Label Studio opens next, None if there is none."""
        with self.page.expect_response(_is_next_task) as answer:
            self.submit()
        return int(answer.value.json()["id"]) if answer.value.ok else None

    def region_labels(self) -> list[str]:
        """The labels in the list of regions."""
        return self.page.locator(".lsf-outliner-item__title").all_inner_texts()

    def submit(self) -> None:
        """Submit by keyboard; Label Studio says that it has it."""
        self.hand.submit()


def _is_next_task(answer: Response) -> bool:
    return "/api/dm/actions" in answer.url and "next_task" in answer.url


@pytest.fixture(scope="module")
def annotator(chromium: Browser, loop: Loop) -> Iterator[Annotator]:
    """An annotator; at the end, nothing was asked of any other machine."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    somebody = Annotator(context, loop)
    yield somebody
    context.close()
    assert {host.split(":")[0] for host in somebody.hosts_asked()} == {"127.0.0.1"}
