from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import responses
from flask.testing import FlaskClient
from PIL import Image

from backend.app import create_app
from backend.hints import Hints
from backend.media import Media
from backend.predictor import Predictor
from benchmarks.given_versions import given_version, put_into_use
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict, Word
from faces.identify import CurrentModel
from faces.jobs import Job
from faces.pictures import OpenPhoto
from faces.records import (
    Box,
    Encodings,
    Face,
    FaceId,
    FloatRows,
    Person,
    PersonId,
    Photo,
    PhotoId,
    Pixels,
    face_id_of_box,
    unit_rows,
)
from faces.showing import ROUND_FACT
from faces.store import ledger, log, photos
from faces.store.database import Store
from faces.store.photos import ReadPhoto
from faces.studio_configs import PHOTOS_CONFIG
from faces.versions import ModelVersion

NETWORK = "test-network"
SECRET = "pass:word é"
STUDIO = "http://studio.test:8080"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
REQUESTS = Path(__file__).parent / "requests"


def hints_at_once(enqueue: Callable[[Job], None], predictor: Predictor) -> Hints:
    """Hints that ask before the one who sent them gets an answer, so that a test can look."""
    return Hints(enqueue, predictor.counters, start=lambda ask: ask())


def direction(axis: int) -> FloatRows:
    """A row of length 1 that is like no other axis's, (128,)."""
    row = np.zeros(128, dtype=np.float32)
    row[axis] = 1.0
    return row


def picture(width_px: int = 160, height_px: int = 120) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width_px, height_px), "grey").save(content, format="PNG")
    return content.getvalue()


