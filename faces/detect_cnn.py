"""Finding faces: dlib's detector that is a neural network, under ONNX Runtime.

Boxes and scores are those of `dlib.cnn_face_detection_model_v1` (from its example
`dnn_mmod_face_detection_ex.cpp`; around the network it is as in dlib 20's `loss_mmod_`), at about
a fifteenth of its time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.dlib_detector import DetectorNetwork, read_detector_network
from faces.onnx_graph import detector_model
from faces.onnx_session import RunningNetwork
from faces.pictures import shrunk
from faces.records import Box, Detection, Pixels
from faces.tiled_pyramid import Doubles, Floats, in_photo, layout_for, resize_by_corners, tiled
from faces.weights import Weights, weights_file

_LONGEST_PX = 2048
"""Photos beyond this are looked at smaller; time and memory grow with the area."""
_CELL_PX, _FIRST_CENTRE_PX, _REACH_PX = 8, 14, 29
"""Of the map of scores: a cell's stride, the first one's centre, and what three strides look at."""
_HALO_CELLS = 10
"""How far the other convolutions look to each side."""
_STRIP_PX = 3_000_000
"""Pixels of the picture that go through the network at once, which bounds its memory."""


@dataclass(frozen=True)
class _Parts:
    """What is loaded once."""

    network: DetectorNetwork
    running: RunningNetwork


class CnnDetector:
    """Finds faces from about 80 pixels on, halved by each upsampling, turned ones among them.

    May be used by several threads at once. The network is loaded by the first call.
    """

    def __init__(self, *, upsamplings: int = 0, threads: int | None = None) -> None:
        """Double each photo so many times before looking; each takes four times as long.

        `threads` is for the network; None: one for each core.
        """
        self.name = f"dlib-cnn-{upsamplings}"
        self._upsamplings = upsamplings
        self._threads = threads
        self._parts: _Parts | None = None
        self._loading = threading.Lock()

    def find(self, pixels: Pixels) -> list[Detection]:
        """The faces of an upright photo, surest first, their boxes within the photo.

        Raises:
            SetupError: the weights are missing or were changed.
        """
        height_px, width_px, _ = pixels.shape
        seen = shrunk(pixels, _LONGEST_PX)
        scale = max(seen.shape) / max(pixels.shape)
        corners, scores = self._corners(seen)
        # dlib's right and bottom pixel are the last ones inside.
        edges = (corners + np.array([0, 0, 1, 1])) / scale
        edges = np.clip(edges, 0, [width_px, height_px, width_px, height_px])
        return [
            Detection(Box(left, top, right - left, bottom - top), float(score))
            for (left, top, right, bottom), score in zip(edges.tolist(), scores, strict=True)
            if right > left and bottom > top
        ]

    def _corners(self, pixels: Pixels) -> tuple[Doubles, Floats]:
        """First and last column and row of each face, (n, 4), and its score, surest first."""
        parts = self._loaded()
        network = parts.network
        for _ in range(self._upsamplings):
            pixels = _doubled(pixels)
        layout = layout_for(pixels.shape[1], pixels.shape[0])
        if min(layout.width, layout.height) < _REACH_PX:
            return np.empty((0, 4)), np.empty(0, dtype=np.float32)
        scores = _scores(parts.running, tiled(_normalised(pixels, network), layout))
        rows, columns = np.nonzero(scores > 0)
        order = np.argsort(-scores[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
        corners = _whole(in_photo(_windows(rows, columns, network.window_px), layout))
        kept = _without_doubles(corners, network.largest_overlap)
        corners = corners[kept]
        for _ in range(self._upsamplings):
            corners = corners / 2 - [1.25, 0.75, 1.25, 0.75]
        return _whole(corners), scores[rows[kept], columns[kept]]

    def _loaded(self) -> _Parts:
        with self._loading:
            if self._parts is None:
                network = read_detector_network(weights_file(Weights.CNN_DETECTOR).read_bytes())
                running = RunningNetwork(detector_model(network), threads=self._threads)
                self._parts = _Parts(network, running)
            return self._parts


def _doubled(pixels: Pixels) -> Pixels:
    """dlib's `pyramid_up`, which cuts off what is less than a whole number."""
    height_px, width_px, _ = pixels.shape
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)
    larger = np.empty((3, 2 * height_px + 1, 2 * width_px + 2), dtype=np.float32)
    resize_by_corners(planes, larger)
    return larger.astype(np.uint8).transpose(1, 2, 0)


def _normalised(pixels: Pixels, network: DetectorNetwork) -> Floats:
    """(rows, columns, 3), 0 to 255 -> (3, rows, columns) as the network wants it."""
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)
    planes -= np.array(network.mean_rgb, dtype=np.float32)[:, None, None]
    planes /= np.float32(network.scale)
    return planes


def _scores(running: RunningNetwork, picture: Floats) -> Floats:
    """The network's map of a picture (3, rows, columns), computed in strips."""
    cells = (picture.shape[1] - _REACH_PX) // _CELL_PX + 1
    height = max(1, _STRIP_PX // (picture.shape[2] * _CELL_PX))
    strips = [
        _strip(running, picture, first, min(first + height, cells), cells)
        for first in range(0, cells, height)
    ]
    return np.concatenate(strips)


def _strip(running: RunningNetwork, picture: Floats, first: int, end: int, cells: int) -> Floats:
    """The rows of the map from `first` to before `end`, of `cells` in all."""
    from_cell, to_cell = max(0, first - _HALO_CELLS), min(cells, end + _HALO_CELLS)
    seen = picture[:, from_cell * _CELL_PX : (to_cell - 1) * _CELL_PX + _REACH_PX]
    scores: Floats = running.answer(seen[None])[0, 0]
    return scores[first - from_cell : end - from_cell]


def _windows(rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], window_px: int) -> Doubles:
    """First and last column and row of the window around each cell, (n, 4)."""
    centres = np.stack([columns, rows, columns, rows], axis=1) * _CELL_PX + _FIRST_CENTRE_PX
    reach = (window_px - 1) / 2
    return np.asarray(centres + np.array([-reach, -reach, reach, reach]))


def _whole(values: Doubles) -> Doubles:
    """Rounded as C's `lround`: halves go away from 0."""
    return np.asarray(np.copysign(np.floor(np.abs(values) + 0.5), values))


def _without_doubles(corners: Doubles, largest_overlap: float) -> list[int]:
    """Which boxes stay, surest first: none of them shares more with a surer one that stays.

    As in dlib's `test_box_overlap` the share is of the box around both, not of their union.
    """
    kept: list[int] = []
    for place, box in enumerate(corners):
        others = corners[kept]
        shared = _area(np.maximum(others[:, :2], box[:2]), np.minimum(others[:, 2:], box[2:]))
        around = _area(np.minimum(others[:, :2], box[:2]), np.maximum(others[:, 2:], box[2:]))
        if not (shared > largest_overlap * around).any():
            kept.append(place)
    return kept


def _area(first: Doubles, last: Doubles) -> Doubles:
    """Pixels from a first to a last one, both counted, (n,); 0 where they are the wrong way."""
    return np.asarray(np.maximum(last - first + 1, 0).prod(axis=1))
