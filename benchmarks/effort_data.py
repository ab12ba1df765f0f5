"""Whose faces a simulated annotator names: all people, or those with many photos; as collages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.people_encodings import PeopleEncodings
from faces.records import NETWORK, Encodings, FaceId, FloatRows, PhotoId, identity_rows

MOST_ON_A_COLLAGE = 3


@dataclass(frozen=True)
class Collection:
    """Faces with their photos, and what only the annotator knows: who each is.

    `person_of` has nobody for a stranger, which is somebody with one photo.
    """

    encodings: Encodings
    photo_of: Mapping[FaceId, PhotoId]
    person_of: Mapping[FaceId, str]

    @property
    def faces(self) -> tuple[FaceId, ...]:
        """All faces, in the order of their photos' names."""
        return self.encodings.faces

    @property
    def rows(self) -> FloatRows:
        """Their identity rows, (n, 128)."""
        return identity_rows(self.encodings)

    @property
    def people(self) -> int:
        """How many people have a name."""
        return len(set(self.person_of.values()))


def collection_of(people: PeopleEncodings, *, fewest: int = 1) -> Collection:
    """The faces that were found, of people with so many photos or more; one face a photo."""
    who = [name.rpartition("/")[0] for name in people.names]
    photos = Counter(who)
    rows = [row for row, one in enumerate(who) if people.found[row] and photos[one] >= fewest]
    faces = tuple(FaceId(people.names[row]) for row in rows)
    known = {face: who[row] for face, row in zip(faces, rows, strict=True) if photos[who[row]] > 1}
    encodings = Encodings(NETWORK, faces, people.plain[rows], people.mirrored[rows])
    return Collection(encodings, {face: PhotoId(face) for face in faces}, known)


def as_collages(collection: Collection, *, rng: np.random.Generator) -> Collection:
    """The same faces, two or three on a photo, each of somebody else; one may be left alone.

    Two strangers are two people.
    """
    who = {face: collection.person_of.get(face, face) for face in collection.faces}
    waiting = [collection.faces[place] for place in rng.permutation(len(collection.faces))]
    photo_of: dict[FaceId, PhotoId] = {}
    while waiting:
        size = int(rng.integers(2, MOST_ON_A_COLLAGE + 1))
        page: list[FaceId] = []
        for face in waiting:
            if len(page) < size and who[face] not in {who[other] for other in page}:
                page.append(face)
            if len(page) == size:
                break
        photo_of.update(dict.fromkeys(page, PhotoId(f"collage {len(photo_of):05}")))
        waiting = [face for face in waiting if face not in photo_of]
    return Collection(collection.encodings, photo_of, collection.person_of)
