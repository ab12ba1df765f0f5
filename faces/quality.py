"""How much a face's encoding can be trusted: by its size, sharpness, pose and detector's score."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from faces.records import Box, Face, Pixels

ENOUGH = 0.3
"""Below this a face had better be kept out of clusters and training; people still see it."""

_LOOKED_AT_PX = 96
"""About the size at which a face is encoded: what is smaller or blurred has no detail there."""
_LEAST_CONTRAST = 5.0
"""Greys; in a face without any contrast there is only noise to be sharp."""
_SIZE_PX = (14.0, 40.0)
_SHARPNESS = (0.02, 0.08)
_DEGREES_TURNED = (85.0, 40.0)
_SCORES: Mapping[str, tuple[float, float]] = {
    "yunet": (0.6, 0.9),
    "dlib-hog": (0.0, 0.5),
    "dlib-cnn": (0.2, 1.0),
}
"""Of each detector, by the beginning of its name: scores of a doubtful and of a certain face."""


def quality(face: Face) -> float:
    """How good a face is, 0 to 1: the product of four parts, each 1 where it does no harm.

    - size: the box's shorter side, from 14 pixels (0) to 40 (1);
    - sharpness: from 0.02 (0) to 0.08 (1), see `sharpness_of`;
    - pose: from 85 degrees to the side (0) to 40 (1);
    - score: how certain the detector is that it is a face, on its own scale (`certainty`).

    What nobody measured counts as 1, so that a face that a person drew is not held back for it.
    """
    parts = [
        _part(min(face.box.width, face.box.height), *_SIZE_PX),
        1.0 if face.sharpness is None else _part(face.sharpness, *_SHARPNESS),
        1.0 if face.pose is None else _part(face.pose, *_DEGREES_TURNED),
        1.0 if face.drawn else certainty(face.score, detector=face.detector),
    ]
    return float(np.prod(parts))


def certainty(score: float, *, detector: str) -> float:
    """A detector's score as 0 (doubtful) to 1 (a face that stands upright, without doubt)."""
    for name, (doubtful, certain) in _SCORES.items():
        if detector.startswith(name):
            return _part(score, doubtful, certain)
    return 1.0


def sharpness_of(pixels: Pixels, box: Box) -> float:
    """How much detail a face has at the size at which it is encoded; 0.13 is usual, 0.05 blurred.

    The standard deviation of its Laplacian after a Gaussian of one pixel (which takes away noise),
    as a share of that of its greys (which takes away light and contrast), at 96 x 96 pixels. The
    Laplacian as a measure of focus: J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield
    microscopy, ICPR 2000.
    """
    height_px, width_px, _ = pixels.shape
    inside = box.clipped(width_px, height_px)
    top, left = int(inside.top), int(inside.left)
    bottom, right = max(top + 1, round(inside.bottom)), max(left + 1, round(inside.right))
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    how = cv2.INTER_AREA if min(grey.shape) >= _LOOKED_AT_PX else cv2.INTER_LINEAR
    seen = cv2.resize(grey, (_LOOKED_AT_PX, _LOOKED_AT_PX), interpolation=how).astype(np.float32)
    detail = cv2.Laplacian(cv2.GaussianBlur(seen, (0, 0), 1), cv2.CV_32F)
    return float(detail.std() / max(float(seen.std()), _LEAST_CONTRAST))


def _part(value: float, worst: float, good: float) -> float:
    """0 at the worst and beyond, 1 where it is good, straight in between."""
    return min(1.0, max(0.0, (value - worst) / (good - worst)))
