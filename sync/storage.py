"""Where photos lie: folders of this machine, and whatever else fsspec reaches by an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from faces.errors import BadPhoto, SetupError
from faces.pictures import file_bytes
from faces.records import PhotoFile
from sync.folder import place_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LARGEST_FILE_BYTES = 1 << 29
"""Larger files are refused, as those of a folder are."""

_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""Under which name the file systems of fsspec tell when a file was written last."""
_PASSWORD = re.compile(r"://[^/]*:[^/]+@")


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
    content = _fetched(file)
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
    system, top = _system(root)
    system.invalidate_cache()
    try:
        yield from _files_below(top, system)
    except FileNotFoundError as error:
        raise SetupError(
            f"there is no folder {root}; give the one that holds your photos"
        ) from error
    except Exception as error:  # each storage has errors of its own
        raise SetupError(f"{root} cannot be read: {_first_line(error)}") from error


def _files_below(top: str, system: AbstractFileSystem) -> Iterator[tuple[str, int, int]]:
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


def _fetched(file: PhotoFile) -> bytes:
    """A file of a storage; each has errors of its own, so all of them count."""
    system, top = _system(file.root)
    try:
        with system.open(f"{top.rstrip('/')}/{file.path}", "rb") as opened:
            content: bytes = opened.read(LARGEST_FILE_BYTES + 1)
    except Exception as error:
        raise BadPhoto(f"{place_shown(file)} cannot be read: {_first_line(error)}") from error
    return content


def _system(root: str) -> tuple[AbstractFileSystem, str]:
    """What reads an address, and how it calls the root.

    Raises:
        SetupError: nothing that is installed reads such addresses, or a password stands in it.
    """
    import fsspec  # only for photos that do not lie in a folder

    if _PASSWORD.search(root):
        raise SetupError(
            f"{_PASSWORD.sub('://…@', root)} has a password in it, which would be stored; "
            "keep it in the settings of fsspec or of the storage"
        )
    try:
        found: tuple[AbstractFileSystem, str] = fsspec.url_to_fs(root)
    except ImportError as error:
        raise SetupError(f"{root} cannot be read yet: {error}") from error
    except (ValueError, TypeError, OSError) as error:
        raise SetupError(f"{root} cannot be read: {error}") from error
    return found


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _modified_ns(told: Mapping[str, Any]) -> int:
    """When a file was written last, from what its file system tells of it."""
    time = next((told[name] for name in _TIMES if told.get(name)), None)
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if isinstance(time, datetime):
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1_000_000) * 1000
    return round(float(time) * 1_000_000) * 1000 if time else 0
