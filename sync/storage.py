"""Where photos lie: folders of this machine, and whatever else fsspec reaches by an address."""

from __future__ import annotations

from faces.errors import BadPhoto
from faces.records import PhotoFile
from sync.folder import place_of

LARGEST_FILE_BYTES = 1 << 29
"""Larger files are refused unread."""


def content_of(file: PhotoFile) -> bytes:
    """What a file holds.

    Raises:
        BadPhoto: it cannot be read; the message names it.
    """
    place = place_of(file)
    try:
        if not place.is_file():
            raise BadPhoto(f"{place} is not a file")
        if place.stat().st_size > LARGEST_FILE_BYTES:
            raise BadPhoto(f"{place} is larger than {LARGEST_FILE_BYTES >> 20} MB; shrink it")
        return place.read_bytes()
    except OSError as error:
        raise BadPhoto(f"{place} cannot be read: {error.strerror or error}") from error


def place_shown(file: PhotoFile) -> str:
    """Where a file lies, for a message."""
    return str(place_of(file))


def may_pass(reason: BadPhoto, file: PhotoFile) -> bool:
    """Whether a file was refused by the operating system, and not for what it holds.

    Of a file that could not even be looked at, size and time will change when it can be.
    """
    cause = reason.__cause__
    by_system = isinstance(cause, OSError) and cause.errno is not None
    looked_at = bool(file.size_bytes or file.modified_ns)
    return looked_at and (by_system or not place_of(file).is_file())
