import hashlib
import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from faces.errors import BadPhoto
from faces.pictures import (
    PREVIEW_PX,
    face_crop,
    open_bytes,
    open_photo,
    preview,
    save_jpeg,
)
from faces.records import Box, Pixels

ORIENTATION = 0x0112
GPS = 0x8825


def quarters() -> Pixels:
    """A wide picture, red above green on the left, blue above white on the right."""
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[:20, :30] = (255, 0, 0)
    pixels[20:, :30] = (0, 255, 0)
    pixels[:20, 30:] = (0, 0, 255)
    pixels[20:, 30:] = (255, 255, 255)
    return pixels


def as_file(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def opened(image: Image.Image, kind: str = "PNG", **options: object) -> Pixels:
    return open_bytes(as_file(image, kind, **options), name="it").pixels


def test_a_photo_is_named_by_its_content(tmp_path: Path) -> None:
    content = as_file(Image.fromarray(quarters()))
    (tmp_path / "a.png").write_bytes(content)
    (tmp_path / "copy of a.png").write_bytes(content)
    first, copy = open_photo(tmp_path / "a.png"), open_photo(tmp_path / "copy of a.png")
    assert first.photo == copy.photo
    assert first.photo.id == hashlib.sha256(content).hexdigest()
    assert (first.photo.width_px, first.photo.height_px) == (60, 40)
    np.testing.assert_array_equal(first.pixels, quarters())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_exif_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    upright = Image.fromarray(quarters())
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # how a camera held so would have stored it
    turn = back.get(orientation)
    stored = upright if turn is None else upright.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    pixels = opened(stored, kind, exif=exif)
    assert pixels.shape == (40, 60, 3)
    corners = pixels[[5, 35, 5, 35], [5, 5, 55, 55]].astype(int)
    assert np.abs(corners - quarters()[[5, 35, 5, 35], [5, 5, 55, 55]]).max() < 40


@pytest.mark.parametrize("orientation", [0, 9, 4711])
def test_a_nonsense_orientation_counts_as_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert opened(Image.fromarray(quarters()), "JPEG", exif=exif).shape == (40, 60, 3)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LAB", "I;16", "I", "F"])
def test_white_is_white_and_black_is_black_in_every_mode(mode: str) -> None:
    grey = np.zeros((8, 8), dtype=np.uint8)
    grey[:, 4:] = 255
    if mode in ("I;16", "I"):
        image = Image.fromarray(grey.astype(np.uint16 if mode == "I;16" else np.int32) * 257)
    elif mode == "F":
        image = Image.fromarray(grey.astype(np.float32) / 255)
    elif mode == "LAB":
        rgb = Image.fromarray(np.dstack([grey] * 3))
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(rgb, srgb, lab, outputMode="LAB")
        assert converted is not None
        image = converted
    else:
        image = Image.fromarray(np.dstack([grey] * 3)).convert(mode)
    pixels = opened(image, "TIFF")
    assert pixels.dtype == np.uint8
    assert pixels.shape == (8, 8, 3)
    assert pixels[:, :4].max() <= 2
    assert pixels[:, 4:].min() >= 253


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_over_white(mode: str) -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0)).convert(mode)
    options = {"transparency": 0} if mode == "P" else {}
    if mode == "P":
        clear = Image.new("P", (8, 8), 0)
    assert opened(clear, "PNG", **options).min() == 255


def test_sixteen_bit_grey_with_a_transparent_shade_opens() -> None:
    deep = Image.fromarray(np.full((8, 8), 32768, dtype=np.uint16))
    assert abs(int(opened(deep, "PNG", transparency=0).mean()) - 128) <= 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF"])
def test_each_allowed_format_opens(kind: str) -> None:
    assert opened(Image.fromarray(quarters()), kind).shape == (40, 60, 3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "MPO"])
def test_of_several_pictures_the_first_is_taken(kind: str) -> None:
    white, black = Image.new("RGB", (16, 16), "white"), Image.new("RGB", (16, 16), "black")
    assert opened(white, kind, save_all=True, append_images=[black]).min() > 240


