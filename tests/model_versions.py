"""A model version for tests that do not care what it knows."""

from __future__ import annotations

import numpy as np

from benchmarks.given_versions import given_version
from faces.records import Person, PersonId, unit_rows
from faces.versions import ModelVersion


def a_version(network: str, onnx: bytes = b"") -> ModelVersion:
    """A version that knows Anna by the encodings of a network, which it may bring along."""
    anna = [Person(PersonId("a"), "Anna")]
    return given_version(
        anna, unit_rows(np.ones((1, 128), dtype=np.float32)), network=network, onnx=onnx
    )
