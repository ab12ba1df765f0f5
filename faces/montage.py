"""A page of faces as one picture: numbered tiles of one size, in reading order, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faces.pictures import CROP_PX, save_jpeg
from faces.records import Box, FaceId
from faces.studio_format import ShownTile

GAP_PX = 7
"""So that no page is narrower than the 1,009 pixels in which it is shown: Label Studio does not fit
an enlarged picture anew when its window changes.
"""
PAGE_TILES = 30
DRAWING = 2
"""Which way of drawing this is: a page drawn in another way has another key."""
FEW_TILES, FEW_COLUMNS, COLUMNS = 18, 6, 8
"""Three rows of few large tiles are as high as four of many: both fit a laptop's screen."""
_ROW_GAP_PX = 3
"""Between the tiles of one of several rows: less than between rows."""
_LINE_GAP_PX = 18
"""Between lines of several rows, for the bar below each row."""
_APART_PX = 46
"""Between two rows that are compared."""
_BAR_PX = 5
_CAPTION_PX = 27
_PAPER = (245, 245, 243)
_BAR = (84, 84, 82)
_MISSING = (190, 190, 188)
_NUMBER_PX = 16
_BADGE, _INK = (0, 0, 0, 170), (255, 255, 255, 255)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tiles of a montage lie, in its pixels.

    `captions` are the places for words about each row, over the lower edge of its tiles; `bars`
    show what belongs to one row. A page of a single row has neither.
    """

    width_px: int
    height_px: int
    rows: tuple[tuple[ShownTile, ...], ...]
    captions: tuple[Box, ...] = ()
    bars: tuple[Box, ...] = ()

    @property
    def tiles(self) -> tuple[ShownTile, ...]:
        """All tiles, in the order of their numbers."""
        return tuple(tile for row in self.rows for tile in row)


def columns_of(tiles: int) -> int:
    """How many of a page's tiles lie side by side."""
    return FEW_COLUMNS if tiles <= FEW_TILES else COLUMNS


def lay_out(
    rows: Sequence[Sequence[FaceId]], *, captions: bool = False, apart: bool = False
) -> Layout:
    """Tiles in reading order; a page always has full width, so that tiles look alike on such pages.

    One row fills its lines. Of several, each stays together, on one line if it fits into one, and
    has a place for words with `captions`. Rows `apart` begin lines of their own.
    """
    if len(rows) == 1 and not captions and not apart:
        return _one_row(rows[0])
    return _several_rows(rows, captions=captions, apart=apart)


def _one_row(faces: Sequence[FaceId]) -> Layout:
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
    lines = -(-len(faces) // columns)
    return Layout(columns * step + GAP_PX, lines * step + GAP_PX, (tiles,))


@dataclass(frozen=True, slots=True)
class _Part:
    """So many tiles of a row, side by side on one line, the first of them in a column."""

    line: int
    column: int
    count: int


def _several_rows(rows: Sequence[Sequence[FaceId]], *, captions: bool, apart: bool) -> Layout:
    """Every row begins on a column, and its tiles lie closer to each other than to the next row."""
    columns, placed = _fitted([len(row) for row in rows], apart=apart)
    tops = _tops(placed, apart=apart)
    shown = tuple(
        tuple(
            ShownTile(face, Box(left, tops[line], CROP_PX, CROP_PX))
            for face, (line, left) in zip(row, _corners(parts), strict=True)
        )
        for row, parts in zip(rows, placed, strict=True)
    )
    strips = [[_strip(part, tops) for part in parts] for parts in placed]
    words = tuple(
        Box(first.left, first.bottom - _CAPTION_PX, first.width, _CAPTION_PX)
        for first, *_ in strips
    )
    bars = tuple(
        Box(strip.left, strip.bottom + _BAR_PX, strip.width, _BAR_PX)
        for parts in strips
        for strip in parts
    )
    return Layout(
        columns * (CROP_PX + GAP_PX) + GAP_PX,
        round(tops[-1] + CROP_PX + _LINE_GAP_PX),
        shown,
        words if captions else (),
        () if apart else bars,
    )


def _fitted(counts: Sequence[int], *, apart: bool) -> tuple[int, list[list[_Part]]]:
    """How many columns a page has, and where its rows lie: few large tiles if they are enough."""
    few = list(_placed(counts, FEW_COLUMNS, apart=apart))
    is_low = few[-1][-1].line < FEW_TILES // FEW_COLUMNS
    if is_low and max(counts) <= FEW_COLUMNS:
        return FEW_COLUMNS, few
    return COLUMNS, list(_placed(counts, COLUMNS, apart=apart))


def _placed(counts: Sequence[int], columns: int, *, apart: bool) -> Iterator[list[_Part]]:
    """Row after row: where there is room for it, else from the start of the next line on."""
    line = column = 0
    for count in counts:
        if column and (apart or column + min(count, columns) > columns):
            line, column = line + 1, 0
        parts: list[_Part] = []
        left = count
        while left:
            if column == columns:
                line, column = line + 1, 0
            parts.append(_Part(line, column, min(left, columns - column)))
            column += parts[-1].count
            left -= parts[-1].count
        yield parts


def _tops(placed: Sequence[Sequence[_Part]], *, apart: bool) -> list[int]:
    """Where each line begins."""
    starts = {parts[0].line for parts in placed[1:]} if apart else set()
    tops = [GAP_PX]
    for line in range(1, placed[-1][-1].line + 1):
        gap = (_APART_PX if line in starts else GAP_PX) if apart else _LINE_GAP_PX
        tops.append(tops[-1] + CROP_PX + gap)
    return tops


def _corners(parts: Sequence[_Part]) -> Iterator[tuple[int, int]]:
    """The line and the left side of each tile of a row."""
    for part in parts:
        for place in range(part.count):
            yield part.line, _left(part) + place * (CROP_PX + _ROW_GAP_PX)


def _strip(part: _Part, tops: Sequence[int]) -> Box:
    width = part.count * (CROP_PX + _ROW_GAP_PX) - _ROW_GAP_PX
    return Box(_left(part), tops[part.line], width, CROP_PX)


def _left(part: _Part) -> int:
    return GAP_PX + part.column * (CROP_PX + GAP_PX)


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
    pen = ImageDraw.Draw(page)
    for bar in layout.bars:
        pen.rounded_rectangle((bar.left, bar.top, bar.right, bar.bottom), _BAR_PX // 2, fill=_BAR)
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
