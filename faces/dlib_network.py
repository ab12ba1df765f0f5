"""dlib's face network as plain arrays, read from the file in which dlib serialises it.

The file stores a C++ type's layers without naming its tags and skips, so the shape of the network
is known here (dlib's example `dnn_face_recognition_ex.cpp`) and the numbers come from the file:
a loss, the versions of all layers from the outermost in, the input, then what each computing
layer holds, from the innermost out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_HALVING = (
    *(False, False, False),  # 32 channels
    *(True, False, False, False),  # 64
    *(True, False, False),  # 128
    *(True, False, False),  # 256
    True,  # 256
)
"""Which of the residual blocks halve the picture, from the input on."""
_LAYERS_IN_PLAIN_BLOCK, _LAYERS_IN_HALVING_BLOCK, _LAYERS_AROUND = 8, 11, 6


@dataclass(frozen=True)
class Convolution:
    """Filters (out, in, height, width) and biases (out,), dlib's affine layer folded into both.

    `stride` and `padding` hold for both directions; padding is with zeros.
    """

    filters: FloatArray
    biases: FloatArray
    stride: int
    padding: int


@dataclass(frozen=True)
class ResidualBlock:
    """second(relu(first(x))) + shortcut(x), then relu.

    The shortcut is x itself, or, in a block that halves, the mean of each 2 x 2 cells of x (an odd
    last row or column is dropped). Of the two summands the one with fewer channels, and the one
    with fewer rows and columns, is filled up with zeros at the end.
    """

    first: Convolution
    second: Convolution
    halves: bool


@dataclass(frozen=True)
class FaceNetwork:
    """From the chip of a face to its encoding.

    The chip is RGB, (side_px, side_px), values 0 to 255. It is normalised as
    (chip - mean_rgb) / scale; then come the stem, relu, a maximum over windows of `pool_window`
    each `pool_stride` cells, the blocks, the mean over all cells, and `projection` (channels, 128)
    from the right, without a bias.
    """

    side_px: int
    mean_rgb: tuple[float, float, float]
    scale: float
    stem: Convolution
    pool_window: int
    pool_stride: int
    blocks: tuple[ResidualBlock, ...]
    projection: FloatArray


def read_face_network(content: bytes) -> FaceNetwork:
    """Read `dlib_face_recognition_resnet_model_v1.dat`.

    Raises:
        ValueError: these bytes are another network, or none.
    """
    file = _File(content)
    file.integer()
    file.text("loss_metric_2")
    _margin, _threshold = file.number(), file.number()
    halving_count = sum(_HALVING)
    plain_count = len(_HALVING) - halving_count
    for _ in range(
        _LAYERS_AROUND
        + plain_count * _LAYERS_IN_PLAIN_BLOCK
        + halving_count * _LAYERS_IN_HALVING_BLOCK
    ):
        file.integer()
    file.text("input_rgb_image_sized")
    mean_rgb = (file.number(), file.number(), file.number())
    height_px, width_px = file.integer(), file.integer()
    stem = _convolution(file, innermost=True)
    _relu(file)
    pool_window, pool_stride = _pool(file, "max_pool_2")
    blocks = tuple(_block(file, halves=halves) for halves in _HALVING)
    _pool(file, "avg_pool_2")
    projection = _projection(file)
    if height_px != width_px or not file.is_at_end:
        raise ValueError("this is not the face network of dlib's example")
    return FaceNetwork(
        width_px, mean_rgb, 256.0, stem, pool_window, pool_stride, blocks, projection
    )


class _File:
    """dlib's serialisation, read from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        return self._position == len(self._content)

    def _take(self, count: int) -> bytes:
        taken = self._content[self._position : self._position + count]
        if len(taken) < count:
            raise ValueError(f"the network ends after {len(self._content)} bytes, in the middle")
        self._position += count
        return taken

    def integer(self) -> int:
        """A control byte (low half: how many bytes; highest bit: negative), then those bytes."""
        control = self._take(1)[0]
        size = int.from_bytes(self._take(control & 0x0F), "little")
        return -size if control & 0x80 else size

    def boolean(self) -> bool:
        """The character 0 or 1."""
        return self._take(1) == b"1"

    def number(self) -> float:
        """A mantissa and a power of two."""
        mantissa = self.integer()
        return mantissa * 2.0 ** self.integer()

    def text(self, expected: str) -> None:
        """Its length and its bytes; each layer names its type so."""
        at = self._position
        length = self.integer()
        if length != len(expected) or self._take(length) != expected.encode():
            raise ValueError(f"expected the layer {expected} at byte {at} of the network")

    def tensor(self) -> FloatArray:
        """Version 2, four sizes, then raw float32, (samples, k, rows, columns)."""
        if self.integer() != 2:
            raise ValueError(f"unknown version of a tensor before byte {self._position}")
        shape = [self.integer() for _ in range(4)]
        raw = self._take(4 * int(np.prod(shape)))
        return np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(shape)

    def tensor_views(self) -> None:
        """Where two parts of a tensor lie; that follows from the layer's other numbers."""
        for _ in range(10):
            self.integer()

    def end_of_layer(self, *, innermost: bool = False) -> None:
        """What training left behind: three flags and three tensors, empty or stale."""
        for _ in range(3):
            self.boolean()
        for _ in range(3):
            self.tensor()
        if innermost:
            self.integer()


def _block(file: _File, *, halves: bool) -> ResidualBlock:
    first = _convolution(file)
    _relu(file)
    second = _convolution(file)
    if halves:
        _pool(file, "avg_pool_2")
    file.text("add_prev_")
    file.end_of_layer()
    _relu(file)
    return ResidualBlock(first, second, halves)


def _convolution(file: _File, *, innermost: bool = False) -> Convolution:
    """A convolution and the affine layer on top of it, as one convolution."""
    file.text("con_4")
    parameters = file.tensor().ravel().astype(np.float64)
    count, rows, columns, stride, _, padding, _ = (file.integer() for _ in range(7))
    file.tensor_views()
    _training_rates(file)
    file.end_of_layer(innermost=innermost)
    filters = parameters[:-count].reshape(count, -1, rows, columns)
    gamma, beta = _affine(file)
    return Convolution(
        np.asarray(filters * gamma[:, None, None, None], dtype=np.float32),
        np.asarray(parameters[-count:] * gamma + beta, dtype=np.float32),
        stride,
        padding,
    )


def _affine(file: _File) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What each channel is multiplied by, and what is added then."""
    file.text("affine_")
    gamma, beta = file.tensor().ravel().astype(np.float64).reshape(2, -1)
    file.tensor_views()
    file.integer()
    file.end_of_layer()
    return gamma, beta


def _relu(file: _File) -> None:
    file.text("relu_")
    file.end_of_layer()


def _pool(file: _File, kind: str) -> tuple[int, int]:
    """The side of the window and the stride; there is no padding."""
    file.text(kind)
    window, _, stride, _, _, _ = (file.integer() for _ in range(6))
    file.end_of_layer()
    return window, stride


def _projection(file: _File) -> FloatArray:
    """The last layer: (channels, encoding length), no bias."""
    file.text("fc_2")
    outputs, inputs = file.integer(), file.integer()
    weights = file.tensor().reshape(inputs, outputs)
    file.tensor_views()
    file.integer()
    _training_rates(file)
    file.end_of_layer()
    return weights


def _training_rates(file: _File) -> None:
    for _ in range(4):
        file.number()
