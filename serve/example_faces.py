"""Faces that people confirmed, as examples of whom a face resembles: a few of each person."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from faces.confirmations import Truth
from faces.crops import crop_of
from faces.errors import AlbumGone
from faces.records import FaceId, PersonId
from faces.store import log
from faces.store.database import Store

EXAMPLES = 3
"""So many faces of a person are shown."""


class ExampleFaces:
    """The confirmed faces of the project's photos; safe to share between threads.

    Whoever shows them makes sure that the visitor may see them.
    """

    def __init__(self, store: Store | None, crops: Path) -> None:
        """Take them from this store and this folder of crops; without a store there are none."""
        self._store = store
        self._crops = crops
        self._lock = threading.Lock()
        self._of: tuple[Truth, Mapping[PersonId, tuple[FaceId, ...]]] | None = None

    def of(self, person: PersonId) -> tuple[FaceId, ...]:
        """A few confirmed faces of somebody that can be shown; none where there are none."""
        truth = self._truth()
        if truth is None:
            return ()
        faces = self._by_person(truth).get(truth.resolve(person), ())
        there = (face for face in faces if crop_of(self._crops, face).exists())
        return tuple(islice(there, EXAMPLES))

    def content(self, face: FaceId) -> bytes:
        """A confirmed face as JPEG.

        Raises:
            AlbumGone: nobody confirmed this face, or its crop is gone.
        """
        truth = self._truth()
        if truth is not None and face in truth.confirmed:
            try:
                return crop_of(self._crops, face).read_bytes()
            except OSError as error:
                raise AlbumGone("this face is not here any more") from error
        raise AlbumGone("there is no such face")

    def _truth(self) -> Truth | None:
        if self._store is None:
            return None
        with self._store.read() as connection:
            return log.truth(connection)

    def _by_person(self, truth: Truth) -> Mapping[PersonId, tuple[FaceId, ...]]:
        """The faces of each, worked out once for each truth."""
        with self._lock:
            if self._of is None or self._of[0] is not truth:
                self._of = (truth, by_person(truth))
            return self._of[1]


def by_person(truth: Truth) -> dict[PersonId, tuple[FaceId, ...]]:
    """The confirmed faces of each person, those that were confirmed last first."""
    found: dict[PersonId, list[FaceId]] = defaultdict(list)
    newest = sorted(truth.confirmed.values(), key=lambda said: (-said.number, said.face))
    for said in newest:
        found[truth.resolve(said.person)].append(said.face)
    return {person: tuple(faces) for person, faces in found.items()}
