"""The rival of several benchmarks: the package `face_recognition`, in terms of our records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faces.records import Box, FloatRows, Pixels
from faces.reference import face_recognition_itself


def boxes_found(pixels: Pixels) -> list[Box]:
    """What `face_locations` finds with one upsampling, its default."""
    found = face_recognition_itself().face_locations(pixels, number_of_times_to_upsample=1)
    return [
        Box(left, top, right - left, bottom - top)
        for top, right, bottom, left in found
        if right > left and bottom > top
    ]


def encodings_of(pixels: Pixels, boxes: Sequence[Box]) -> FloatRows:
    """What `face_encodings` makes of faces whose boxes are known, (n, 128)."""
    known = [
        (round(box.top), round(box.right), round(box.bottom), round(box.left)) for box in boxes
    ]
    encodings = face_recognition_itself().face_encodings(pixels, known_face_locations=known)
    return np.array(encodings, dtype=np.float32).reshape(len(boxes), 128)
