"""The rival of several benchmarks: `face_recognition` as its users write it, for one photo."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt


def encodings_of(path: Path) -> list[npt.NDArray[np.float64]] | None:
    """The encodings of a photo's faces, each of shape (128,); None if it cannot be opened."""
    with warnings.catch_warnings():  # it needs a package that is deprecated, and says so
        warnings.simplefilter("ignore")
        import face_recognition  # only the processes that read photos load its weights

    try:
        pixels = face_recognition.load_image_file(path)
    except OSError:
        return None
    boxes = face_recognition.face_locations(pixels)
    encodings: list[npt.NDArray[np.float64]] = face_recognition.face_encodings(pixels, boxes)
    return encodings
