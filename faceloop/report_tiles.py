"""Faces for the report: small pictures that lie in the page itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from faces.records import FaceId

TILE_PX = 112
"""Side of a tile's picture; it is shown smaller, and sharp on a fine screen."""
PORTRAIT_PX = 64
"""Side of a face on the map."""
_QUALITY = 70
_SHOWN = 0.8
"""How much of a crop's side is shown: small faces are told apart better without their margin."""


class Tiles:
    """The crops of a workspace as addresses that hold the picture; "" where a crop is gone."""

    def __init__(self, place_of: Callable[[FaceId], Path]) -> None:
        """`place_of` tells where a face's crop should lie."""
        self._place_of = place_of
        self._made: dict[tuple[FaceId, int], str] = {}

    def of(self, face: FaceId, side_px: int = TILE_PX) -> str:
        """The face as a `data:` address of a JPEG of this size."""
        key = (face, side_px)
        if key not in self._made:
            self._made[key] = _address(self._place_of(face), side_px)
        return self._made[key]


def _address(crop: Path, side_px: int) -> str:
    try:
        with Image.open(crop, formats=["JPEG"]) as picture:
            face = picture.convert("RGB")
    except (UnidentifiedImageError, OSError):
        return ""
    margin = face.width * (1 - _SHOWN) / 2
    inner = (margin, margin, face.width - margin, face.height - margin)
    small = face.resize((side_px, side_px), Image.Resampling.LANCZOS, box=inner)
    content = io.BytesIO()
    small.save(content, format="JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode("ascii")
