"""Whose faces a simulated annotator names: all people, or those with many photos; as collages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.people_encodings import PeopleEncodings
from faces.records import NETWORK, Encodings, FaceId, FloatRows, PhotoId, identity_rows, unit_rows

MOST_ON_A_COLLAGE = 3
_CIRCLE = 6


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
    """The same faces, two or three on a photo, each of somebody else; a few may be left alone.

    As in families, those who look alike are on photos together: people stand in circles of
    `_CIRCLE`, and share photos with others only once their circle has no two of them left.
    """
    who = {face: collection.person_of.get(face, face) for face in collection.faces}
    circle_of = _circles(collection, who)
    shuffled = [collection.faces[place] for place in rng.permutation(len(collection.faces))]
    circles: dict[int, list[FaceId]] = defaultdict(list)
    for face in shuffled:
        circles[circle_of[who[face]]].append(face)
    pages = [page for number in sorted(circles) for page in _pages(circles[number], who, rng)]
    left = [page[0] for page in pages if len(page) == 1]
    pages = [page for page in pages if len(page) > 1] + list(_pages(left, who, rng))
    photo_of = {
        face: PhotoId(f"collage {number:06}") for number, page in enumerate(pages) for face in page
    }
    return Collection(collection.encodings, photo_of, collection.person_of)


def _circles(collection: Collection, who: Mapping[FaceId, str]) -> dict[str, int]:
    """The number of each one's circle: a chain from face to likest face, cut into pieces."""
    names, number = np.unique([who[face] for face in collection.faces], return_inverse=True)
    sums = np.zeros((len(names), collection.rows.shape[1]), dtype=np.float32)
    np.add.at(sums, number, collection.rows)
    means = unit_rows(sums)
    free = np.ones(len(names), dtype=bool)
    found, last = {}, 0
    for place in range(len(names)):
        free[last] = False
        found[str(names[last])] = place // _CIRCLE
        last = int(np.argmax(np.where(free, means @ means[last], -np.inf)))
    return found


def _pages(
    faces: Sequence[FaceId], who: Mapping[FaceId, str], rng: np.random.Generator
) -> Iterator[list[FaceId]]:
    """Faces of different people by twos and threes; whoever has most faces left comes first."""
    waiting: dict[str, list[FaceId]] = defaultdict(list)
    for face in faces:
        waiting[who[face]].append(face)
    while waiting:
        size = int(rng.integers(2, MOST_ON_A_COLLAGE + 1))
        people = sorted(waiting, key=lambda person: (-len(waiting[person]), person))[:size]
        yield [waiting[person].pop() for person in people]
        for person in people:
            if not waiting[person]:
                del waiting[person]
