"""Where photos lie: folders of this machine, and whatever else fsspec reaches by an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from faces.addresses import System, content_below, first_line, system_of
from faces.errors import BadPhoto, SetupError
from faces.pictures import file_bytes
from faces.records import PhotoFile
from sync.folder import place_of

LARGEST_FILE_BYTES = 1 << 29
"""Larger files are refused, as those of a folder are."""

_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""Under which name the file systems of fsspec tell when a file was written last."""


def is_address(root: str) -> bool:
    """Whether a root is an address such as s3://bucket/photos, and no folder of this machine."""
    return "://" in root


def content_of(file: PhotoFile) -> bytes:
    """What a file holds.

    Raises:
        BadPhoto: it cannot be read, or is too large; the message names it.
        SetupError: its root is an address that this machine cannot read at all.
    """
    if not is_address(file.root):
        return file_bytes(place_of(file))
    content = content_below(
        file.root, file.path, most_bytes=LARGEST_FILE_BYTES, shown=place_shown(file)
    )
    if len(content) > LARGEST_FILE_BYTES:
        raise BadPhoto(
            f"{place_shown(file)} is larger than {LARGEST_FILE_BYTES >> 20} MB; shrink it"
        )
    return content


def place_shown(file: PhotoFile) -> str:
    """Where a file lies, for a message."""
    if is_address(file.root):
        return f"{file.root.rstrip('/')}/{file.path}"
    return str(place_of(file))


def may_pass(reason: BadPhoto, file: PhotoFile) -> bool:
    """Whether a file was refused by what keeps it, and not for what it holds.

    Of a file that could not even be looked at, size and time will change when it can be.
    """
    cause = reason.__cause__
    if is_address(file.root):
        return cause is not None
    by_system = isinstance(cause, OSError) and cause.errno is not None
    looked_at = bool(file.size_bytes or file.modified_ns)
    return looked_at and by_system


def listed(root: str) -> Iterator[tuple[str, int, int]]:
    """All files below an address, a folder at a time: path below it, bytes, ns since 1970.

    The time is 0 where the storage tells none; then only another size shows that a file changed.

    Raises:
        SetupError: the address cannot be read, or is missing.
    """
    system, top = system_of(root)
    system.invalidate_cache()
    try:
        yield from _files_below(top, system)
    except FileNotFoundError as error:
        raise SetupError(
            f"there is no folder {root}; give the one that holds your photos"
        ) from error
    except Exception as error:  # each storage has errors of its own
        raise SetupError(f"{root} cannot be read: {first_line(error)}") from error


def _files_below(top: str, system: System) -> Iterator[tuple[str, int, int]]:
    if not system.isdir(top):
        raise FileNotFoundError(top)
    prefix = len(top.rstrip("/")) + 1
    folders = [top]
    while folders:
        inside = sorted(system.ls(folders.pop(), detail=True), key=lambda told: str(told["name"]))
        for told in inside:
            if told["type"] != "directory":
                yield told["name"][prefix:], int(told["size"] or 0), _modified_ns(told)
        folders += [told["name"] for told in reversed(inside) if told["type"] == "directory"]


def _modified_ns(told: Mapping[str, Any]) -> int:
    """When a file was written last, from what its file system tells of it."""
    time = next((told[name] for name in _TIMES if told.get(name)), None)
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if isinstance(time, datetime):
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1_000_000) * 1000
    return round(float(time) * 1_000_000) * 1000 if time else 0
