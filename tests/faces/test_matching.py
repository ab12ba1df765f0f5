import random

from hypothesis import given
from hypothesis import strategies as st

from faces.matching import find_again, match_boxes
from faces.records import SAME_FACE_IOU, Box, Face, FaceId, PhotoId, face_id_of_box

PHOTO = PhotoId("a" * 64)

corners = st.integers(0, 60)
sizes = st.integers(5, 60)
boxes = st.builds(Box, corners, corners, sizes, sizes)
many_boxes = st.lists(boxes, max_size=8)


def face(identity: str, box: Box, *, drawn: bool = False, detector: str = "old") -> Face:
    return Face(FaceId(identity), PHOTO, box, 1.0, drawn=drawn, detector="" if drawn else detector)


def detected(box: Box, detector: str = "new") -> Face:
    return Face(face_id_of_box(PHOTO, box), PHOTO, box, 0.5, detector=detector)


def seen_by_a_detector(found: list[Box]) -> list[Face]:
    """Faces as a detector gives them: one box a face."""
    kept: list[Box] = []
    for box in found:
        if all(box.overlap(other) < SAME_FACE_IOU for other in kept):
            kept.append(box)
    return [detected(box) for box in kept]


@given(many_boxes, many_boxes)
def test_pairs_are_one_to_one_and_overlap_enough(before: list[Box], now: list[Box]) -> None:
    pairs = match_boxes(before, now)
    assert len(set(pairs.values())) == len(pairs)
    for new, old in pairs.items():
        assert now[new].overlap(before[old]) >= SAME_FACE_IOU


@given(many_boxes, many_boxes)
def test_whatever_is_left_over_fits_only_what_fits_another_better(
    before: list[Box], now: list[Box]
) -> None:
    pairs = match_boxes(before, now)
    taken = {old: new for new, old in pairs.items()}
    for new, box in enumerate(now):
        for old, other in enumerate(before):
            overlap = box.overlap(other)
            if overlap < SAME_FACE_IOU or pairs.get(new) == old:
                continue
            rivals = []
            if new in pairs:
                rivals.append(box.overlap(before[pairs[new]]))
            if old in taken:
                rivals.append(now[taken[old]].overlap(other))
            assert rivals
            assert max(rivals) >= overlap


@given(st.lists(boxes, max_size=8, unique=True))
def test_the_same_boxes_are_the_same_faces(found: list[Box]) -> None:
    assert match_boxes(found, found) == {row: row for row in range(len(found))}


def test_the_best_pair_comes_first() -> None:
    left, middle, right = Box(0, 0, 100, 100), Box(20, 0, 100, 100), Box(25, 0, 100, 100)
    assert match_boxes([middle], [left, right]) == {1: 0}
    assert match_boxes([left, right], [middle]) == {0: 1}


def test_boxes_that_hardly_overlap_are_two_faces() -> None:
    assert match_boxes([Box(0, 0, 10, 10)], [Box(5, 0, 10, 10)]) == {}
    assert match_boxes([], [Box(0, 0, 1, 1)]) == match_boxes([Box(0, 0, 1, 1)], []) == {}


@st.composite
def stored(draw: st.DrawFn) -> list[Face]:
    found = draw(st.lists(boxes, max_size=6, unique=True))
    return [face(f"s{row}", box, drawn=draw(st.booleans())) for row, box in enumerate(found)]


@given(stored(), many_boxes, st.data())
def test_no_face_is_lost_that_somebody_spoke_of_or_drew(
    before: list[Face], now: list[Box], data: st.DataObject
) -> None:
    spoken_of = data.draw(st.sets(st.sampled_from([f.id for f in before]))) if before else set()
    again = find_again(before, seen_by_a_detector(now), spoken_of=spoken_of)
    for gone in again.gone:
        assert gone not in spoken_of
        assert not next(one for one in before if one.id == gone).drawn
    kept = {one.id for one in before} - {*again.gone}
    assert {one.id for one in again.renewed} <= {one.id for one in before if not one.drawn} & kept
    assert not {one.id for one in again.new} & {one.id for one in before}
    ids = [*kept, *(one.id for one in again.new)]
    assert len(set(ids)) == len(ids)
    assert sorted(again.ids.values()) == sorted(one.id for one in (*again.renewed, *again.new))


@given(stored(), many_boxes, st.randoms())
def test_looking_once_more_changes_nothing(
    before: list[Face], now: list[Box], chance: random.Random
) -> None:
    found = seen_by_a_detector(now)
    first = find_again(before, found, spoken_of=())
    renewed = {one.id: one for one in first.renewed}
    after = [renewed.get(one.id, one) for one in before if one.id not in first.gone]
    after += first.new
    chance.shuffle(after)
    second = find_again(after, found, spoken_of=())
    assert (second.new, second.gone) == ((), ())
    assert set(second.renewed) <= set(after)


def test_a_renewed_face_keeps_its_id_and_takes_what_was_measured_now() -> None:
    old, new = Box(10, 10, 50, 50), Box(12, 8, 52, 50)
    again = find_again([face("f1", old)], [detected(new)], spoken_of=())
    assert again.renewed == (Face(FaceId("f1"), PHOTO, new, 0.5, detector="new"),)
    assert (again.new, again.gone) == ((), ())
    assert again.ids == {detected(new).id: "f1"}


def test_a_box_that_a_person_drew_or_moved_stays() -> None:
    drawn, moved = (
        face("f1", Box(0, 0, 50, 50), drawn=True),
        face("f2", Box(80, 0, 50, 50), detector=""),
    )
    found = [detected(Box(2, 0, 50, 50)), detected(Box(82, 0, 50, 50))]
    again = find_again([drawn, moved], found, spoken_of=())
    assert (again.renewed, again.new, again.gone, dict(again.ids)) == ((), (), (), {})


def test_a_new_face_does_not_take_the_id_of_one_whose_box_moved_away() -> None:
    box = Box(0, 0, 50, 50)
    moved = Face(face_id_of_box(PHOTO, box), PHOTO, Box(40, 0, 50, 50), 1.0, detector="old")
    again = find_again([moved], [detected(box)], spoken_of={moved.id})
    assert [one.box for one in again.new] == [box]
    assert again.new[0].id != moved.id
    assert again.gone == ()
