"""A version grown from the one before: of whom nothing is new, what was learned stays.

Learning everybody takes longer the more people there are, though most of it was known before. But
what was learned of one person was learned beside all others, so nothing stays once a face was taken
back or is called otherwise: of that face no trace may remain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faces.likeness import Columns
from faces.model_version import ModelVersion
from training.dataset import DataSet, Part
from training.head import Head

MOST_NEW = 0.1
"""Once so large a share of the faces is new, everybody is learned in view of all the others."""
WORTH_KEEPING = 1_000_000
"""With fewer learning faces times people, learning everybody takes about a second."""

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Seen:
    """Digests of faces, (n,): of what each looks like, serves for and is called.

    `as_nobody` are those that they had as long as they were not called anybody known.
    """

    called: Digests
    as_nobody: Digests


@dataclass(frozen=True, eq=False)
class Grown:
    """A head that knows most people already, and the columns of the `changed` others, (k,).

    Those have their class means. `new` faces came since everybody was last learned.
    """

    head: Head
    changed: Columns
    new: int


def seen(data: DataSet) -> Seen:
    """The digests of all faces of a data set, in its order."""
    rows = np.ascontiguousarray(data.rows, dtype="<f4")
    called, as_nobody = np.empty((2, len(data.faces)), dtype=np.uint64)
    for at, (face, part, label) in enumerate(
        zip(data.faces, data.parts, data.labels.tolist(), strict=True)
    ):
        digest = hashlib.sha256(f"{face} {part}\n".encode() + rows[at].tobytes())
        as_nobody[at] = _number(digest.digest())
        if label < len(data.people):
            digest.update(data.people[label].id.encode())
        called[at] = _number(digest.digest())
    return Seen(called, as_nobody)


def grown(
    start: Head, data: DataSet, faces: Seen, parent: ModelVersion, *, seed: int
) -> Grown | None:
    """What can be kept of what a version of the same faceloop learned; None: learn everybody.

    `start` has everybody's class mean, `faces` are those of `data`.
    """
    if data.samples(Part.LEARNING).count * len(data.people) < WORTH_KEEPING:
        return None
    if parent.lineage is None or not _learns_alike(start, data, parent, seed=seed):
        return None
    known = parent.lineage.faces
    if not np.isin(known, np.concatenate([faces.called, faces.as_nobody])).all():
        return None
    is_new = ~np.isin(faces.called, known)
    new = parent.lineage.new + int(is_new.sum())
    column = {person.id: at for at, person in enumerate(parent.people)}
    before = np.array([column.get(person.id, -1) for person in data.people], dtype=np.intp)
    stays = before >= 0
    stays[_learned_from(data, is_new)] = False
    if new > MOST_NEW * len(data.faces) or not stays.any():
        return None
    weights = start.weights.copy()
    weights[stays] = parent.weights[before[stays]]
    head = replace(start, weights=weights, scale=parent.scale, unknown_cosine=parent.unknown_cosine)
    return Grown(head, np.flatnonzero(~stays), new)


def _learns_alike(start: Head, data: DataSet, parent: ModelVersion, *, seed: int) -> bool:
    """Whether a version was learned from the same seed, for the same network, by the same rules."""
    rules, others = (
        (one.same_person, one.strangers.start, one.strangers.scale) for one in (start, parent)
    )
    is_alike = parent.lineage is not None and parent.lineage.seed == seed
    return is_alike and parent.network == data.network and rules == others


def _learned_from(data: DataSet, is_new: npt.NDArray[np.bool_]) -> Columns:
    """The people of whom one of these faces, (n,), is learned."""
    for_learning = np.array([part is Part.LEARNING for part in data.parts], dtype=bool)
    is_known = data.labels < len(data.people)
    return np.asarray(np.unique(data.labels[is_new & for_learning & is_known]))


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "little")
