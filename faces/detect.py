"""Finding faces: dlib's detector of frontal faces (histograms of oriented gradients)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import dlib
import numpy as np

from faces.pictures import shrunk
from faces.records import Box, Detection, Pixels

DETECTOR = "dlib-hog-1"
"""Which detector, and how many times the photo is doubled before looking."""

_UPSAMPLINGS = 1
_LONGEST_PX = 2048
"""Photos beyond this are looked at smaller; time and memory grow with the area."""


class Detector:
    """Finds frontal faces of about 40 pixels and more (of the photo as it is looked at).

    May be used by several threads at once: dlib's detector keeps the picture that it works on, so
    each call has one to itself, built when no idle one is left.
    """

    def __init__(self) -> None:
        """Start with no detector; the first call builds one, which takes a quarter of a second."""
        self._idle: SimpleQueue[dlib.fhog_object_detector] = SimpleQueue()

    def find(self, pixels: Pixels) -> list[Detection]:
        """The faces of an upright photo, surest first, their boxes within the photo."""
        height_px, width_px, _ = pixels.shape
        seen = np.ascontiguousarray(shrunk(pixels, _LONGEST_PX))
        scale = max(seen.shape) / max(pixels.shape)
        with self._detector() as look:
            rectangles, scores, _ = look.run(seen, _UPSAMPLINGS, 0.0)
        found = [
            Detection(_box(rectangle, scale).clipped(width_px, height_px), float(score))
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]
        return sorted(found, key=lambda detection: -detection.score)

    @contextmanager
    def _detector(self) -> Iterator[dlib.fhog_object_detector]:
        """A detector that nobody else uses meanwhile."""
        try:
            detector = self._idle.get_nowait()
        except Empty:
            detector = dlib.get_frontal_face_detector()
        yield detector
        self._idle.put(detector)


def _box(rectangle: dlib.rectangle, scale: float) -> Box:
    """dlib's right and bottom pixel are inside, so its width is right - left + 1."""
    return Box(
        rectangle.left() / scale,
        rectangle.top() / scale,
        rectangle.width() / scale,
        rectangle.height() / scale,
    )
