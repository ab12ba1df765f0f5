"""dlib's face network as a torch module, made of the same description as what runs under ONNX.

It is for learning: its weights can be tuned, as a whole or from some block on. Whoever only
encodes needs no torch (`faces.encode`).
"""

from __future__ import annotations

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
        self.side_px = network.side_px
        self._scale = network.scale
        self._pooling = (network.pool_window, network.pool_stride)
        self.register_buffer("mean_rgb", torch.tensor(network.mean_rgb)[:, None, None])
        self.stem = _convolution(network.stem)
        self.blocks = nn.Sequential(*(_Block(block) for block in network.blocks))
        channels, length = network.projection.shape
        self.projection = nn.Linear(channels, length, bias=False)
        self.projection.weight = _learnable(network.projection.T)

    def forward(self, chips: Tensor) -> Tensor:
        """Chips (n, 3, side_px, side_px), RGB, 0 to 255, of any kind of number -> (n, 128), raw."""
        values = (chips - self.mean_rgb) / self._scale
        window, stride = self._pooling
        values = functional.max_pool2d(functional.relu(self.stem(values)), window, stride)
        encodings: Tensor = self.projection(self.blocks(values).mean(dim=(2, 3)))
        return encodings


class _Block(nn.Module):
    """A residual block, as `faces.dlib_network.ResidualBlock` tells it."""

    def __init__(self, block: ResidualBlock) -> None:
        super().__init__()
        self.first = _convolution(block.first)
        self.second = _convolution(block.second)
        self._halves = block.halves

    def forward(self, values: Tensor) -> Tensor:
        outcome = self.second(functional.relu(self.first(values)))
        shortcut = functional.avg_pool2d(values, 2) if self._halves else values
        channels = max(outcome.shape[1], shortcut.shape[1])
        side = max(outcome.shape[2], shortcut.shape[2])
        return functional.relu(
            _filled_up(outcome, channels, side) + _filled_up(shortcut, channels, side)
        )


def _filled_up(values: Tensor, channels: int, side: int) -> Tensor:
    """With zeros at the end until there are so many channels, and rows and columns."""
    more = side - values.shape[2]
    return functional.pad(values, (0, more, 0, more, 0, channels - values.shape[1]))


def _convolution(told: Convolution) -> nn.Conv2d:
    outputs, inputs, rows, _ = told.filters.shape
    convolution = nn.Conv2d(inputs, outputs, rows, stride=told.stride, padding=told.padding)
    convolution.weight = _learnable(told.filters)
    convolution.bias = _learnable(told.biases)
    return convolution


def _learnable(values: FloatArray) -> nn.Parameter:
    """A copy, for learning must not change the description."""
    return nn.Parameter(torch.from_numpy(values.copy()))
