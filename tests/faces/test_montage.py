from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from faces.media import Media
from faces.montage import FEW_COLUMNS, FEW_TILES, PAGE_TILES, columns_of, draw_montage, lay_out
from faces.pictures import CROP_PX, save_jpeg
from faces.records import FaceId, PhotoId


@given(st.integers(1, PAGE_TILES))
def test_tiles_lie_apart_inside_the_page_in_reading_order(count: int) -> None:
    faces = [FaceId(f"f{number}") for number in range(count)]
    layout = lay_out([faces])
    assert [tile.face for tile in layout.tiles] == faces
    boxes = [tile.box for tile in layout.tiles]
    for place, box in enumerate(boxes):
        assert box.clipped(layout.width_px, layout.height_px) == box
        assert all(box.overlap(other) == 0 for other in boxes[place + 1 :])
    assert boxes == sorted(boxes, key=lambda box: (box.top, box.left))
    row = faces[:1] if count <= FEW_TILES else faces
    assert layout.width_px == lay_out([row]).width_px
    assert len({box.left for box in boxes}) <= columns_of(count)


pages_of_rows = st.lists(st.integers(1, 12), min_size=1, max_size=PAGE_TILES).filter(
    lambda counts: sum(counts) <= PAGE_TILES
)


def rows_of(counts: list[int]) -> list[list[FaceId]]:
    numbers = iter(range(sum(counts)))
    return [[FaceId(f"f{next(numbers)}") for _ in range(count)] for count in counts]


@given(pages_of_rows)
def test_the_tiles_of_several_rows_lie_apart_inside_the_page_in_reading_order(
    counts: list[int],
) -> None:
    rows = rows_of(counts)
    layout = lay_out(rows, captions=True)
    assert [[tile.face for tile in row] for row in layout.rows] == rows
    assert [tile.face for tile in layout.tiles] == [face for row in rows for face in row]
    boxes = [tile.box for tile in layout.tiles]
    for place, box in enumerate(boxes):
        assert box.clipped(layout.width_px, layout.height_px) == box
        assert all(box.overlap(other) == 0 for other in boxes[place + 1 :])
    assert boxes == sorted(boxes, key=lambda box: (box.top, box.left))


@given(pages_of_rows)
def test_the_tiles_of_a_row_stand_together_and_apart_from_the_next(counts: list[int]) -> None:
    layout = lay_out(rows_of(counts), captions=True)
    for row, following in pairwise([*layout.rows, ()]):
        tops = {tile.box.top for tile in row}
        assert len(tops) == 1 or len(row) > FEW_COLUMNS
        inside = [b.box.left - a.box.right for a, b in pairwise(row) if a.box.top == b.box.top]
        if following and following[0].box.top == row[-1].box.top:
            assert all(gap < following[0].box.left - row[-1].box.right for gap in inside)


@given(pages_of_rows)
def test_each_row_has_a_place_for_words_on_its_first_tiles(counts: list[int]) -> None:
    layout = lay_out(rows_of(counts), captions=True)
    assert len(layout.captions) == len(layout.rows)
    for caption, row in zip(layout.captions, layout.rows, strict=True):
        first = row[0].box
        last = max(tile.box.right for tile in row if tile.box.top == first.top)
        assert (caption.left, caption.right) == (first.left, last)
        assert first.top < caption.top < caption.bottom == first.bottom
    assert lay_out(rows_of([*counts, 1])).captions == ()


@given(st.integers(1, 15), st.integers(1, 15))
def test_rows_that_are_compared_begin_lines_of_their_own_far_apart(one: int, other: int) -> None:
    layout = lay_out(rows_of([one, other]), captions=True, apart=True)
    first, second = layout.rows
    assert second[0].box.left == first[0].box.left
    within = [b.box.top - a.box.bottom for a, b in pairwise(first) if b.box.top != a.box.top]
    assert all(second[0].box.top - first[-1].box.bottom > 4 * gap for gap in within)
    assert 1009 / layout.width_px * layout.height_px <= 560, "two rows fit a laptop's screen"


@pytest.mark.parametrize(
    ("counts", "tile_px"), [([1] * 30, 120), ([2] * 10 + [3] * 3, 120), ([6] * 3, 160)]
)
def test_several_rows_fit_a_laptops_screen_in_large_tiles(counts: list[int], tile_px: int) -> None:
    layout = lay_out(rows_of(counts), captions=True)
    shown = 1009 / layout.width_px
    assert tile_px <= shown * CROP_PX <= CROP_PX
    assert shown * layout.height_px <= 560


