"""Whether a version that was just learned comes into use, by what the store knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from faces.forgotten import forgotten
from faces.records import identity_rows
from faces.store import log, photos
from training.drafting import ASKED
from training.promotion import Decision, decided

if TYPE_CHECKING:
    from faces.store.database import Store
    from faces.versions import ModelVersion
    from training.dataset import DataSet


def judged_beside(
    store: Store,
    version: ModelVersion,
    current: ModelVersion | None,
    centroid: ModelVersion,
    data: DataSet,
    *,
    seed: int,
) -> Decision:
    """Whether it comes into use; whoever is no longer named does not stay for want of photos.

    By the head alone: a tuned network is used only where it is surely better than that.
    """
    with store.read() as connection:
        truth = log.truth(connection)
    current_data = data
    if current is not None and current.onnx:
        current_data = _seen_by(store, current, data)
    asked = version.metrics[ASKED]
    knows_forgotten = current is not None and bool(forgotten(current, truth))
    decision = decided(
        version,
        None if knows_forgotten else current,
        centroid,
        data,
        resolve=truth.resolve,
        same_asked=current is None or current.metrics.get(ASKED) == asked,
        rng=np.random.default_rng(seed),
        current_data=current_data,
    )
    if knows_forgotten and decision.is_promoted:
        return replace(decision, why="the version before knows somebody who is no longer named")
    return decision


def _seen_by(store: Store, version: ModelVersion, data: DataSet) -> DataSet:
    """The same faces in the encodings of a version's own network, as far as it has seen them."""
    with store.read() as connection:
        found = photos.encodings(connection, version.network, only=data.faces)
    seen, row_of = data.only(set(found.faces)), {face: row for row, face in enumerate(found.faces)}
    rows = identity_rows(found)[[row_of[face] for face in seen.faces]]
    return replace(seen, network=version.network, rows=rows, onnx=version.onnx)
