"""Colours of any kind as sRGB: grey, palettes, transparency, CMYK, 16 bits, colour profiles."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from faces.records import Pixels

_LARGEST_PROFILE_BYTES = 1 << 23
_WHITE = 65535
_DIFFERENCE_UNSEEN = 0.5 / 255


@dataclass(frozen=True)
class _MatrixProfile:
    """An RGB profile of three curves and a matrix (ICC.1:2022, 8.3.3), as most cameras write."""

    linear: npt.NDArray[np.uint16]  # (1, 256, 3), the light that each of 256 values stands for
    to_xyz: npt.NDArray[np.float64]  # (3, 3), light to XYZ under D50


def srgb_of(image: Image.Image, profile: bytes | None) -> Callable[[Image.Image], Pixels]:
    """How parts of this picture become RGB in sRGB; `profile` is its colour profile.

    What is returned takes parts that were cropped out of `image`; it gives (height_px, width_px,
    3). A damaged or unfitting profile is ignored. Transparency is laid over white.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return functools.partial(_eight_bits, white=_white_of(image))
    if image.has_transparency_data:
        return lambda part: _in_srgb(_over_white(part), profile)
    return lambda part: _in_srgb(part, profile)


def _in_srgb(part: Image.Image, profile: bytes | None) -> Pixels:
    if part.mode not in ("L", "RGB", "CMYK"):
        part = part.convert("RGB")
    if not profile or len(profile) > _LARGEST_PROFILE_BYTES:
        return _rgb(part)
    if part.mode == "RGB":
        matrix = _from_matrix_profile(profile)
        if matrix is not None:
            return _through_matrix(np.asarray(part), *matrix)
    transform = _transform(profile, part.mode)
    converted = None if transform is None else ImageCms.applyTransform(part, transform)
    return _rgb(part if converted is None else converted)


def _rgb(part: Image.Image) -> Pixels:
    return np.asarray(part if part.mode == "RGB" else part.convert("RGB"))


def _over_white(part: Image.Image) -> Image.Image:
    coloured = part.convert("RGBA")
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("RGB")


def _white_of(image: Image.Image) -> float:
    """What counts as white in grey of 16 or 32 bits or floats: 65,535 or 1.0, or the largest."""
    if image.mode not in ("I", "F"):
        return float(_WHITE)
    usual = 1.0 if image.mode == "F" else float(_WHITE)
    largest = np.asarray(image.getextrema(), dtype=np.float64)[1]
    return max(usual, float(largest)) if np.isfinite(largest) else usual


def _eight_bits(part: Image.Image, *, white: float) -> Pixels:
    grey = np.nan_to_num(np.asarray(part).astype(np.float32), posinf=white)
    eight: Pixels = np.asarray(np.clip(grey / white, 0, 1) * 255 + 0.5, dtype=np.uint8)
    return np.repeat(eight[:, :, None], 3, axis=2)


@functools.lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Little CMS from this profile to sRGB; None where there is nothing to do, or no way."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _through_matrix(
    pixels: Pixels, linear: npt.NDArray[np.uint16], matrix: npt.NDArray[np.float32]
) -> Pixels:
    """Colours by way of light, as Little CMS has it to within 1 of 255, five times as fast."""
    light = np.asarray(cv2.transform(cv2.LUT(pixels, linear), matrix), dtype=np.uint16)
    return np.take(_as_srgb(), light)


@functools.lru_cache(maxsize=64)
def _from_matrix_profile(
    profile: bytes,
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.float32]] | None:
    """Curves and matrix from this profile's RGB to sRGB's light; None: see `_transform`."""
    try:
        theirs = _read_matrix_profile(profile)
    except (KeyError, ValueError, OverflowError, struct.error, np.linalg.LinAlgError):
        return None
    ours = _srgb()
    matrix = np.linalg.inv(ours.to_xyz) @ theirs.to_xyz
    alike = np.abs(_as_srgb()[theirs.linear].astype(int) - _as_srgb()[ours.linear]).max() <= 1
    if alike and np.abs(matrix - np.eye(3)).max() < _DIFFERENCE_UNSEEN:
        return None
    return theirs.linear, matrix.astype(np.float32)


@functools.lru_cache(maxsize=1)
def _srgb() -> _MatrixProfile:
    return _read_matrix_profile(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


@functools.lru_cache(maxsize=1)
def _as_srgb() -> npt.NDArray[np.uint8]:
    """The value of sRGB for each of 65,536 amounts of light (IEC 61966-2-1), (65536,)."""
    light = np.arange(_WHITE + 1) / _WHITE
    value = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(value * 255), dtype=np.uint8)


def _read_matrix_profile(profile: bytes) -> _MatrixProfile:
    """Read the parts of an ICC profile that matter (ICC.1:2022, 7.2, 7.3 and 9.2).

    Raises:
        KeyError: it has not these parts.
        ValueError, OverflowError, struct.error: it is damaged.
    """
    if profile[16:24] != b"RGB XYZ ":
        raise KeyError("RGB XYZ")
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = struct.iter_unpack(">4sII", profile[132 : 132 + 12 * min(count, 100)])
    tags = {name: profile[start : start + size] for name, start, size in entries}
    if any(name[:3] in (b"A2B", b"D2B") for name in tags):
        raise ValueError("tables come before curves and matrix")
    curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
    colorants = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    light = np.rint(np.clip(np.stack(curves, axis=1), 0, 1) * _WHITE)
    if not np.isfinite(light).all():
        raise ValueError("a curve leads nowhere")
    return _MatrixProfile(light.astype(np.uint16)[None], np.array(colorants).T / 65536)


def _curve(tag: bytes) -> npt.NDArray[np.float64]:
    """The light for each of 256 values, (256,), from a curve of ICC.1:2022, 10.6 or 10.18."""
    value = np.arange(256) / 255
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return value
        table = np.array(struct.unpack_from(f">{min(count, 1 << 16)}H", tag, 12))
        if count == 1:
            return np.asarray(value ** (table[0] / 256))
        return np.interp(value, np.linspace(0, 1, len(table)), table / _WHITE)
    if tag[:4] != b"para":
        raise KeyError("curv or para")
    (kind,) = struct.unpack_from(">H", tag, 8)
    numbers = struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i" if kind < 5 else ">9i", tag, 12)
    return _parametric(value, [number / 65536 for number in numbers])


def _parametric(value: npt.NDArray[np.float64], numbers: list[float]) -> npt.NDArray[np.float64]:
    """A curve of one, three, four, five or seven numbers (ICC.1:2022, table 68)."""
    exponent, *others = numbers
    if not others:
        return np.asarray(value**exponent)
    a, b, *others = others
    if a == 0:
        raise ValueError("a curve without a slope")
    if len(others) < 2:
        c, e = 0.0, others[0] if others else 0.0
        begins, f = -b / a, e
    else:
        c, begins, *ends = others
        e, f = ends or (0.0, 0.0)
    curved = np.maximum(a * value + b, 0) ** exponent + e
    return np.where(value >= begins, curved, c * value + f)
