"""Reading a photo: which faces are in it, and the encoding of each."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from faces.detect import Detector
from faces.encode import Encoder
from faces.pictures import OpenPhoto
from faces.quality import sharpness_of
from faces.records import (
    NETWORK,
    SAME_FACE_IOU,
    Box,
    Detection,
    Encodings,
    Face,
    FloatRows,
    Pixels,
    ReadPhoto,
    face_id_of_box,
)
from faces.turning import turned_box

if TYPE_CHECKING:
    from faces.settings import Settings
    from faces.versions import ModelVersion


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How photos are read, as plain values that can be sent to another process."""

    detector: Literal["yunet", "hog", "cnn"] = "yunet"
    rotations: bool = False
    engine: Literal["onnx", "reference"] = "onnx"

    @classmethod
    def of(cls, settings: Settings) -> ReadingOptions:
        """What the settings say."""
        return cls(settings.detector, settings.rotations, settings.engine)


class FaceEncoder(Protocol):
    """Turns faces into their encodings; may be used by several threads at once."""

    def encode(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[FloatRows, FloatRows]:
        """Encode the faces in these boxes: two arrays (n, 128), plain and of the mirror images."""


class FaceReader:
    """A detector and an encoder, working together; may be used by several threads at once."""

    def __init__(
        self,
        detector: Detector,
        encoder: FaceEncoder,
        *,
        rotations: bool = False,
        network: str = NETWORK,
        threads: int | None = None,
    ) -> None:
        """Take both as they are; with `rotations`, look at each photo in all four directions.

        `network` is the one whose encodings the encoder gives, `threads` what other networks may
        use; None: one for each core.
        """
        self.network = network
        self._threads = threads
        self._detector = detector
        self._encoder = encoder
        self._rotations = rotations

    def read(self, opened: OpenPhoto) -> ReadPhoto:
        """Find and encode the faces of a photo, surest first; a photo without any is fine.

        Boxes are in pixels of the photo as it was opened, also where it had to be turned.
        """
        photo = opened.photo
        quarters, found = self._find(opened.pixels)
        seen_pixels = _turned(opened.pixels, quarters)
        plain, mirrored = self.encode_boxes(seen_pixels, [seen.box for seen in found])
        height_px, width_px, _ = seen_pixels.shape
        boxes = [turned_box(seen.box, quarters, width_px, height_px) for seen in found]
        faces = tuple(
            Face(
                face_id_of_box(photo.id, box),
                photo.id,
                box,
                seen.score,
                detector=self._detector.name,
                sharpness=sharpness_of(seen_pixels, seen.box),
                pose=seen.pose,
            )
            for box, seen in zip(boxes, found, strict=True)
        )
        encodings = Encodings(self.network, tuple(face.id for face in faces), plain, mirrored)
        return ReadPhoto(photo, faces, encodings, self._detector.name)

    def find(self, pixels: Pixels) -> list[Detection]:
        """The faces of an upright picture as it is, surest first, not encoded."""
        return one_box_a_face(self._detector.find(pixels))

    def encode_boxes(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[FloatRows, FloatRows]:
        """Encode faces whose boxes are known: each, and its mirror image, (n, 128) in order."""
        return self._encoder.encode(pixels, boxes)

    def with_network(self, version: ModelVersion) -> FaceReader:
        """The same detector with the network that a version brought along."""
        return FaceReader(
            self._detector,
            Encoder(self._threads, model=version.onnx),
            rotations=self._rotations,
            network=version.network,
            threads=self._threads,
        )

    def _find(self, pixels: Pixels) -> tuple[int, list[Detection]]:
        """The faces, and how many quarters the photo had to be turned to the left to see them.

        A face that lies is found too at times, but less surely, and cannot be encoded.
        """
        tried = [
            (quarters, one_box_a_face(self._detector.find(_turned(pixels, quarters))))
            for quarters in (range(4) if self._rotations else range(1))
        ]
        return max(tried, key=lambda turn: max((seen.score for seen in turn[1]), default=-np.inf))


class VersionReaders:
    """The reader that goes with a model version; safe to share between threads.

    A version whose network was tuned is asked about that network's encodings and no others.
    """

    def __init__(self, reader: FaceReader) -> None:
        """Start with the reader of the network that every installation has."""
        self._shipped = reader
        self._lock = threading.Lock()
        self._own: FaceReader | None = None

    def of(self, version: ModelVersion | None) -> FaceReader:
        """The reader for this version; that of the last tuned network is kept."""
        if version is None or not version.onnx:
            return self._shipped
        with self._lock:
            if self._own is None or self._own.network != version.network:
                self._own = self._shipped.with_network(version)
            return self._own


def face_reader(
    options: ReadingOptions, *, threads: int | None = None, keeps_memory: bool = True
) -> FaceReader:
    """What reads photos in this way; every program reads them by it.

    `threads` is how many the networks may use; None: one for each core. A program that is there all
    day and reads now and then keeps no memory for the next photo.

    Raises:
        SetupError: this engine is not installed.
    """
    detector = detector_named(options.detector, threads=threads, keeps_memory=keeps_memory)
    encoder = _encoder(options, threads)
    return FaceReader(detector, encoder, rotations=options.rotations, threads=threads)


def detector_named(
    name: Literal["yunet", "hog", "cnn"],
    *,
    threads: int | None = None,
    keeps_memory: bool = True,
) -> Detector:
    """The detector of this setting. Only what it needs is imported, for each needs its own."""
    if name == "hog":
        from faces.detect_hog import HogDetector

        return HogDetector()
    if name == "cnn":
        from faces.detect_cnn import CnnDetector

        return CnnDetector(threads=threads)
    from faces.detect_yunet import YunetDetector

    return YunetDetector(threads=threads, keeps_memory=keeps_memory)


def _encoder(options: ReadingOptions, threads: int | None) -> FaceEncoder:
    if options.engine == "reference":
        from faces.reference import ReferenceEncoder

        return ReferenceEncoder()
    return Encoder(threads)


def _turned(pixels: Pixels, quarters: int) -> Pixels:
    """Copied, since dlib refuses the strides of what is a view of one row or column."""
    return np.rot90(pixels, quarters).copy() if quarters else pixels


def one_box_a_face(detections: Iterable[Detection]) -> list[Detection]:
    """Of detections that are the same face only the surest, surest first."""
    kept: list[Detection] = []
    for seen in sorted(detections, key=lambda detection: -detection.score):
        if all(seen.box.overlap(other.box) < SAME_FACE_IOU for other in kept):
            kept.append(seen)
    return kept