def test_a_bar_under_its_tiles_shows_what_belongs_to_one_row(tmp_path: Path) -> None:
    crop = tmp_path / "crop.jpg"
    save_jpeg(np.full((CROP_PX, CROP_PX, 3), 255, np.uint8), crop)
    layout = lay_out(rows_of([2, 1]), captions=True)
    draw_montage(layout, [crop] * 3, tmp_path / "montage.jpg")
    with Image.open(tmp_path / "montage.jpg") as image:
        page = np.asarray(image.convert("L"))
    (one, other), (alone,) = layout.rows
    below = page[round(one.box.bottom + 7)]
    assert below[round(one.box.right + 1)] < 110, "the bar goes on between two tiles of a row"
    assert below[round(other.box.right + alone.box.left) // 2] > 200, "and ends with its row"


def test_a_page_is_drawn_from_its_crops(tmp_path: Path) -> None:
    crops = []
    for number in range(FEW_COLUMNS + 1):
        crop = np.full((CROP_PX, CROP_PX, 3), 25 * number, np.uint8)
        crops.append(tmp_path / f"{number}.jpg")
        save_jpeg(crop, crops[-1])
    layout = lay_out([[FaceId(f"f{number}") for number in range(FEW_COLUMNS + 1)]])
    draw_montage(layout, crops, tmp_path / "page" / "montage.jpg")
    with Image.open(tmp_path / "page" / "montage.jpg") as image:
        page = np.asarray(image)
    assert page.shape == (layout.height_px, layout.width_px, 3)
    for number, tile in enumerate(layout.tiles):
        row = round(tile.box.top + tile.box.height / 2)
        column = round(tile.box.left + tile.box.width / 2)
        assert page[row, column] == pytest.approx([25 * number] * 3, abs=6)


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_every_tile_has_its_number_readable_on_any_picture(tmp_path: Path, shade: int) -> None:
    crop = tmp_path / "crop.jpg"
    save_jpeg(np.full((CROP_PX, CROP_PX, 3), shade, np.uint8), crop)
    layout = lay_out([[FaceId(f"f{number}") for number in range(PAGE_TILES)]])
    draw_montage(layout, [crop] * PAGE_TILES, tmp_path / "montage.jpg")
    with Image.open(tmp_path / "montage.jpg") as image:
        page = np.asarray(image.convert("L"))
    corners = []
    for tile in layout.tiles:
        left, top = round(tile.box.left), round(tile.box.top)
        corner = page[top + 1 : top + 20, left + 1 : left + 26].astype(int)
        assert corner.max() - corner.min() > 100
        corners.append(corner)
    assert all(np.abs(one - corners[0]).max() > 60 for one in corners[1:])


@pytest.mark.parametrize("count", [1, FEW_TILES, FEW_TILES + 1, PAGE_TILES])
def test_a_tile_has_120_px_where_a_window_has_1280(count: int) -> None:
    layout = lay_out([[FaceId(f"f{number}") for number in range(count)]])
    shown = 1009 / layout.width_px
    assert shown <= 1, "an enlarged page would not be fitted anew"
    assert shown * CROP_PX >= 120
    assert shown * layout.height_px <= 510, "thirty faces fit a laptop's screen"


def test_label_studio_sees_no_crop(tmp_path: Path) -> None:
    media = Media(media=tmp_path / "media", workspace=tmp_path)
    photo, face = PhotoId("a" * 64), FaceId("f0123")
    assert not media.crop(face).is_relative_to(media.shown)
    assert media.preview(photo).is_relative_to(media.previews)
    assert media.montage("page-1").is_relative_to(media.montages)
    assert media.previews.parent == media.montages.parent == media.shown


def test_the_tile_of_a_lost_crop_is_grey(tmp_path: Path) -> None:
    layout = lay_out([[FaceId("f0")]])
    draw_montage(layout, [tmp_path / "lost.jpg"], tmp_path / "montage.jpg")
    with Image.open(tmp_path / "montage.jpg") as image:
        red, green, blue = np.asarray(image)[CROP_PX // 2, CROP_PX // 2]
    assert red == pytest.approx(190, abs=4)
    assert max(red, green, blue) - min(red, green, blue) <= 6
