"""How a model version is told in files: version.json, its rows, and the digest of all it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from faces.errors import BrokenModelVersion
from faces.likeness import Strangers
from faces.model_version import TUNED, Lineage, ModelVersion
from faces.records import Person, PersonId

FORMAT = 3
"""Raised when an older faceloop could no longer read what this one writes."""
_STILL_READ = (2, FORMAT)
"""A version of format 2 does not say what it was learned from, so none can grow from it."""
DESCRIPTION = "version.json"
WEIGHTS = "weights.safetensors"
NETWORK_FILE = "network.onnx"
MEND = "use another version, or run `faceloop retrain`"


class _PersonInFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    name: str


class _LineageInFile(BaseModel):
    """All but the digests of the faces, which lie beside the weights."""

    model_config = ConfigDict(extra="forbid")
    seed: int
    new: int


class Description(BaseModel):
    """version.json, less its format number."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    id: str
    created_at: AwareDatetime
    network: str
    people: list[_PersonInFile]
    scale: float
    unknown_cosine: float
    strangers_start: float
    strangers_scale: float
    same_person: float
    threshold: float
    metrics: dict[str, float]
    data_hash: str
    parent: str | None
    faceloop_version: str
    look_alikes: list[tuple[str, str]] = []
    lineage: _LineageInFile | None = None
    files: dict[str, str]


def read_description(folder: Path, version_id: str) -> Description:
    """version.json, whose format is looked at before anything else."""
    path = folder / version_id / DESCRIPTION
    try:
        content = json.loads(path.read_bytes())
        found = content.pop("format")
    except OSError as error:
        raise BrokenModelVersion(
            f"{version_id} in {folder} lacks {DESCRIPTION} ({error.strerror}); {MEND}"
        ) from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise BrokenModelVersion(f"{path} is no description of a model version") from error
    if found not in _STILL_READ:
        raise BrokenModelVersion(
            f"{version_id} in {folder} has format {found}, this faceloop reads "
            f"{' and '.join(map(str, _STILL_READ))}; "
            "use the faceloop that wrote it, or run `faceloop retrain`"
        )
    try:
        return Description.model_validate(content)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise BrokenModelVersion(f"{path} has no usable {wrong}; {MEND}") from error


def digest(version: ModelVersion) -> str:
    """8 hex digits over all that a version says, less its id and time."""
    said = {name: value for name, value in _plain(version).items() if name not in _NOT_CONTENT}
    content = json.dumps(said, sort_keys=True, ensure_ascii=True).encode()
    rows = (version.weights, version.strangers.rows)
    learned = b"".join(np.ascontiguousarray(some, dtype="<f4").tobytes() for some in rows)
    if version.lineage:
        learned += np.ascontiguousarray(version.lineage.faces, dtype="<u8").tobytes()
    return hashlib.sha256(content + b"\0" + learned).hexdigest()[:8]


_NOT_CONTENT = ("id", "created_at")


def is_named_for(network: str, description: Description) -> bool:
    """Whether a tuned network is the one that its name, and so the version's digest, stands for."""
    return description.files[NETWORK_FILE].startswith(network.partition(TUNED)[2])


def _plain(version: ModelVersion) -> dict[str, Any]:
    """All but the rows as JSON values; what an older faceloop left out is left out."""
    lineage, look_alikes = version.lineage, [list(pair) for pair in version.look_alikes]
    return {
        "id": version.id,
        "created_at": version.created_at.isoformat(),
        "network": version.network,
        "people": [{"id": person.id, "name": person.name} for person in version.people],
        "scale": float(version.scale),
        "unknown_cosine": float(version.unknown_cosine),
        "strangers_start": float(version.strangers.start),
        "strangers_scale": float(version.strangers.scale),
        "same_person": float(version.same_person),
        "threshold": float(version.threshold),
        "metrics": {name: float(value) for name, value in version.metrics.items()},
        "data_hash": version.data_hash,
        "parent": version.parent,
        "faceloop_version": version.faceloop_version,
        **({"look_alikes": look_alikes} if look_alikes else {}),
        **({"lineage": {"seed": lineage.seed, "new": lineage.new}} if lineage else {}),
    }


def rows_of(version: ModelVersion) -> dict[str, npt.NDArray[Any]]:
    """What a version knows as arrays, by name."""
    told = {"weights": version.weights, "strangers": version.strangers.rows}
    return told if version.lineage is None else {**told, "faces": version.lineage.faces}


def described(version: ModelVersion, files: Mapping[str, bytes]) -> bytes:
    """version.json of a version with these files."""
    told = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    content = {"format": FORMAT, **_plain(version), "files": told}
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def assembled(
    description: Description, rows: Mapping[str, npt.NDArray[Any]], onnx: bytes
) -> ModelVersion:
    """The version that a description and its files tell of.

    Raises:
        ValueError: they make no sense; KeyError: rows are missing.
    """
    apart = {"files", "people", "strangers_start", "strangers_scale", "look_alikes", "lineage"}
    start, scale = description.strangers_start, description.strangers_scale
    told = description.lineage
    return ModelVersion(
        **description.model_dump(exclude=apart),
        people=tuple(Person(PersonId(one.id), one.name) for one in description.people),
        weights=rows["weights"],
        strangers=Strangers(rows["strangers"], start=start, scale=scale),
        look_alikes=tuple(
            (PersonId(one), PersonId(other)) for one, other in description.look_alikes
        ),
        lineage=None if told is None else Lineage(told.seed, rows["faces"], told.new),
        onnx=onnx,
    )
