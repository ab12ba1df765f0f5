"""Encoding faces: dlib's landmarks and chips, and its network under ONNX Runtime."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dlib
import numpy as np
import numpy.typing as npt

from faces.dlib_network import read_face_network
from faces.onnx_graph import CHIPS, ENCODINGS, face_network_model
from faces.onnx_session import session_for
from faces.records import ENCODING_LENGTH, Box, FloatRows, Pixels
from faces.weights import Weights, weights_file

if TYPE_CHECKING:
    import onnxruntime

NETWORK = "dlib-resnet-v1"
"""The name under which these encodings are stored."""

_CHIP_PX = 150
_CHIP_PADDING = 0.25
_BATCH = 32
"""Chips that go through the network at once; more are no faster."""


@dataclass(frozen=True)
class _Parts:
    """What is loaded once."""

    five_points: dlib.shape_predictor
    session: onnxruntime.InferenceSession


class Encoder:
    """Turns faces into the 128 numbers that `face_recognition` would give.

    May be used by several threads at once. The network is loaded by the first call that has a face.
    """

    def __init__(self, threads: int | None = None) -> None:
        """Take this many threads for the network; None: one for each core."""
        self._threads = threads
        self._parts: _Parts | None = None
        self._loading = threading.Lock()

    def encode(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[FloatRows, FloatRows]:
        """Encode the faces in these boxes of an upright photo.

        Returns two arrays (n, 128), raw (not of length 1): of each face, and of its mirror image.

        Raises:
            SetupError: the weights are missing or were changed.
        """
        if not boxes:
            nothing = np.empty((0, ENCODING_LENGTH), dtype=np.float32)
            return nothing, nothing.copy()
        parts = self._loaded()
        chips = _chips(np.ascontiguousarray(pixels), boxes, parts.five_points)
        rows = _run(parts.session, np.concatenate([chips, chips[:, :, ::-1]]))
        return rows[: len(boxes)], rows[len(boxes) :]

    def _loaded(self) -> _Parts:
        with self._loading:
            if self._parts is None:
                five_points = dlib.shape_predictor(str(weights_file(Weights.FIVE_POINTS)))
                network = read_face_network(weights_file(Weights.ENCODER).read_bytes())
                session = session_for(face_network_model(network), threads=self._threads)
                self._parts = _Parts(five_points, session)
            return self._parts


def _chips(
    pixels: Pixels, boxes: Sequence[Box], five_points: dlib.shape_predictor
) -> npt.NDArray[np.uint8]:
    """Each face turned upright and cut out by the corners of its eyes, (n, 150, 150, 3)."""
    chips = np.empty((len(boxes), _CHIP_PX, _CHIP_PX, 3), dtype=np.uint8)
    for row, box in enumerate(boxes):
        landmarks = five_points(pixels, _rectangle(box))
        chips[row] = dlib.get_face_chip(pixels, landmarks, size=_CHIP_PX, padding=_CHIP_PADDING)
    return chips


def _rectangle(box: Box) -> dlib.rectangle:
    """The box as dlib counts: its right and bottom pixel are the last ones inside."""
    left, top = round(box.left), round(box.top)
    right, bottom = round(box.right) - 1, round(box.bottom) - 1
    return dlib.rectangle(left, top, max(left, right), max(top, bottom))


def _run(session: onnxruntime.InferenceSession, chips: npt.NDArray[np.uint8]) -> FloatRows:
    """The network's answers, (n, 128)."""
    batches = [chips[start : start + _BATCH] for start in range(0, len(chips), _BATCH)]
    return np.concatenate([session.run([ENCODINGS], {CHIPS: batch})[0] for batch in batches])
