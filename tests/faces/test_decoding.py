import io
import os
import socket
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from faces.decoding import MEGAPIXELS_AT_MOST, orientation_of
from faces.errors import BadPhoto
from faces.pictures import file_bytes, megapixels_of, open_bytes, open_photo
from faces.records import Pixels
from tests.faces import heic_drawings
from tests.faces.test_pictures import ORIENTATION, as_file, opened, quarters

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def corners(pixels: Pixels) -> Pixels:
    """Top left, bottom left, top right, bottom right: (4, 3)."""
    return pixels[[5, -5, 5, -5], [5, 5, -5, -5]].astype(int)


def assert_quarters(pixels: Pixels) -> None:
    np.testing.assert_allclose(corners(pixels), [RED, GREEN, BLUE, WHITE], atol=40)


@pytest.mark.parametrize("content", [heic_drawings.MIRRORED, heic_drawings.TURNED])
def test_a_heic_is_turned_once(content: bytes) -> None:
    pixels = open_bytes(content, name="it").pixels
    assert pixels.shape == (48, 64, 3)
    assert_quarters(pixels)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters_left", range(4))
def test_a_heic_lies_as_irot_and_imir_say_whatever_its_exif(
    quarters_left: int, mirrored: bool
) -> None:
    upright = heic_drawings.MIRRORED if mirrored else heic_drawings.TURNED
    before = upright.index(b"irot") + 4
    content = upright[:before] + bytes([quarters_left]) + upright[before + 1 :]
    turned = np.rot90(open_bytes(upright, name="it").pixels, quarters_left - upright[before])
    if mirrored:  # imir comes after irot, so that it sees the picture turned
        stays = (quarters_left - upright[before]) % 2 == 0
        turned = turned if stays else np.rot90(turned, 2)
    pixels = open_bytes(content, name="it").pixels
    np.testing.assert_array_equal(pixels, turned)


def test_a_heic_may_be_grey_or_clear_or_hold_more_than_one_picture() -> None:
    grey = open_bytes(heic_drawings.GREY, name="it").pixels
    assert np.ptp(grey, axis=2).max() == 0
    np.testing.assert_allclose(corners(grey)[:, 0], [76, 150, 29, 255], atol=4)
    clear = open_bytes(heic_drawings.CLEAR, name="it").pixels
    np.testing.assert_allclose(corners(clear), [WHITE, WHITE, BLUE, WHITE], atol=40)
    assert_quarters(open_bytes(heic_drawings.TWO, name="it").pixels)


def test_half_a_heic_is_refused() -> None:
    for end in range(1, len(heic_drawings.TURNED), 30):
        with pytest.raises(BadPhoto, match="it is"):
            open_bytes(heic_drawings.TURNED[:end], name="it")


@pytest.mark.parametrize("ending", [".png", ".tiff"])
def test_sixteen_bits_a_colour_open(ending: str) -> None:
    deep = quarters()[:, :, ::-1].astype(np.uint16) * 257
    written, content = cv2.imencode(ending, deep)
    assert written
    np.testing.assert_array_equal(open_bytes(content.tobytes(), name="it").pixels, quarters())


