"""A model version for tests that do not care what it knows."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from faces.records import Person, PersonId, unit_rows
from faces.versions import ModelVersion


def a_version(network: str, onnx: bytes = b"") -> ModelVersion:
    """A version that knows Anna by the encodings of a network, which it may bring along."""
    return ModelVersion(
        id="model-0001-00000000",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        network=network,
        people=(Person(PersonId("a"), "Anna"),),
        weights=unit_rows(np.ones((1, 128), dtype=np.float32)),
        scale=20.0,
        unknown_cosine=0.5,
        threshold=0.7,
        metrics={},
        data_hash="",
        parent=None,
        faceloop_version="0.1.0",
        onnx=onnx,
    )
