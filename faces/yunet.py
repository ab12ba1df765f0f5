"""YuNet, a small network that finds faces and five points of each, under ONNX Runtime.

W. Wu, H. Peng, S. Yu: YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research
20, 2023. The arithmetic around the network is that of OpenCV's FaceDetectorYN, with the same
results; ONNX Runtime takes half its time and may be shared by threads.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faces.onnx_session import RunningNetwork
from faces.records import Pixels
from faces.weights import Weights, weights_file

Floats = npt.NDArray[np.float32]
"""Sightings of faces, one a row (n, 15): left, top, width and height of a box; x and y of both
eyes, the nose and both corners of the mouth, that on the picture's left first; a score, 0 to 1."""

SCORE = 14
_STRIDES = (8, 16, 32)
"""Pixels between the places where the network answers; the largest divides what it is given."""
_KINDS = ("cls", "obj", "bbox", "kps")
"""What the network answers at each place: is it a face, a thing at all, its box, its points."""


class Yunet:
    """The network, loaded; may be used by several threads at once.

    Raises:
        SetupError: the weights are missing or were changed.
    """

    def __init__(self, *, threads: int | None, keeps_memory: bool = True) -> None:
        """Load it, to run on so many threads; None: one for each core.

        It takes its memory anew for each picture if it is to keep none.
        """
        content = weights_file(Weights.YUNET).read_bytes()
        self._running = RunningNetwork(
            _of_any_size(content), threads=threads, keeps_memory=keeps_memory
        )

    def look(self, pixels: Pixels, *, at_least: float) -> Floats:
        """All sightings with this score or more, (n, 15), those of the same face among them."""
        given = _planes(pixels)
        columns = given.shape[3]
        told = self._running.answers(given)
        return np.concatenate(
            [
                _sightings(
                    *(told[f"{kind}_{stride}"][0] for kind in _KINDS),
                    stride=stride,
                    per_row=columns // stride,
                    at_least=at_least,
                )
                for stride in _STRIDES
            ]
        )


def _of_any_size(content: bytes) -> bytes:
    """The model for pictures of any size; as published it says 640 x 640, without a need."""
    import onnx

    model = onnx.load_model_from_string(content)
    del model.graph.value_info[:]
    _, _, rows, columns = model.graph.input[0].type.tensor_type.shape.dim
    rows.dim_param, columns.dim_param = "rows", "columns"
    for answer in model.graph.output:
        answer.type.tensor_type.shape.dim[1].dim_param = f"places_{answer.name}"
    changed: bytes = model.SerializeToString()
    return changed


def _planes(pixels: Pixels) -> Floats:
    """(rows, columns, 3), RGB -> (1, 3, rows, columns), BGR, black to the next multiple of 32."""
    rows, columns, _ = pixels.shape
    largest = _STRIDES[-1]
    full = (-(-rows // largest) * largest, -(-columns // largest) * largest)
    planes = np.zeros((1, 3, *full), dtype=np.float32)
    for plane in range(3):
        planes[0, plane, :rows, :columns] = pixels[:, :, 2 - plane]
    return planes


def _sightings(
    faces: Floats,
    things: Floats,
    boxes: Floats,
    points: Floats,
    *,
    stride: int,
    per_row: int,
    at_least: float,
) -> Floats:
    """What the network says at the places of one stride: (places, 1), (places, 1), (places, 4)
    and (places, 10) -> (n, 15). A score is the root of two, for being a face and a thing at all.
    """
    scores = np.sqrt(np.clip(faces[:, 0], 0, 1) * np.clip(things[:, 0], 0, 1))
    (sure,) = np.nonzero(scores >= at_least)
    place = np.stack([sure % per_row, sure // per_row], axis=1).astype(np.float32)
    sizes = np.exp(boxes[sure, 2:]) * stride
    corners = (place + boxes[sure, :2]) * stride - sizes / 2
    landmarks = (np.tile(place, 5) + points[sure]) * stride
    return np.concatenate([corners, sizes, landmarks, scores[sure, None]], axis=1)