@pytest.mark.parametrize("kind", ["PPM", "ICO", "EPS"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(BadPhoto, match=r"holiday is no picture that can be opened \(JPEG, PNG"):
        open_bytes(as_file(Image.new("RGB", (32, 32)), kind), name="holiday")


def test_a_colour_profile_is_applied() -> None:
    """The profile is sRGB with red and blue swapped, under another name."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")
    profile = swapped.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    pixels = opened(Image.new("RGB", (8, 8), (200, 120, 40)), icc_profile=profile)
    assert np.abs(pixels[0, 0].astype(int) - (40, 120, 200)).max() <= 3


@pytest.mark.parametrize("profile", [b"no profile at all", b""])
def test_a_broken_colour_profile_is_ignored(profile: bytes) -> None:
    image = Image.new("RGB", (8, 8), (200, 120, 40))
    np.testing.assert_array_equal(opened(image, icc_profile=profile), opened(image))


def test_broken_exif_does_not_spoil_a_photo() -> None:
    pixels = opened(Image.fromarray(quarters()), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert pixels.shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "it is empty"), (b"Dear diary", "it is no picture"), (b"\xff\xd8\xff", "it is dam")],
)
def test_what_is_no_photo_is_refused_in_one_line(content: bytes, complaint: str) -> None:
    with pytest.raises(BadPhoto, match=complaint) as refused:
        open_bytes(content, name="it")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_half_a_photo_is_refused(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = as_file(Image.fromarray(noise), kind)
    with pytest.raises(BadPhoto, match="it is"):
        open_bytes(content[: len(content) // 2], name="it")


@pytest.mark.parametrize(
    ("side_px", "complaint"), [(14500, "more than 210 megapixels"), (9500, "damaged or incomplete")]
)
def test_a_decompression_bomb_is_refused_without_a_warning(side_px: int, complaint: str) -> None:
    """Only the header tells the size, so there is little to decode."""
    header = b"IHDR" + side_px.to_bytes(4, "big") * 2 + b"\x01\0\0\0\0"
    content = bytearray(as_file(Image.new("1", (8, 8))))
    content[12:33] = header + zlib.crc32(header).to_bytes(4, "big")
    with pytest.raises(BadPhoto, match=complaint):
        open_bytes(bytes(content), name="it")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPhoto, match="is not a file"):
        open_photo(tmp_path / "gone.jpg")
    with pytest.raises(BadPhoto, match="is not a file"):
        open_photo(tmp_path)


def test_a_preview_is_small_and_a_small_photo_stays_as_it_is() -> None:
    wide = np.zeros((30, 3 * PREVIEW_PX, 3), dtype=np.uint8)
    assert preview(wide).shape == (10, PREVIEW_PX, 3)
    assert preview(quarters()).shape == (40, 60, 3)
    thin = np.zeros((2 * PREVIEW_PX, 1, 3), dtype=np.uint8)
    assert preview(thin).shape == (PREVIEW_PX, 1, 3)


@pytest.mark.parametrize(
    ("photo_px", "preview_px"),
    [
        ((3024, 4032), (1512, 2016)),  # halves
        ((4000, 6001), (1333, 2000)),  # thirds, the last pixels left out
        ((1944, 2592), (1536, 2048)),  # a half would lose too much
        ((90, 4032), (46, 2048)),  # leaving out pixels would be seen
    ],
)
def test_a_preview_shows_each_place_as_bright_as_it_is(
    photo_px: tuple[int, int], preview_px: tuple[int, int]
) -> None:
    across = np.linspace(0, 255, photo_px[1], dtype=np.uint8)
    pixels = np.repeat(np.tile(across, (photo_px[0], 1))[:, :, None], 3, axis=2)
    small = preview(pixels)
    assert small.shape == (*preview_px, 3)
    expected = np.linspace(0, 255, preview_px[1])
    assert np.abs(small[0, :, 0] - expected).max() <= 2


def test_a_saved_jpeg_tells_nothing_but_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[2] = (48.0, 51.0, 29.0)
    source = open_bytes(as_file(Image.fromarray(quarters()), "JPEG", exif=exif), name="it")
    saved = tmp_path / "media" / "previews" / "it.jpg"
    save_jpeg(source.pixels, saved)
    with Image.open(saved) as image:
        assert image.format == "JPEG"
        assert image.size == (40, 60)
        assert not image.getexif()
        assert "exif" not in image.info
    assert [file.name for file in saved.parent.iterdir()] == ["it.jpg"]


def test_a_jpeg_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "it.jpg").mkdir()
    with pytest.raises(OSError, match=r"it\.jpg"):
        save_jpeg(quarters(), tmp_path / "it.jpg")
    assert [file.name for file in tmp_path.iterdir()] == ["it.jpg"]


def test_a_face_crop_is_centred_on_the_face() -> None:
    pixels = np.zeros((200, 200, 3), dtype=np.uint8)
    pixels[90:110, 80:120] = 255
    crop = face_crop(pixels, Box(80, 90, 40, 20), size_px=100, margin=0.5)
    lit = np.argwhere(crop[:, :, 0] > 127)
    assert crop.shape == (100, 100, 3)
    assert np.abs(lit.min(axis=0) - (37, 25)).max() <= 1
    assert np.abs(lit.max(axis=0) - (62, 74)).max() <= 1


@given(
    left=st.floats(-500, 500),
    top=st.floats(-500, 500),
    width=st.floats(0.01, 300),
    height=st.floats(0.01, 300),
)
@settings(max_examples=30, deadline=None)
def test_a_face_crop_fits_whatever_the_box(
    left: float, top: float, width: float, height: float
) -> None:
    crop = face_crop(quarters(), Box(left, top, width, height), size_px=32)
    assert crop.shape == (32, 32, 3)


def test_beyond_the_edge_a_face_crop_is_grey() -> None:
    white = np.full((100, 100, 3), 255, dtype=np.uint8)
    crop = face_crop(white, Box(-30, 20, 60, 60), size_px=60, margin=0)
    assert (crop[:, :25] == 128).all()
    assert (crop[:, 35:] == 255).all()