class MarkedReader:
    """Reads faces off a list instead of looking for them, and says one row of every drawn box."""

    def __init__(self) -> None:
        self.found: list[tuple[Box, FloatRows]] = []
        self.photos_read = 0
        self.row_drawn = direction(0)
        self.boxes_drawn: list[Box] = []
        self.network = NETWORK
        self.own_networks: dict[str, MarkedReader] = {}

    def read(self, opened: OpenPhoto) -> ReadPhoto:
        self.photos_read += 1
        faces = tuple(
            Face(face_id_of_box(opened.photo.id, box), opened.photo.id, box, 1.0)
            for box, _ in self.found
        )
        rows = np.array([row for _, row in self.found], dtype=np.float32).reshape(-1, 128)
        return ReadPhoto(
            opened.photo,
            faces,
            Encodings(self.network, tuple(face.id for face in faces), rows, rows),
        )

    def with_network(self, version: ModelVersion) -> MarkedReader:
        """What reads by another network: as this one was told, and by that name."""
        own = self.own_networks[version.network]
        own.network = version.network
        return own

    def encode_boxes(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[FloatRows, FloatRows]:
        assert pixels.ndim == 3
        self.boxes_drawn += boxes
        rows = np.tile(self.row_drawn, (len(boxes), 1))
        return rows, rows


@dataclass
class World:
    """A store, models, a Label Studio of our making, and the backend on them."""

    store: Store
    models_folder: Path
    studio: responses.RequestsMock
    reader: MarkedReader = field(default_factory=MarkedReader)
    asked_for: list[Job] = field(default_factory=list)

    def predictor(self, **limits: float) -> Predictor:
        return Predictor(
            self.store,
            CurrentModel(self.models_folder),
            self.reader,
            Media(STUDIO, "0123456789abcdef"),
            network=NETWORK,
            **limits,
        )

    def client(self, *, secret: str = "", predictor: Predictor | None = None) -> FlaskClient:
        used = predictor or self.predictor()
        hints = hints_at_once(self.asked_for.append, used)
        return create_app(used, secret=secret, hints=hints).test_client()

    def add_photo(
        self, number: int, *rows: FloatRows, width_px: int = 1000, height_px: int = 800
    ) -> tuple[PhotoId, list[FaceId]]:
        """A photo with a face for each row, from left to right, in the store."""
        photo = Photo(PhotoId(f"{number:064x}"), width_px, height_px)
        boxes = [Box(10 + 100 * place, 40, 80, 90) for place in range(len(rows))]
        faces = [Face(face_id_of_box(photo.id, box), photo.id, box, 1.0) for box in boxes]
        said = np.array(rows, dtype=np.float32).reshape(-1, 128)
        ids = tuple(face.id for face in faces)
        read = ReadPhoto(photo, tuple(faces), Encodings(NETWORK, ids, said, said))
        with self.store.write() as connection:
            photos.save_photo(connection, read, now=NOW)
        return photo.id, list(ids)

    def say(self, *words: Word) -> None:
        with self.store.write() as connection:
            log.append(connection, Occasion("ann@here", NOW, "annotation:1"), words)

    def confirm(self, face: FaceId, name: str) -> None:
        person = PersonId(name.lower())
        self.say(PersonCreated(person, name), FaceVerdict(face, Verdict.IS, person))

    def begin_round(self, name: str) -> None:
        with self.store.write() as connection:
            ledger.set_fact(connection, ROUND_FACT, name)

    def learn(
        self, *, network: str = NETWORK, onnx: bytes = b"", **people: FloatRows
    ) -> ModelVersion:
        """Make a model version current that knows these people by these directions."""
        known = [Person(PersonId(name.lower()), name) for name in people]
        rows = unit_rows(np.array(list(people.values()), dtype=np.float32))
        draft = given_version(known, rows, network=network, onnx=onnx)
        return put_into_use(self.models_folder, draft)

    def serve_picture(self, name: str, content: bytes | None = None, status: int = 200) -> str:
        """Have Label Studio serve a picture; its URL as it stands in a task."""
        url = f"/data/local-files/?d=previews/{name}"
        self.studio.get(STUDIO + url, body=picture() if content is None else content, status=status)
        return url


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("database")
    store = Store(f"sqlite:///{folder / 'empty.sqlite3'}")
    store.migrate(lock=folder / "lock")
    store.close()
    return folder / "empty.sqlite3"


@pytest.fixture
def world(tmp_path: Path, empty_database: Path) -> Any:
    shutil.copy(empty_database, tmp_path / "faceloop.sqlite3")
    store = Store(f"sqlite:///{tmp_path / 'faceloop.sqlite3'}")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as studio:
        yield World(store, tmp_path / "models", studio)
    store.close()


Captured = Callable[[str], dict[str, Any]]


@pytest.fixture
def captured() -> Captured:
    """A request as Label Studio 1.23.2 sent it: method, path, headers, body."""

    def read(name: str) -> dict[str, Any]:
        return json.loads((REQUESTS / f"{name}.json").read_text())

    return read


def send(client: FlaskClient, request: dict[str, Any]) -> Any:
    """Replay a captured request as it is."""
    body = None if request["body"] is None else json.dumps(request["body"])
    return client.open(
        request["path"], method=request["method"], headers=request["headers"], data=body
    )


OFFERED = ("Anna", "Bo", "Cleo", "Cléo")
"""The names on offer in the tasks here."""


def task(
    photo: PhotoId | str | None = None, url: str = "/data/upload/1/none.jpg"
) -> dict[str, Any]:
    """A Photos task as far as the backend looks at it."""
    people = [{"value": name} for name in (*OFFERED, "Unknown")]
    data = {"image": url, "people": people, "caption": ""}
    return {"id": 1, "data": data if photo is None else {**data, "photo": photo}}


def ask(client: FlaskClient, *tasks: object, context: object = None) -> list[dict[str, Any]]:
    """What the backend answers to these tasks in a project with our config."""
    body = {"tasks": tasks, "label_config": PHOTOS_CONFIG, "params": {"context": context}}
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()["results"]


def names(prediction: dict[str, Any] | None) -> list[str]:
    """The names in a prediction; of one that went wrong none."""
    if prediction is None:
        return []
    return [region["value"]["rectanglelabels"][0] for region in prediction["result"]]
