"""An album: pictures that a visitor gave at once, with their faces in clusters; plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NewType

import numpy as np

from faces.confirmations import Truth
from faces.constraints import constraints_of
from faces.quality import ENOUGH, quality
from faces.records import Box, Encodings, Face, FaceId, ReadPhoto

if TYPE_CHECKING:
    from faces.cluster import Groups

AlbumId = NewType("AlbumId", str)
"""Nobody can guess it, so whoever knows it may see the album."""


@dataclass(frozen=True, slots=True)
class Given:
    """A file that a visitor gave, and what the visitor called it."""

    called: str
    path: Path


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not in the album, by what the visitor called it, and why in one line."""

    called: str
    reason: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of an album. `number` counts from 1; `name` is safe as the name of a file."""

    number: int
    called: str
    name: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class AlbumFace:
    """A face and where it is; `place` is how typical it is of its cluster, 0 to 1."""

    id: FaceId
    picture: Picture
    box: Box
    place: float | None = None


@dataclass(frozen=True, slots=True)
class AlbumCluster:
    """Faces that look like one person, the most typical first; `number` counts from 1."""

    number: int
    faces: tuple[AlbumFace, ...]
    confidence: float | None

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures that its faces are in, each once, in the order of the album."""
        return pictures_of(self.faces)


@dataclass(frozen=True)
class Album:
    """All that was found in the pictures; the largest cluster first.

    `alone` are faces in no cluster: like no other, or too poor to tell. `until` is when the album
    goes, with all that was given; `read` is what was found in each picture, by its number.
    """

    id: AlbumId
    pictures: tuple[Picture, ...]
    clusters: tuple[AlbumCluster, ...]
    alone: tuple[AlbumFace, ...]
    refused: tuple[Refused, ...]
    until: datetime
    read: Mapping[int, ReadPhoto] = field(default_factory=dict, compare=False, repr=False)

    @property
    def faces(self) -> int:
        """How many faces were found."""
        return sum(len(cluster.faces) for cluster in self.clusters) + len(self.alone)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an album is; `seconds_left` is None as long as nothing is known."""

    done: int
    total: int
    seconds_left: float | None


Tell = Callable[[Progress], None]
"""Hears how far something is; what it raises ends it."""


def pictures_of(faces: Sequence[AlbumFace]) -> tuple[Picture, ...]:
    """The pictures that faces are in, each once, in the order of the album."""
    there = {face.picture.number: face.picture for face in faces}
    return tuple(there[number] for number in sorted(there))


def boxes_in(faces: Sequence[AlbumFace], picture: Picture) -> tuple[Box, ...]:
    """The boxes of those of the faces that are in a picture."""
    return tuple(face.box for face in faces if face.picture.number == picture.number)


def seconds_left(done: int, total: int, elapsed_s: float) -> float | None:
    """How long the rest will take, if it takes as long as what is done."""
    return elapsed_s / done * (total - done) if done else None


def clustered(
    read: Sequence[tuple[Picture, ReadPhoto]],
) -> tuple[tuple[AlbumCluster, ...], tuple[AlbumFace, ...]]:
    """The faces of pictures by person, the largest cluster first, and those in none.

    As the project's own photos are grouped: at a cut found in these very faces, two faces of one
    picture never together, and without faces that are too poor to be told apart.
    """
    picture_of = {face.id: (picture, face) for picture, photo in read for face in photo.faces}
    groups = _groups(read, [face for _, face in picture_of.values()])

    def there(face: FaceId, place: float | None = None) -> AlbumFace:
        picture, found = picture_of[face]
        return AlbumFace(face, picture, found.box, place)

    clusters = tuple(
        AlbumCluster(number, tuple(map(there, one.faces, one.places)), one.confidence)
        for number, one in enumerate(groups.clusters, start=1)
    )
    inside = {face.id for cluster in clusters for face in cluster.faces}
    return clusters, tuple(there(face) for face in picture_of if face not in inside)


def _groups(read: Sequence[tuple[Picture, ReadPhoto]], faces: Sequence[Face]) -> Groups:
    from faces.cluster import Groups, group_people  # SciPy takes a while; the page need not wait
    from faces.cut_finding import find_cut

    good = {face.id: face.photo for face in faces if quality(face) >= ENOUGH}
    encodings = _of_faces([photo.encodings for _, photo in read], good)
    if encodings is None:
        return Groups()
    constraints = constraints_of(encodings.faces, good, Truth())
    cut = find_cut(
        encodings.plain,
        encodings.mirrored,
        together=constraints.together,
        apart=constraints.apart,
        people=constraints.people,
    )
    return group_people(encodings, cut, constraints)


def _of_faces(read: Sequence[Encodings], wanted: Mapping[FaceId, object]) -> Encodings | None:
    """The encodings of the faces that are wanted; None if there are none."""
    kept = [(one, row) for one in read for row, face in enumerate(one.faces) if face in wanted]
    if not kept:
        return None
    return Encodings(
        kept[0][0].network,
        tuple(one.faces[row] for one, row in kept),
        np.stack([one.plain[row] for one, row in kept]),
        np.stack([one.mirrored[row] for one, row in kept]),
    )
