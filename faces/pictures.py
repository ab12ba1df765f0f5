"""Photos as pixels: opening any of them safely, and the smaller pictures made from them."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from faces.decoding import decoded, size_of, taken_at
from faces.errors import BadPhoto
from faces.formats import PHOTO_SUFFIXES, RAW_SUFFIXES
from faces.records import Box, Photo, PhotoId, Pixels
from faces.turning import QUARTERS, turned_photo

__all__ = [
    "CROP_PX",
    "PHOTO_SUFFIXES",
    "PREVIEW_PX",
    "RAW_SUFFIXES",
    "OpenPhoto",
    "face_crop",
    "file_bytes",
    "jpeg_bytes",
    "megapixels_of",
    "open_bytes",
    "open_photo",
    "preview",
    "resized",
    "save_jpeg",
    "shrunk",
]

PREVIEW_PX = 2048
"""Longest side of a preview."""
CROP_PX = 160
"""Side of a face's crop: a tile of a montage, drawn a little smaller."""

_LARGEST_FILE_BYTES = 1 << 29
_NEUTRAL = 128
_LOSS_UNSEEN = 0.9


@dataclass(frozen=True)
class OpenPhoto:
    """A photo and its pixels: upright, RGB, (height_px, width_px, 3)."""

    photo: Photo
    pixels: Pixels

    def turned(self, quarters: int) -> OpenPhoto:
        """The same, turned so many quarters to the right."""
        if not quarters % QUARTERS:
            return self
        pixels = np.ascontiguousarray(np.rot90(self.pixels, -quarters))
        return OpenPhoto(turned_photo(self.photo, quarters), pixels)


def open_photo(path: Path) -> OpenPhoto:
    """Read a photo from a file.

    Raises:
        BadPhoto: the file cannot be read, or is no photo; the message names it.
    """
    return open_bytes(file_bytes(path), name=str(path))


def open_bytes(content: bytes, *, name: str) -> OpenPhoto:
    """Read a photo from a file's bytes; `name` is what messages call it.

    Transparency is laid over white, colour profiles are applied, of several pictures in one file
    the first is taken, of a HEIC the primary one.

    Raises:
        BadPhoto: these bytes are no photo.
    """
    pixels = decoded(content, _on_one_line(name))
    height_px, width_px, _ = pixels.shape
    identity = PhotoId(hashlib.sha256(content).hexdigest())
    return OpenPhoto(Photo(identity, width_px, height_px, taken_at(content)), pixels)


def file_bytes(path: Path) -> bytes:
    """What a file holds; never waits for a pipe, and takes no file that is being written.

    Raises:
        BadPhoto: it cannot be read. The cause is an OSError with a number where that may pass.
    """
    shown = _on_one_line(str(path))
    try:
        with io.BufferedReader(io.FileIO(path, opener=_without_waiting)) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise BadPhoto(f"{shown} is not a file")
            if before.st_size > _LARGEST_FILE_BYTES:
                raise BadPhoto(f"{shown} is larger than {_LARGEST_FILE_BYTES >> 20} MB; shrink it")
            content = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise BadPhoto(f"{shown} is not a file: it was moved or deleted") from error
    except IsADirectoryError as error:
        raise BadPhoto(f"{shown} is not a file") from error
    except OSError as error:
        raise BadPhoto(f"{shown} cannot be read: {error.strerror or error}") from error
    if (len(content), after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        told = "is still being written; try again when it is whole"
        raise BadPhoto(f"{shown} {told}") from OSError(errno.EAGAIN, told)
    return content


def _on_one_line(name: str) -> str:
    """The name without line ends and other signs that a terminal obeys."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "\N{REPLACEMENT CHARACTER}", name)


def _without_waiting(path: str, flags: int) -> int:
    """Open a file even if it is a pipe to which nobody writes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def megapixels_of(content: bytes) -> float:
    """How many million pixels a file's header tells of, at a glance; 0 for no photo."""
    width_px, height_px = size_of(content)
    return width_px * height_px / 1e6


def preview(pixels: Pixels) -> Pixels:
    """The photo for the screen: its longest side at most PREVIEW_PX.

    Where that costs little of it, each pixel is the mean of a whole number of pixels: ten times as
    fast, and sharp all over. Less than a hundredth of a side is lost at its end by that.
    """
    height_px, width_px, _ = pixels.shape
    times = -(-max(height_px, width_px) // PREVIEW_PX)
    enough = max(height_px, width_px) // times >= _LOSS_UNSEEN * PREVIEW_PX
    if times == 1 or not enough or min(height_px, width_px) < 100 * times:
        return shrunk(pixels, PREVIEW_PX)
    rows, columns = height_px // times, width_px // times
    return resized(pixels[: rows * times, : columns * times], columns, rows)


def shrunk(pixels: Pixels, longest_px: int) -> Pixels:
    """The picture with its longest side at most this long; never enlarged."""
    height_px, width_px, _ = pixels.shape
    scale = longest_px / max(height_px, width_px)
    if scale >= 1:
        return pixels
    return resized(pixels, max(1, round(width_px * scale)), max(1, round(height_px * scale)))


def resized(pixels: Pixels, width_px: int, height_px: int) -> Pixels:
    """The picture in another size, smoothed where it gets smaller."""
    smaller = width_px <= pixels.shape[1] and height_px <= pixels.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width_px, height_px), interpolation=how), dtype=np.uint8)


def jpeg_bytes(pixels: Pixels) -> bytes:
    """A JPEG of the pixels alone: without EXIF, place or colour profile."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=90)
    return buffer.getvalue()


def save_jpeg(pixels: Pixels, path: Path) -> None:
    """Write a JPEG without EXIF or place; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        beside.write_bytes(jpeg_bytes(pixels))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def face_crop(pixels: Pixels, box: Box, *, size_px: int, margin: float = 0.35) -> Pixels:
    """A square around a face, (size_px, size_px, 3), grey where it reaches beyond the photo.

    `margin` is what is added on each side, as a share of the box's longer side.
    """
    side = max(1, round(max(box.width, box.height) * (1 + 2 * margin)))
    left = round(box.left + (box.width - side) / 2)
    top = round(box.top + (box.height - side) / 2)
    square = np.full((side, side, 3), _NEUTRAL, dtype=np.uint8)
    inside = pixels[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    rows, columns, _ = inside.shape
    from_row, from_column = max(0, -top), max(0, -left)
    square[from_row : from_row + rows, from_column : from_column + columns] = inside
    return resized(square, size_px, size_px)
