"""What a camera sees that is pointed at portraits, a JPEG after the other; noise included."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

WIDTH_PX, HEIGHT_PX = 1280, 720
_FRAMES = 30


def film(portraits: Sequence[Image.Image], *, is_still: bool = False) -> Iterator[bytes]:
    """A second of it, which goes on where it began: portraits side by side, that sway or do not."""
    noise = np.random.default_rng(0)
    for number in range(_FRAMES):
        scene = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (88, 110, 120))
        for place, portrait in enumerate(portraits):
            turn = 2 * math.pi * number / _FRAMES + place
            left_px = 110 + 390 * place + (0 if is_still else round(40 * math.sin(turn)))
            scene.paste(portrait.resize((276, 336)), (left_px, 170))
        seen = np.asarray(scene) + noise.normal(0, 3, (HEIGHT_PX, WIDTH_PX, 1))
        content = io.BytesIO()
        Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8)).save(content, format="JPEG")
        yield content.getvalue()
