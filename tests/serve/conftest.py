from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.given_versions import given_version, put_into_use
from faces.identify import CurrentModel
from faces.pictures import OpenPhoto
from faces.records import (
    NETWORK,
    Box,
    Encodings,
    Face,
    FloatRows,
    Person,
    PersonId,
    face_id_of_box,
    unit_rows,
)
from faces.store.database import Store
from faces.store.photos import ReadPhoto
from faces.versions import ModelVersion
from serve.namer import Namer
from tests.serve.pictures import Portraits

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class MarkedFaces:
    """Reads faces off a list instead of looking for them: (box, row of an encoding)."""

    def __init__(self) -> None:
        self.found: list[tuple[Box, FloatRows]] = []

    def read(self, opened: OpenPhoto) -> ReadPhoto:
        faces = tuple(
            Face(face_id_of_box(opened.photo.id, box), opened.photo.id, box, 1.0)
            for box, _ in self.found
        )
        rows = np.array([row for _, row in self.found], dtype=np.float32).reshape(-1, 128)
        encodings = Encodings(NETWORK, tuple(face.id for face in faces), rows, rows)
        return ReadPhoto(opened.photo, faces, encodings)


@pytest.fixture
def reader() -> MarkedFaces:
    return MarkedFaces()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    store.migrate(lock=tmp_path / "migrate.lock")
    yield store
    store.close()


@pytest.fixture
def models_folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def models(models_folder: Path) -> CurrentModel:
    return CurrentModel(models_folder)


@pytest.fixture(scope="session")
def learn_in() -> Callable[..., ModelVersion]:
    """Make a model version current in a folder; it knows these people by these directions."""
    return _learn


@pytest.fixture
def learn(models_folder: Path) -> Callable[..., ModelVersion]:
    """Make a model version current that knows these people by these directions."""
    return partial(_learn, models_folder)


def _learn(
    folder: Path, *, look_alikes: Sequence[tuple[str, str]] = (), **people: FloatRows
) -> ModelVersion:
    known = [Person(PersonId(name.lower()), name) for name in people]
    rows = unit_rows(np.array(list(people.values()), dtype=np.float32))
    alike = tuple((PersonId(one), PersonId(other)) for one, other in look_alikes)
    return put_into_use(folder, replace(given_version(known, rows), look_alikes=alike))


@pytest.fixture
def picture() -> bytes:
    """A grey picture of 640 x 480 as a PNG file."""
    content = io.BytesIO()
    Image.new("RGB", (640, 480), "grey").save(content, format="PNG")
    return content.getvalue()


@pytest.fixture
def namer(models: CurrentModel, reader: MarkedFaces, store: Store) -> Namer:
    return Namer(models, reader, store)  # type: ignore[arg-type]  # finds what the test put there


BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that is set."""

    now = BEGAN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def portraits() -> Portraits:
    return Portraits()
