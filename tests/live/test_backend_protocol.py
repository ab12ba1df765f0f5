"""The real Label Studio asks the real backend: in both modes of validation, by both kinds of token.

With strict validation on, one wrong region from a backend locks annotators out; with it off, what
is wrong is dropped in silence. So in either mode it is looked for what Label Studio has stored.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.own_studio import free_ports
from faceloop.demo_album import Album
from faceloop.studio_server import COUNTS_FEW
from faceloop.sync import connect
from faceloop.workspace import new_token, prepare, settings_for
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict
from faces.jobs import Jobs
from faces.pictures import open_photo, save_jpeg
from faces.reading import ReadingOptions, face_reader
from faces.records import PersonId, ReadPhoto
from faces.settings import Settings, environment_for
from faces.showing import FIRST_ROUND
from faces.store import log, photos
from faces.store.database import open_store
from faces.studio_format import photo_task
from sync.loop import desk_of
from tests.live.conftest import (
    PASSWORD,
    USER,
    label_studio_in,
    personal_access_token,
    wait_until,
)

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(600)]

STRICT = "fflag_feat_utc_210_prediction_validation_15082025"
LATE = "late.jpg"


@dataclass
class Asked:
    """A Label Studio in one mode, our backend that it calls, and three tasks without predictions.

    The first shows a photo that the store knows, the second a new one, the third one that is not
    there yet.
    """

    is_strict: bool
    http: httpx.Client
    settings: Settings
    project: int
    tasks: list[int]
    known: ReadPhoto

    @property
    def backend(self) -> int:
        [registered] = self.http.get("/api/ml", params={"project": self.project}).json()
        assert registered["state"] == "CO", registered
        return int(registered["id"])

    def predictions(self, task: int) -> list[dict[str, Any]]:
        """What Label Studio has stored for a task."""
        params = {"task": task, "project": self.project}
        found: list[dict[str, Any]] = self.http.get("/api/predictions/", params=params).json()
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Label Studio's and ours, which both modes share."""
    made = tmp_path_factory.mktemp("protocol")
    prepare(settings_for(made / "workspace")).close()
    return made


@pytest.fixture(scope="module", params=["lenient, legacy token", "strict, personal token"])
def asked(
    request: pytest.FixtureRequest, folder: Path, album: Album, token: str
) -> Iterator[Asked]:
    mode, _, kind = request.param.partition(", ")
    switches = {STRICT: str(mode == "strict").lower(), COUNTS_FEW: "false"}
    with (
        label_studio_in(folder, token=token, **switches) as url,
        httpx.Client(
            base_url=url,
            headers={"Authorization": f"Token {token}"},
            follow_redirects=True,
            timeout=60,
        ) as http,
    ):
        key = token if kind.startswith("legacy") else personal_access_token(url, USER, PASSWORD)
        [port] = free_ports(1)
        settings = settings_for(
            folder / "workspace",
            studio_url=url,
            studio_name="the one of this test",
            studio_api_key=token,
            backend_port=port,
            backend_secret="a-secret-of-tests",
        )
        with _backend(settings, key):
            yield _prepared(settings, album, http, is_strict=mode == "strict")


@pytest.fixture(scope="module")
def token() -> str:
    return new_token()


@contextmanager
def _backend(settings: Settings, key: str) -> Iterator[None]:
    """Our backend, ready, with this token for Label Studio."""
    environment = environment_for(settings) | {"FACELOOP_STUDIO_API_KEY": key}
    process = subprocess.Popen(
        [sys.executable, "-m", "backend"], env=environment, start_new_session=True
    )
    try:
        ready = f"{settings.backend_url_for_studio}/ready"
        wait_until(lambda: _answers(ready), within_s=60, what="the backend")
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def _prepared(settings: Settings, album: Album, http: httpx.Client, *, is_strict: bool) -> Asked:
    """Our projects, connected, with tasks of their own."""
    store = open_store(settings.store_url)
    pages = sorted(album.truth)[:2]
    shown = [settings.media / "previews" / f"{page.stem}.jpg" for page in pages]
    for page, preview in zip(pages, shown, strict=True):
        save_jpeg(open_photo(page).pixels, preview)
    (settings.media / "previews" / LATE).unlink(missing_ok=True)
    known = face_reader(ReadingOptions()).read(open_photo(shown[0]))
    anna, now = PersonId("anna"), datetime(2026, 11, 22, tzinfo=UTC)
    with store.write() as connection:
        photos.save_photo(connection, known, now=now)
        words = [
            PersonCreated(anna, "Anna"),
            FaceVerdict(known.faces[0].id, Verdict.IS, anna),
        ]
        log.append(connection, Occasion("ann", now, "annotation:1"), words)
    urls = [f"/data/local-files/?d=previews/{name}" for name in (*(p.name for p in shown), LATE)]
    faces = [face.id for face in known.faces]
    of_known = {"photo": known.photo.id, "caption": "", "people": ["Anna"], "faces": faces}
    new = {**photo_task(image_url=urls[1], **of_known), "photo": ""}
    gone = {**new, "image": urls[2]}
    data = [photo_task(image_url=urls[0], **of_known), new, gone]
    desk = desk_of(settings, store)
    with closing(store), closing(desk.studio):
        assert connect(settings, desk) is None
        tasks = desk.studio.import_tasks(desk.photos, [{"data": one} for one in data])
    return Asked(is_strict, http, settings, desk.photos, tasks, known)


