"""Of several faces on a photo of one person: the one nearest the middle counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faces.records import Box


def nearest_the_middle(boxes: Sequence[Box], *, width_px: int, height_px: int) -> int | None:
    """The place of the box nearest the middle of the photo, the first of equal ones, or None."""

    def distance(place: int) -> float:
        box = boxes[place]
        across = box.left + box.width / 2 - width_px / 2
        down = box.top + box.height / 2 - height_px / 2
        return float(np.hypot(across, down))

    return min(range(len(boxes)), key=distance, default=None)
