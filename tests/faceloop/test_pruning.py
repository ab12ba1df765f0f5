"""What tuned networks made of faces goes with the last version that asked them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.given_versions import put_into_use
from faceloop.models import models
from faceloop.workspace import explicit_settings, prepare
from faces.model_version import tuned_network_id
from faces.records import NETWORK, Box, Encodings, Face, FaceId, Photo, PhotoId
from faces.store import photos
from faces.store.networks import networks
from tests.faces.words import START
from tests.model_versions import a_version

FIRST, SECOND = b"one network", b"another network"


def test_encodings_of_a_tuned_network_go_with_the_last_version_that_asks_it(tmp_path: Path) -> None:
    settings = explicit_settings(tmp_path)
    store = prepare(settings)
    photo, row = PhotoId("0" * 64), np.ones((1, 128), dtype=np.float32)
    face = Face(FaceId("a face"), photo, Box(1, 1, 9, 9), 1.0)
    seen_by = [NETWORK, tuned_network_id(FIRST), tuned_network_id(SECOND)]
    first, second, third = (Encodings(network, (face.id,), row, row) for network in seen_by)
    with store.write() as connection:
        read = photos.ReadPhoto(Photo(photo, 10, 10), (face,), first)
        photos.save_photo(connection, read, now=START)
        photos.save_encodings(connection, second)
        photos.save_encodings(connection, third)
    for onnx in (FIRST, SECOND, b"", b""):
        put_into_use(settings.models, a_version(tuned_network_id(onnx) if onnx else NETWORK, onnx))

    def kept_after(versions: int) -> set[str]:
        models(tmp_path, prune=versions)
        with store.read() as connection:
            return set(networks(connection))

    assert kept_after(4) == set(seen_by)
    assert kept_after(3) == {NETWORK, tuned_network_id(SECOND)}
    assert kept_after(2) == {NETWORK}
    store.close()
