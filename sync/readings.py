"""One file to what it gave: its photo with faces, preview and crops, or why it was refused."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from faces.errors import BadPhoto
from faces.pictures import CROP_PX, face_crop, jpeg_bytes, megapixels_of, open_bytes, preview
from faces.records import FaceId, PhotoFile, PhotoId, ReadPhoto
from sync.folder import readable
from sync.storage import content_of, may_pass, place_shown

if TYPE_CHECKING:
    from faces.pictures import OpenPhoto
    from faces.reading import FaceReader

TRY_AGAIN = -1
"""Noted as a file's time when the next run shall read it again: no file has it."""

Known = Callable[[PhotoFile], Collection[PhotoId]]
"""Which photos that need no reading a file may hold, say those that had a file of its size.

Asked in the process that calls `read_all`, just before the file's turn. A file whose content is one
of them is answered with that photo, undecoded.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave: the photo that it holds, or why none.

    `read` is None for a photo that was known. Otherwise `preview` is the photo for the screen and
    `crops` has each face of `read`, cut out for montages; both are JPEGs, to be written by whoever
    asked, under the ids that the faces get there.
    """

    file: PhotoFile
    photo: PhotoId | None = None
    read: ReadPhoto | None = None
    refused: str | None = None
    preview: bytes | None = None
    crops: Mapping[FaceId, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read, unless it holds one of the known photos or is larger than it may be now.

    `turned` are photos that it may hold and that people turned, with the quarters to the right.
    """

    file: PhotoFile
    known: tuple[PhotoId, ...] = ()
    most_megapixels: float = math.inf
    turned: Mapping[PhotoId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A file was left unread for now: as pixels it needs more memory than it was given."""

    megapixels: float


def read_task(task: Task, reader: FaceReader) -> Reading | TooLarge:
    """Read one file."""
    file = task.file
    try:
        content = content_of(file)
        if task.known and (photo := PhotoId(hashlib.sha256(content).hexdigest())) in task.known:
            return Reading(file, photo)
        megapixels = megapixels_of(content) if math.isfinite(task.most_megapixels) else 0.0
        if megapixels > task.most_megapixels:
            return TooLarge(megapixels)
        opened = open_bytes(content, name=place_shown(file))
    except BadPhoto as reason:
        noted = replace(file, modified_ns=TRY_AGAIN) if may_pass(reason, file) else file
        return Reading(noted, refused=readable(str(reason)))
    return look_at(file, opened.turned(task.turned.get(opened.photo.id, 0)), reader)


def look_at(file: PhotoFile, opened: OpenPhoto, reader: FaceReader) -> Reading:
    """The faces of a photo, and the smaller pictures made from it."""
    read = reader.read(opened)
    crops = {
        face.id: jpeg_bytes(face_crop(opened.pixels, face.box, size_px=CROP_PX))
        for face in read.faces
    }
    shown = jpeg_bytes(preview(opened.pixels))
    return Reading(file, read.photo.id, read, preview=shown, crops=crops)
