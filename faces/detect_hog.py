"""Finding faces: dlib's detector of frontal faces (histograms of oriented gradients)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import dlib
import numpy as np

from faces.pictures import shrunk
from faces.records import Box, Detection, Pixels

_LONGEST_PX = 2048
"""Photos beyond this are looked at smaller; time and memory grow with the area."""


class HogDetector:
    """Finds frontal faces of about 80 pixels and more, halved by each upsampling.

    May be used by several threads at once: dlib's detector keeps the picture that it works on, so
    each call has one to itself, built when no idle one is left.
    """

    def __init__(self, *, upsamplings: int = 1) -> None:
        """Double each photo so many times before looking; each takes four times as long.

        The first call builds dlib's detector, which takes a quarter of a second.
        """
        self.name = f"dlib-hog-{upsamplings}"
        self._upsamplings = upsamplings
        self._idle: SimpleQueue[dlib.fhog_object_detector] = SimpleQueue()

    def find(self, pixels: Pixels) -> list[Detection]:
        """The faces of an upright photo, surest first, their boxes within the photo."""
        height_px, width_px, _ = pixels.shape
        seen = np.ascontiguousarray(shrunk(pixels, _LONGEST_PX))
        scale = max(seen.shape) / max(pixels.shape)
        with self._detector() as look:
            rectangles, scores, _ = look.run(seen, self._upsamplings, 0.0)
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
