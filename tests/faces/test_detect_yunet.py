from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.detect_yunet import YunetDetector, bands, longest_looked_at, once_each
from faces.pictures import resized
from tests.faces.conftest import Portrait


@pytest.fixture(scope="module")
def detector() -> YunetDetector:
    return YunetDetector(threads=1)


def test_a_small_face_in_a_large_photo_is_found(
    detector: YunetDetector, portrait: Portrait
) -> None:
    photo = np.full((3266, 4900, 3), 180, dtype=np.uint8)
    photo[1600:1695, 2400:2478] = resized(portrait(1, 1), 78, 95)  # a face of 50 pixels
    (found,) = detector.find(photo)
    assert 2400 < found.box.left < found.box.right < 2478
    assert 1600 < found.box.top < found.box.bottom < 1695
    assert 40 < found.box.width < 70


@pytest.mark.parametrize("longest_px", [180, 500, 1000, 2500])
def test_a_face_that_fills_the_photo_is_found(
    detector: YunetDetector, portrait: Portrait, longest_px: int
) -> None:
    face = portrait(1, 1)[30:200, 25:160]
    whole = resized(face, round(longest_px * 135 / 170), longest_px)
    (found,) = detector.find(whole)
    assert found.box.width > 0.6 * whole.shape[1]


def test_a_face_where_two_bands_meet_is_found_once(
    detector: YunetDetector, portrait: Portrait
) -> None:
    for left in range(1320, 1620, 60):
        photo = np.full((2048, 3072, 3), 180, dtype=np.uint8)
        photo[900:1236, left : left + 276] = resized(portrait(12, 1), 276, 336)
        assert len(detector.find(photo)) == 1


def test_a_frontal_face_is_turned_less_than_one_that_looks_aside(
    detector: YunetDetector, portrait: Portrait
) -> None:
    turned = [detector.find(portrait(12, number))[0].pose for number in range(1, 11)]
    assert all(pose is not None and 0 <= pose <= 90 for pose in turned)


@given(st.integers(1, 30_000))
def test_a_face_of_27_pixels_is_looked_at_with_18(longest: int) -> None:
    looked_at = longest_looked_at(longest)
    assert 800 <= looked_at <= 2048
    assert looked_at == 2048 or 27 * looked_at / longest > 17.9


@given(
    length=st.integers(1, 5000),
    longest=st.integers(200, 3000),
    overlap=st.integers(0, 150),
)
def test_bands_cover_everything_and_share_enough(length: int, longest: int, overlap: int) -> None:
    parts = bands(length, longest_px=longest, overlap_px=overlap)
    assert parts[0][0] == 0
    assert parts[-1][1] == length
    assert all(end - first <= longest + 1 for first, end in parts)
    for (_, end), (first, _) in pairwise(parts):
        assert end - first >= overlap


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(1, 30), st.floats(0, 1)), max_size=12))
def test_of_sightings_of_one_face_the_surest_stays(seen: list[tuple[float, float, float]]) -> None:
    rows = np.zeros((len(seen), 15), dtype=np.float32)
    for row, (place, size, score) in zip(rows, seen, strict=True):
        row[:4], row[14] = (place, place, size, size), score
    kept = once_each(rows)
    assert len(kept) <= len(rows)
    assert bool(len(kept)) == bool(len(rows))
    assert list(kept[:, 14]) == sorted(kept[:, 14], reverse=True)
    assert not len(rows) or kept[0, 14] == rows[:, 14].max()
    assert once_each(kept).tolist() == kept.tolist()
