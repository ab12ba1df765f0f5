"""A workspace with synthetic photos and a small Label Studio, for the tests of sync."""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faces.confirmations import Event, FaceVerdict, Occasion, PersonCreated, Truth, Verdict, Word
from faces.identify import CurrentModel
from faces.media import Media
from faces.pictures import CROP_PX, save_jpeg
from faces.records import (
    ENCODING_LENGTH,
    NETWORK,
    Box,
    Cluster,
    ClusterId,
    Encodings,
    Face,
    FaceId,
    PersonId,
    Photo,
    PhotoFile,
    PhotoId,
)
from faces.store import clusters, ledger, log, photos
from faces.store.database import Store
from faces.store.ledger import PushedTask
from faces.store.photos import ReadPhoto
from faces.studio import Studio
from faces.studio_people import Asks
from sync.desk import Desk, Project, open_desk
from sync.plan import Plan
from sync.pull import Pulled, pull
from sync.push import push
from tests.faces.conftest import portrait
from tests.studio_double import API_KEY, URL, StudioDouble

__all__ = ["portrait"]

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Workspace:
    """Everything that a push and a pull need, and short ways to look at it."""

    folder: Path
    store: Store
    double: StudioDouble
    studio: Studio
    media: Media
    desk: Desk
    models: CurrentModel
    photo_count: int = 0
    runs: int = 0
    members: dict[int, list[FaceId]] = field(default_factory=dict)

    @property
    def log_lines(self) -> Path:
        """The log beside the database."""
        return self.folder / "confirmations.jsonl"

    def push(self) -> dict[Project, Plan]:
        """Push as the command does."""
        return push(self.store, self.desk, self.models, on_progress=lambda *_: None)

    def pull(self) -> Pulled:
        """Pull as the command does."""
        return pull(self.store, self.desk, log_lines=self.log_lines)

    def add_photos(self, count: int, *, people: int | range = 2) -> list[PhotoId]:
        """Add photos, each with one face of everybody."""
        people = people if isinstance(people, range) else range(people)
        added = []
        for number in range(self.photo_count, self.photo_count + count):
            photo = Photo(photo_id(number), max(400, 10 + 60 * len(people)), 100)
            shown = tuple(
                Face(face_id(number, person), photo.id, Box(10 + 60 * place, 20, 40, 50), 2.0)
                for place, person in enumerate(people)
            )
            rows = np.array([_encoding(person, number) for person in people])
            encodings = Encodings(NETWORK, tuple(face.id for face in shown), rows, rows)
            with self.store.write() as connection:
                photos.save_photo(connection, ReadPhoto(photo, shown, encodings), now=NOW)
                file = PhotoFile("/photos", f"{number}.jpg", 10, 10)
                photos.save_file(connection, file, photo=photo.id)
            for person, face in zip(people, shown, strict=True):
                save_jpeg(np.zeros((CROP_PX, CROP_PX, 3), np.uint8), self.media.crop(face.id))
                self.members.setdefault(person, []).append(face.id)
            added.append(photo.id)
        self.photo_count += count
        return added

    def cluster(self, run: str = "dbscan-1", *, confidence: float | None = None) -> None:
        """Make one cluster of each person's faces."""
        found = [
            Cluster(ClusterId(f"{run}-{person}"), tuple(faces), confidence)
            for person, faces in self.members.items()
        ]
        with self.store.write() as connection:
            self.runs += 1
            now = NOW + timedelta(minutes=self.runs)
            clusters.save_run(connection, run, found, how={}, now=now)

    def say(self, *words: Word, speaker: str = "somebody", place: str = "test") -> None:
        """Write into the log."""
        with self.store.write() as connection:
            log.append(connection, Occasion(speaker, NOW, place), words)

    def name(self, person: int, name: str, *, faces: int) -> PersonId:
        """Confirm some of a person's faces."""
        identity = PersonId(f"p{person}")
        said = [FaceVerdict(f, Verdict.IS, identity) for f in self.members[person][:faces]]
        self.say(PersonCreated(identity, name), *said)
        return identity

    def truth(self) -> Truth:
        """What holds now."""
        with self.store.read() as connection:
            return log.truth(connection)

    def events(self) -> list[Event]:
        """All that was said."""
        with self.store.read() as connection:
            return log.events(connection)

    def ledger(self, project: Project) -> dict[str, PushedTask]:
        """What is noted of a project's tasks."""
        with self.store.read() as connection:
            return ledger.pushed_tasks(connection, project)

    def task_of(self, project: Project, key: str | None = None) -> int:
        """The id of a task (the first, without a key) in Label Studio."""
        pushed = self.ledger(project)
        task = pushed[key or min(pushed)].task_id
        assert task is not None
        return task

    def shown(self, project: Project) -> dict[str, list[str]]:
        """For each task by key the versions of its predictions."""
        tasks = self.double.tasks_of(self.desk.project(project))
        assert len({task["meta"]["key"] for task in tasks}) == len(tasks), "a task stands twice"
        return {
            task["meta"]["key"]: [
                one["model_version"] for one in self.double.predictions_of(task["id"])
            ]
            for task in tasks
        }

    def open_pages(self) -> list[dict[str, Any]]:
        """The tasks of People that nobody has answered or skipped, oldest first."""
        tasks = self.double.tasks_of(self.desk.people)
        return [task for task in tasks if not self.double.annotations_of(task["id"])]

    def asked(self) -> set[FaceId]:
        """The faces whose names are asked for on open pages."""
        pages = [page["data"] for page in self.open_pages() if page["data"]["asks"] != Asks.SAME]
        return {FaceId(face) for page in pages for face in page["faces"]}

    def page_of(self, face: FaceId) -> int:
        """The newest task that asks for this face's name."""
        return max(
            int(task["id"])
            for task in self.double.tasks_of(self.desk.people)
            if face in task["data"]["faces"] and task["data"]["asks"] != Asks.SAME
        )

    def selected(self, project: Project) -> str:
        """The version that annotators see."""
        return self.studio.selected_version(self.desk.project(project))


