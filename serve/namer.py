"""Names the faces of a picture by the model version that is current at that moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable

from faces.confirmations import Truth
from faces.identify import CurrentModel, Identifier
from faces.pictures import megapixels_of, open_bytes
from faces.reading import FaceReader, VersionReaders
from faces.records import Pixels, ReadPhoto
from faces.store import log
from faces.store.database import Store
from serve.answers import KnownModel, NamedFace, NamedPicture
from serve.limits import OneLargeAtATime
from serve.resembling import Known, named_faces

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
        named, _ = self.read_and_name(content, called=called, count=count)
        return named

    def read_and_name(
        self, content: bytes, *, called: str, count: int = 5
    ) -> tuple[NamedPicture, ReadPhoto]:
        """The same, with all that was found in the picture.

        Raises:
            BadPhoto: these bytes are no photo.
            SetupError: the model version learned from another network's encodings.
        """
        identifier, truth = self._now()
        pixels, read = self._read(content, called, identifier)
        if identifier is None:
            nobody = [NamedFace(face.box, None, 1.0, id=face.id) for face in read.faces]
            return NamedPicture(pixels, _left_to_right(nobody), None), read
        faces = named_faces(read, Known(truth, identifier), count=count)
        return NamedPicture(pixels, _left_to_right(faces), identifier.version.id), read

    def _read(
        self, content: bytes, called: str, identifier: Identifier | None
    ) -> tuple[Pixels, ReadPhoto]:
        with self._large.turn(megapixels_of(content)), self._turns:
            opened = open_bytes(content, name=called)
            reader = self._readers.of(None if identifier is None else identifier.version)
            return opened.pixels, reader.read(opened)

    def _now(self) -> tuple[Identifier | None, Truth]:
        """What names faces now, and what people said."""
        truth, current = _NO_TRUTH, self._models.snapshot()
        if current is not None and self._store is not None:
            with self._store.read() as connection:
                truth = log.truth(connection)
        return current and current.heeding(truth), truth


def _left_to_right(faces: Iterable[NamedFace]) -> tuple[NamedFace, ...]:
    return tuple(sorted(faces, key=lambda face: (face.box.left, face.box.top)))
