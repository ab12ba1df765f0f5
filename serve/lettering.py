"""Letters for names in any script that this machine can show, without a download."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

_OURS = "templates/frontend/static/fonts/SourceSansPro/SourceSansPro-Bold.woff2"
"""Comes with Gradio: Latin with all its accents, Greek, Cyrillic, Vietnamese."""
_BESIDES = ("DejaVuSans-Bold", "NotoSans-Bold", "NotoSansCJK-Bold", "Arial Unicode", "msyh")
"""Fonts of the system that are looked into first when ours lacks a letter."""
_SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
_NO_LETTER = "\U0010ffff"
_TRIAL_SIZE_PX = 24

Font = ImageFont.FreeTypeFont


def font_for(text: str, size_px: int) -> Font | None:
    """A font of this height that has every letter of the text; None if the machine has none."""
    path = _font_with("".join(sorted(set(text) - {" "})))
    return None if path is None else _opened(path, size_px)


def plain_font(size_px: int) -> Font:
    """Pillow's own font, which has digits and little more."""
    font = ImageFont.load_default(size_px)
    if not isinstance(font, Font):
        raise TypeError("Pillow lacks FreeType, which all of its wheels have")
    return font


@lru_cache(maxsize=1024)
def _font_with(letters: str) -> Path | None:
    return next((path for path in _fonts() if _has(path, letters)), None)


def _fonts() -> Iterator[Path]:
    """Our own font, then the system's: those that hold many scripts first."""
    gradio = find_spec("gradio")
    for folder in (gradio and gradio.submodule_search_locations) or ():
        yield Path(folder) / _OURS
    yield from _system_fonts()


@lru_cache(maxsize=1)
def _system_fonts() -> tuple[Path, ...]:
    found = {
        path
        for folder in _font_folders()
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES
    }
    return tuple(sorted(found, key=_preference))


def _font_folders() -> tuple[Path, ...]:
    if sys.platform == "win32":
        return (Path("C:/Windows/Fonts"),)
    if sys.platform == "darwin":
        return (Path("/System/Library/Fonts"), Path("/Library/Fonts"))
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path.home() / ".local/share/fonts",
    )


def _preference(path: Path) -> tuple[int, bool, str]:
    known = path.stem in _BESIDES
    rank = _BESIDES.index(path.stem) if known else len(_BESIDES)
    return rank, "Bold" not in path.stem or "Italic" in path.stem, str(path)


def _has(path: Path, letters: str) -> bool:
    """Whether a font has all these letters: what it lacks looks like a letter nobody has."""
    try:
        font = _opened(path, _TRIAL_SIZE_PX)
        lacking = _shape(font, _NO_LETTER)
        return all(_shape(font, letter) != lacking for letter in letters)
    except (OSError, ValueError):
        return False


def _shape(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


@lru_cache(maxsize=64)
def _opened(path: Path, size_px: int) -> Font:
    return ImageFont.truetype(path, size_px)
