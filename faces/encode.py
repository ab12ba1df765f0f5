"""Encoding faces: dlib's chips, and its face network under ONNX Runtime."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faces.records import ENCODING_LENGTH, Box, FloatRows, Pixels
from faces.weights import Weights, weights_file

if TYPE_CHECKING:
    from faces.chips import ChipCutter
    from faces.onnx_session import RunningNetwork

_BATCH = 16
"""Chips that go through the network at once; more are hardly faster and need more memory."""


@dataclass(frozen=True)
class _Parts:
    """What is loaded once."""

    cutter: ChipCutter
    network: RunningNetwork


class Encoder:
    """Turns faces into the 128 numbers that `face_recognition` would give.

    May be used by several threads at once. The network, and the libraries that it needs, are loaded
    by the first call that has a face.
    """

    def __init__(self, threads: int | None = None, *, model: bytes | None = None) -> None:
        """Take this many threads for the network; None: one for each core.

        `model` is a network that was tuned (ONNX, as `faces.onnx_graph` writes it); its numbers are
        others, and mean nothing beside those of the network that every installation has.
        """
        self._threads = threads
        self._model = model
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
        rows = encode_chips(parts.network, parts.cutter.with_mirrored(pixels, boxes))
        return rows[: len(boxes)], rows[len(boxes) :]

    def _loaded(self) -> _Parts:
        with self._loading:
            if self._parts is None:
                from faces.chips import ChipCutter
                from faces.onnx_session import RunningNetwork

                running = RunningNetwork(
                    self._model or _shipped(), threads=self._threads, keeps_memory=False
                )
                self._parts = _Parts(ChipCutter(), running)
            return self._parts


def _shipped() -> bytes:
    """The network that every installation has."""
    from faces.dlib_network import read_face_network
    from faces.onnx_graph import face_network_model

    return face_network_model(read_face_network(weights_file(Weights.ENCODER).read_bytes()))


def encode_chips(network: RunningNetwork, chips: Pixels) -> FloatRows:
    """The network's answers for chips (n, 150, 150, 3): (n, 128)."""
    batches = [chips[start : start + _BATCH] for start in range(0, len(chips), _BATCH)]
    return np.concatenate([network.answer(batch) for batch in batches])
