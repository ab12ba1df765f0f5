import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faces.pictures import OpenPhoto
from faces.records import Box, Face, FaceId, Photo, PhotoId
from faces.turning import turned_box, turned_face, turned_photo

PHOTO = Photo(PhotoId("a" * 64), 50, 40)
quarters = st.integers(-4, 7)
boxes = st.builds(
    Box, st.integers(0, 30), st.integers(0, 20), st.integers(1, 20), st.integers(1, 20)
)


@given(quarters, boxes)
def test_a_turned_box_covers_the_same_pixels(quarters: int, box: Box) -> None:
    pixels = np.zeros((40, 50, 3), dtype=np.uint8)
    pixels[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 1
    turned = OpenPhoto(PHOTO, pixels).turned(quarters)
    rows, columns, _ = np.nonzero(turned.pixels)
    there = turned_box(box, quarters, 50, 40)
    assert (there.left, there.top) == (columns.min(), rows.min())
    assert (there.right, there.bottom) == (columns.max() + 1, rows.max() + 1)


@given(quarters, quarters, boxes)
def test_two_turns_add_up(first: int, second: int, box: Box) -> None:
    face = Face(FaceId("f1"), PHOTO.id, box, 1.0)
    once = turned_photo(PHOTO, first)
    twice = turned_face(turned_face(face, first, PHOTO), second, once)
    assert turned_photo(once, second) == turned_photo(PHOTO, first + second)
    assert twice == turned_face(face, first + second, PHOTO)


@given(quarters)
def test_a_turned_photo_has_the_size_of_its_pixels(quarters: int) -> None:
    opened = OpenPhoto(PHOTO, np.zeros((40, 50, 3), dtype=np.uint8)).turned(quarters)
    assert opened.pixels.shape == (opened.photo.height_px, opened.photo.width_px, 3)
    assert opened.photo.turned == quarters % 4
