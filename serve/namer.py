"""Names the faces of a picture by the model version that is current at that moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence

from faces.confirmations import Truth
from faces.identify import CurrentModel, Identifier
from faces.pictures import megapixels_of, open_bytes
from faces.reading import FaceReader, VersionReaders
from faces.records import (
    Box,
    Detection,
    Encodings,
    Face,
    FaceId,
    Photo,
    PhotoId,
    Pixels,
    ReadPhoto,
)
from faces.store import log
from faces.store.database import Store
from serve.answers import KnownModel, NamedFace, NamedPicture
from serve.limits import OneLargeAtATime
from serve.resembling import Known, named_faces

_NO_TRUTH = Truth()
_NO_PHOTO = PhotoId("0" * 64)
"""Where a face is from that is in no photo."""


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

    def find(self, pixels: Pixels) -> list[Detection]:
        """The faces of an upright picture, surest first, not encoded."""
        return self._readers.of(None).find(pixels)

    def name_boxes(
        self, pixels: Pixels, boxes: Sequence[Box]
    ) -> tuple[list[NamedFace], str | None]:
        """Name the faces in these boxes of an upright picture, in order; and which version did.

        Raises:
            SetupError: the model version learned from another network's encodings.
        """
        identifier, truth = self._now()
        if identifier is None:
            return [NamedFace(box, None, 1.0) for box in boxes], None
        reader = self._readers.of(identifier.version)
        plain, mirrored = reader.encode_boxes(pixels, boxes)
        faces = tuple(Face(FaceId(str(n)), _NO_PHOTO, box, 1.0) for n, box in enumerate(boxes))
        encodings = Encodings(reader.network, tuple(face.id for face in faces), plain, mirrored)
        height_px, width_px, _ = pixels.shape
        read = ReadPhoto(Photo(_NO_PHOTO, width_px, height_px), faces, encodings)
        return named_faces(read, Known(truth, identifier), count=1), identifier.version.id

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
