"""dlib's networks as ONNX models that ONNX Runtime can run."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.helper as make
import onnx.numpy_helper

from faces.dlib_detector import DetectorNetwork
from faces.dlib_file import Convolution
from faces.dlib_network import FaceNetwork, ResidualBlock

CHIPS = "chips"
"""The model's input: uint8 (n, side, side, 3), RGB."""
ENCODINGS = "encodings"
"""The model's output: float32 (n, 128)."""
PICTURE = "picture"
"""The detector's input: float32 (1, 3, rows, columns), normalised."""
SCORES = "scores"
"""The detector's output: float32 (1, 1, rows, columns)."""

_OPSET = 17
_IR_VERSION = 8


def face_network_model(network: FaceNetwork) -> bytes:
    """The serialised ONNX model: chips in, encodings out, any number at a time."""
    graph = _Graph()
    values = graph.normalised(CHIPS, network)
    values = graph.add("Relu", graph.convolved(values, network.stem))
    side = _side_after(network.side_px, network.stem)
    window, stride = network.pool_window, network.pool_stride
    values = graph.add("MaxPool", values, kernel_shape=[window] * 2, strides=[stride] * 2)
    side = (side - window) // stride + 1
    for block in network.blocks:
        values, side = graph.block(values, side, block)
    means = graph.add("Flatten", graph.add("GlobalAveragePool", values))
    projection = graph.constant(network.projection)
    graph.add("MatMul", means, projection, output=ENCODINGS)
    side, length = network.side_px, network.projection.shape[1]
    return graph.model(
        make.make_tensor_value_info(CHIPS, onnx.TensorProto.UINT8, ["n", side, side, 3]),
        make.make_tensor_value_info(ENCODINGS, onnx.TensorProto.FLOAT, ["n", length]),
    )


def detector_model(network: DetectorNetwork) -> bytes:
    """The serialised ONNX model: a picture of any size in, a map of scores out."""
    graph = _Graph()
    values = PICTURE
    for convolution in network.convolutions:
        values = graph.add("Relu", graph.convolved(values, convolution))
    graph.convolved(values, network.scoring, output=SCORES)
    kind = onnx.TensorProto.FLOAT
    return graph.model(
        make.make_tensor_value_info(PICTURE, kind, [1, 3, "rows", "columns"]),
        make.make_tensor_value_info(SCORES, kind, [1, 1, "map_rows", "map_columns"]),
    )


def _side_after(side: int, convolution: Convolution) -> int:
    """How many rows and columns a convolution leaves of a square."""
    window = convolution.filters.shape[2]
    return (side + 2 * convolution.padding - window) // convolution.stride + 1


class _Graph:
    """Nodes and constants in the making; each method returns the name of its result."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, output: str = "", **options: int | list[int]) -> str:
        output = output or f"{kind}_{len(self._nodes)}"
        node = make.make_node(kind, inputs, [output])
        node.attribute.extend(make.make_attribute(name, value) for name, value in options.items())
        self._nodes.append(node)
        return output

    def constant(self, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(onnx.numpy_helper.from_array(values, name))
        return name

    def normalised(self, chips: str, network: FaceNetwork) -> str:
        """uint8 (n, side, side, 3) -> float32 (n, 3, side, side)."""
        channels_first = self.add("Transpose", chips, perm=[0, 3, 1, 2])
        values = self.add("Cast", channels_first, to=onnx.TensorProto.FLOAT)
        mean = np.array(network.mean_rgb, dtype=np.float32).reshape(1, 3, 1, 1)
        centred = self.add("Sub", values, self.constant(mean))
        return self.add("Div", centred, self.constant(np.array(network.scale, dtype=np.float32)))

    def convolved(self, values: str, convolution: Convolution, *, output: str = "") -> str:
        return self.add(
            "Conv",
            values,
            self.constant(convolution.filters),
            self.constant(convolution.biases),
            output=output,
            strides=[convolution.stride] * 2,
            pads=[convolution.padding] * 4,
        )

    def block(self, values: str, side: int, block: ResidualBlock) -> tuple[str, int]:
        """One residual block; returns its result and how many rows and columns that has."""
        inner = self.add("Relu", self.convolved(values, block.first))
        outcome = self.convolved(inner, block.second)
        outcome_side = _side_after(_side_after(side, block.first), block.second)
        if not block.halves:
            return self.add("Relu", self.add("Add", outcome, values)), outcome_side
        shortcut = self.add("AveragePool", values, kernel_shape=[2, 2], strides=[2, 2])
        more_channels = len(block.second.filters) - block.first.filters.shape[1]
        shortcut = self.filled_up(shortcut, channels=more_channels, cells=0)
        outcome = self.filled_up(outcome, channels=0, cells=side // 2 - outcome_side)
        return self.add("Relu", self.add("Add", outcome, shortcut)), side // 2

    def filled_up(self, values: str, *, channels: int, cells: int) -> str:
        """With so many channels, and rows and columns, of zeros at the end."""
        if channels == cells == 0:
            return values
        added = np.array([0, 0, 0, 0, 0, channels, cells, cells], dtype=np.int64)
        return self.add("Pad", values, self.constant(added))

    def model(self, given: onnx.ValueInfoProto, wanted: onnx.ValueInfoProto) -> bytes:
        graph = make.make_graph(
            self._nodes, "faces", [given], [wanted], initializer=self._constants
        )
        model = make.make_model(
            graph, opset_imports=[make.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        return bytes(model.SerializeToString())
