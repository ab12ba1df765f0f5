from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.detect_yunet import YunetDetector
from faces.quality import ENOUGH, certainty, quality, sharpness_of
from faces.records import Box, Face, FaceId, PhotoId, Pixels
from tests.faces.conftest import Portrait

GOOD = Face(
    FaceId("f1"),
    PhotoId("a" * 64),
    Box(10, 10, 120, 120),
    0.93,
    detector="yunet-2023mar",
    sharpness=0.13,
    pose=10,
)
ANY_FACE = st.builds(
    Face,
    id=st.just(GOOD.id),
    photo=st.just(GOOD.photo),
    box=st.builds(
        Box, st.floats(0, 9), st.floats(0, 9), st.floats(0.1, 5000), st.floats(0.1, 5000)
    ),
    score=st.floats(-5, 5),
    drawn=st.booleans(),
    detector=st.sampled_from(["yunet-2023mar", "dlib-hog-1", "dlib-cnn-0", "", "another"]),
    sharpness=st.none() | st.floats(0, 3),
    pose=st.none() | st.floats(0, 90),
)


@given(ANY_FACE)
def test_quality_is_between_nothing_and_one(face: Face) -> None:
    assert 0 <= quality(face) <= 1


def test_a_large_sharp_frontal_and_certain_face_is_the_best_there_is() -> None:
    assert quality(GOOD) == 1


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, box=Box(0, 0, 16, 16)),
        replace(GOOD, sharpness=0.03),
        replace(GOOD, pose=80.0),
        replace(GOOD, score=0.65),
        replace(GOOD, box=Box(0, 0, 25, 25), sharpness=0.05),
    ],
    ids=["tiny", "blurred", "profile", "doubtful", "small and not sharp"],
)
def test_one_bad_part_is_enough_to_keep_a_face_out(bad: Face) -> None:
    assert quality(bad) < ENOUGH


def test_a_face_that_a_person_drew_is_not_held_back_for_what_nobody_measured() -> None:
    drawn = Face(GOOD.id, GOOD.photo, GOOD.box, 0.0, drawn=True)
    assert quality(drawn) == 1


def test_each_detector_has_its_own_scale() -> None:
    assert certainty(0.5, detector="dlib-hog-1") == 1
    assert certainty(0.5, detector="dlib-cnn-0") == pytest.approx(0.375)
    assert certainty(0.5, detector="yunet-2023mar") == 0


def test_blur_makes_a_face_less_sharp_and_less_good(portrait: Portrait) -> None:
    clear = portrait(1, 1)
    (face,) = YunetDetector(threads=1).find(clear)
    sharpness, qualities = [], []
    for sigma in (0.5, 2, 4, 8):
        blurred = np.asarray(cv2.GaussianBlur(clear, (0, 0), sigma), dtype=np.uint8)
        sharpness.append(sharpness_of(blurred, face.box))
        qualities.append(quality(replace(GOOD, sharpness=sharpness[-1])))
    assert sharpness == sorted(sharpness, reverse=True)
    assert qualities == sorted(qualities, reverse=True)
    assert qualities[-1] < ENOUGH < qualities[0]


def test_light_and_contrast_change_nothing_about_sharpness(album_page: Pixels) -> None:
    box = YunetDetector(threads=1).find(album_page)[0].box
    darker = (album_page * 0.5 + 20).astype(np.uint8)
    assert sharpness_of(darker, box) == pytest.approx(sharpness_of(album_page, box), rel=0.05)


@given(st.floats(-5, 19.4), st.floats(-5, 19.4), st.floats(0.6, 60), st.floats(0.6, 60))
def test_any_box_that_touches_the_photo_has_a_sharpness(
    left: float, top: float, width: float, height: float
) -> None:
    photo = np.arange(20 * 20 * 3, dtype=np.uint8).reshape(20, 20, 3)
    if left + width > 0 and top + height > 0:
        assert sharpness_of(photo, Box(left, top, width, height)) >= 0
