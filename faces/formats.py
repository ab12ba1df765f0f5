"""Which kind of file this is, told by its content and never by its name."""

from __future__ import annotations

import re

PHOTO_SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "tif", "tiff", "gif", "bmp"),
        *("heic", "heif", "hif", "avif"),
    )
)
"""Lower-case endings of the files that are looked into; what they hold decides in the end."""
RAW_SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mos"),
        *(
            "mrw",
            "nef",
            "nrw",
            "orf",
            "pef",
            "raf",
            "raw",
            "rw2",
            "rwl",
            "sr2",
            "srf",
            "srw",
            "x3f",
        ),
    )
)
"""Lower-case endings of camera raw files, which are not looked into: mostly a JPEG lies beside."""
FORMATS = ("JPEG", "PNG", "WebP", "TIFF", "GIF", "HEIC", "AVIF", "BMP")
"""What can be opened."""

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
CAMERA_RAW = "a camera raw file; export it as JPEG"
"""What messages say of one, to follow upon "is"."""

_BEGINNINGS = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"BM", "BMP"),
)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF = frozenset((b"avif", b"avis"))
_HEIF = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_OTHERS = (
    (0, b"%PDF", "a PDF; export its pictures as JPEG"),
    (0, b"FUJIFILMCCD-RAW", CAMERA_RAW),
    (0, b"IIU\0", CAMERA_RAW),
    (0, b"IIRO", CAMERA_RAW),
    (0, b"IIRS", CAMERA_RAW),
    (0, b"MMOR", CAMERA_RAW),
    (0, b"8BPS", "a Photoshop file; export it as JPEG"),
    (0, b"\xff\x0a", "JPEG XL, which is not read; export it as JPEG"),
    (4, b"JXL \r\n\x87\n", "JPEG XL, which is not read; export it as JPEG"),
    (4, b"jP  \r\n\x87\n", "JPEG 2000, which is not read; export it as JPEG"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"\0\x05\x16\x07", "what macOS keeps beside a photo; the photo lies elsewhere"),
    (0, b"PK\x03\x04", "a ZIP archive; unpack it"),
)


def format_of(content: bytes) -> str | None:
    """One of FORMATS, or None for what cannot be opened."""
    for offset, beginning, name in _BEGINNINGS:
        if content.startswith(beginning, offset):
            return name
    if content.startswith(_TIFF):
        return None if _is_canon_raw(content) else "TIFF"
    brands = _brands(content)
    if brands & _AVIF:
        return "AVIF"
    return "HEIC" if brands & _HEIF else None


def what_else(content: bytes) -> str:
    """What a file is that cannot be opened, and what to do about it, to follow upon "is"."""
    for offset, beginning, told in _OTHERS:
        if content.startswith(beginning, offset):
            return told
    brands = _brands(content)
    if b"crx " in brands or _is_canon_raw(content):
        return CAMERA_RAW
    if brands:
        return "a video"
    text = content[:256].lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page and no picture; download the picture itself"
    if not content.strip(b"\0"):
        return "nothing but zeros; copy it again from where it came"
    return f"no picture that can be opened ({', '.join(FORMATS)})"


def scans_of(jpeg: bytes) -> int | None:
    """How many scans a JPEG has, or None if it never ends (ITU-T T.81, annex B).

    Decoders take zeros for picture data, which is what fills a file whose copying was interrupted.
    """
    at, scans = 2, 0
    while found := _JPEG_MARKER.search(jpeg, at):
        marker, after = jpeg[found.start() + 1], found.end()
        if marker == _END_OF_IMAGE:
            return scans
        scans += marker == _START_OF_SCAN
        at = after + int.from_bytes(jpeg[after : after + 2], "big")
    return None


def _brands(content: bytes) -> frozenset[bytes]:
    """The brands of an ISO base media file (ISO/IEC 14496-12, 4.3): HEIC, AVIF, MP4 and kin."""
    if content[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(content[:4], "big"), 256)
    compatible = (content[at : at + 4] for at in range(16, end - 3, 4))
    return frozenset((content[8:12], *compatible))


def _is_canon_raw(content: bytes) -> bool:
    return content[8:10] == b"CR" and content.startswith(_TIFF)
