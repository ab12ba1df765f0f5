from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.tiled_pyramid import in_photo, layout_for, resize_by_corners, tiled

sides = st.integers(1, 700)


@given(sides, sides)
def test_every_size_has_a_place_of_its_own(width_px: int, height_px: int) -> None:
    layout = layout_for(width_px, height_px)
    first = layout.levels[0]
    assert (first.width, first.height) == (width_px, height_px)
    for level in layout.levels:
        assert min(level.left, level.top) >= 0
        assert level.left + level.width <= layout.width
        assert level.top + level.height <= layout.height
    assert not any(one.lies_over(other) for one, other in combinations(layout.levels, 2))


@given(sides, sides)
def test_each_size_is_five_sixths_of_the_one_before(width_px: int, height_px: int) -> None:
    levels = layout_for(width_px, height_px).levels
    for larger, smaller in pairwise(levels):
        assert smaller.width == larger.width * 5 // 6
        assert smaller.height == larger.height * 5 // 6


def test_a_box_of_the_photo_itself_is_only_moved() -> None:
    layout = layout_for(300, 200)
    box = np.array([[50.0, 60.0, 129.0, 139.0]])
    np.testing.assert_array_equal(in_photo(box, layout), box - 11)


@given(st.data(), st.integers(30, 700), st.integers(30, 700))
def test_a_box_lies_in_the_photo_where_it_lies_in_its_size(
    data: st.DataObject, width_px: int, height_px: int
) -> None:
    layout = layout_for(width_px, height_px)
    level = data.draw(st.sampled_from(layout.levels))
    place = data.draw(st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)))
    x = level.left + place[0] * (level.width - 1)
    y = level.top + place[1] * (level.height - 1)
    found = in_photo(np.array([[x - 4, y - 4, x + 4, y + 4]]), layout)[0]
    centre = (found[:2] + found[2:]) / 2
    expected = np.array([place[0] * width_px, place[1] * height_px])
    enlarged = width_px / level.width
    assert (np.abs(centre - expected) <= 4 * enlarged).all()
    assert found[2] - found[0] == pytest.approx(8 * 1.2 ** layout.levels.index(level))


@settings(max_examples=30)
@given(sides, sides, sides, sides)
def test_an_even_slope_stays_one_in_every_size(
    old_width: int, old_height: int, width: int, height: int
) -> None:
    old, new = slope(old_width, old_height), np.empty((1, height, width), dtype=np.float32)
    resize_by_corners(old, new)
    expected = slope(width, height)
    across = slice(None) if min(width, old_width) > 1 else slice(1)
    down = slice(None) if min(height, old_height) > 1 else slice(1)
    np.testing.assert_allclose(new[:, down, across], expected[:, down, across], atol=1e-3)


def slope(width: int, height: int) -> np.ndarray:
    """0 in the first corner, 2 in the last."""
    across, down = np.linspace(0, 1, width), np.linspace(0, 1, height)
    return (down[:, None] + across)[None].astype(np.float32)


def test_the_picture_is_zero_where_no_photo_is() -> None:
    layout = layout_for(60, 40)
    picture = tiled(np.ones((3, 40, 60), dtype=np.float32), layout)
    assert picture.shape == (3, layout.height, layout.width)
    covered = sum(level.width * level.height for level in layout.levels)
    assert np.count_nonzero(picture) == 3 * covered
