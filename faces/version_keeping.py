"""Model versions that came before: going back to one, and removing what is no longer wanted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from faces.errors import BrokenModelVersion
from faces.version_format import read_description
from faces.versions import (
    current_id,
    left_ids,
    list_versions,
    load_version,
    point_to,
    remove_version,
    used_ids,
)


def earlier_version(folder: Path) -> str | None:
    """The version that was in use before the current one, the last one that can be loaded.

    Raises:
        SetupError: what was in use cannot be read.
    """
    place = _earlier_place(folder, used_ids(folder))
    return None if place is None else used_ids(folder)[place]


def roll_back(folder: Path) -> str:
    """Use the version again that was in use before the current one; going back twice goes on.

    Raises:
        BrokenModelVersion: there is none that can be loaded.
        SetupError: the folder cannot be read or written.
    """
    used = used_ids(folder)
    place = _earlier_place(folder, used)
    if place is None:
        raise BrokenModelVersion(
            "there is no earlier model version to go back to; `faceloop models` lists all"
        )
    point_to(folder, used[: place + 1], left=[*left_ids(folder), used[-1]])
    return used[place]


def was_used(folder: Path, version_id: str) -> bool:
    """Whether a version came into use, be it that people went back from it since.

    Raises:
        SetupError: what was in use cannot be read.
    """
    return version_id in {*used_ids(folder), *left_ids(folder)}


def prune(folder: Path, *, keep: int) -> list[str]:
    """Remove all versions but the `keep` newest, the current one and the one before it.

    Returns what was removed. One process does this or trains at a time (`faces.locks`).

    Raises:
        SetupError: the folder cannot be read or written.
    """
    versions = list_versions(folder)
    newest = versions[max(len(versions) - keep, 0) :]
    kept = {*newest, current_id(folder), earlier_version(folder)}
    removed = [version for version in versions if version not in kept]
    for version in removed:
        remove_version(folder, version)
    return removed


def networks_in_use(folder: Path) -> frozenset[str]:
    """The networks that the versions ask; of one whose description makes no sense none is known."""
    found: set[str] = set()
    for version_id in list_versions(folder):
        with suppress(BrokenModelVersion):
            found.add(read_description(folder, version_id).network)
    return frozenset(found)


def _earlier_place(folder: Path, used: list[str]) -> int | None:
    """Where in `used` the last version other than the current one stands that can be loaded."""
    for place in reversed(range(len(used) - 1)):
        if used[place] == used[-1]:
            continue
        try:
            load_version(folder, used[place])
        except BrokenModelVersion:
            continue
        return place
    return None
