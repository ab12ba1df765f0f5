"""Chips as the same faces could have looked in another photo.

Eyes are found with an error of a pixel or two, cameras differ in light and colour, and small faces
are enlarged. A face and its mirror image are the same person to us.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_TURNED_DEGREES, _ENLARGED, _SHIFTED = 4.0, 0.04, 0.02
"""Standard deviations: of a turn, of the logarithm of a size, of a shift in sides of the chip."""
_BRIGHTER, _MORE_CONTRAST = 12.0, 0.12
"""Standard deviations: of what is added to all pixels, and of the logarithm of a factor."""
_GREY, _SMALL = 0.1, 0.2
"""The shares of chips that lose their colours, and that are taken for those of small faces."""


def augmented(chips: Tensor, generator: torch.Generator) -> Tensor:
    """Each of the chips (n, 3, side, side), 0 to 255, looking otherwise: float32, same shape."""
    values = _moved(chips.float(), generator)
    count = len(values)
    small = functional.interpolate(values, scale_factor=0.5, mode="area")
    small = functional.interpolate(small, size=values.shape[2:], mode="bilinear")
    values = torch.where(_some(count, _SMALL, generator), small, values)
    grey = values.mean(dim=1, keepdim=True).expand_as(values)
    values = torch.where(_some(count, _GREY, generator), grey, values)
    middle = values.mean(dim=(1, 2, 3), keepdim=True)
    contrast = (_MORE_CONTRAST * _drawn(count, generator)).exp()
    brighter = _BRIGHTER * _drawn(count, generator)
    return ((values - middle) * contrast + middle + brighter).clamp(0.0, 255.0)


def _moved(values: Tensor, generator: torch.Generator) -> Tensor:
    """Turned, enlarged, shifted, and half of them mirrored; the edge goes on beyond the edge."""
    count = len(values)
    angle, size, across, down = (
        spread * _drawn(count, generator).flatten()
        for spread in (math.radians(_TURNED_DEGREES), _ENLARGED, 2 * _SHIFTED, 2 * _SHIFTED)
    )
    mirrored = 1.0 - 2.0 * _some(count, 0.5, generator).flatten().float()
    cosine, sine = size.exp() * angle.cos(), size.exp() * angle.sin()
    rows = [
        torch.stack([cosine * mirrored, -sine, across]),
        torch.stack([sine * mirrored, cosine, down]),
    ]
    places = torch.stack(rows).permute(2, 0, 1)
    grid = functional.affine_grid(places, list(values.shape), align_corners=False)
    return functional.grid_sample(values, grid, padding_mode="border", align_corners=False)


def _drawn(count: int, generator: torch.Generator) -> Tensor:
    """Normally distributed numbers, (n, 1, 1, 1)."""
    return torch.randn(count, 1, 1, 1, generator=generator)


def _some(count: int, share: float, generator: torch.Generator) -> Tensor:
    """Which of n chips are among this share, drawn one by one: (n, 1, 1, 1)."""
    return torch.rand(count, 1, 1, 1, generator=generator) < share
