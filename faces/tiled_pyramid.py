"""A photo in many sizes, side by side in one picture, as dlib's detector wants it.

The layout and the arithmetic are those of dlib 20's `image_pyramid.h` (`pyramid_down<6>`,
`compute_tiled_image_pyramid_details`, `tiled_pyramid_to_image`) and of its `resize_image`, so that
the detector sees the numbers that it would see in dlib.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_RATE, _RATE_UP = 5 / 6, 6 / 5
_BETWEEN_PX, _AROUND_PX = 10, 11
_LOWEST_PX = 5
_ROWS_AT_ONCE = 64
"""Few enough to stay in the processor's cache, which halves the time."""


@dataclass(frozen=True, slots=True)
class Level:
    """Where the photo in one of its sizes lies; the first level is the photo itself."""

    left: int
    top: int
    width: int
    height: int

    def lies_over(self, other: Level) -> bool:
        """Whether the two share a pixel."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """The size of the whole picture, and its levels, each 5/6 of the one before."""

    width: int
    height: int
    levels: tuple[Level, ...]


def layout_for(width_px: int, height_px: int) -> Layout:
    """Where dlib lays the levels of a photo: one column down, then back up on the right."""
    sizes = _sizes(width_px, height_px)
    column_height = _column_height(sizes)
    levels: list[Level] = []
    top = _AROUND_PX
    for width, height in sizes:
        if top >= column_height + _AROUND_PX:
            break
        levels.append(Level(_AROUND_PX, top, width, height))
        top += height + _BETWEEN_PX
    bottom = top - _BETWEEN_PX
    for width, height in sizes[len(levels) :]:
        level = Level(_AROUND_PX + width_px - width, bottom - height, width, height)
        if level.lies_over(levels[0]):
            break
        levels.append(level)
        bottom -= height + _BETWEEN_PX
    return Layout(width_px + 2 * _AROUND_PX, column_height + 2 * _AROUND_PX, tuple(levels))


def _sizes(width_px: int, height_px: int) -> list[tuple[int, int]]:
    sizes = [(width_px, height_px)]
    while True:
        width, height = int(sizes[-1][0] * _RATE), int(sizes[-1][1] * _RATE)
        if width == 0 or height < _LOWEST_PX:
            return sizes
        sizes.append((width, height))


def _column_height(sizes: list[tuple[int, int]]) -> int:
    """How high the left column is: until what is left fits beside it on the way back."""
    width, first_height = sizes[0]
    total = sum(height + _BETWEEN_PX for _, height in sizes) - 2 * _BETWEEN_PX
    column = previous_width = 0
    for level_width, level_height in sizes:
        fits_beside = level_width <= width - previous_width - _BETWEEN_PX
        if fits_beside and 2 * (column - first_height) >= total - first_height:
            break
        column += level_height + _BETWEEN_PX
        previous_width = level_width
    return column - _BETWEEN_PX


def tiled(photo: Floats, layout: Layout) -> Floats:
    """The picture, (3, height, width), of a photo (3, height_px, width_px); zero elsewhere."""
    picture = np.zeros((3, layout.height, layout.width), dtype=np.float32)
    larger = None
    for level in layout.levels:
        rows = slice(level.top, level.top + level.height)
        place = picture[:, rows, level.left : level.left + level.width]
        if larger is None:
            place[:] = photo
        else:
            resize_by_corners(larger, place)
        larger = place
    return picture


def resize_by_corners(old: Floats, new: Floats) -> None:
    """Fill `new` with what is in `old`, both (n, rows, columns): bilinear, corners on corners.

    The centres of the pixels in the corners stay in the corners, as dlib has it and few others.
    """
    above, below, down = _neighbours(old.shape[1], new.shape[1])
    before, after, along = _neighbours(old.shape[2], new.shape[2])
    for source, target in zip(old, new, strict=True):
        for start in range(0, len(above), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            rows = _between(source[above[part]], source[below[part]], down[part, None])
            target[part] = _between(rows.take(before, axis=1), rows.take(after, axis=1), along)


def _neighbours(old: int, new: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """For each new cell the old ones before and after it, and how far it is towards the latter."""
    place = np.arange(new) * ((old - 1) / max(new - 1, 1))
    before = np.minimum(place.astype(np.intp), old - 1)
    return before, np.minimum(before + 1, old - 1), (place - before).astype(np.float32)


def _between(first: Floats, second: Floats, share: Floats) -> Floats:
    """From `first`, so far towards `second`, which is overwritten."""
    second -= first
    second *= share
    second += first
    return second


def in_photo(corners: Doubles, layout: Layout) -> Doubles:
    """Boxes of the picture in pixels of the photo, both (n, 4): left, top, right, bottom.

    A box is taken for one of the level on which its centre lies, or is nearest to.
    """
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    chosen = _nearest_level(centres, layout)
    origins = np.array([(level.left, level.top) for level in layout.levels], dtype=np.float64)
    moved = corners - np.tile(origins[chosen], 2)
    for place in range(1, len(layout.levels)):
        deeper = chosen >= place
        moved[deeper] = moved[deeper] * _RATE_UP + 0.3
    return moved


def _nearest_level(points: Doubles, layout: Layout) -> npt.NDArray[np.intp]:
    """dlib rounds the points first, and takes the first of several levels as near."""
    whole = np.floor(points + 0.5)
    bounds = np.array(
        [(v.left, v.top, v.left + v.width - 1, v.top + v.height - 1) for v in layout.levels]
    )
    nearest = np.clip(whole[:, None], bounds[None, :, :2], bounds[None, :, 2:])
    away = ((nearest - whole[:, None]) ** 2).sum(axis=2)
    return np.asarray(away.argmin(axis=1))
