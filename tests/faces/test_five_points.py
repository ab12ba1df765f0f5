import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.five_points import Floats, degrees_turned, dlib_like_box

FRONTAL = np.array([[30, 40], [70, 40], [50, 62], [34, 80], [66, 80]], dtype=np.float32)
BOX = np.array([15, 5, 70, 95], dtype=np.float32)


def turned_aside(degrees: float) -> Floats:
    """The five points of a simple head that looks to the side."""
    angle = math.radians(degrees)
    nose_out = 40 / 2.19
    across = FRONTAL[:, 0] - 50
    out = np.array([0, 0, nose_out, 0, 0])
    x = across * math.cos(angle) + out * math.sin(angle)
    return np.stack([50 + x, FRONTAL[:, 1]], axis=1).astype(np.float32)


@given(st.floats(0, 89))
def test_the_angle_of_a_turned_head_is_told(degrees: float) -> None:
    assert degrees_turned(turned_aside(degrees)) == pytest.approx(degrees, abs=0.5)
    assert degrees_turned(turned_aside(-degrees)) == pytest.approx(degrees, abs=0.5)


@given(st.floats(-180, 180), st.floats(0.2, 20), st.floats(-60, 60))
def test_neither_tilt_nor_size_changes_how_far_a_face_is_turned(
    tilt: float, size: float, aside: float
) -> None:
    angle = math.radians(tilt)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    tilted = (turned_aside(aside) @ turn * size + 300).astype(np.float32)
    assert degrees_turned(tilted) == pytest.approx(abs(aside), abs=0.5)


def test_the_box_is_a_square_around_eyes_nose_and_mouth() -> None:
    box = dlib_like_box(BOX, FRONTAL)
    assert box.width == box.height
    assert box.left + box.width / 2 == pytest.approx(50, abs=0.5)
    for x, y in FRONTAL:
        assert box.left < x < box.right
        assert box.top < y < box.bottom


def test_a_mirrored_face_has_the_mirrored_box() -> None:
    aside = turned_aside(30)
    box = dlib_like_box(BOX, aside)
    swapped = aside[[1, 0, 2, 4, 3]] * [-1, 1] + [100, 0]
    mirrored = dlib_like_box(BOX, swapped.astype(np.float32))
    assert mirrored.left == pytest.approx(100 - box.right, abs=0.01)
    assert mirrored.top == pytest.approx(box.top, abs=0.01)


def test_points_that_fall_together_are_no_trouble() -> None:
    nowhere = np.full((5, 2), 50, dtype=np.float32)
    assert dlib_like_box(BOX, nowhere).width > 0
    assert degrees_turned(nowhere) == 90
