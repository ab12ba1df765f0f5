"""A photo that was read before, opened once more from whichever of its files is still there."""

from __future__ import annotations

from collections.abc import Sequence

from faces.errors import BadPhoto
from faces.pictures import OpenPhoto, open_bytes
from faces.records import Photo, PhotoFile
from sync.storage import content_of, place_shown


def open_again(photo: Photo, files: Sequence[PhotoFile]) -> OpenPhoto:
    """The photo as it lies now: upright, and turned as people said.

    Raises:
        BadPhoto: none of its files can be read, or holds it any more; the message says why not.
    """
    reason = BadPhoto("none of its files is there any more")
    for file in files:
        try:
            opened = open_bytes(content_of(file), name=place_shown(file))
        except BadPhoto as error:
            reason = error
            continue
        if opened.photo.id == photo.id:
            return opened.turned(photo.turned)
        reason = BadPhoto(f"{place_shown(file)} holds another photo now")
    raise reason