def test_label_studio_is_as_strict_as_it_is_meant_to_be(asked: Asked) -> None:
    wrong = {"result": [{"from_name": "nobody", "to_name": "image", "type": "x", "value": {}}]}
    answer = asked.http.post(
        f"/api/projects/{asked.project}/import",
        params={"commit_to_project": "false"},
        json=[{"data": {"image": "x"}, "predictions": [wrong]}],
    )
    assert answer.status_code == (400 if asked.is_strict else 201), answer.text


def test_a_task_without_a_prediction_is_named_when_it_is_opened_and_only_once(
    asked: Asked,
) -> None:
    known, new, _ = asked.tasks
    for task in (known, known, new, new):
        assert asked.http.get(f"/api/tasks/{task}/").is_success
    [of_known], [of_new] = asked.predictions(known), asked.predictions(new)
    assert of_known["model_version"] == of_new["model_version"] == FIRST_ROUND
    assert [r["id"] for r in of_known["result"]] == [
        face.id for face in sorted(asked.known.faces, key=lambda face: face.box.left)
    ]
    labels = [region["value"]["rectanglelabels"] for region in of_known["result"]]
    assert labels.count(["Anna"]) == 1
    assert len(of_new["result"]) >= 3


def test_retrieving_predictions_stores_one_for_each_task_that_goes_well(asked: Asked) -> None:
    answer = asked.http.post(
        "/api/dm/actions",
        params={"id": "retrieve_tasks_predictions", "project": asked.project},
        json={"selectedItems": {"all": True, "excluded": []}},
    )
    assert answer.is_success, answer.text
    stored = [asked.predictions(task) for task in asked.tasks]
    assert [len(found) for found in stored] == [1, 1, 0]


def test_a_task_that_went_wrong_is_asked_about_again(asked: Asked) -> None:
    late = asked.tasks[2]
    assert asked.http.get(f"/api/tasks/{late}/").is_success
    assert asked.predictions(late) == []
    previews = asked.settings.media / "previews"
    (previews / LATE).write_bytes(next(previews.glob("page-*.jpg")).read_bytes())
    assert asked.http.get(f"/api/tasks/{late}/").is_success
    [stored] = asked.predictions(late)
    assert len(stored["result"]) >= 3


def test_nobody_is_locked_out_of_the_project(asked: Asked) -> None:
    answer = asked.http.get(f"/api/projects/{asked.project}/next")
    assert answer.is_success, answer.text


def test_a_box_just_drawn_comes_back_with_a_name(asked: Asked) -> None:
    face, photo = asked.known.faces[0], asked.known.photo
    value = {
        "x": 100 * face.box.left / photo.width_px,
        "y": 100 * face.box.top / photo.height_px,
        "width": 100 * face.box.width / photo.width_px,
        "height": 100 * face.box.height / photo.height_px,
        "rotation": 0,
        "rectanglelabels": ["Unknown"],
    }
    drawn = {
        "id": "drawn",
        "type": "rectanglelabels",
        "from_name": "face",
        "to_name": "image",
        "original_width": photo.width_px,
        "original_height": photo.height_px,
        "image_rotation": 0,
        "origin": "manual",
        "value": value,
    }
    answer = asked.http.post(
        f"/api/ml/{asked.backend}/interactive-annotating",
        json={"task": asked.tasks[0], "context": {"result": [drawn]}},
    ).json()
    [region] = answer["data"]["result"]
    assert (region["id"], region["value"]["rectanglelabels"]) == ("drawn", ["Anna"])


def test_saving_and_start_training_are_noted_for_the_worker(asked: Asked) -> None:
    jobs = Jobs(asked.settings)
    while jobs.huey.dequeue() is not None:
        pass
    [prediction] = asked.predictions(asked.tasks[0])
    said = {"result": prediction["result"], "parent_prediction": prediction["id"]}
    saved = asked.http.post(f"/api/tasks/{asked.tasks[0]}/annotations/", json=said)
    assert saved.status_code == 201, saved.text
    assert jobs.waiting() == 1
    jobs.huey.dequeue()
    trained = asked.http.post(f"/api/ml/{asked.backend}/train", json={})
    assert trained.is_success, trained.text
    assert jobs.waiting() == 1
    jobs.huey.dequeue()
    deleted = asked.http.delete(f"/api/annotations/{saved.json()['id']}/")
    assert deleted.is_success
    assert jobs.waiting() == 1
