"""The rival of several benchmarks: the package `face_recognition`, imported without its warning."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from types import ModuleType

import numpy as np

from faces.records import Box, FloatRows, Pixels


def boxes_found(pixels: Pixels) -> list[Box]:
    """What `face_locations` finds with one upsampling, its default."""
    found = _package().face_locations(pixels, number_of_times_to_upsample=1)
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
    encodings = _package().face_encodings(pixels, known_face_locations=known)
    return np.array(encodings, dtype=np.float32).reshape(len(boxes), 128)


@cache
def _package() -> ModuleType:
    with warnings.catch_warnings():  # it needs a package that is deprecated, and says so
        warnings.simplefilter("ignore")
        import face_recognition
    package: ModuleType = face_recognition
    return package
