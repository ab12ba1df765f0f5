from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.records import Box, Pixels
from serve.answers import NamedFace, NamedPicture, percent
from serve.drawing import draw
from serve.lettering import font_for

MIDDLE = Box(400, 300, 200, 200)


def grey(width_px: int = 1000, height_px: int = 800, level: int = 128) -> Pixels:
    return np.full((height_px, width_px, 3), level, dtype=np.uint8)


def named(name: str | None, *, version: str | None = "model", box: Box = MIDDLE) -> NamedPicture:
    return NamedPicture(grey(), (NamedFace(box, name, 0.9),), version)


def test_a_picture_without_faces_stays_as_it_is() -> None:
    assert np.array_equal(draw(NamedPicture(grey(), (), "model")), grey())


def test_the_given_pixels_are_not_drawn_upon() -> None:
    picture = named("Anna")
    draw(picture)
    assert np.array_equal(picture.pixels, grey())


def test_unknown_is_drawn_otherwise_than_a_name() -> None:
    assert not np.array_equal(draw(named("Unknown")), draw(named(None)))


def test_a_line_around_a_name_is_whole_and_one_around_an_unknown_face_is_broken() -> None:
    top_of_named, top_of_unknown = (draw(named(n))[301, 410:590] for n in ("Anna", None))
    assert len(np.unique(top_of_named, axis=0)) == 1
    assert len(np.unique(top_of_unknown, axis=0)) > 1


def test_before_the_first_model_faces_are_boxed_without_a_word() -> None:
    drawn = draw(named(None, version=None))
    drawn[298:503, 398:603] = 128
    assert np.array_equal(drawn, grey())


@pytest.mark.parametrize("level", [0, 128, 255])
def test_boxes_and_letters_stand_out_on_any_background(level: int) -> None:
    face = NamedFace(MIDDLE, "Anna", 0.9)
    drawn = draw(NamedPicture(grey(level=level), (face,), "model")).astype(int)
    different = np.abs(drawn - level).max(axis=2) > 80
    assert different[300:500, 400:600].sum() > 1500  # the line, on either side of it
    assert different[500:560, 400:600].sum() > 800  # the label below it


@pytest.mark.parametrize(
    "name", ["Zoë", "Łukasz", "Jiří", "Ñandú", "Ağca", "Ștefan", "Ødegård", "Анна", "Ελένη", "Thảo"]
)
def test_names_with_accents_greek_and_cyrillic_letters_can_be_written(name: str) -> None:
    assert font_for(name, 20) is not None


def test_a_name_in_letters_that_no_font_has_is_written_as_the_number_of_its_face() -> None:
    private = "\U000f1234"
    assert font_for(private, 20) is None
    shown, number = draw(named(private)), draw(named("1"))
    assert shown.shape == number.shape
    assert not np.array_equal(shown, draw(named(None)))


def test_a_tiny_picture_is_enlarged_and_a_huge_one_made_smaller() -> None:
    face = (NamedFace(Box(20, 20, 60, 60), "Anna", 0.9),)
    assert draw(NamedPicture(grey(92, 112), face, "model")).shape == (896, 736, 3)
    assert draw(NamedPicture(grey(4096, 2048), face, "model")).shape == (1024, 2048, 3)


@settings(max_examples=25, deadline=None)
@given(
    st.builds(Box, st.floats(-50, 900), st.floats(-50, 900), st.floats(1, 900), st.floats(1, 900)),
    st.text(min_size=1, max_size=80),
    st.integers(1, 60),
)
def test_any_name_and_box_can_be_drawn(box: Box, name: str, side_px: int) -> None:
    picture = NamedPicture(grey(side_px, 30), (NamedFace(box, name, 1.0),), "model")
    assert draw(picture).dtype == np.uint8


def test_nearly_sure_is_not_shown_as_sure() -> None:
    assert [percent(p) for p in (0.0, 0.07, 0.29, 0.998, 1.0)] == ["0%", "7%", "29%", "99%", "100%"]
