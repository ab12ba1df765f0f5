"""What people said that cannot all be right is told by the commands, never hidden."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceloop.contradicting import contradictions_in, tell_contradictions
from faceloop.workspace import prepare
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict
from faces.contradictions import Contradiction
from faces.records import NETWORK, Box, Encodings, Face, FaceId, PersonId, Photo, PhotoFile, PhotoId
from faces.settings import Settings
from faces.store import log, photos
from faces.store.database import Store
from faces.store.photos import ReadPhoto

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = PersonId("ada")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A photo with two faces."""
    store = prepare(Settings(workspace=tmp_path / "workspace"))
    photo = Photo(PhotoId("a" * 64), 400, 100)
    shown = tuple(
        Face(FaceId(f"f{place}"), photo.id, Box(10 + 100 * place, 10, 50, 50), 2.0)
        for place in range(2)
    )
    rows = np.eye(2, 128, dtype=np.float32)
    read = ReadPhoto(photo, shown, Encodings(NETWORK, tuple(face.id for face in shown), rows, rows))
    with store.write() as connection:
        photos.save_photo(connection, read, now=NOW)
        photos.save_file(connection, PhotoFile("/photos", "choir.jpg", 10, 10), photo=photo.id)
    return store


def say_both_are_ada(store: Store) -> None:
    with store.write() as connection:
        for number in range(2):
            word = FaceVerdict(FaceId(f"f{number}"), Verdict.IS, ADA)
            occasion = Occasion("somebody", NOW, f"annotation:{17 + number}")
            log.append(connection, occasion, [PersonCreated(ADA, "Ada"), word])


def test_nothing_said_contradicts_nothing(store: Store) -> None:
    assert contradictions_in(store) == ()


def test_status_and_cluster_tell_which_annotations_contradict_each_other(
    store: Store, faceloop, tmp_path: Path
) -> None:
    say_both_are_ada(store)
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (40, 40)).save(folder / "one.png")
    for subcommand in (("status",), ("cluster", folder, "--jobs", "1")):
        said = faceloop(*subcommand, "--workspace", tmp_path / "workspace")
        assert said.code == 0
        (line,) = [line for line in said.err.splitlines() if "choir.jpg" in line]
        assert "annotation 17" in line.replace(":", " ")
        assert "annotation 18" in line.replace(":", " ")


def test_many_contradictions_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tell_contradictions([Contradiction((), (), (), f"line {number}") for number in range(9)])
    assert capsys.readouterr().err.splitlines() == [
        *(f"line {number}" for number in range(5)),
        "4 more contradictions in what was said; they are told as these are settled",
    ]
