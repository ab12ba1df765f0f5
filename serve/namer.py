"""Names the faces of a picture by the model version that is current at that moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from faces.confirmations import Truth
from faces.identify import CurrentModel, Identifier
from faces.pictures import megapixels_of, open_bytes
from faces.reading import FaceReader, VersionReaders
from faces.records import Face, FloatRows, PersonId, Pixels, identity_rows
from faces.store import log
from faces.store.database import Store
from faces.store.photos import ReadPhoto
from serve.answers import KnownModel, NamedFace, NamedPicture, OneFace
from serve.limits import OneLargeAtATime

_NO_TRUTH = Truth()


class Namer:
    """Finds and names faces; safe to share between threads."""

    def __init__(
        self,
        models: CurrentModel,
        reader: FaceReader,
        store: Store | None,
        *,
        at_once: int | None = None,
    ) -> None:
        """Follow these models; without a store, people are called as when the model learned.

        So many pictures are in hand `at_once`, one for each core if None; others wait.
        """
        self._models = models
        self._readers = VersionReaders(reader)
        self._store = store
        self._large = OneLargeAtATime()
        self._turns = threading.BoundedSemaphore(at_once or len(os.sched_getaffinity(0)))

    def about(self) -> KnownModel:
        """Which model version answers now."""
        identifier = self._models.snapshot()
        if identifier is None:
            return KnownModel(None, 0, self._models.problem)
        version = identifier.version
        return KnownModel(version.id, len(version.people), self._models.problem, version.metrics)

    def name_all(self, content: bytes, *, called: str, count: int = 5) -> NamedPicture:
        """Name every face of a picture, given as a file's bytes; messages call it `called`.

        Each face has the `count` people whom it is likeliest to be.

        Raises:
            BadPhoto: these bytes are no photo.
            SetupError: the model version learned from another network's encodings.
        """
        identifier, names = self._now()
        pixels, read = self._read(content, called, identifier)
        if identifier is None:
            return NamedPicture(pixels, _left_to_right(_unknown(read.faces)), None)
        faces = self._named(identifier, read, names, count)
        return NamedPicture(pixels, _left_to_right(faces), identifier.version.id)

    def likeliest(self, content: bytes, *, called: str, count: int = 5) -> OneFace | None:
        """The people whom the largest face is likeliest to be; None where there is no face.

        Raises:
            BadPhoto: these bytes are no photo.
            SetupError: the model version learned from another network's encodings.
        """
        identifier, names = self._now()
        pixels, read = self._read(content, called, identifier)
        if not read.faces:
            return None
        row = max(range(len(read.faces)), key=lambda index: _area(read.faces[index]))
        if identifier is None:
            return OneFace(pixels, _unknown(read.faces)[row], (), len(read.faces), None)
        face = self._named(identifier, read, names, count)[row]
        return OneFace(pixels, face, face.likeliest, len(read.faces), identifier.version.id)

    def _read(
        self, content: bytes, called: str, identifier: Identifier | None
    ) -> tuple[Pixels, ReadPhoto]:
        with self._large.turn(megapixels_of(content)), self._turns:
            opened = open_bytes(content, name=called)
            reader = self._readers.of(None if identifier is None else identifier.version)
            return opened.pixels, reader.read(opened)

    def _named(
        self, identifier: Identifier, read: ReadPhoto, names: _Names, count: int
    ) -> tuple[NamedFace, ...]:
        """The faces in the order in which they were read, each with its name."""
        if not read.faces:
            return ()
        proposals = {each.face: each for each in identifier.propose(read.encodings)}
        rows = identity_rows(read.encodings)
        likeliest = dict(
            zip(read.encodings.faces, _likeliest(identifier, rows, names, count), strict=True)
        )
        return tuple(
            NamedFace(
                face.box,
                names.of(proposals[face.id].person),
                min(1.0, proposals[face.id].score),
                likeliest[face.id],
            )
            for face in read.faces
        )

    def _now(self) -> tuple[Identifier | None, _Names]:
        """What names faces now, and what people are called now."""
        truth, current = _NO_TRUTH, self._models.snapshot()
        if current is not None and self._store is not None:
            with self._store.read() as connection:
                truth = log.truth(connection)
        identifier = current and current.heeding(truth)
        learned = () if identifier is None else identifier.version.people
        return identifier, _Names(truth, {one.id: one.name for one in learned})


@dataclass(frozen=True)
class _Names:
    """What people are called now, or else were called when the model learned."""

    truth: Truth
    at_training: Mapping[PersonId, str]

    def of(self, person: PersonId | None) -> str | None:
        """The name of a person, None for nobody known."""
        if person is None:
            return None
        now = self.truth.people.get(self.truth.resolve(person))
        return self.at_training[person] if now is None else now.name


def _likeliest(
    identifier: Identifier, rows: FloatRows, names: _Names, count: int
) -> list[tuple[tuple[str, float], ...]]:
    """For each row names with probabilities; two people who are one by now are added up."""
    people = identifier.version.people
    is_each_one = len({names.of(one.id) for one in people}) == len(people)
    enough = min(count, len(people)) if is_each_one else len(people)
    return [_by_name(found, names, count) for found in identifier.likeliest(rows, enough)]


def _by_name(
    people: list[tuple[PersonId, float]], names: _Names, count: int
) -> tuple[tuple[str, float], ...]:
    by_name: dict[str, float] = {}
    for person, probability in people:
        name = names.of(person)
        if name is not None:
            by_name[name] = min(1.0, by_name.get(name, 0.0) + probability)
    ordered = sorted(by_name.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ordered[:count])


def _unknown(faces: tuple[Face, ...]) -> tuple[NamedFace, ...]:
    return tuple(NamedFace(face.box, None, 1.0) for face in faces)


def _left_to_right(faces: tuple[NamedFace, ...]) -> tuple[NamedFace, ...]:
    return tuple(sorted(faces, key=lambda face: (face.box.left, face.box.top)))


def _area(face: Face) -> float:
    return face.box.width * face.box.height
