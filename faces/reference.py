"""Encoding faces with `face_recognition` itself: the engine `reference`, twenty times as slow.

It is there to compare with, and for whoever trusts nothing else. Its encodings are those of
`faces.encode` but for rounding (1e-6 of numbers around 0.1), and are stored under the same name.
"""

from __future__ import annotations

import importlib.util
import threading
import warnings
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from PIL import ImageFile

from faces.chips import ChipCutter, rectangle_of
from faces.errors import SetupError
from faces.records import ENCODING_LENGTH, Box, FloatRows, Pixels

_NEEDED = ("face_recognition", "face_recognition_models", "pkg_resources")
_LOADING = threading.Lock()


class ReferenceEncoder:
    """What `faces.encode.Encoder` does, by `face_recognition.face_encodings`.

    May be used by several threads, but they wait for each other: dlib's network holds the picture
    that it works on. `face_recognition` is imported by the first call that has a face.
    """

    def __init__(self) -> None:
        """See whether it can be used.

        Raises:
            SetupError: `face_recognition` is not installed.
        """
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise SetupError(
                f"the engine `reference` needs {missing[0]}, which is not installed; "
                "run `pip install 'faceloop[reference]'`, or take the engine `onnx`"
            )
        self._at_work = threading.Lock()
        self._cutter: ChipCutter | None = None

    def encode(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[FloatRows, FloatRows]:
        """Encode the faces in these boxes of an upright photo.

        Returns two arrays (n, 128), raw (not of length 1): of each face, and of its mirror image.
        `face_recognition` knows no mirror images; theirs are its network's answers to our chips.

        Raises:
            SetupError: the weights are missing or were changed.
        """
        if not boxes:
            nothing = np.empty((0, ENCODING_LENGTH), dtype=np.float32)
            return nothing, nothing.copy()
        return self.encode_plain(pixels, boxes), self._encode_mirrored(pixels, boxes)

    def encode_plain(self, pixels: Pixels, boxes: Sequence[Box]) -> FloatRows:
        """`face_recognition.face_encodings` and no more: (n, 128) for at least one face."""
        with self._at_work:
            rows = face_recognition_itself().face_encodings(
                np.ascontiguousarray(pixels), [_css(box) for box in boxes]
            )
        return np.array(rows, dtype=np.float32)

    def _encode_mirrored(self, pixels: Pixels, boxes: Sequence[Box]) -> FloatRows:
        with self._at_work:
            self._cutter = self._cutter or ChipCutter()
            chips = self._cutter.with_mirrored(pixels, boxes)[len(boxes) :]
            network = face_recognition_itself().api.face_encoder
            rows = [network.compute_face_descriptor(chip) for chip in chips]
        return np.array(rows, dtype=np.float32)


def _css(box: Box) -> tuple[int, int, int, int]:
    """The box as `face_recognition` writes it: top, right, bottom, left, all of them inside."""
    seen = rectangle_of(box)
    return seen.top(), seen.right(), seen.bottom(), seen.left()


def face_recognition_itself() -> ModuleType:
    """The package. It warns as it is imported, and lets Pillow open half pictures from then on:
    both are kept from the rest of the process, so nothing else of ours may import it there.
    """
    with _LOADING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tolerant = ImageFile.LOAD_TRUNCATED_IMAGES
        import face_recognition

        ImageFile.LOAD_TRUNCATED_IMAGES = tolerant
    package: ModuleType = face_recognition
    return package
