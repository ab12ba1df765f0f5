"""A page of an old photo album: where its prints lie, and the page as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from faces.errors import SetupError
from faces.records import Box
from serve.lettering import font_for

PORTRAIT_PX = (92, 112)
"""Width and height of a portrait of the set."""
PAGE_PX = (1280, 960)
CREDIT = "Portraits: AT&T Laboratories Cambridge"

_BORDER_PX = 14
_NAME_PX = 52
"""The white strip below the portrait, where the name stands."""
_STEEPEST_DEG = 2.5
_PAPER = (233, 221, 196)
_PRINT = (252, 250, 244)
_INK = (74, 58, 44)
_CORNER = (122, 98, 72)
_TONE = ((26, 20, 14), (250, 244, 232))
"""Black and white of an old print."""
_TURNED_PAPERS = (
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_180,
)
"""How one sheet serves for pages that look different."""
_SPOTS: Mapping[int, tuple[float, tuple[tuple[int, int], ...]]] = {
    3: (3.5, ((232, 410), (640, 486), (1048, 422))),
    4: (3.0, ((350, 242), (838, 234), (442, 682), (930, 674))),
    5: (3.0, ((234, 240), (640, 234), (1046, 242), (432, 680), (848, 676))),
}
"""For so many prints: how much portraits are enlarged, and about where their centres lie."""


@dataclass(frozen=True, slots=True)
class Print:
    """A portrait on a page: whose, which of the ten, and how it lies."""

    person: int
    take: int
    name: str
    enlarged: float
    centre: tuple[int, int]
    turned_deg: float

    @property
    def box(self) -> Box:
        """The portrait without its border, in pixels of the page; upright, so a little wider."""
        width, height = self.portrait_px
        turned = math.radians(self.turned_deg)
        across, up = math.cos(turned), abs(math.sin(turned))
        below_px = (_BORDER_PX - _NAME_PX) / 2
        middle_x = self.centre[0] + below_px * math.sin(turned)
        middle_y = self.centre[1] + below_px * across
        wide, tall = width * across + height * up, height * across + width * up
        return Box(middle_x - wide / 2, middle_y - tall / 2, wide, tall)

    @property
    def portrait_px(self) -> tuple[int, int]:
        """Width and height of the portrait on the page."""
        width, height = PORTRAIT_PX
        return round(width * self.enlarged), round(height * self.enlarged)


def lay_prints(
    people: list[tuple[int, int, str]], *, rng: np.random.Generator
) -> tuple[Print, ...]:
    """Lay three to five portraits, each (person, take, name), on a page, each a little askew."""
    enlarged, spots = _SPOTS[len(people)]
    prints = []
    for (person, take, name), (x, y) in zip(people, spots, strict=True):
        centre = (x + int(rng.integers(-9, 10)), y + int(rng.integers(-7, 8)))
        turned_deg = round(float(rng.uniform(-_STEEPEST_DEG, _STEEPEST_DEG)), 2)
        prints.append(Print(person, take, name, enlarged, centre, turned_deg))
    return tuple(prints)


def draw_page(
    number: int,
    prints: tuple[Print, ...],
    portraits: Mapping[tuple[int, int], Image.Image],
    paper: Image.Image,
) -> Image.Image:
    """The page with its prints; `portraits` holds a grey picture for each (person, take).

    Raises:
        SetupError: no font of this machine has the letters of the names.
    """
    turn = _TURNED_PAPERS[number % len(_TURNED_PAPERS)]
    page = paper.copy() if turn is None else paper.transpose(turn)
    for one in prints:
        layer = _print(one, portraits[one.person, one.take])
        turned = layer.rotate(one.turned_deg, Image.Resampling.BILINEAR, expand=True)
        left = one.centre[0] - turned.width // 2
        top = one.centre[1] - turned.height // 2
        _cast_shadow(page, turned.getchannel("A"), left, top)
        page.paste(turned, (left, top), turned)
    draw = ImageDraw.Draw(page)
    foot_px = PAGE_PX[1] - 30
    draw.text((36, foot_px), CREDIT, font=_font(CREDIT, 17), fill=_CORNER, anchor="lm")
    at = (PAGE_PX[0] - 36, foot_px)
    draw.text(at, str(number), font=_font("0123456789", 20), fill=_CORNER, anchor="rm")
    return page


def make_paper(*, rng: np.random.Generator) -> Image.Image:
    """Warm paper: faint clouds, a fine grain, and edges that have darkened."""
    width, height = PAGE_PX
    clouds = Image.fromarray(rng.normal(0, 1.6, (9, 12)).astype(np.float32))
    soft = np.asarray(clouds.resize(PAGE_PX, Image.Resampling.BICUBIC))
    grain = rng.normal(0, 1.3, (height, width))
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
    edges = 14 * np.maximum(np.abs(x), np.abs(y)) ** 8
    light = (soft + grain - edges)[:, :, None]
    return Image.fromarray(np.clip(np.array(_PAPER) + light, 0, 255).astype(np.uint8))


def _print(one: Print, portrait: Image.Image) -> Image.Image:
    """The print as it left the darkroom, upright, with mounts at its corners."""
    width, height = one.portrait_px
    large = portrait.resize((width, height), Image.Resampling.BICUBIC)
    outer = (width + 2 * _BORDER_PX, height + _BORDER_PX + _NAME_PX)
    # A clear rim lets the edge stay smooth when the print is turned.
    layer = Image.new("RGBA", (outer[0] + 2, outer[1] + 2), (*_PRINT, 0))
    draw = ImageDraw.Draw(layer)
    draw.rectangle((1, 1, *outer), fill=_PRINT)
    layer.paste(ImageOps.colorize(large, *_TONE), (1 + _BORDER_PX, 1 + _BORDER_PX))
    middle = (1 + outer[0] // 2, outer[1] - _NAME_PX // 2)
    draw.text(middle, one.name, font=_font(one.name, 32), fill=_INK, anchor="mm")
    for x, inward in ((1, 26), (outer[0], -26)):
        for y, down in ((1, 26), (outer[1], -26)):
            draw.polygon([(x, y), (x + inward, y), (x, y + down)], fill=_CORNER)
    return layer


def _cast_shadow(page: Image.Image, shape: Image.Image, left: int, top: int) -> None:
    """Darken the page below and to the right of a print."""
    rim = 12
    shadow = Image.new("L", (shape.width + 2 * rim, shape.height + 2 * rim))
    shadow.paste(shape.point(lambda alpha: alpha * 0.42), (rim, rim))
    soft = shadow.filter(ImageFilter.GaussianBlur(5))
    page.paste((60, 44, 28), (left - rim + 3, top - rim + 5), soft)


@cache
def _font(letters: str, size_px: int) -> ImageFont.FreeTypeFont:
    font = font_for(letters, size_px)
    if font is None:
        raise SetupError(f"no font on this machine can write {letters}: run `make setup`")
    return font
