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
