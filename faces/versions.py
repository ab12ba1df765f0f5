"""Model versions on disk: folders that appear whole or not at all, a pointer to the current one.

```text
models/
  current                     the id of the version in use, one line
  used                        the ids of all that came into use, a line each, the newest last
  left                        likewise of those that people went back from
  model-0001-9c1e2a7f/
    version.json              people, calibration, metrics, sha256 of every other file
    weights.safetensors       one row for each person, for each stranger, and a digest of each face
    network.onnx              only where the face network was tuned: the network itself
```

Nothing in a version can run code. Its id ends with a digest of all it says, so that a changed
version.json is noticed as well as a changed weight.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from faces.errors import BrokenModelVersion, SetupError
from faces.model_version import VERSION_ID
from faces.model_version import ModelVersion as ModelVersion
from faces.model_version import tuned_network_id as tuned_network_id
from faces.version_format import (
    DESCRIPTION,
    MEND,
    NETWORK_FILE,
    WEIGHTS,
    assembled,
    described,
    digest,
    is_named_for,
    read_description,
    rows_of,
)

POINTER = "current"
"""The file in the folder of versions that holds the id of the one in use."""
_USED = "used"
_LEFT = "left"
_UNFINISHED = ".writing-"
_MOST_USED = 100


def numbered(folder: Path, draft: ModelVersion) -> ModelVersion:
    """The same version under the next free number and the digest of its content.

    The digest leaves out the id and the time, so the same content gets the same digest.
    """
    taken = [_number(version) for version in list_versions(folder)]
    return replace(draft, id=f"model-{max(taken, default=0) + 1:04d}-{digest(draft)}")


def save_version(folder: Path, version: ModelVersion) -> None:
    """Write a version beside the others; it appears whole or not at all.

    What an earlier, interrupted writing left behind is removed. One process trains at a time
    (`faces.locks`). Saving a version that is there already changes nothing.

    Raises:
        BrokenModelVersion: another version lies under this id.
        SetupError: the folder cannot be written.
    """
    if (folder / version.id).exists():
        if digest(load_version(folder, version.id)) != digest(version):
            raise BrokenModelVersion(f"another model version is called {version.id} already")
        return
    files = {WEIGHTS: save_tensors(rows_of(version))}
    if version.onnx:
        files[NETWORK_FILE] = version.onnx
    try:
        _write_folder(folder / version.id, {**files, DESCRIPTION: described(version, files)})
    except OSError as error:
        raise SetupError(f"cannot write {version.id} to {folder}: {error.strerror}") from error


def load_version(folder: Path, version_id: str) -> ModelVersion:
    """Read a version, every file checked.

    Raises:
        BrokenModelVersion: it is missing, incomplete, changed or of a newer format.
    """
    if not VERSION_ID.fullmatch(version_id):
        raise BrokenModelVersion(f"{version_id!r} is no model version; they are below {folder}")
    description = read_description(folder, version_id)
    contents = {
        name: _checked(folder, version_id, name, expected)
        for name, expected in sorted(description.files.items())
    }
    if WEIGHTS not in contents:
        raise BrokenModelVersion(f"{version_id} in {folder} names no {WEIGHTS}; {MEND}")
    try:
        version = assembled(
            description, load_tensors(contents[WEIGHTS]), contents.get(NETWORK_FILE, b"")
        )
    except (SafetensorError, ValueError, KeyError) as error:
        raise BrokenModelVersion(f"{version_id} in {folder} makes no sense: {error}") from error
    is_changed = version.id != version_id or not version_id.endswith(digest(version))
    if is_changed or (version.onnx and not is_named_for(version.network, description)):
        raise BrokenModelVersion(f"{DESCRIPTION} of {version_id} in {folder} was changed; {MEND}")
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
    found = [entry.name for entry in folder.iterdir() if VERSION_ID.fullmatch(entry.name)]
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
    noted = _noted(folder, _USED)
    current = current_id(folder)
    if current is None:
        return noted
    while current in noted and noted[-1] != current:
        noted.pop()  # noted, but a crash came before the pointer moved
    return noted if current in noted else [*noted, current]


def left_ids(folder: Path) -> list[str]:
    """The ids of the versions that people went back from, in that order.

    Raises:
        SetupError: that is noted and cannot be read.
    """
    return _noted(folder, _LEFT)


def point_to(folder: Path, used: Sequence[str], *, left: Sequence[str] = ()) -> None:
    """Note what came into use and what was `left`, and move the pointer to the last one in use;
    each file in one step.

    Raises:
        SetupError: the folder cannot be written.
    """
    noted = {_LEFT: left, _USED: used, POINTER: used[-1:]}
    try:
        for name, ids in noted.items():
            if not ids:
                continue
            beside = folder / f"{_UNFINISHED}{name}"
            _write_file(beside, "".join(f"{one}\n" for one in ids[-_MOST_USED:]).encode())
            beside.replace(folder / name)
        _sync_folder(folder)
    except OSError as error:
        raise SetupError(f"cannot make {used[-1]} current: {error.strerror}") from error


def _noted(folder: Path, name: str) -> list[str]:
    """The ids in such a file, none if it is not there.

    Raises:
        SetupError: it is there and cannot be read.
    """
    try:
        return (folder / name).read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SetupError(f"cannot read {folder / name}: {error.strerror}") from error


def _number(version_id: str) -> int:
    return int(version_id.split("-")[1])


def _checked(folder: Path, version_id: str, name: str, expected: str) -> bytes:
    """A file of a version, whose sha256 is as it was when it was written."""
    if Path(name).name != name:
        raise BrokenModelVersion(f"{version_id} in {folder} names a file outside itself: {name!r}")
    try:
        content = (folder / version_id / name).read_bytes()
    except OSError as error:
        raise BrokenModelVersion(
            f"{version_id} in {folder} lacks {name} ({error.strerror}); {MEND}"
        ) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise BrokenModelVersion(f"{name} of {version_id} in {folder} was changed; {MEND}")
    return content


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
