"""A naming: pictures that a visitor gave at once, with a name at each face; plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from faces.records import ReadPhoto
from serve.album import Refused
from serve.answers import NamedFace

NamingId = NewType("NamingId", str)
"""Nobody can guess it, so whoever knows it may see the pictures."""


@dataclass(frozen=True)
class NamedUpload:
    """A picture of a naming; its faces are from left to right, and numbered from 1 like it.

    `called` is what the visitor called it, `name` is safe as the name of a file. The size is that
    of the upright picture. `read` is what was found in it, surest face first.
    """

    number: int
    called: str
    name: str
    width_px: int
    height_px: int
    faces: tuple[NamedFace, ...]
    version: str | None
    read: ReadPhoto

    @property
    def largest(self) -> int | None:
        """The number of the largest face; None where there is no face."""
        areas = [face.box.width * face.box.height for face in self.faces]
        return areas.index(max(areas)) + 1 if areas else None


@dataclass(frozen=True)
class Naming:
    """Pictures with names, and the files that could not be used; all goes at the time `until`."""

    id: NamingId
    pictures: tuple[NamedUpload, ...]
    refused: tuple[Refused, ...]
    until: datetime

    def picture(self, number: int) -> NamedUpload | None:
        """The picture with this number."""
        return next((one for one in self.pictures if one.number == number), None)

    @property
    def faces(self) -> int:
        """How many faces were found."""
        return sum(len(one.faces) for one in self.pictures)
