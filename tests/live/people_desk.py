"""People pages in a real Label Studio and a real browser, over a store with synthetic photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, expect

from faceloop.workspace import new_token
from faces.identify import CurrentModel
from faces.media import Media
from faces.pictures import CROP_PX, save_jpeg
from faces.records import FaceId
from faces.store.database import Store
from faces.studio import Studio
from scripts.people_page import PATIENCE_MS, PeoplePage
from sync.desk import Project, open_desk
from tests.live.conftest import label_studio_in, sign_in
from tests.studio_double import StudioDouble
from tests.sync.conftest import Workspace, face_id, photo_id

WINDOW = {"width": 1280, "height": 720}


@dataclass
class Desk:
    """A page of People in the real browser, and the store behind it."""

    workspace: Workspace
    page: Page
    url: str

    @property
    def hand(self) -> PeoplePage:
        """What is done by mouse and keyboard on the page that is open."""
        return PeoplePage(self.page)

    def sync(self) -> list[str]:
        """Read the answers and push what follows; what could not be understood."""
        problems = self.workspace.pull().problems
        self.workspace.push()
        return problems

    def task_with(self, face: FaceId, *, asks: str = "") -> int:
        """The open task that shows a face, and asks in this way."""
        tasks = self.workspace.ledger(Project.PEOPLE).values()
        open_tasks = [task.task_id for task in tasks if not task.annotated and task.task_id]
        found = {task: self.data(task) for task in open_tasks}
        return next(
            task
            for task, data in found.items()
            if face in data["faces"] and asks in ("", data["asks"])
        )

    def data(self, task: int) -> dict[str, Any]:
        """A task's data."""
        found = self.workspace.studio.task(task)
        assert found is not None
        data: dict[str, Any] = found["data"]
        return data

    def open(self, task: int, project: Project = Project.PEOPLE) -> None:
        """Open a task; all that is predicted of it is there."""
        number = self.workspace.desk.project(project)
        self.page.goto(f"{self.url}/projects/{number}/data?task={task}")
        many = len(self.data(task)["faces"])
        if project is Project.PEOPLE:
            self.hand.wait_for_faces(many)
        else:
            expect(self.page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
            self.hand.wait_for_regions(many)

    def open_fresh(self, face: FaceId) -> None:
        """Open the page of a face as it was pushed: without a draft of what was tried before."""
        task = self.task_with(face)
        drafts = self.workspace.studio.task(task)["drafts"]
        for draft in drafts:
            self.workspace.studio._json("DELETE", f"api/drafts/{draft['id']}/")
        self.open(task)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        self.hand.press(*keys)

    def click_tile(self, place: int) -> None:
        """Click into the middle of a tile."""
        self.hand.click(self.hand.tiles()[place]["id"])

    def said(self) -> dict[str, Any]:
        """What would be submitted now: the tiles' labels in order, and each other control."""
        result = self.hand.result()
        marks = list(self.hand.labels().values())
        rest = {
            one["from_name"]: next(iter(one["value"].values()))[0]
            for one in result
            if one["from_name"] != "face"
        }
        return {"marks": marks, **rest}

    def submit(self) -> None:
        """Submit by keyboard; Label Studio says that it has it."""
        self.hand.submit()

    def shown_in_photos(self, number: int) -> list[str]:
        """The labels that the Photos task of a photo shows."""
        task = self.workspace.task_of(Project.PHOTOS, photo_id(number))
        self.open(task, Project.PHOTOS)
        return list(self.hand.labels().values())


@contextmanager
def people_desk(
    chromium: Browser, folder: Path, fill: Callable[[Workspace], None]
) -> Iterator[Desk]:
    """A desk over a store that `fill` fills; all of it in a real Label Studio."""
    token = new_token()
    with label_studio_in(folder, token=token) as url, httpx.Client(timeout=60) as client:
        place = folder / "workspace"
        store = Store(f"sqlite:///{place / 'faceloop.sqlite3'}")
        store.migrate(lock=place / "migrate.lock")
        studio = Studio(url, token, httpx_client=client)
        media = Media(media=place / "media", workspace=place)
        opened = open_desk(store, studio, server=url, media=media, pictures="local")
        models = CurrentModel(place / "models")
        workspace = Workspace(place, store, StudioDouble(), studio, media, opened, models)
        fill(workspace)
        workspace.push()
        page = chromium.new_page(viewport=WINDOW)
        sign_in(page, url)
        yield Desk(workspace, page, url)
        page.close()
        store.close()


def draw(workspace: Workspace, *, photos: range, people: range) -> None:
    """Draw these photos, each with one face of everybody as `add_photos` has it, and the crops."""
    shades = np.random.default_rng(1).integers(0, 255, (len(photos), len(people), 3))
    for number, of_photo in zip(photos, shades, strict=True):
        pixels = np.full((100, max(400, 10 + 60 * len(people)), 3), 200, np.uint8)
        for place, (person, shade) in enumerate(zip(people, of_photo, strict=True)):
            left = 10 + 60 * place
            pixels[20:70, left : left + 40] = shade
            crop = np.full((CROP_PX, CROP_PX, 3), shade, np.uint8)
            save_jpeg(crop, workspace.media.crop(face_id(number, person)))
        save_jpeg(pixels, workspace.media.preview(photo_id(number)))
