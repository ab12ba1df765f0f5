"""Photos as pixels: opening any of them safely, and the smaller pictures made from them."""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import uuid
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from faces.errors import BadPhoto
from faces.records import Box, Photo, PhotoId, Pixels

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".tif", ".tiff", ".gif", ".avif"}
)
"""Lower-case endings of the files that are looked into; what they hold decides in the end."""
PREVIEW_PX = 2048
"""Longest side of a preview."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF")
_LARGEST_FILE_BYTES = 1 << 29
_NEUTRAL = 128
_ORIENTATION_TAG = 0x0112
_UPRIGHT_BY = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on damaged files; it has no error class of its own."""
_PILLOW_AT_WORK = threading.Lock()
"""Silencing warnings changes the whole process, so only one thread does it at a time."""


@dataclass(frozen=True)
class OpenPhoto:
    """A photo and its pixels: upright, RGB, (height_px, width_px, 3)."""

    photo: Photo
    pixels: Pixels


def open_photo(path: Path) -> OpenPhoto:
    """Read a photo from a file.

    Raises:
        BadPhoto: the file cannot be read, or is no photo; the message names it.
    """
    try:
        if not path.is_file():
            raise BadPhoto(f"{path} is not a file")
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise BadPhoto(f"{path} is larger than {_LARGEST_FILE_BYTES >> 20} MB; shrink it")
        content = path.read_bytes()
    except OSError as error:
        raise BadPhoto(f"{path} cannot be read: {error.strerror or error}") from error
    return open_bytes(content, name=str(path))


def open_bytes(content: bytes, *, name: str) -> OpenPhoto:
    """Read a photo from a file's bytes; `name` is what messages call it.

    Transparency is laid over white, colour profiles are applied, of several pictures in one file
    the first is taken.

    Raises:
        BadPhoto: these bytes are no photo.
    """
    if not content:
        raise BadPhoto(f"{name} is empty")
    with _PILLOW_AT_WORK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = _decoded(content, name)
    height_px, width_px, _ = pixels.shape
    identity = PhotoId(hashlib.sha256(content).hexdigest())
    return OpenPhoto(Photo(identity, width_px, height_px), pixels)


def megapixels_of(content: bytes) -> float:
    """How many million pixels a file's header tells of, at a glance; 0 for no photo."""
    try:
        with (
            _PILLOW_AT_WORK,
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=_FORMATS) as image,
        ):
            return image.width * image.height / 1e6
    except (Image.DecompressionBombError, *_DAMAGE):
        return 0.0


def preview(pixels: Pixels) -> Pixels:
    """The photo for the screen: its longest side at most PREVIEW_PX."""
    return shrunk(pixels, PREVIEW_PX)


def shrunk(pixels: Pixels, longest_px: int) -> Pixels:
    """The picture with its longest side at most this long; never enlarged."""
    height_px, width_px, _ = pixels.shape
    scale = longest_px / max(height_px, width_px)
    if scale >= 1:
        return pixels
    return resized(pixels, max(1, round(width_px * scale)), max(1, round(height_px * scale)))


def resized(pixels: Pixels, width_px: int, height_px: int) -> Pixels:
    """The picture in another size, smoothed where it gets smaller."""
    image = Image.fromarray(pixels)
    return np.array(image.resize((width_px, height_px), Image.Resampling.LANCZOS))


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


def _decoded(content: bytes, name: str) -> Pixels:
    """The upright RGB pixels of a file's bytes."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            image.load()
            return np.array(_upright(_rgb(image), _orientation(image)))
    except UnidentifiedImageError as error:
        known = ", ".join(_FORMATS)
        raise BadPhoto(f"{name} is no picture that can be opened ({known})") from error
    except Image.DecompressionBombError as error:
        raise BadPhoto(f"{name} has too many pixels to be opened safely; shrink it") from error
    except _DAMAGE as error:
        raise BadPhoto(f"{name} is damaged or incomplete: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; a photo with damaged EXIF counts as upright."""
    try:
        told = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGE:
        return 1
    return told if told in _UPRIGHT_BY else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _UPRIGHT_BY.get(orientation)
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    """Any of Pillow's modes as RGB in the sRGB colour space."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        image = Image.alpha_composite(white, coloured).convert("RGB")
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    return _in_srgb(image, profile) if profile else image.convert("RGB")


def _eight_bits(deep: npt.NDArray[np.generic]) -> Pixels:
    """Grey of 16 bits, 32 bits or floats as 8 bits; white is 65,535, or 1.0 of floats."""
    grey = np.nan_to_num(deep.astype(np.float32))
    white = max(1.0 if deep.dtype.kind == "f" else 65535.0, float(grey.max()))
    return np.asarray(np.clip(grey / white, 0, 1) * 255 + 0.5, dtype=np.uint8)


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture with its colour profile applied; a damaged or unfitting profile is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image.convert("RGB")
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB")
    return image.convert("RGB") if converted is None else converted
