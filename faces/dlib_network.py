"""dlib's face network as plain arrays, read from the file in which dlib serialises it.

The file stores a C++ type's layers without naming its tags and skips, so the shape of the network
is known here (dlib's example `dnn_face_recognition_ex.cpp`) and the numbers come from the file:
a loss, the versions of all layers from the outermost in, the input, then what each computing
layer holds, from the innermost out.
"""

from __future__ import annotations

from dataclasses import dataclass

from faces.dlib_file import (
    Convolution,
    DlibFile,
    FloatArray,
    read_convolution,
    read_relu,
    read_training_rates,
    skip_layer_versions,
)

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
    file = DlibFile(content)
    file.integer()
    file.text("loss_metric_2")
    _margin, _threshold = file.number(), file.number()
    halving_count = sum(_HALVING)
    plain_count = len(_HALVING) - halving_count
    skip_layer_versions(
        file,
        _LAYERS_AROUND
        + plain_count * _LAYERS_IN_PLAIN_BLOCK
        + halving_count * _LAYERS_IN_HALVING_BLOCK,
    )
    file.text("input_rgb_image_sized")
    mean_rgb = (file.number(), file.number(), file.number())
    height_px, width_px = file.integer(), file.integer()
    stem = read_convolution(file, innermost=True)
    read_relu(file)
    pool_window, pool_stride = _pool(file, "max_pool_2")
    blocks = tuple(_block(file, halves=halves) for halves in _HALVING)
    _pool(file, "avg_pool_2")
    projection = _projection(file)
    if height_px != width_px or not file.is_at_end:
        raise ValueError("this is not the face network of dlib's example")
    return FaceNetwork(
        width_px, mean_rgb, 256.0, stem, pool_window, pool_stride, blocks, projection
    )


def _block(file: DlibFile, *, halves: bool) -> ResidualBlock:
    first = read_convolution(file)
    read_relu(file)
    second = read_convolution(file)
    if halves:
        _pool(file, "avg_pool_2")
    file.text("add_prev_")
    file.end_of_layer()
    read_relu(file)
    return ResidualBlock(first, second, halves)


def _pool(file: DlibFile, kind: str) -> tuple[int, int]:
    """The side of the window and the stride; there is no padding."""
    file.text(kind)
    window, _, stride, _, _, _ = (file.integer() for _ in range(6))
    file.end_of_layer()
    return window, stride


def _projection(file: DlibFile) -> FloatArray:
    """The last layer: (channels, encoding length), no bias."""
    file.text("fc_2")
    outputs, inputs = file.integer(), file.integer()
    weights = file.tensor().reshape(inputs, outputs)
    file.tensor_views()
    file.integer()
    read_training_rates(file)
    file.end_of_layer()
    return weights
