"""Boxes and names on a picture, readable on any background and on a phone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from PIL import Image, ImageDraw

from faces.pictures import preview, resized
from faces.records import Box, Pixels
from serve.answers import NamedFace, NamedPicture, percent
from serve.lettering import Font, font_for, plain_font
from serve.placement import place_labels

_SMALLEST_PX = 800
"""Longest side below which a picture is enlarged, so that letters on it stay sharp."""

Colour = tuple[int, int, int]
_HALO: Colour = (15, 23, 42)
_LETTERS: Colour = (255, 255, 255)
_NAMED_LINE: Colour = (45, 212, 191)
_NAMED_PLATE: Colour = (15, 106, 100)
_UNKNOWN_LINE: Colour = (226, 232, 240)
_UNKNOWN_PLATE: Colour = (71, 85, 105)


@dataclass(frozen=True, slots=True)
class _Label:
    """Text that fits its place, with the room around it; `size` is the plate's, in pixels."""

    text: str
    font: Font
    padding_px: int

    @property
    def size(self) -> tuple[float, float]:
        ascent, descent = self.font.getmetrics()
        return (
            self.font.getlength(self.text) + 2 * self.padding_px,
            ascent + descent + self.padding_px,
        )


def draw(picture: NamedPicture) -> Pixels:
    """The picture with a box around each face, and names where there is a model version.

    The result is as large as a preview of the picture; a tiny one is enlarged. A name whose letters
    no font here has is written as the number of its face, counted from 1.
    """
    pixels = _for_screen(picture.pixels)
    height_px, width_px, _ = pixels.shape
    scale = width_px / picture.pixels.shape[1]
    boxes = [_inside(_scaled(face.box, scale), width_px, height_px) for face in picture.faces]
    image = Image.fromarray(pixels)
    canvas = ImageDraw.Draw(image)
    line_px = max(2, round(max(width_px, height_px) / 320))
    for face, box in zip(picture.faces, boxes, strict=True):
        _draw_box(canvas, box, known=face.name is not None, line_px=line_px)
    if picture.version is not None and boxes:
        _draw_labels(canvas, picture.faces, boxes, picture_px=(width_px, height_px))
    return np.array(image)


def _for_screen(pixels: Pixels) -> Pixels:
    """The picture at a size at which lines and letters look well."""
    height_px, width_px, _ = pixels.shape
    times = math.ceil(_SMALLEST_PX / max(height_px, width_px))
    return resized(pixels, width_px * times, height_px * times) if times > 1 else preview(pixels)


def _scaled(box: Box, scale: float) -> Box:
    return Box(box.left * scale, box.top * scale, box.width * scale, box.height * scale)


def _inside(box: Box, width_px: int, height_px: int) -> Box:
    """The box as far as it can be seen; at least a pixel of it."""
    left, top = min(max(0.0, box.left), width_px - 1.0), min(max(0.0, box.top), height_px - 1.0)
    right = max(left + 1, min(box.right, width_px - 1.0))
    bottom = max(top + 1, min(box.bottom, height_px - 1.0))
    return Box(left, top, right - left, bottom - top)


def _draw_box(canvas: ImageDraw.ImageDraw, box: Box, *, known: bool, line_px: int) -> None:
    """A line with a dark one behind it; dashed and pale around an unknown face."""
    corners = (box.left, box.top, box.right, box.bottom)
    canvas.rectangle(corners, outline=_HALO, width=line_px + max(2, line_px // 2))
    if known:
        canvas.rectangle(corners, outline=_NAMED_LINE, width=line_px)
        return
    for dash in _dashes(box, line_px):
        canvas.rectangle(dash, fill=_UNKNOWN_LINE)


def _dashes(box: Box, line_px: int) -> Iterator[tuple[float, float, float, float]]:
    """Dashes along the four edges, inside the box, each (left, top, right, bottom)."""
    across, down = box.width, box.height
    thick = line_px - 1
    for start, end in _pieces(across, 5 * line_px):
        for top in (box.top, box.bottom - thick):
            yield box.left + start, top, box.left + end, top + thick
    for start, end in _pieces(down, 5 * line_px):
        for left in (box.left, box.right - thick):
            yield left, box.top + start, left + thick, box.top + end


def _pieces(length: float, dash: float) -> Iterator[tuple[float, float]]:
    """Dashes along an edge, one at either end, with gaps of about the same length between."""
    gaps = max(0, round((length / dash - 1) / 2))
    piece = length / (2 * gaps + 1)
    for index in range(gaps + 1):
        yield 2 * index * piece, (2 * index + 1) * piece


def _draw_labels(
    canvas: ImageDraw.ImageDraw,
    faces: Sequence[NamedFace],
    boxes: Sequence[Box],
    *,
    picture_px: tuple[int, int],
) -> None:
    size_px = _letters_px(boxes, picture_px)
    labels = [
        _label(face, number, size_px, room_px=_room_px(box, picture_px))
        for number, (face, box) in enumerate(zip(faces, boxes, strict=True), start=1)
    ]
    places = place_labels(boxes, [label.size for label in labels], picture=picture_px)
    for face, label, place in zip(faces, labels, places, strict=True):
        plate = _NAMED_PLATE if face.name is not None else _UNKNOWN_PLATE
        corners = (place.left, place.top, place.right - 1, place.bottom - 1)
        canvas.rounded_rectangle(corners, radius=size_px / 5, fill=plate)
        start = (place.left + label.padding_px, place.top + label.padding_px / 2)
        canvas.text(start, label.text, font=label.font, fill=_LETTERS, anchor="la")


def _letters_px(boxes: Sequence[Box], picture_px: tuple[int, int]) -> int:
    """How high letters are: in proportion to the faces, within what the picture bears."""
    longest = max(picture_px)
    typical = median(box.width for box in boxes)
    return max(8, round(min(max(0.22 * typical, longest / 42), longest / 26, min(picture_px) / 2)))


def _room_px(box: Box, picture_px: tuple[int, int]) -> float:
    """How wide a label may be."""
    return min(picture_px[0], max(2 * box.width, 0.2 * picture_px[0]))


def _label(face: NamedFace, number: int, size_px: int, *, room_px: float) -> _Label:
    """What is written at a face: its name and certainty, or as much as there is room for."""
    name = " ".join(face.called.split())
    full = name if face.name is None else f"{name} {percent(face.certainty)}"
    font = font_for(f"{full}…", size_px)
    if font is None:
        name = full = str(number)
        font = font_for(full, size_px) or plain_font(size_px)
    padding_px = max(3, size_px // 3)
    room = room_px - 2 * padding_px
    text = full if font.getlength(full) <= room else _shortened(name, font, room)
    return _Label(text, font, padding_px)


def _shortened(name: str, font: Font, room_px: float) -> str:
    """The beginning of a name that fits, at least one letter."""
    if font.getlength(name) <= room_px:
        return name
    fitting = (name[:end].rstrip() + "…" for end in range(len(name) - 1, 0, -1))
    return next((text for text in fitting if font.getlength(text) <= room_px), name[:1])
