"""Chips to tune a network on, and the encodings of all faces by a network that was tuned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from faces.chips import ChipCutter
from faces.dlib_network import read_face_network
from faces.encode import Encoder
from faces.identify import Identifier
from faces.onnx_graph import face_network_model
from faces.pictures import open_photo, save_jpeg
from faces.records import (
    NETWORK,
    Box,
    Encodings,
    Face,
    FaceId,
    PhotoFile,
    ReadPhoto,
    face_id_of_box,
)
from faces.store import photos
from faces.store.database import Store
from faces.versions import tuned_network_id
from faces.weights import Weights, weights_file
from sync.own_network import cut_chips, encode_for
from tests.faces.conftest import Portrait
from tests.model_versions import a_version

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BOX = Box(20, 45, 145, 145)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    store.migrate(lock=tmp_path / "migrate.lock")
    yield store
    store.close()


@pytest.fixture
def folder(tmp_path: Path, store: Store, portrait: Portrait) -> Path:
    """Two photos in the store with one face each."""
    place = tmp_path / "photos"
    place.mkdir()
    for person in (1, 5):
        path = place / f"{person}.jpg"
        save_jpeg(portrait(person, 1), path)
        photo = open_photo(path).photo
        face = Face(face_id_of_box(photo.id, BOX), photo.id, BOX, 1.0)
        row = np.ones((1, 128), dtype=np.float32)
        read = ReadPhoto(photo, (face,), Encodings(NETWORK, (face.id,), row, row))
        with store.write() as connection:
            photos.save_photo(connection, read, now=NOW)
            size, changed = path.stat().st_size, path.stat().st_mtime_ns
            file = PhotoFile(str(place), path.name, size, changed)
            photos.save_file(connection, file, photo=photo.id)
    return place


@pytest.fixture(scope="module")
def tuned() -> Identifier:
    """A version whose network gives encodings twice as long."""
    network = read_face_network(weights_file(Weights.ENCODER).read_bytes())
    onnx = face_network_model(replace(network, projection=2 * network.projection))
    return Identifier(a_version(tuned_network_id(onnx), onnx))


def faces_of(store: Store) -> list[FaceId]:
    with store.read() as connection:
        return sorted(face.id for face in photos.faces(connection))


def stored(store: Store, network: str) -> Encodings:
    with store.read() as connection:
        return photos.encodings(connection, network)


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def test_every_face_is_shown_to_the_own_network_once(
    store: Store, folder: Path, tuned: Identifier
) -> None:
    told: list[tuple[int, int]] = []
    assert encode_for(store, tuned, on_photo=lambda *done: told.append(done)) == 2
    assert told == [(1, 2), (2, 2)]
    assert encode_for(store, tuned, on_photo=nothing) == 0
    found = stored(store, tuned.version.network)
    assert list(found.faces) == faces_of(store)


def test_the_own_encodings_stand_beside_the_others(
    store: Store, folder: Path, tuned: Identifier
) -> None:
    encode_for(store, tuned, on_photo=nothing)
    with store.read() as connection:
        face = photos.faces(connection)[0]
    pixels = {open_photo(path).photo.id: open_photo(path).pixels for path in folder.iterdir()}
    plain, mirrored = Encoder(threads=1).encode(pixels[face.photo], [face.box])
    found = stored(store, tuned.version.network)
    row = found.faces.index(face.id)
    np.testing.assert_allclose(found.plain[row], 2 * plain[0], atol=1e-4)
    np.testing.assert_allclose(found.mirrored[row], 2 * mirrored[0], atol=1e-4)
    assert (stored(store, NETWORK).plain == 1).all()


def test_a_face_whose_photo_is_gone_waits(store: Store, folder: Path, tuned: Identifier) -> None:
    (folder / "1.jpg").unlink()
    assert encode_for(store, tuned, on_photo=nothing) == 1


@pytest.mark.parametrize("identifier", [None, Identifier(a_version(NETWORK))])
def test_without_an_own_network_nothing_is_encoded(
    store: Store, folder: Path, identifier: Identifier | None
) -> None:
    assert encode_for(store, identifier, on_photo=nothing) == 0


def test_chips_are_those_that_the_network_sees(store: Store, folder: Path) -> None:
    wanted = faces_of(store)
    ids, chips = cut_chips(store, wanted, on_photo=nothing)
    assert sorted(ids) == wanted
    with store.read() as connection:
        photo_of = {face.id: face.photo for face in photos.faces(connection)}
    pixels = {open_photo(path).photo.id: open_photo(path).pixels for path in folder.iterdir()}
    for face, chip in zip(ids, chips, strict=True):
        np.testing.assert_array_equal(
            chip, ChipCutter().with_mirrored(pixels[photo_of[face]], [BOX])[0]
        )


def test_chips_of_faces_whose_photo_is_gone_are_left_out(store: Store, folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    ids, chips = cut_chips(store, faces_of(store), on_photo=nothing)
    assert (ids, chips.shape) == ((), (0, 150, 150, 3))
