from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from faces.records import Box
from serve.placement import Size, place_labels

PICTURE = (1000.0, 800.0)
lengths = st.floats(5, 300)
boxes = st.builds(Box, st.floats(-20, 990), st.floats(-20, 790), lengths, lengths)
sizes = st.tuples(st.floats(5, 1000), st.floats(5, 100))


def share(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return across > 1e-6 and down > 1e-6


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(boxes, sizes), max_size=12))
def test_no_label_leaves_the_picture_and_none_is_lost(faces: list[tuple[Box, Size]]) -> None:
    found = place_labels([box for box, _ in faces], [size for _, size in faces], picture=PICTURE)
    assert [(label.width, label.height) for label in found] == [size for _, size in faces]
    for label in found:
        assert label.left >= 0
        assert label.top >= 0
        assert label.right <= PICTURE[0] + 1e-6
        assert label.bottom <= PICTURE[1] + 1e-6


def test_a_face_alone_has_its_label_centred_below() -> None:
    (label,) = place_labels([Box(100, 100, 100, 100)], [(60, 20)], picture=PICTURE)
    assert label == Box(120, 200, 60, 20)


def test_at_the_lower_edge_the_label_goes_above() -> None:
    (label,) = place_labels([Box(100, 700, 100, 100)], [(60, 20)], picture=PICTURE)
    assert label.bottom == 700


def test_a_face_that_fills_the_picture_has_its_label_on_itself() -> None:
    (label,) = place_labels([Box(0, 0, 1000, 800)], [(60, 20)], picture=PICTURE)
    assert label == Box(470, 780, 60, 20)


def test_labels_of_people_in_rows_cover_neither_faces_nor_each_other() -> None:
    faces = [Box(20 + 120 * i, 60 + 130 * j, 100, 100) for i in range(8) for j in range(5)]
    labels = place_labels(faces, [(110, 24)] * len(faces), picture=PICTURE)
    assert not [1 for label in labels for face in faces if share(label, face)]
    assert not [1 for i, one in enumerate(labels) for other in labels[:i] if share(one, other)]


def test_two_boxes_on_one_face_get_two_labels() -> None:
    box = Box(100, 100, 100, 100)
    first, second = place_labels([box, box], [(60, 20)] * 2, picture=PICTURE)
    assert not share(first, second)
