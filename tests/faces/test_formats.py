import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.formats import FORMATS, PHOTO_SUFFIXES, RAW_SUFFIXES, format_of, what_else
from tests.faces import heic_drawings


@given(st.binary(max_size=64))
def test_any_bytes_are_a_known_format_or_described_in_one_line(content: bytes) -> None:
    assert format_of(content) in (*FORMATS, None)
    assert "\n" not in what_else(content)


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"heic\0\0\0\0mif1", "HEIC"),
        (b"mif1\0\0\0\0mif1heic", "HEIC"),
        (b"mif1\0\0\0\0mif1avif", "AVIF"),
        (b"avif\0\0\0\0", "AVIF"),
        (b"msf1\0\0\0\0heic", "HEIC"),
        (b"isom\0\0\0\0mp42", None),
        (b"qt  \0\0\0\0qt  ", None),
        (b"crx \0\0\0\0crx ", None),
    ],
)
def test_heic_avif_and_videos_are_told_apart(brands: bytes, kind: str | None) -> None:
    content = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + b"\0\0\0\x08free"
    assert format_of(content) == kind


def test_the_drawings_are_heic() -> None:
    assert format_of(heic_drawings.GREY) == "HEIC"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\n  <!DOCTYPE html><title>404</title>", "a web page"),
        (b"<HTML>", "a web page"),
        (bytes(2000), "nothing but zeros"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a video"),
        (b"\x1aE\xdf\xa3", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera raw file; export it as JPEG"),
        (b"II*\0\x10\0\0\0CR\2\0", "a camera raw file"),
        (b"FUJIFILMCCD-RAW 0201", "a camera raw file"),
        (b"\xff\x0a\0", "JPEG XL"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"Dear diary", "no picture that can be opened (JPEG, PNG, WebP, TIFF, GIF, HEIC, AVIF, "),
    ],
)
def test_what_is_no_photo_is_called_by_its_name(content: bytes, told: str) -> None:
    assert format_of(content) is None
    assert what_else(content).startswith(told)


def test_camera_raw_is_no_photo_to_look_into() -> None:
    assert not PHOTO_SUFFIXES & RAW_SUFFIXES
    assert {".heic", ".hif", ".bmp", ".jpg"} <= PHOTO_SUFFIXES
    assert {".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf"} <= RAW_SUFFIXES
    assert all(suffix == suffix.lower() for suffix in PHOTO_SUFFIXES | RAW_SUFFIXES)
