"""What was learned of people's faces, as a record: a model version."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from faces.likeness import NO_STRANGERS, Strangers
from faces.records import ENCODING_LENGTH, NETWORK, FloatRows, Person, PersonId

VERSION_ID = re.compile(r"model-(\d{4,})-[0-9a-f]{8}")
"""What a version is called: its number, then the digest of its content."""
TUNED = "-tuned-"
"""What the name of a tuned network has between that of the usual one and its digest."""


@dataclass(frozen=True, eq=False, slots=True)
class Lineage:
    """What a version was learned from, so that the next one need not learn all of it again.

    `faces` (n,) are digests, ascending: of each face, what it serves for, and what it was called.
    `new` of them came after everybody was last learned from the start.
    """

    seed: int
    faces: npt.NDArray[np.uint64]
    new: int

    def __post_init__(self) -> None:
        """Refuse digests of another kind, and more new faces than there are."""
        if self.faces.ndim != 1 or self.faces.dtype != np.uint64:
            raise ValueError(f"a digest for each face is uint64 (n,), got {self.faces.dtype}")
        if not 0 <= self.new <= len(self.faces):
            raise ValueError(f"{self.new} of {len(self.faces)} faces cannot be new")


@dataclass(frozen=True)
class ModelVersion:
    """What was learned of people's faces, and all that is needed to use it.

    Row i of `weights` belongs to `people[i]`. A face of unit encoding x is person i with the
    probability exp(scale * x.w[i]) / (exp(scale * (unknown_cosine + c)) + sum over j of
    exp(scale * x.w[j])), where c is how much `strangers` crowd x; below `threshold` the answer is
    unknown. `same_person` is for whoever is named later (`likeness.class_means`). Names are those
    at training time. `look_alikes` are people whose unseen faces it took for each other often.
    `lineage` is None where an older faceloop wrote the version. `onnx` is the
    network that makes the encodings, empty where it is the one that every installation has.
    """

    id: str
    created_at: datetime
    network: str
    people: tuple[Person, ...]
    weights: FloatRows  # (p, 128), of length 1 or a little less
    scale: float
    unknown_cosine: float
    threshold: float
    metrics: Mapping[str, float]
    data_hash: str
    parent: str | None
    faceloop_version: str
    strangers: Strangers = NO_STRANGERS
    same_person: float = 1.0
    look_alikes: tuple[tuple[PersonId, PersonId], ...] = ()
    lineage: Lineage | None = None
    onnx: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Refuse a version that could not name anybody soundly."""
        if not VERSION_ID.fullmatch(self.id):
            raise ValueError(f"a model version is called like model-0001-9c1e2a7f, not {self.id!r}")
        if self.created_at.tzinfo is None:
            raise ValueError(f"a version's time needs a zone, got {self.created_at.isoformat()}")
        if len({person.id for person in self.people}) != len(self.people) or not self.people:
            raise ValueError("a version knows at least one person, and each of them once")
        known = {person.id for person in self.people}
        if not all(one != other and {one, other} <= known for one, other in self.look_alikes):
            raise ValueError("look-alikes are two of the people whom a version knows")
        if bool(self.onnx) != (TUNED in self.network):
            raise ValueError(f"a version brings its network if it was tuned: {self.network}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        expected = (len(self.people), ENCODING_LENGTH)
        if self.weights.shape != expected or self.weights.dtype != np.float32:
            raise ValueError(f"weights are float32 {expected}, got {self.weights.shape}")
        lengths = np.linalg.norm(self.weights, axis=1)
        if not ((lengths > 0.5) & (lengths < 1 + 1e-4)).all():
            raise ValueError("every row of the weights has length 1 or a little less")
        if not (np.isfinite(self.scale) and self.scale > 0 and np.isfinite(self.unknown_cosine)):
            raise ValueError(f"no probability follows from {self.scale}, {self.unknown_cosine}")
        if not 0.0 < self.same_person <= 1.0:
            raise ValueError(f"two faces of a person are alike by 0 to 1, got {self.same_person}")
        if not 0.0 <= self.threshold <= 1.0:
            raise ValueError(f"a threshold lies between 0 and 1, got {self.threshold}")
        if not all(np.isfinite(value) for value in self.metrics.values()):
            raise ValueError(f"a metric that was not measured is left out, got {self.metrics}")


def tuned_network_id(onnx: bytes) -> str:
    """What a tuned network is called: its encodings are kept under this name, apart from others."""
    return f"{NETWORK}{TUNED}{hashlib.sha256(onnx).hexdigest()[:16]}"