@pytest.mark.parametrize("transform", [0, 2], ids=["CMYK", "YCCK"])
def test_a_jpeg_for_print_has_its_colours_the_right_way_round(transform: int) -> None:
    """Adobe stores the inks inverted; only the neutral ones mean the same in CMYK and YCCK."""
    inks = np.zeros((16, 16, 4), dtype=np.uint8)
    inks[:, 8:, 3] = 255
    inks[..., :3] = 0 if transform == 0 else (255, 127, 127)
    content = as_file(Image.fromarray(inks, mode="CMYK"), "JPEG", quality=95)
    place = content.index(b"Adobe") + 11
    content = content[:place] + bytes([transform]) + content[place + 1 :]
    pixels = open_bytes(content, name="it").pixels
    assert pixels[:, :7].min() > 245
    assert pixels[:, 9:].max() < 10


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_turn_is_the_one_that_pillow_makes(orientation: int) -> None:
    """Of a picture of several strips, none of them square."""
    noise = np.random.default_rng(2).integers(0, 256, (701, 900, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = as_file(Image.fromarray(noise), "PNG", exif=exif, compress_level=1)
    with Image.open(io.BytesIO(content)) as image:
        turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
        expected = image if turned is None else image.transpose(Image.Transpose(turned))
        np.testing.assert_array_equal(open_bytes(content, name="it").pixels, np.asarray(expected))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_file_tells_how_whoever_shows_it_turns_it(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = as_file(Image.new("RGB", (4, 3)), "JPEG", exif=exif)
    assert orientation_of(content) == orientation


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff"])
def test_what_is_no_photo_is_turned_by_nobody(content: bytes) -> None:
    assert orientation_of(content) == 1


def test_what_a_file_holds_counts_and_not_its_name(tmp_path: Path) -> None:
    place = tmp_path / "photo.jpg"
    place.write_bytes(heic_drawings.TURNED)
    assert_quarters(open_photo(place).pixels)


@pytest.mark.parametrize(
    "name",
    [
        "a\nb.png",
        "\u202egnp.gpj",
        "'\"$(x) %s.png",
        "ü" * 60 + ".png",
        os.fsdecode(b"\xff\xfe.png"),
    ],
)
def test_names_may_have_any_characters(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.write_bytes(as_file(Image.fromarray(quarters())))
    np.testing.assert_array_equal(open_photo(place).pixels, quarters())
    place.write_bytes(b"")
    with pytest.raises(BadPhoto, match=r"is empty$") as refused:
        open_photo(place)
    assert len(str(refused.value).splitlines()) == 1


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "nowhere.jpg").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "s.jpg"))
        for place in (*tmp_path.iterdir(), Path("/dev/zero"), tmp_path / ("x" * 300)):
            with pytest.raises(BadPhoto, match=r"is not a file|cannot be read"):
                open_photo(place)


@pytest.fixture
def nobody(secret: Path) -> Iterator[None]:
    """Root may read everything, so it becomes somebody who may not; what is secret is there."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.jpg"
    path.touch(mode=0)
    return path


@pytest.mark.usefixtures("nobody")
def test_a_file_without_permission_is_refused(secret: Path) -> None:
    with pytest.raises(BadPhoto, match=r"secret\.jpg cannot be read: Permission denied"):
        open_photo(secret)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file whose size is not known")
def test_a_file_that_grows_while_it_is_read_is_left_for_later() -> None:
    """Such as this one: it has a size of nothing, and yet there is something in it."""
    with pytest.raises(BadPhoto, match="is still being written") as refused:
        file_bytes(Path("/proc/self/status"))
    assert isinstance(refused.value.__cause__, OSError)
    assert refused.value.__cause__.errno is not None


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of one bit a pixel, all black, with chunks before the pixels."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x01\0\0\0\0"
    rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)), 1)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(held).to_bytes(4, "big") + kind + held + zlib.crc32(kind + held).to_bytes(4, "big")
        for kind, held in parts
    )


def test_a_photo_of_201_megapixels_is_within_the_limit_and_more_is_told() -> None:
    assert 16384 * 12288 < MEGAPIXELS_AT_MOST * 1e6 < 220e6
    assert megapixels_of(png(16, 8)) == 128e-6
    assert megapixels_of(heic_drawings.TURNED) == 3072e-6
    assert megapixels_of(b"Dear diary") == 0


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"it\0\0" + zlib.compress(bytes(1 << 26))),
        (b"iTXt", b"it\0\1\0\0\0" + zlib.compress(bytes(1 << 26))),
        (b"iCCP", b"it\0\0" + zlib.compress(bytes(1 << 26))),
    ],
    ids=["zTXt", "iTXt", "iCCP"],
)
def test_what_unpacks_to_far_more_than_a_photo_needs_is_refused(chunk: tuple[bytes, bytes]) -> None:
    with pytest.raises(BadPhoto, match="too large"):
        open_bytes(png(16, 8, chunk), name="it")


def test_a_jpeg_that_would_take_for_ever_is_refused() -> None:
    content = as_file(Image.fromarray(quarters()), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    endless = content[:last] + content[last:-2] * 120 + content[-2:]
    assert open_bytes(content, name="it").pixels.shape == (40, 60, 3)
    with pytest.raises(BadPhoto, match="it would take very long"):
        open_bytes(endless, name="it")


@pytest.mark.parametrize("tags", [{0xC612: b"\1\4\0\0"}, {0xFE: 1, 0x14A: 0}], ids=["DNG", "NEF"])
def test_the_small_picture_in_a_raw_photo_is_not_taken_for_it(tags: dict[int, object]) -> None:
    with pytest.raises(BadPhoto, match="it is a camera raw file; export it as JPEG"):
        opened(Image.fromarray(quarters()), "TIFF", tiffinfo=tags)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_ends_in_zeros_is_refused_and_one_with_something_after_it_opens(
    progressive: bool,
) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    content = as_file(Image.fromarray(noise), "JPEG", progressive=progressive)
    half = len(content) // 2
    with pytest.raises(BadPhoto, match="it is damaged or incomplete"):
        open_bytes(content[:half] + bytes(half), name="it")
    video = b"\0\0\0\x18ftypmp42" + np.random.default_rng(5).bytes(200_000)
    whole = open_bytes(content, name="it").pixels
    for after in (bytes(5000), video, content):
        np.testing.assert_array_equal(open_bytes(content + after, name="it").pixels, whole)


IN_A_PROCESS_OF_ITS_OWN = """
import resource, sys
from pathlib import Path
from faces.pictures import open_photo

def peak():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

before = peak()
photo = open_photo(Path(sys.argv[1])).photo
print(photo.width_px, photo.height_px, (peak() - before) / (photo.width_px * photo.height_px))
"""


def test_a_photo_takes_eight_bytes_a_pixel_to_open(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    place = tmp_path / "large.jpg"
    Image.new("RGB", (4000, 3000), "teal").save(place, quality=50, exif=exif)
    command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, str(place)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    width_px, height_px, bytes_a_pixel = told.stdout.split()
    assert (width_px, height_px) == ("3000", "4000")
    assert float(bytes_a_pixel) < 9


@pytest.mark.slow
def test_a_photo_of_100_megapixels_opens() -> None:
    photo = open_bytes(png(12000, 8400), name="it").photo
    assert (photo.width_px, photo.height_px) == (12000, 8400)


def test_many_threads_open_photos_at_once_in_silence() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    damaged = bytearray(as_file(Image.fromarray(quarters()), "JPEG", exif=exif))
    damaged[damaged.index(b"Exif") + 16 : damaged.index(b"Exif") + 24] = b"\xff" * 8
    with warnings.catch_warnings(record=True) as heard, ThreadPoolExecutor(8) as threads:
        opened_all = threads.map(lambda _: open_bytes(bytes(damaged), name="it"), range(64))
        assert len({photo.pixels.tobytes() for photo in opened_all}) == 1
    assert heard == []


@cache
def small_files() -> tuple[bytes, ...]:
    """A valid file of every format, and of some of the stranger kinds."""
    drawn = Image.fromarray(quarters())
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("it", "said" * 9, zip=True)
    profile = Image.fromarray(quarters()).convert("LAB")
    return (
        *(as_file(drawn, kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")),
        *(as_file(drawn, kind) for kind in ("GIF", "BMP")),
        as_file(drawn, "JPEG", progressive=True),
        as_file(drawn.convert("CMYK"), "JPEG"),
        as_file(drawn.convert("P"), "PNG", transparency=0, pnginfo=text),
        as_file(drawn, "TIFF", compression="tiff_lzw"),
        as_file(drawn.convert("F"), "TIFF"),
        as_file(profile, "TIFF"),
        as_file(drawn, "GIF", save_all=True, append_images=[drawn.rotate(90)]),
        heic_drawings.MIRRORED,
        heic_drawings.CLEAR,
    )


places = st.floats(0, 1, exclude_max=True)


@settings(max_examples=150, deadline=None)
@given(
    which=st.integers(0, 15),
    flips=st.lists(st.tuples(places, st.integers(0, 255)), max_size=6),
    cut=st.tuples(places, st.integers(0, 40)),
    put=st.tuples(places, st.binary(max_size=40)),
)
def test_a_damaged_photo_opens_or_is_refused_in_one_line_and_nothing_else(
    which: int,
    flips: list[tuple[float, int]],
    cut: tuple[float, int],
    put: tuple[float, bytes],
) -> None:
    content = bytearray(small_files()[which])
    for place, value in flips:
        content[int(place * len(content))] = value
    start = int(cut[0] * len(content))
    del content[start : start + cut[1]]
    start = int(put[0] * len(content))
    content[start:start] = put[1]
    complaint, pixels = "in one line", quarters()
    try:
        pixels = open_bytes(bytes(content), name="it").pixels
    except BadPhoto as refused:
        complaint = str(refused)
    assert len(complaint.splitlines()) == 1
    assert (pixels.dtype, pixels.ndim, pixels.shape[2]) == (np.uint8, 3, 3)


def jpeg_taken(noted: str | None, *, tag: int = 0x9003) -> bytes:
    exif = Image.Exif()
    if noted is not None:
        exif.get_ifd(0x8769)[tag] = noted
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "white").save(buffer, format="JPEG", exif=exif)
    return buffer.getvalue()


def test_a_photo_tells_when_it_was_taken() -> None:
    opened = open_bytes(jpeg_taken("2019:07:03 14:05:11"), name="beach.jpg")
    assert opened.photo.taken_at == datetime(2019, 7, 3, 14, 5, 11)


@pytest.mark.parametrize("noted", [None, "", "    :  :     :  :  ", "0000:00:00 00:00:00", "July"])
def test_a_camera_that_noted_no_time_is_no_reason_to_refuse_a_photo(noted: str | None) -> None:
    assert open_bytes(jpeg_taken(noted), name="beach.jpg").photo.taken_at is None


def test_when_a_program_changed_a_photo_is_not_when_it_was_taken() -> None:
    changed = jpeg_taken("2024:01:01 00:00:00", tag=0x9004)
    assert open_bytes(changed, name="beach.jpg").photo.taken_at is None