def prediction_of(workspace: Workspace, task: int) -> list[dict[str, Any]]:
    """What a task shows, to be changed and submitted."""
    result: list[dict[str, Any]] = workspace.double.predictions_of(task)[-1]["result"]
    return copy.deepcopy(result)


def typed(name: str, *, on: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A name typed for all tiles of a page, or for the row of one."""
    text = {"text": [name]}
    said = {"from_name": "new_name", "to_name": "montage", "type": "textarea", "value": text}
    if on is None:
        return said
    where = {part: on["value"][part] for part in ("x", "y", "width", "height", "rotation")}
    return {**said, "from_name": "tile_name", "id": on["id"], "value": {**where, **text}}


def chosen(control: str, value: str) -> dict[str, Any]:
    """A button of a page that was clicked."""
    choices = {"choices": [value]}
    return {"from_name": control, "to_name": "montage", "type": "choices", "value": choices}


def said_of_row(
    workspace: Workspace,
    task: int,
    face: FaceId,
    *,
    name: str = "",
    verdict: str = "",
    before: Sequence[Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """An answer that says who the row of a face is, by a typed name, a verdict or both.

    It goes on from what was said `before`, or from the prediction. On a page of one row they are
    said of all its tiles; on one of several, of this tile.
    """
    shown = prediction_of(workspace, task) if before is None else before
    result = [copy.deepcopy(dict(item)) for item in shown]
    if workspace.double.tasks[task]["data"]["asks"] != Asks.SEVERAL:
        typed_name = [typed(name)] if name else []
        return [*result, *typed_name, *([chosen("verdict", verdict)] if verdict else [])]
    (tile,) = (item for item in result if item["from_name"] == "face" and item["id"] == face)
    if verdict:
        tile["value"]["rectanglelabels"] = [verdict]
    return [*result, *([typed(name, on=tile)] if name else [])]


def marked(result: Sequence[Mapping[str, Any]], face: FaceId, label: str) -> list[dict[str, Any]]:
    """The same answer with one tile called this."""
    tiles = [copy.deepcopy(dict(item)) for item in result]
    (tile,) = (item for item in tiles if item["from_name"] == "face" and item["id"] == face)
    tile["value"]["rectanglelabels"] = [label]
    return tiles


def names(workspace: Workspace) -> dict[FaceId, str]:
    """What the faces are called that people named."""
    truth = workspace.truth()
    return {face: truth.people[said.person].name for face, said in truth.confirmed.items()}


def photo_id(number: int) -> PhotoId:
    """The id of the synthetic photo with this number."""
    return PhotoId(hashlib.sha256(str(number).encode()).hexdigest())


def face_id(number: int, person: int) -> FaceId:
    """The id of a person's face in the photo with this number."""
    return FaceId(f"f{number:08x}{person:08x}")


def _encoding(person: int, number: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Faces of one person point one way, of two people across."""
    noise = np.random.default_rng(1000 * person + number).normal(0, 0.005, ENCODING_LENGTH)
    direction = np.zeros(ENCODING_LENGTH)
    direction[person] = 1.0
    return np.asarray(direction + noise, dtype=np.float32)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row; copying it is faster than migrating."""
    folder = tmp_path_factory.mktemp("database")
    store = Store(f"sqlite:///{folder / 'store.sqlite3'}")
    store.migrate(lock=folder / "migrate.lock")
    store.close()
    return folder / "store.sqlite3"


@pytest.fixture
def workspace(tmp_path: Path, empty_database: Path) -> Iterator[Workspace]:
    shutil.copy(empty_database, tmp_path / "store.sqlite3")
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    double = StudioDouble()
    with double.client() as client:
        studio = Studio(URL, API_KEY, httpx_client=client)
        media = Media(media=tmp_path / "media", workspace=tmp_path)
        desk = open_desk(store, studio, server=URL, media=media, pictures="local")
        models = CurrentModel(tmp_path / "models")
        yield Workspace(tmp_path, store, double, studio, media, desk, models)
    store.close()


@pytest.fixture
def alone(workspace: Workspace) -> Workspace:
    """Three photos of one person, all pushed: a page of one row."""
    workspace.add_photos(3, people=1)
    workspace.cluster()
    workspace.push()
    return workspace
