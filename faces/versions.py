"""Model versions on disk: folders that appear whole or not at all, a pointer to the current one.

```text
models/
  current                     the id of the version in use, one line
  used                        the ids of all that came into use, a line each, the newest last
  model-0001-9c1e2a7f/
    version.json              people, calibration, metrics, sha256 of every other file
    weights.safetensors       one row for each person, and for each stranger
    network.onnx              only where the face network was tuned: the network itself
```

Nothing in a version can run code. Its id ends with a digest of all it says, so that a changed
version.json is noticed as well as a changed weight.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from faces.errors import BrokenModelVersion, SetupError
from faces.likeness import NO_STRANGERS, Strangers
from faces.records import ENCODING_LENGTH, NETWORK, FloatRows, Person, PersonId

FORMAT = 2
"""Raised when an older faceloop could no longer read what this one writes."""
_WEIGHTS = "weights.safetensors"
_DESCRIPTION = "version.json"
_NETWORK = "network.onnx"
POINTER = "current"
"""The file in the folder of versions that holds the id of the one in use."""
_USED = "used"
_UNFINISHED = ".writing-"
_ID = re.compile(r"model-(\d{4,})-[0-9a-f]{8}")


@dataclass(frozen=True)
class ModelVersion:
    """What was learned of people's faces, and all that is needed to use it.

    Row i of `weights` belongs to `people[i]`. A face of unit encoding x is person i with the
    probability exp(scale * x.w[i]) / (exp(scale * (unknown_cosine + c)) + sum over j of
    exp(scale * x.w[j])), where c is how much `strangers` crowd x; below `threshold` the answer is
    unknown. `same_person` is for whoever is named later (`likeness.class_means`). Names are those
    at training time. `onnx` is the network that makes the encodings, empty where it is the one that
    every installation has.
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
    onnx: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Refuse a version that could not name anybody soundly."""
        if not _ID.fullmatch(self.id):
            raise ValueError(f"a model version is called like model-0001-9c1e2a7f, not {self.id!r}")
        if self.created_at.tzinfo is None:
            raise ValueError(f"a version's time needs a zone, got {self.created_at.isoformat()}")
        if len({person.id for person in self.people}) != len(self.people) or not self.people:
            raise ValueError("a version knows at least one person, and each of them once")
        if bool(self.onnx) != (_TUNED in self.network):
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


_TUNED = "-tuned-"


def tuned_network_id(onnx: bytes) -> str:
    """What a tuned network is called: its encodings are kept under this name, apart from others."""
    return f"{NETWORK}{_TUNED}{hashlib.sha256(onnx).hexdigest()[:16]}"


class _PersonInFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    name: str


class _Description(BaseModel):
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
    files: dict[str, str]


def numbered(folder: Path, draft: ModelVersion) -> ModelVersion:
    """The same version under the next free number and the digest of its content.

    The digest leaves out the id and the time, so the same content gets the same digest.
    """
    taken = [_number(version) for version in list_versions(folder)]
    return replace(draft, id=f"model-{max(taken, default=0) + 1:04d}-{_digest(draft)}")


def save_version(folder: Path, version: ModelVersion) -> None:
    """Write a version beside the others; it appears whole or not at all.

    What an earlier, interrupted writing left behind is removed. One process trains at a time
    (`faces.locks`). Saving a version that is there already changes nothing.

    Raises:
        BrokenModelVersion: another version lies under this id.
        SetupError: the folder cannot be written.
    """
    if (folder / version.id).exists():
        if _digest(load_version(folder, version.id)) != _digest(version):
            raise BrokenModelVersion(f"another model version is called {version.id} already")
        return
    files = {
        _WEIGHTS: save_tensors({"weights": version.weights, "strangers": version.strangers.rows})
    }
    if version.onnx:
        files[_NETWORK] = version.onnx
    try:
        _write_folder(folder / version.id, {**files, _DESCRIPTION: _described(version, files)})
    except OSError as error:
        raise SetupError(f"cannot write {version.id} to {folder}: {error.strerror}") from error


def load_version(folder: Path, version_id: str) -> ModelVersion:
    """Read a version, every file checked.

    Raises:
        BrokenModelVersion: it is missing, incomplete, changed or of a newer format.
    """
    if not _ID.fullmatch(version_id):
        raise BrokenModelVersion(f"{version_id!r} is no model version; they are below {folder}")
    description = _read_description(folder, version_id)
    contents = {
        name: _checked(folder, version_id, name, expected)
        for name, expected in sorted(description.files.items())
    }
    if _WEIGHTS not in contents:
        raise BrokenModelVersion(f"{version_id} in {folder} names no {_WEIGHTS}; {_MEND}")
    try:
        version = _assembled(
            description, load_tensors(contents[_WEIGHTS]), contents.get(_NETWORK, b"")
        )
    except (SafetensorError, ValueError, KeyError) as error:
        raise BrokenModelVersion(f"{version_id} in {folder} makes no sense: {error}") from error
    is_changed = version.id != version_id or not version_id.endswith(_digest(version))
    if is_changed or (version.onnx and not _is_named_for(version.network, description)):
        raise BrokenModelVersion(f"{_DESCRIPTION} of {version_id} in {folder} was changed; {_MEND}")
    return version


def remove_version(folder: Path, version_id: str) -> None:
    """Remove a version, whole or broken; it is gone in one step.

    Raises:
        SetupError: the folder cannot be written.
    """
    beside = folder / f"{_UNFINISHED}{version_id}"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        (folder / version_id).rename(beside)
        shutil.rmtree(beside)
    except OSError as error:
        raise SetupError(f"cannot remove {version_id} from {folder}: {error.strerror}") from error


def list_versions(folder: Path) -> list[str]:
    """The ids of all versions, oldest first; unfinished ones are not among them."""
    if not folder.is_dir():
        return []
    found = [entry.name for entry in folder.iterdir() if _ID.fullmatch(entry.name)]
    return sorted(found, key=lambda version: (_number(version), version))


def current_id(folder: Path) -> str | None:
    """The id of the version in use, None before the first one.

    Raises:
        SetupError: the pointer is there and cannot be read.
    """
    try:
        return (folder / POINTER).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(f"cannot read {folder / POINTER}: {error.strerror}") from error


def make_current(folder: Path, version_id: str) -> None:
    """Use this version from now on, in one step; whoever looks sees the old or the new one.

    Raises:
        BrokenModelVersion: the version cannot be loaded; the one in use stays.
        SetupError: the folder cannot be written.
    """
    load_version(folder, version_id)
    used = used_ids(folder)
    if used[-1:] != [version_id]:
        used.append(version_id)
    point_to(folder, used)


def used_ids(folder: Path) -> list[str]:
    """The ids of the versions that came into use, in that order, the one in use last.

    Raises:
        SetupError: that is noted and cannot be read.
    """
    try:
        noted = (folder / _USED).read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        noted = []
    except OSError as error:
        raise SetupError(f"cannot read {folder / _USED}: {error.strerror}") from error
    current = current_id(folder)
    if current is None:
        return noted
    while current in noted and noted[-1] != current:
        noted.pop()  # noted, but a crash came before the pointer moved
    return noted if current in noted else [*noted, current]


def point_to(folder: Path, used: Sequence[str]) -> None:
    """Note what came into use, and move the pointer to the last of it; each file in one step.

    Raises:
        SetupError: the folder cannot be written.
    """
    lines = "".join(f"{one}\n" for one in used[-_MOST_USED:])
    try:
        for name, content in ((_USED, lines), (POINTER, f"{used[-1]}\n")):
            beside = folder / f"{_UNFINISHED}{name}"
            _write_file(beside, content.encode())
            beside.replace(folder / name)
        _sync_folder(folder)
    except OSError as error:
        raise SetupError(f"cannot make {used[-1]} current: {error.strerror}") from error


_MOST_USED = 100


_MEND = "use another version, or run `faceloop retrain`"


def _number(version_id: str) -> int:
    return int(version_id.split("-")[1])


def _digest(version: ModelVersion) -> str:
    """8 hex digits over all that a version says, less its id and time."""
    said = {name: value for name, value in _plain(version).items() if name not in _NOT_CONTENT}
    content = json.dumps(said, sort_keys=True, ensure_ascii=True).encode()
    rows = (version.weights, version.strangers.rows)
    learned = b"".join(np.ascontiguousarray(some, dtype="<f4").tobytes() for some in rows)
    return hashlib.sha256(content + b"\0" + learned).hexdigest()[:8]


_NOT_CONTENT = ("id", "created_at")


def _is_named_for(network: str, description: _Description) -> bool:
    """Whether a tuned network is the one that its name, and so the version's digest, stands for."""
    return description.files[_NETWORK].startswith(network.partition(_TUNED)[2])


