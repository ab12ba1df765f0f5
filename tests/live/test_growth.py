"""Many photos: the desk opens with the first of them, and grows while somebody answers."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.own_studio import free_ports
from faceloop.demo_album import make_album
from faces.confirmations import Truth
from faces.store import ledger, log, photos
from faces.store.database import Store, open_store
from faces.studio import Studio
from faces.studio_people import Asks
from sync.desk import Project
from tests.live.conftest import environment, label_studio_in, wait_until

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(600)]

TOKEN = "0123456789" * 4
PEOPLE, FIRST, PHOTOS, LATE = 6, 6, 40, 3
READY_WITHIN_S = 300
IN_TIME_S = 90


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Label Studio that runs already; so reading waits for nothing of it."""
    with label_studio_in(tmp_path_factory.mktemp("studio"), token=TOKEN) as url:
        yield url


@dataclass
class Growing:
    """A desk that opened before all photos were read."""

    folder: Path
    later: Path
    process: subprocess.Popen[bytes]
    output: Path
    store: Store
    studio: Studio

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def photos(self) -> int:
        with self.store.read() as connection:
            return photos.count_photos(connection)

    def truth(self) -> Truth:
        with self.store.read() as connection:
            return log.truth(connection)

    def tasks(self, project: Project) -> list[dict[str, Any]]:
        with self.store.read() as connection:
            number = ledger.fact(connection, f"project {project}")["id"]
        return list(self.studio.tasks(number))


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More pages of an album than there are portraits for: each is turned over once or twice."""
    pages = sorted(
        make_album(tmp_path_factory.mktemp("demo") / "album", people=PEOPLE).photos.iterdir()
    )
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS + LATE):
        with Image.open(pages[number % len(pages)]) as page:
            page.save(folder / f"{number:03}.jpg", quality=95 - number // len(pages))
    return folder


@pytest.fixture(scope="module")
def growing(
    studio: str, album: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Growing]:
    folder = tmp_path_factory.mktemp("growing")
    workspace, output, later = folder / "workspace", folder / "up.txt", folder / "later"
    later.mkdir()
    for photo in sorted(album.iterdir())[PHOTOS:]:
        photo.rename(later / photo.name)
    backend, app = map(str, free_ports(2))
    with output.open("wb") as written:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "faceloop", "up", str(album), "--no-browser"),
                *("--workspace", str(workspace), "--jobs", "1"),
                *("--studio", studio, "--backend-port", backend, "--app-port", app),
            ],
            env=settings(FACELOOP_FIRST_PHOTOS=str(FIRST), FACELOOP_STUDIO_API_KEY=TOKEN),
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
        found = open_store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
        with closing(found) as store, closing(Studio(studio, TOKEN)) as client:
            yield Growing(album, later, process, output, store, client)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def settings(**values: str) -> Mapping[str, str]:
    return {**environment(), **values}


def test_the_desk_opens_early_and_what_is_said_meanwhile_stays(growing: Growing) -> None:
    at_first = growing.tasks(Project.PHOTOS)
    assert FIRST <= len(at_first) < PHOTOS
    page = growing.tasks(Project.PEOPLE)[0]["id"]
    answered = growing.studio.task(page)
    faces = name_first_row(growing.studio, answered, "Anna")
    wait_until(
        lambda: len(growing.tasks(Project.PHOTOS)) == PHOTOS,
        within_s=IN_TIME_S,
        what="all photos at the desk",
    )
    wait_until(
        lambda: f"{PHOTOS} files" in growing.said(), within_s=IN_TIME_S, what="the end of reading"
    )
    assert f"{PHOTOS - FIRST} more photos will be read meanwhile" in growing.said()
    anna = growing.truth().person_named("Anna")
    assert anna is not None
    assert {f for f, said in growing.truth().confirmed.items() if said.person == anna.id} == faces
    kept = growing.studio.task(page)
    assert kept is not None
    assert (kept["data"], len(kept["annotations"])) == (answered["data"], 1)


def test_photos_that_are_dropped_into_the_folder_come_to_the_desk(growing: Growing) -> None:
    for photo in sorted(growing.later.iterdir()):
        photo.replace(growing.folder / photo.name)
    wait_until(
        lambda: len(growing.tasks(Project.PHOTOS)) == PHOTOS + LATE,
        within_s=IN_TIME_S,
        what="the new photos",
    )
    (growing.folder / "000.jpg").unlink()
    wait_until(
        lambda: len(growing.tasks(Project.PHOTOS)) == PHOTOS + LATE - 1,
        within_s=IN_TIME_S,
        what="a photo less",
    )


def name_first_row(studio: Studio, task: dict[str, Any] | None, name: str) -> set[str]:
    """Answer a page as somebody does who types a row's name and submits; returns its faces."""
    assert task is not None
    rows = task["data"].get("rows") or [task["data"]["faces"]]
    typed: dict[str, Any] = {
        "from_name": "row_1" if task["data"]["asks"] == Asks.SEVERAL else "new_name",
        "to_name": "montage",
        "type": "textarea",
        "id": "typed",
    }
    typed |= {"value": {"text": [name]}}
    shown = [one for one in task["predictions"][0]["result"] if one["type"] == "rectanglelabels"]
    answer = {"result": [typed, *shown], "parent_prediction": task["predictions"][0]["id"]}
    studio._json("POST", f"api/tasks/{task['id']}/annotations/", answer)
    return set(rows[0])
