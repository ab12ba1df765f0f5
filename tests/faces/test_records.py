from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.records import (
    Box,
    Cluster,
    ClusterId,
    Encodings,
    FaceId,
    MergeCandidate,
    Photo,
    PhotoId,
    Proposal,
    face_id_of_box,
    face_id_of_region,
    identity_rows,
    unit_rows,
)

PHOTO = PhotoId("a" * 64)
sides = st.floats(min_value=0.5, max_value=5000)
places = st.floats(min_value=-5000, max_value=5000)
boxes = st.builds(Box, places, places, sides, sides)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(first: Box, second: Box) -> None:
    assert first.overlap(second) == pytest.approx(second.overlap(first))
    assert 0 <= first.overlap(second) <= 1 + 1e-9


@given(boxes)
def test_a_box_overlaps_itself_wholly(box: Box) -> None:
    assert box.overlap(box) == pytest.approx(1)


def test_overlap_is_intersection_over_union() -> None:
    assert Box(0, 0, 2, 2).overlap(Box(1, 0, 2, 2)) == pytest.approx(1 / 3)
    assert Box(0, 0, 2, 2).overlap(Box(2, 0, 2, 2)) == 0, "boxes that touch share nothing"
    assert Box(0, 0, 4, 4).overlap(Box(1, 1, 2, 2)) == pytest.approx(1 / 4)


@given(boxes, st.integers(1, 4000), st.integers(1, 4000))
def test_a_clipped_box_lies_inside_or_is_refused(box: Box, width_px: int, height_px: int) -> None:
    try:
        inside = box.clipped(width_px, height_px)
    except ValueError:
        assert box.right <= 0 or box.bottom <= 0 or box.left >= width_px or box.top >= height_px
        return
    assert inside.left >= 0
    assert inside.top >= 0
    assert inside.right <= width_px + 1e-6
    assert inside.bottom <= height_px + 1e-6
    assert inside.clipped(width_px, height_px).overlap(inside) == pytest.approx(1)


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (-1, 1), (float("nan"), 1)])
def test_a_box_without_a_size_is_refused(size: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="positive size"):
        Box(0, 0, *size)


def test_a_photo_is_its_sha256_and_has_pixels() -> None:
    with pytest.raises(ValueError, match="sha256"):
        Photo(PhotoId("short"), 1, 1)
    with pytest.raises(ValueError, match="pixels"):
        Photo(PHOTO, 0, 1)


def test_encodings_fit_their_faces() -> None:
    rows = np.zeros((2, 128), np.float32)
    with pytest.raises(ValueError, match="two arrays"):
        Encodings("net", (FaceId("f1"),), rows, rows)
    with pytest.raises(ValueError, match="twice"):
        Encodings("net", (FaceId("f1"), FaceId("f1")), rows, rows)
    assert Encodings("net", (), rows[:0], rows[:0]).faces == ()


def test_a_cluster_holds_each_face_once() -> None:
    for faces in ((), (FaceId("f1"), FaceId("f1"))):
        with pytest.raises(ValueError, match="each face once"):
            Cluster(ClusterId("c"), faces)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_is_a_probability(score: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Proposal(FaceId("f"), None, score, "run")


def test_the_same_box_of_the_same_photo_has_the_same_id() -> None:
    box = Box(1.2, 2.2, 30.1, 40.4)
    assert face_id_of_box(PHOTO, box) == face_id_of_box(PHOTO, Box(1.4, 2.4, 30.0, 40.0))
    assert face_id_of_box(PHOTO, box) != face_id_of_box(PhotoId("b" * 64), box)
    assert face_id_of_box(PHOTO, box) != face_id_of_box(PHOTO, Box(9, 2.2, 30.1, 40.4))
    assert face_id_of_region(PHOTO, "r1") != face_id_of_region(PHOTO, "r2")
    assert len(face_id_of_box(PHOTO, box)) == 17


def test_unit_rows_have_length_one_and_zero_stays_zero() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert rows.dtype == np.float32


def test_an_identity_row_is_between_a_face_and_its_mirror_image() -> None:
    plain, mirrored = np.zeros((1, 128), np.float32), np.zeros((1, 128), np.float32)
    plain[0, 0] = mirrored[0, 1] = 0.5
    row = identity_rows(Encodings("net", (FaceId("f"),), plain, mirrored))
    np.testing.assert_allclose(row[0, :3], [0.5**0.5, 0.5**0.5, 0], rtol=1e-6)


@pytest.mark.parametrize(
    "told",
    [{"confidence": 1.1}, {"confidence": -0.1}, {"places": (1.0,)}, {"places": (1.0, 1.5)}],
)
def test_what_is_told_of_a_cluster_fits_its_faces(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"places|between 0 and 1"):
        Cluster(ClusterId("c"), (FaceId("a"), FaceId("b")), **told)


@pytest.mark.parametrize(
    ("first", "second", "score"), [("b", "a", 0), ("a", "a", 0), ("a", "b", 2)]
)
def test_a_pair_of_clusters_is_two_in_order(first: str, second: str, score: float) -> None:
    with pytest.raises(ValueError, match=r"in order|between 0 and 1"):
        MergeCandidate(ClusterId(first), ClusterId(second), score)
