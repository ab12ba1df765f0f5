"""Model versions of which people and directions are given, for benchmarks and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from faces.records import NETWORK, FloatRows, Person
from faces.versions import ModelVersion, make_current, numbered, save_version


def given_version(
    people: Sequence[Person],
    directions: FloatRows,
    *,
    network: str = NETWORK,
    scale: float = 20.0,
    unknown_cosine: float = 0.5,
    threshold: float = 0.7,
    metrics: Mapping[str, float] | None = None,
    onnx: bytes = b"",
) -> ModelVersion:
    """A version that knows these people by these directions, (people, 128), each of length 1."""
    return ModelVersion(
        id="model-0001-00000000",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        network=network,
        people=tuple(people),
        weights=directions,
        scale=scale,
        unknown_cosine=unknown_cosine,
        threshold=threshold,
        metrics={**(metrics or {})},
        data_hash="",
        parent=None,
        faceloop_version="0.1.0",
        onnx=onnx,
    )


def put_into_use(models: Path, draft: ModelVersion) -> ModelVersion:
    """Save a version under the next number, and make it the current one."""
    version = numbered(models, draft)
    save_version(models, version)
    make_current(models, version.id)
    return version
