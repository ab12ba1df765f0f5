"""Where faces were seen: the photo, file, folder and date that are shown beside a page's tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

from faces.records import Face, FaceId, Photo, PhotoFile, PhotoId
from faces.studio_context import Sighting

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


Cut = tuple[int, ...]
"""How a face is cut out: the quarters by which its photo is turned, then its box in pixels."""


@dataclass(frozen=True)
class Places:
    """The photos that are there, the faces in them, and the files that hold them."""

    photos: Mapping[PhotoId, Photo] = field(default_factory=dict)
    faces: Mapping[FaceId, Face] = field(default_factory=dict)
    files: Mapping[PhotoId, Sequence[PhotoFile]] = field(default_factory=dict)

    def sightings(self, shown: Sequence[FaceId]) -> tuple[Sighting, ...]:
        """Where each of some faces was seen, in their order; empty if that is not known of all."""
        seen = tuple(self._sighting(self.faces[face]) for face in shown if face in self.faces)
        return seen if len(seen) == len(shown) else ()

    def cuts(self, shown: Sequence[FaceId]) -> dict[FaceId, Cut]:
        """Those of some faces whose photo people turned, or whose box they drew or moved."""
        found: dict[FaceId, Cut] = {}
        for face in (self.faces[shown_face] for shown_face in shown if shown_face in self.faces):
            turned, box = self.photos[face.photo].turned, face.box
            if turned or not face.detector:
                edges = map(round, (box.left, box.top, box.width, box.height))
                found[face.id] = (turned, *edges)
        return found

    def _sighting(self, face: Face) -> Sighting:
        photo = self.photos[face.photo]
        file = self.files[face.photo][0]
        path = PurePosixPath(file.root.rpartition("/")[2], file.path)
        return Sighting(photo, face.box, path.name, str(path.parent), when(photo, file))


def when(photo: Photo, file: PhotoFile) -> str:
    """The day on which a photo was taken; if its camera noted none, of when its file is."""
    if photo.taken_at is not None:
        return _day(photo.taken_at)
    if file.modified_ns <= 0:
        return ""
    return f"file of {_day(datetime.fromtimestamp(file.modified_ns / 1e9, UTC))}"


def _day(at: date) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
