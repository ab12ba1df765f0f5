"""Reading a photo: which faces are in it, and the encoding of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from faces.detect import Detector
from faces.encode import NETWORK, Encoder
from faces.errors import SetupError
from faces.pictures import OpenPhoto
from faces.records import (
    SAME_FACE_IOU,
    Box,
    Detection,
    Encodings,
    Face,
    FloatRows,
    Pixels,
    face_id_of_box,
)
from faces.settings import Settings
from faces.store.photos import ReadPhoto


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How photos are read, as plain values that can be sent to another process."""

    detector: Literal["yunet", "hog", "cnn"] = "hog"
    rotations: bool = False
    engine: Literal["onnx", "reference"] = "onnx"

    @classmethod
    def of(cls, settings: Settings) -> ReadingOptions:
        """What the settings say."""
        return cls(settings.detector, settings.rotations, settings.engine)


class FaceReader:
    """A detector and an encoder, working together; may be used by several threads at once."""

    def __init__(self, detector: Detector, encoder: Encoder) -> None:
        """Take both as they are."""
        self._detector = detector
        self._encoder = encoder

    def read(self, opened: OpenPhoto) -> ReadPhoto:
        """Find and encode the faces of a photo, surest first; a photo without any is fine."""
        found = one_box_a_face(self._detector.find(opened.pixels))
        photo = opened.photo
        faces = tuple(
            Face(face_id_of_box(photo.id, seen.box), photo.id, seen.box, seen.score)
            for seen in found
        )
        plain, mirrored = self.encode_boxes(opened.pixels, [face.box for face in faces])
        encodings = Encodings(NETWORK, tuple(face.id for face in faces), plain, mirrored)
        return ReadPhoto(photo, faces, encodings)

    def encode_boxes(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[FloatRows, FloatRows]:
        """Encode faces whose boxes are known: each, and its mirror image, (n, 128) in order."""
        return self._encoder.encode(pixels, boxes)


def face_reader(options: ReadingOptions, *, threads: int | None = None) -> FaceReader:
    """What reads photos in this way; every program reads them by it.

    `threads` is how many the networks may use; None: one for each core.

    Raises:
        SetupError: this detector or engine is not installed.
    """
    if options.detector != "hog" or options.engine != "onnx":
        raise SetupError(f"{options.detector} and {options.engine} are not there yet")
    return FaceReader(Detector(), Encoder(threads))


def one_box_a_face(detections: Iterable[Detection]) -> list[Detection]:
    """Of detections that are the same face only the surest, surest first."""
    kept: list[Detection] = []
    for seen in sorted(detections, key=lambda detection: -detection.score):
        if all(seen.box.overlap(other.box) < SAME_FACE_IOU for other in kept):
            kept.append(seen)
    return kept
