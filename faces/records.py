"""The words of the domain as immutable records; no input or output, no arithmetic beyond boxes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

import numpy as np
import numpy.typing as npt

PhotoId = NewType("PhotoId", str)
"""sha256 of the file's bytes, 64 hex digits: a photo is its content."""
FaceId = NewType("FaceId", str)
"""Given once to a face of a photo and never changed."""
PersonId = NewType("PersonId", str)
"""Opaque; names may change, this does not."""
ClusterId = NewType("ClusterId", str)

Pixels = npt.NDArray[np.uint8]
"""An upright photo or crop: (height, width, 3), RGB, 0 to 255."""
FloatRows = npt.NDArray[np.float32]
"""One row for each face: (n, d)."""

ENCODING_LENGTH = 128
NETWORK = "dlib-resnet-v1"
"""The name under which encodings are stored; `faces.encode` and `faces.reference` agree."""
SAME_FACE_IOU = 0.4
"""Two boxes of one photo that overlap at least this much are the same face."""
NOBODY = -1
"""Where rows have the numbers of people: nothing is known of who this is."""
STRANGER = -2
"""The same: no named person; two strangers may be one person or two."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright photo, origin top left."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Refuse a box that could not hold a face."""
        if not (self.width > 0 and self.height > 0):
            raise ValueError(f"a box needs a positive size, got {self.width} x {self.height}")

    @property
    def right(self) -> float:
        """The first column to the right of the box."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The first row below the box."""
        return self.top + self.height

    def overlap(self, other: Box) -> float:
        """Intersection over union with another box, 0 to 1."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.width * self.height + other.width * other.height - shared)

    def clipped(self, width_px: int, height_px: int) -> Box:
        """The part inside a picture of this size.

        Raises:
            ValueError: nothing of the box lies inside.
        """
        left, top = max(0.0, self.left), max(0.0, self.top)
        right, bottom = min(float(width_px), self.right), min(float(height_px), self.bottom)
        return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph by its content; the size is that of the upright picture in pixels.

    `taken_at` is by the clock of the camera, which notes no time zone; None if it noted nothing.
    `turned` is how many quarters to the right it was turned, as people said, from how its file has
    it.
    """

    id: PhotoId
    width_px: int
    height_px: int
    taken_at: datetime | None = None
    turned: int = 0

    def __post_init__(self) -> None:
        """Refuse an id that is no sha256, an empty picture, a time in a zone, and no quarter."""
        if len(self.id) != 64:
            raise ValueError(f"a photo's id is its sha256 in hex, got {self.id!r}")
        if self.width_px <= 0 or self.height_px <= 0:
            raise ValueError(f"a photo has pixels, got {self.width_px} x {self.height_px}")
        if self.taken_at is not None and self.taken_at.tzinfo is not None:
            raise ValueError(f"a camera's clock has no time zone, got {self.taken_at}")
        if self.turned not in range(4):
            raise ValueError(f"a photo is turned by 0 to 3 quarters, got {self.turned}")


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """Where a photo was found: a path below a root, with what tells whether it changed."""

    root: str
    path: str
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Detection:
    """A box where a detector sees a face, and how sure it is (its own scale, higher is surer).

    `pose` is how far the face is turned to the side, 0 to 90 degrees; None if it cannot tell.
    """

    box: Box
    score: float
    pose: float | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a photo. `drawn` is true when a person drew its box.

    `score` is on the scale of `detector`, which is empty for a drawn face. `sharpness` and `pose`
    are None as long as nobody has measured them; `faces.quality` has their meaning.
    """

    id: FaceId
    photo: PhotoId
    box: Box
    score: float
    drawn: bool = False
    detector: str = ""
    sharpness: float | None = None
    pose: float | None = None


@dataclass(frozen=True)
class Encodings:
    """What one network says of many faces: row i of both arrays belongs to `faces[i]`.

    Rows are raw as the network gives them (dlib's are not of length 1); `mirrored` holds those of
    the mirrored chips. Both arrays are float32 of shape (n, 128).
    """

    network: str
    faces: tuple[FaceId, ...]
    plain: FloatRows
    mirrored: FloatRows

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit the faces."""
        expected = (len(self.faces), ENCODING_LENGTH)
        if self.plain.shape != expected or self.mirrored.shape != expected:
            raise ValueError(
                f"{len(self.faces)} faces need two arrays of shape {expected}, "
                f"got {self.plain.shape} and {self.mirrored.shape}"
            )
        if len(set(self.faces)) != len(self.faces):
            raise ValueError("a face stands twice in one set of encodings")


@dataclass(frozen=True)
class ReadPhoto:
    """All that reading one photo gave; `detector` is what looked for faces in it."""

    photo: Photo
    faces: tuple[Face, ...]
    encodings: Encodings
    detector: str = ""

    @property
    def detector_name(self) -> str:
        """What looked for faces in it."""
        return self.detector or next((face.detector for face in self.faces), "")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Faces that look like one person: those that nobody settled first, each part typical first.

    `confidence` is how sure it is that all of them are one person, 0 to 1. `places` says of each
    face, in the order of `faces`, how typical it is: 1 for the most central, 0 for a doubtful one.
    What made the cluster may tell neither: then they are None and empty.
    """

    id: ClusterId
    faces: tuple[FaceId, ...]
    confidence: float | None = None
    places: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an empty cluster, a face that stands twice, and measures that do not fit."""
        if not self.faces or len(set(self.faces)) != len(self.faces):
            raise ValueError(f"a cluster holds each face once, got {self.faces}")
        if self.places and len(self.places) != len(self.faces):
            raise ValueError(f"{len(self.faces)} faces have {len(self.places)} places")
        told = self.places if self.confidence is None else (self.confidence, *self.places)
        if not all(0.0 <= value <= 1.0 for value in told):
            raise ValueError(f"confidence and places lie between 0 and 1, got {told}")


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """Two clusters that may be one person; `score` is how likely, 0 to 1."""

    first: ClusterId
    second: ClusterId
    score: float

    def __post_init__(self) -> None:
        """Refuse a cluster with itself, the pair turned round, and a score that is none."""
        if not self.first < self.second:
            raise ValueError(f"a pair stands in order, got {self.first}, {self.second}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score lies between 0 and 1, got {self.score}")


@dataclass(frozen=True, slots=True)
class LooseFace:
    """A face in no cluster that may be of one; `score` is how likely, 0 to 1."""

    face: FaceId
    cluster: ClusterId
    score: float

    def __post_init__(self) -> None:
        """Refuse a score that is none."""
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score lies between 0 and 1, got {self.score}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a name, unique among people when compared without case."""

    id: PersonId
    name: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A machine's guess: this face is this person, or nobody known (`person` is None).

    `score` is a probability, 0 to 1; `source` is a cluster run or a model version.
    """

    face: FaceId
    person: PersonId | None
    score: float
    source: str

    def __post_init__(self) -> None:
        """Refuse a score that is no probability."""
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score lies between 0 and 1, got {self.score}")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A person's word on a face: it is this person.

    `number` is that of the newest such word in the log, by when it was read.
    """

    face: FaceId
    person: PersonId
    speakers: tuple[str, ...]
    at: datetime
    number: int = field(compare=False)


def face_id_of_box(photo: PhotoId, box: Box) -> FaceId:
    """Name a newly detected face; the same box of the same photo gets the same id."""
    corners = ",".join(str(round(v)) for v in (box.left, box.top, box.width, box.height))
    return _face_id(f"{photo}:{corners}")


def face_id_of_region(photo: PhotoId, region: str) -> FaceId:
    """Name a face that a person drew; the region's own id outlives moving the box."""
    return _face_id(f"{photo}:region:{region}")


def _face_id(told_apart_by: str) -> FaceId:
    return FaceId("f" + hashlib.sha256(told_apart_by.encode()).hexdigest()[:16])


def unit_rows(rows: FloatRows) -> FloatRows:
    """Scale each row to length 1. Shapes (n, d) -> (n, d)."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def identity_rows(encodings: Encodings) -> FloatRows:
    """For each face the mean of its encoding and its mirror image's, at length 1: (n, 128)."""
    return unit_rows(encodings.plain + encodings.mirrored)
