import io
import struct
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from faces.colours import srgb_of
from faces.records import Pixels

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
DISPLAY_P3 = {
    "rXYZ": (0.51512, 0.2412, -0.00105),
    "gXYZ": (0.29198, 0.69225, 0.04189),
    "bXYZ": (0.1571, 0.06657, 0.78407),
}
ADOBE_RGB = {
    "rXYZ": (0.60974, 0.31111, 0.01947),
    "gXYZ": (0.20528, 0.62567, 0.06087),
    "bXYZ": (0.14919, 0.06322, 0.74457),
}


def profile(
    colorants: Mapping[str, tuple[float, float, float]], curve: bytes | None = None
) -> bytes:
    """The sRGB profile with other colorants, and one other curve for all three colours."""
    made = bytearray(SRGB.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be")))
    for at in range(132, 132 + 12 * struct.unpack_from(">I", made, 128)[0], 12):
        name, start, _ = struct.unpack_from(">4sII", made, at)
        if name.decode() in colorants:
            struct.pack_into(
                ">3i", made, start + 8, *(round(x * 65536) for x in colorants[name.decode()])
            )
        if name in (b"rTRC", b"gTRC", b"bTRC") and curve is not None:
            struct.pack_into(">II", made, at + 4, len(SRGB), len(curve))
    made += curve or b""
    struct.pack_into(">I", made, 0, len(made))
    return bytes(made)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def table(*values: int) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


def parametric(kind: int, *numbers: float) -> bytes:
    fixed = (round(number * 65536) for number in numbers)
    return b"para\0\0\0\0" + struct.pack(f">HH{len(numbers)}i", kind, 0, *fixed)


CURVES = {
    "sRGB's": None,
    "straight": b"curv\0\0\0\0" + bytes(4),
    "gamma 2.2": gamma(2.19921875),
    "gamma 1.8": gamma(1.8),
    "a table": table(*(round(65535 * (i / 63) ** 2.2) for i in range(64))),
    "parametric 0": parametric(0, 2.4),
    "parametric 1": parametric(1, 2.2, 0.9, 0.1),
    "parametric 2": parametric(2, 2.2, 0.9, 0.05, 0.01),
    "parametric 3": parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    "parametric 4": parametric(4, 2.4, 0.9, 0.05, 0.07, 0.04, 0.01, 0.005),
}


def any_colours() -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def by_little_cms(pixels: Pixels, icc: bytes) -> Pixels:
    """By the intent that leaves a black as it is; no camera's profile has a black that is light."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    made = ImageCms.profileToProfile(
        Image.fromarray(pixels),
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert made is not None
    return np.asarray(made)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("colorants", [DISPLAY_P3, ADOBE_RGB], ids=["Display P3", "Adobe RGB"])
def test_colours_come_out_as_little_cms_has_them(
    colorants: Mapping[str, tuple[float, float, float]], curve: str
) -> None:
    icc = profile(colorants, CURVES[curve])
    image = Image.fromarray(any_colours())
    ours = srgb_of(image, icc)(image).astype(int)
    difference = np.abs(ours - by_little_cms(any_colours(), icc))
    assert difference.max() <= 2  # where a curve is steep near black; Little CMS has 15 bits there
    assert difference.mean() < 0.1
    assert np.abs(ours - any_colours()).max() > 10


@pytest.mark.parametrize("icc", [None, b"", SRGB, profile({}), b"no profile", bytes(2000)])
def test_srgb_and_no_profile_change_nothing(icc: bytes | None) -> None:
    image = Image.fromarray(any_colours())
    np.testing.assert_array_equal(srgb_of(image, icc)(image), any_colours())


def test_a_grey_picture_with_a_profile_for_colours_stays_as_it_is() -> None:
    image = Image.fromarray(any_colours()[:, :, 0])
    converted = srgb_of(image, profile(ADOBE_RGB))(image)
    np.testing.assert_array_equal(converted, np.asarray(image.convert("RGB")))


@given(
    damage=st.lists(
        st.tuples(st.integers(0, len(SRGB) - 1), st.integers(0, 255)), min_size=1, max_size=8
    ),
    end=st.integers(0, len(SRGB)),
)
@settings(max_examples=60, deadline=None)
def test_a_damaged_profile_spoils_no_photo(damage: list[tuple[int, int]], end: int) -> None:
    icc = bytearray(profile(DISPLAY_P3))
    for place, value in damage:
        icc[place] = value
    image = Image.fromarray(any_colours()[:4, :4])
    for broken in (bytes(icc), bytes(icc[:end])):
        assert srgb_of(image, broken)(image).shape == (4, 4, 3)


def test_a_profile_beyond_all_measure_is_ignored() -> None:
    image = Image.fromarray(any_colours())
    huge = profile(DISPLAY_P3) + bytes(1 << 23)
    np.testing.assert_array_equal(srgb_of(image, huge)(image), any_colours())
