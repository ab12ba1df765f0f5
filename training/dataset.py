"""From what people said to what can be learned: rows, labels, and which part each photo serves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from faces.confirmations import Truth
from faces.errors import NotEnoughToLearn
from faces.names import some_of
from faces.records import (
    Encodings,
    Face,
    FaceId,
    FloatRows,
    Person,
    PersonId,
    PhotoId,
    identity_rows,
)
from faces.retraining import FEWEST_FACES, FEWEST_PEOPLE
from training.parts import Part as Part
from training.parts import Parts

Labels = npt.NDArray[np.int64]
"""One for each row: the number of the person, or, for nobody known, the number of people."""


@dataclass(frozen=True)
class Samples:
    """Faces to learn from or to measure with: row i has label i."""

    rows: FloatRows  # (n, 128), unit length
    labels: Labels  # (n,)
    people: int

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which rows are of one of the people: (n,)."""
        return np.asarray(self.labels < self.people)

    @property
    def count(self) -> int:
        """How many faces there are."""
        return len(self.labels)

    def of_people(self) -> Samples:
        """Without strangers."""
        return Samples(self.rows[self.known], self.labels[self.known], self.people)


@dataclass(frozen=True)
class DataSet:
    """All faces that can be learned from, by face id; `parts[i]` is what face i serves for.

    `left_out` are people whom a version made from this cannot know; their faces are negatives,
    as those of strangers are.
    """

    network: str
    people: tuple[Person, ...]
    left_out: tuple[Person, ...]
    faces: tuple[FaceId, ...]
    photos: tuple[PhotoId, ...]
    parts: tuple[Part, ...]
    rows: FloatRows
    labels: Labels
    onnx: bytes = field(default=b"", repr=False)
    """The network, if it was tuned to the faces for learning: then they look easier than others."""

    def samples(self, part: Part) -> Samples:
        """The faces of one part."""
        chosen = np.array([found is part for found in self.parts], dtype=bool)
        return Samples(self.rows[chosen], self.labels[chosen], len(self.people))

    def unseen(self) -> Samples:
        """The faces for learning as far as they are, to the network, like those yet to come."""
        return self.unseen_of(self.samples(Part.LEARNING))

    def unseen_of(self, learning: Samples) -> Samples:
        """Of some faces for learning those that are so: all of them, or none."""
        if not self.onnx:
            return learning
        return Samples(learning.rows[:0], learning.labels[:0], learning.people)

    def only(self, faces: Collection[FaceId]) -> DataSet:
        """The same people with no other faces than these."""
        kept = [row for row, face in enumerate(self.faces) if face in faces]
        return replace(
            self,
            faces=tuple(self.faces[row] for row in kept),
            photos=tuple(self.photos[row] for row in kept),
            parts=tuple(self.parts[row] for row in kept),
            rows=self.rows[kept],
            labels=self.labels[kept],
        )

    @property
    def hash(self) -> str:
        """sha256 over all that a version could learn from this, 64 hex digits."""
        digest = hashlib.sha256(f"{self.network}\n".encode())
        for person in self.people:
            digest.update(f"{person.id} {person.name}\n".encode())
        for face, part, label in zip(self.faces, self.parts, self.labels, strict=True):
            digest.update(f"{face} {part} {label}\n".encode())
        digest.update(np.ascontiguousarray(self.rows, dtype="<f4").tobytes())
        return digest.hexdigest()


def build_data_set(
    truth: Truth, faces: Iterable[Face], encodings: Encodings, *, parts: Parts
) -> DataSet:
    """What can be learned from what people said so far; each photo serves for its part.

    One of the people is whoever has two confirmed faces, one of them in a photo for learning.
    Everybody else who has a name, and strangers, are negatives: the right answer is unknown.
    Faces that are disputed, not faces, carried, or that nobody could tell are left out, and so are
    photos of no part.

    Raises:
        NotEnoughToLearn: there are fewer than two such people.
    """
    photo_of = {face.id: face.photo for face in faces}
    part_of = {face: part for face, photo in photo_of.items() if (part := parts.get(photo))}
    usable = [face for face in sorted(encodings.faces) if face in part_of]
    named = {f: truth.confirmed[f].person for f in usable if f in truth.confirmed}
    people = _people(named, part_of)
    if len(people) < FEWEST_PEOPLE:
        raise NotEnoughToLearn(_what_is_missing(truth, named, people))
    chosen = [face for face in usable if face in named or face in truth.strangers]
    number = {person: place for place, person in enumerate(people)}

    def label(face: FaceId) -> int:
        return number.get(named[face], len(people)) if face in named else len(people)

    row_of = {face: row for row, face in enumerate(encodings.faces)}
    rows = identity_rows(encodings)[[row_of[face] for face in chosen]]
    left_out = sorted(set(named.values()) - set(people))
    return DataSet(
        network=encodings.network,
        people=tuple(truth.people[person] for person in people),
        left_out=tuple(truth.people[person] for person in left_out),
        faces=tuple(chosen),
        photos=tuple(photo_of[face] for face in chosen),
        parts=tuple(part_of[face] for face in chosen),
        rows=rows,
        labels=np.array([label(face) for face in chosen], dtype=np.int64),
    )


def _people(named: Mapping[FaceId, PersonId], part_of: Mapping[FaceId, Part]) -> list[PersonId]:
    """Who can be learned, by id."""
    faces = Counter(named.values())
    for_learning = {p for f, p in named.items() if part_of[f] is Part.LEARNING}
    return sorted(p for p in for_learning if faces[p] >= FEWEST_FACES)


def _what_is_missing(truth: Truth, named: Mapping[FaceId, PersonId], people: list[PersonId]) -> str:
    faces = Counter(named.values())
    ranked = sorted(faces, key=lambda person: (-faces[person], truth.people[person].name))
    shown = [_counted(truth.people[p].name, faces[p], usable=p in people) for p in ranked]
    return (
        f"a classifier needs {FEWEST_PEOPLE} people with {FEWEST_FACES} confirmed faces each; "
        f"so far {len(people)} can be learned ({some_of(shown) or 'nobody has a confirmed face'}); "
        "name more faces in Label Studio, then run `faceloop retrain` again"
    )


def _counted(name: str, faces: int, *, usable: bool) -> str:
    counted = f"{name}: {faces} face{'s' if faces > 1 else ''}"
    if usable or faces < FEWEST_FACES:
        return counted
    return f"{counted}, all in photos kept for testing"