def _plain(version: ModelVersion) -> dict[str, Any]:
    """All but the rows as JSON values."""
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
    }


def _described(version: ModelVersion, files: Mapping[str, bytes]) -> bytes:
    """version.json of a version with these files."""
    told = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    content = {"format": FORMAT, **_plain(version), "files": told}
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def _read_description(folder: Path, version_id: str) -> _Description:
    """version.json, whose format is looked at before anything else."""
    path = folder / version_id / _DESCRIPTION
    try:
        content = json.loads(path.read_bytes())
        found = content.pop("format")
    except OSError as error:
        raise BrokenModelVersion(
            f"{version_id} in {folder} lacks {_DESCRIPTION} ({error.strerror}); {_MEND}"
        ) from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise BrokenModelVersion(f"{path} is no description of a model version") from error
    if found != FORMAT:
        raise BrokenModelVersion(
            f"{version_id} in {folder} has format {found}, this faceloop reads {FORMAT}; "
            "use the faceloop that wrote it, or run `faceloop retrain`"
        )
    try:
        return _Description.model_validate(content)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise BrokenModelVersion(f"{path} has no usable {wrong}; {_MEND}") from error


def _checked(folder: Path, version_id: str, name: str, expected: str) -> bytes:
    """A file of a version, whose sha256 is as it was when it was written."""
    if Path(name).name != name:
        raise BrokenModelVersion(f"{version_id} in {folder} names a file outside itself: {name!r}")
    try:
        content = (folder / version_id / name).read_bytes()
    except OSError as error:
        raise BrokenModelVersion(
            f"{version_id} in {folder} lacks {name} ({error.strerror}); {_MEND}"
        ) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise BrokenModelVersion(f"{name} of {version_id} in {folder} was changed; {_MEND}")
    return content


def _assembled(
    description: _Description, rows: Mapping[str, FloatRows], onnx: bytes
) -> ModelVersion:
    apart = {"files", "people", "strangers_start", "strangers_scale"}
    start, scale = description.strangers_start, description.strangers_scale
    return ModelVersion(
        **description.model_dump(exclude=apart),
        people=tuple(Person(PersonId(one.id), one.name) for one in description.people),
        weights=rows["weights"],
        strangers=Strangers(rows["strangers"], start=start, scale=scale),
        onnx=onnx,
    )


def _write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """A folder with these files, in one step; unfinished ones of the past are removed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f"{_UNFINISHED}model-*"):
        shutil.rmtree(leftover)
    beside = folder.with_name(f"{_UNFINISHED}{folder.name}")
    beside.mkdir()
    for name, content in contents.items():
        _write_file(beside / name, content)
    _sync_folder(beside)
    beside.rename(folder)
    _sync_folder(folder.parent)


def _write_file(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make sure that names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
