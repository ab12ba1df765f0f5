"""dlib's face network as a torch module, made of the same description as what runs under ONNX.

It is for learning: its weights can be tuned, as a whole or from some block on, or its
normalisation alone; what came of it is a description again. Whoever only encodes needs no torch
(`faces.encode`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from faces.dlib_file import Convolution, FloatArray
from faces.dlib_network import FaceNetwork, ResidualBlock


class FaceNetworkModule(nn.Module):
    """From chips to encodings; `stem`, `blocks` (in order) and `projection` hold all weights."""

    mean_rgb: Tensor

    def __init__(self, network: FaceNetwork) -> None:
        """Start with the weights of this network."""
        super().__init__()
        self._start = network
        self.side_px = network.side_px
        self._scale = network.scale
        self._pooling = (network.pool_window, network.pool_stride)
        self.register_buffer("mean_rgb", torch.tensor(network.mean_rgb)[:, None, None])
        self.stem = _Convolution(network.stem)
        self.blocks = nn.Sequential(*(_Block(block) for block in network.blocks))
        channels, length = network.projection.shape
        self.projection = nn.Linear(channels, length, bias=False)
        self.projection.weight = _learnable(network.projection.T)

    def forward(self, chips: Tensor) -> Tensor:
        """Chips (n, 3, side_px, side_px), RGB, 0 to 255, of any kind of number -> (n, 128), raw."""
        encodings: Tensor = self.projection(self.blocks(self.begun(chips)).mean(dim=(2, 3)))
        return encodings

    def begun(self, chips: Tensor) -> Tensor:
        """What the first of the blocks is given."""
        values = (chips - self.mean_rgb) / self._scale
        window, stride = self._pooling
        return functional.max_pool2d(functional.relu(self.stem(values)), window, stride)

    def described(self) -> FaceNetwork:
        """The network as it is now, its normalisation folded into its filters."""
        return replace(
            self._start,
            stem=self.stem.described(),
            blocks=tuple(block.described() for block in self.blocks if isinstance(block, _Block)),
            projection=_plain(self.projection.weight).T.copy(),
        )


class _Block(nn.Module):
    """A residual block, as `faces.dlib_network.ResidualBlock` tells it."""

    def __init__(self, block: ResidualBlock) -> None:
        super().__init__()
        self.first = _Convolution(block.first)
        self.second = _Convolution(block.second)
        self._halves = block.halves

    def forward(self, values: Tensor) -> Tensor:
        outcome = self.second(functional.relu(self.first(values)))
        shortcut = functional.avg_pool2d(values, 2) if self._halves else values
        channels = max(outcome.shape[1], shortcut.shape[1])
        side = max(outcome.shape[2], shortcut.shape[2])
        return functional.relu(
            _filled_up(outcome, channels, side) + _filled_up(shortcut, channels, side)
        )

    def described(self) -> ResidualBlock:
        return ResidualBlock(self.first.described(), self.second.described(), self._halves)


class _Convolution(nn.Conv2d):
    """A convolution and the affine layer on top of it, which stands for batch normalisation.

    `gain` (out,) starts at 1; the layer's other half is the bias. What dlib learned with the
    statistics of large batches stays as it is: a handful of faces has none to offer.
    """

    bias: nn.Parameter

    def __init__(self, told: Convolution) -> None:
        outputs, inputs, rows, _ = told.filters.shape
        super().__init__(inputs, outputs, rows, stride=told.stride, padding=told.padding)
        self.weight = _learnable(told.filters)
        self.bias = _learnable(told.biases)
        self.gain = nn.Parameter(torch.ones(outputs))
        self._told = told

    def forward(self, values: Tensor) -> Tensor:
        outcome: Tensor = self._conv_forward(values, self._normalised(), self.bias)
        return outcome

    def described(self) -> Convolution:
        return replace(self._told, filters=_plain(self._normalised()), biases=_plain(self.bias))

    def _normalised(self) -> Tensor:
        return self.weight * self.gain[:, None, None, None]


def normalisation(part: nn.Module) -> Iterator[nn.Parameter]:
    """The weights of a part of the network that stand for its batch normalisation."""
    for layer in part.modules():
        if isinstance(layer, _Convolution):
            yield from (layer.gain, layer.bias)


def _filled_up(values: Tensor, channels: int, side: int) -> Tensor:
    """With zeros at the end until there are so many channels, and rows and columns."""
    more = side - values.shape[2]
    return functional.pad(values, (0, more, 0, more, 0, channels - values.shape[1]))


def _learnable(values: FloatArray) -> nn.Parameter:
    """A copy, for learning must not change the description."""
    return nn.Parameter(torch.from_numpy(values.copy()))


def _plain(weights: Tensor) -> FloatArray:
    return np.array(weights.detach().numpy(), dtype=np.float32)
