"""The bytes of a picture file as upright RGB pixels, whatever its format, or one clear refusal."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from faces.colours import srgb_of
from faces.errors import BadPhoto
from faces.formats import CAMERA_RAW, format_of, scans_of, what_else
from faces.heic import HeicImageFile
from faces.records import Pixels

MEGAPIXELS_AT_MOST = 210
"""Photos with more are refused: the largest that cameras make in one shot have 201."""

_OPENERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,  # of an MPO too, where it is the first picture
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "HEIC": HeicImageFile,
}
_STRIP_PIXELS = 1 << 18
_MOST_SCANS = 100
_ORIENTATION_TAG = 0x0112
_EXIF_TAG, _TAKEN_TAG = 0x8769, 0x9003
_DNG_VERSION_TAG = 0xC612
_SUBFILE_TYPE_TAG, _SUBFILES_TAG = 0x00FE, 0x014A
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    OverflowError,
    RuntimeError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
)
"""What Pillow and pi-heif raise on damaged files; they have no error class of their own."""
_PILLOW = r"PIL\."


@dataclass(frozen=True)
class _Turn:
    """How rows of a picture as stored come to lie in the upright one."""

    flip: int | None = None  # as in cv2.flip, after transposing: 0 up-down, 1 left-right, -1 both
    transpose: bool = False
    from_end: bool = False  # the first row becomes the last row or column


_AS_IT_IS = _Turn()
_TURNS = {
    2: _Turn(flip=1),
    3: _Turn(flip=-1, from_end=True),
    4: _Turn(flip=0, from_end=True),
    5: _Turn(transpose=True),
    6: _Turn(flip=1, transpose=True, from_end=True),
    7: _Turn(flip=-1, transpose=True, from_end=True),
    8: _Turn(flip=0, transpose=True),
}
"""What undoes each EXIF orientation (Exif 2.32, tag 0x0112)."""


def decoded(content: bytes, name: str) -> Pixels:
    """The upright RGB pixels of a file's bytes; `name` is what messages call it.

    At the peak it holds 7.5 bytes a pixel, 10 of AVIF, 16 of WebP: the picture as it is decoded,
    and the result, into which it is carried strip by strip.

    Raises:
        BadPhoto: these bytes are no photo.
    """
    try:
        with _opened(content, name) as image:
            _refuse(image, content, name)
            image.load()
            return _upright(image)
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except MemoryError as error:
        raise BadPhoto(f"{name} needs more memory than there is; shrink it") from error
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadPhoto(f"{name} is damaged or incomplete: {reason}") from error


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height in pixels by a file's header, maybe not upright yet; 0, 0 for no photo."""
    try:
        with _opened(content, "") as image:
            return image.size
    except (BadPhoto, Image.DecompressionBombError, MemoryError, *_DAMAGE):
        return 0, 0


def orientation_of(content: bytes) -> int:
    """The EXIF orientation by which whoever shows a file turns it, 1 to 8; 1 for no photo."""
    try:
        with _opened(content, "") as image:
            return _orientation(image)
    except (BadPhoto, Image.DecompressionBombError, MemoryError, *_DAMAGE):
        return 1


def taken_at(content: bytes) -> datetime | None:
    """When a photo was taken, as its camera noted it (Exif 2.32, DateTimeOriginal); None if not."""
    try:
        with _opened(content, "") as image:
            noted = str(image.getexif().get_ifd(_EXIF_TAG).get(_TAKEN_TAG, ""))
        return datetime.strptime(noted.strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except (BadPhoto, Image.DecompressionBombError, MemoryError, *_DAMAGE):
        return None


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[ImageFile.ImageFile]:
    """The picture with its header read, its pixels not yet.

    Pillow's classes are taken one by one, because `Image.open` has a limit of its own that belongs
    to the whole process.
    """
    if not content:
        raise BadPhoto(f"{name} is empty")
    kind = format_of(content)
    if kind is None:
        raise BadPhoto(f"{name} is {what_else(content)}")
    _silence_pillow()
    with _OPENERS[kind](io.BytesIO(content)) as image:
        yield image


def _silence_pillow() -> None:
    """Keep Pillow from warning of what it reads; what matters comes as an exception.

    Filters of warnings are a matter of the whole process, so this one stays: to take it away again
    would need a lock that lets only one photo be decoded at a time.
    """
    first = warnings.filters[0] if warnings.filters else None
    if first is None or first[0] != "ignore" or getattr(first[3], "pattern", "") != _PILLOW:
        warnings.filterwarnings("ignore", module=_PILLOW)


def _refuse(image: ImageFile.ImageFile, content: bytes, name: str) -> None:
    """Refuse what is too much for this machine, or a raw photo's small picture of itself."""
    if image.width * image.height > MEGAPIXELS_AT_MOST * 1_000_000:
        raise _too_large(name)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        scans = scans_of(content)
        if scans is None:
            raise BadPhoto(f"{name} is damaged or incomplete: the JPEG never ends")
        if scans > _MOST_SCANS:
            raise BadPhoto(f"{name} would take very long to be opened: it is no camera's JPEG")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        reduced = tags.get(_SUBFILE_TYPE_TAG) == 1 and _SUBFILES_TAG in tags
        if reduced or _DNG_VERSION_TAG in tags:
            raise BadPhoto(f"{name} is {CAMERA_RAW}")


def _too_large(name: str) -> BadPhoto:
    return BadPhoto(f"{name} has more than {MEGAPIXELS_AT_MOST} megapixels; shrink it")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; a photo with damaged EXIF counts as upright.

    TIFF and HEIC are turned by their decoders, and tell of no orientation by now.
    """
    try:
        told = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGE:
        return 1
    return told if told in _TURNS else 1


def _upright(image: Image.Image) -> Pixels:
    """Carry a picture strip by strip to where it belongs, so that hardly any is held twice."""
    turn = _TURNS.get(_orientation(image), _AS_IT_IS)
    as_srgb = srgb_of(image, image.info.get("icc_profile"))
    width, height = image.size
    shape = (width, height, 3) if turn.transpose else (height, width, 3)
    upright: Pixels = np.empty(shape, dtype=np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        span = slice(height - bottom, height - top) if turn.from_end else slice(top, bottom)
        part = _turned(as_srgb(image.crop((0, top, width, bottom))), turn)
        upright[(slice(None), span) if turn.transpose else span] = part
    return upright


def _turned(rows: Pixels, turn: _Turn) -> Pixels:
    if turn.transpose:
        rows = np.asarray(cv2.transpose(rows), dtype=np.uint8)
    return rows if turn.flip is None else np.asarray(cv2.flip(rows, turn.flip), dtype=np.uint8)
