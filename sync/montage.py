"""A page of a cluster as one picture: its faces as tiles of one size, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from faces.pictures import save_jpeg
from faces.records import Box, FaceId
from faces.studio_format import ShownTile
from sync.media import CROP_PX

COLUMNS = 6
GAP_PX = 10
PAGE_TILES = 24
_PAPER = (245, 245, 243)
_MISSING = (190, 190, 188)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tiles of a montage lie, in its pixels."""

    width_px: int
    height_px: int
    tiles: tuple[ShownTile, ...]


def lay_out(faces: Sequence[FaceId]) -> Layout:
    """Tiles row by row; a page always has full width, so that tiles look alike on all pages."""
    step = CROP_PX + GAP_PX
    tiles = tuple(
        ShownTile(
            face,
            Box(
                GAP_PX + (place % COLUMNS) * step,
                GAP_PX + (place // COLUMNS) * step,
                CROP_PX,
                CROP_PX,
            ),
        )
        for place, face in enumerate(faces)
    )
    rows = -(-len(faces) // COLUMNS)
    return Layout(COLUMNS * step + GAP_PX, rows * step + GAP_PX, tiles)


def draw_montage(layout: Layout, crops: Sequence[Path], place: Path) -> None:
    """Draw the crops into their tiles, in the layout's order, and save the page.

    The tile of a crop that is not there stays grey: one lost file holds up no page.
    """
    page = Image.new("RGB", (layout.width_px, layout.height_px), _PAPER)
    for tile, crop in zip(layout.tiles, crops, strict=True):
        page.paste(_tile(crop), (round(tile.box.left), round(tile.box.top)))
    save_jpeg(np.asarray(page), place)


def _tile(crop: Path) -> Image.Image:
    try:
        with Image.open(crop) as picture:
            return picture.copy()
    except FileNotFoundError:
        return Image.new("RGB", (CROP_PX, CROP_PX), _MISSING)
