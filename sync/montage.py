"""A page of a cluster as one picture: its faces as numbered tiles of one size, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faces.pictures import save_jpeg
from faces.records import Box, FaceId
from faces.studio_format import ShownTile
from sync.media import CROP_PX

GAP_PX = 7
"""So that no page is narrower than the 1,009 pixels in which it is shown: Label Studio does not fit
an enlarged picture anew when its window changes.
"""
PAGE_TILES = 30
DRAWING = 2
"""Which way of drawing this is: a page drawn in another way has another key."""
FEW_TILES, FEW_COLUMNS, COLUMNS = 18, 6, 8
"""Three rows of few large tiles are as high as four of many: both fit a laptop's screen."""
_PAPER = (245, 245, 243)
_MISSING = (190, 190, 188)
_NUMBER_PX = 16
_BADGE, _INK = (0, 0, 0, 170), (255, 255, 255, 255)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tiles of a montage lie, in its pixels."""

    width_px: int
    height_px: int
    tiles: tuple[ShownTile, ...]


def columns_of(tiles: int) -> int:
    """How many of a page's tiles lie side by side."""
    return FEW_COLUMNS if tiles <= FEW_TILES else COLUMNS


def lay_out(faces: Sequence[FaceId]) -> Layout:
    """Tiles row by row; a page always has full width, so that tiles look alike on such pages."""
    columns = columns_of(len(faces))
    step = CROP_PX + GAP_PX
    tiles = tuple(
        ShownTile(
            face,
            Box(
                GAP_PX + (place % columns) * step,
                GAP_PX + (place // columns) * step,
                CROP_PX,
                CROP_PX,
            ),
        )
        for place, face in enumerate(faces)
    )
    rows = -(-len(faces) // columns)
    return Layout(columns * step + GAP_PX, rows * step + GAP_PX, tiles)


def draw_montage(layout: Layout, crops: Sequence[Path], place: Path) -> None:
    """Draw the crops into their tiles, in the layout's order, each with its number; save the page.

    The tile of a crop that is not there stays grey: one lost file holds up no page.
    """
    page = Image.new("RGB", (layout.width_px, layout.height_px), _PAPER)
    for number, (tile, crop) in enumerate(zip(layout.tiles, crops, strict=True), start=1):
        corner = (round(tile.box.left), round(tile.box.top))
        page.paste(_tile(crop), corner)
        badge = _badge(number)
        page.paste(badge, corner, badge)
    save_jpeg(np.asarray(page), place)


def _tile(crop: Path) -> Image.Image:
    try:
        with Image.open(crop) as picture:
            return picture.copy()
    except FileNotFoundError:
        return Image.new("RGB", (CROP_PX, CROP_PX), _MISSING)


def _badge(number: int) -> Image.Image:
    """A tile's number, light on dark, so that it can be read on any picture."""
    font = ImageFont.load_default(_NUMBER_PX)
    width = round(font.getlength(str(number))) + 8
    badge = Image.new("RGBA", (width, _NUMBER_PX + 4))
    pen = ImageDraw.Draw(badge)
    corners = (False, False, True, False)
    pen.rounded_rectangle((0, 0, width - 1, _NUMBER_PX + 3), 8, fill=_BADGE, corners=corners)
    middle = (width / 2, _NUMBER_PX / 2 + 2)
    pen.text(middle, str(number), font=font, fill=_INK, anchor="mm")
    return badge
