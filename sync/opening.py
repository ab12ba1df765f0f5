"""A photo that was read before, opened once more from whichever of its files is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from faces.errors import BadPhoto
from faces.pictures import OpenPhoto, open_bytes
from faces.records import Face, Photo, PhotoFile
from faces.store import photos
from faces.store.database import Store
from sync.storage import content_of, place_shown

OnPhoto = Callable[[int, int], None]
"""Told after each photo: how many are done, of how many."""


def open_each(
    store: Store, faces: Sequence[Face], *, on_photo: OnPhoto
) -> Iterator[tuple[OpenPhoto, list[Face]]]:
    """The photos of these faces, one after the other, each with its faces.

    A photo that cannot be opened any more is left out.
    """
    with store.read() as connection:
        files = photos.files_of_photos(connection)
        photo_of = {photo.id: photo for photo in photos.photos(connection)}
    ordered = sorted(faces, key=lambda face: (face.photo, face.id))
    in_photos = [(photo, list(some)) for photo, some in groupby(ordered, lambda face: face.photo)]
    for done, (photo, some) in enumerate(in_photos, start=1):
        try:
            opened = open_again(photo_of[photo], files.get(photo, []))
        except BadPhoto:
            on_photo(done, len(in_photos))
            continue
        yield opened, some
        on_photo(done, len(in_photos))


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
