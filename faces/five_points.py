"""What five points of a face tell: the box that dlib would give, and how far the face is turned."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from faces.records import Box

Floats = npt.NDArray[np.float32]

_SIDE = 0.97
"""dlib's side as a share of the detector's: of the root of width times height."""
_ACROSS = 0.47
"""How far dlib's centre has gone from the box's towards the nose, across the face."""
_DOWN_BY_EYES, _DOWN_BY_MOUTH, _DOWN_BY_SIDE = 0.97, -0.21, 0.25
"""dlib's centre below the box's: parts of the eyes' and mouth's way from it, and of the side."""
_EYES_TO_NOSE = 2.19
"""The distance of the eyes, as a multiple of how far the nose stands out before the face."""


def dlib_like_box(box: Floats, points: Floats) -> Box:
    """The square that dlib's HOG detector would draw, for its five-point finder expects such ones.

    `box` is (4,): left, top, width, height; `points` is (5, 2), x and y: the eye on the left, the
    one on the right, the nose, the left and the right corner of the mouth. Measured in the face's
    own directions, so that it holds for tilted faces too. The numbers were fitted to dlib's boxes
    on photos of LFW (`docs/decisions/detector.md`).
    """
    centre = box[:2] + box[2:] / 2
    side = _SIDE * math.sqrt(float(box[2] * box[3]))
    across, down, _ = _directions(points)
    eyes, mouth = points[:2].mean(axis=0) - centre, points[3:].mean(axis=0) - centre
    to_side = _ACROSS * float((points[2] - centre) @ across)
    below = _DOWN_BY_EYES * eyes @ down + _DOWN_BY_MOUTH * mouth @ down + _DOWN_BY_SIDE * side
    left, top = centre + to_side * across + float(below) * down - side / 2
    return Box(float(left), float(top), side, side)


def degrees_turned(points: Floats) -> float:
    """How far a face looks to the side: 0 straight ahead, 90 in profile. Points as above.

    The eyes come closer as the cosine, the nose leaves the line between them as the sine; the
    face's height cancels out.
    """
    across, _, height = _directions(points)
    if height == 0:
        return 90.0
    middle = (points[:2].mean(axis=0) + points[3:].mean(axis=0)) / 2
    nose = abs(float((points[2] - middle) @ across))
    eyes = max(0.0, float((points[1] - points[0]) @ across))
    return math.degrees(math.atan2(_EYES_TO_NOSE * nose, eyes))


def _directions(points: Floats) -> tuple[Floats, Floats, float]:
    """Unit vectors across and down the face, (2,) each, and the way from the eyes to the mouth."""
    way = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    height = float(np.hypot(*way))
    down = way / height if height else np.array([0, 1], dtype=np.float32)
    return np.array([down[1], -down[0]], dtype=np.float32), down, height
