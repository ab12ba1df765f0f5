from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.records import Box
from serve.answers import NamedFace
from serve.following import (
    REMEMBERED_S,
    Followed,
    Seen,
    answered,
    follow,
    look_of,
    missed,
    pause_s,
    to_ask,
)

ANNA = look_of(np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8), Box(0, 0, 60, 60))
BERTA = look_of(np.random.default_rng(2).integers(0, 255, (60, 60, 3), np.uint8), Box(0, 0, 60, 60))
VERSION = "model-0001"


def at(left: float, *, side: float = 100, look: object = ANNA) -> Seen:
    return Seen(Box(left, 50, side, side), look)  # type: ignore[arg-type]  # a row


def asked(
    seen: Seen, *, now_s: float = 0.0, name: str | None = "Anna", times: int = 1
) -> list[Followed]:
    """A face that was asked about so many times in a row, always a moment ago."""
    [one] = follow([], [seen], now_s=now_s)
    for _ in range(times):
        one = answered(one, NamedFace(seen.box, name, 0.9), version=VERSION, now_s=now_s)
    return [one]


def due(before: Sequence[Followed], seen: Seen, *, now_s: float = 0.1) -> bool:
    faces = follow(before, [seen], now_s=now_s)
    return to_ask(faces, version=VERSION, now_s=now_s) == [0]


def test_a_new_face_is_asked_about_and_one_that_stands_still_is_not() -> None:
    assert due([], at(100))
    assert not due(asked(at(100)), at(103))


def test_a_face_that_moves_keeps_its_number_and_its_name_without_being_asked_about() -> None:
    faces = asked(at(100))
    for step in range(1, 8):
        faces = follow(faces, [at(100 + 30 * step)], now_s=step / 10)
        assert faces[0].number == 1
        assert faces[0].box.left == 100 + 30 * step
    assert to_ask(faces, version=VERSION, now_s=0.8) == []
    assert faces[0].asked is not None
    assert faces[0].asked.face.name == "Anna"


@pytest.mark.parametrize(
    "seen",
    [at(100, look=BERTA), at(90, side=140), at(400)],
    ids=["somebody else in its place", "much nearer", "elsewhere"],
)
def test_a_face_that_changed_much_is_asked_about(seen: Seen) -> None:
    assert due(asked(at(100)), seen)


def test_an_answer_grows_old_the_later_the_more_often_it_was_the_same() -> None:
    ages = [0.9, 1.1, 1.9, 2.1, 7.9, 8.1]
    told = {
        times: [due(asked(at(100), times=times), at(100), now_s=age) for age in ages]
        for times in (1, 2, 4, 9)
    }
    assert told == {
        1: [False, True, True, True, True, True],
        2: [False, False, False, True, True, True],
        4: [False, False, False, False, False, True],
        9: [False, False, False, False, False, True],
    }


def test_another_answer_is_asked_about_again_soon() -> None:
    [one] = asked(at(100), times=5)
    other = answered(one, NamedFace(one.box, None, 0.6), version=VERSION, now_s=0.0)
    assert due([other], at(100), now_s=1.1)


def test_another_model_version_is_asked_about_everybody() -> None:
    assert to_ask(asked(at(100)), version="model-0002", now_s=0.1) == [0]


def test_of_many_new_faces_the_largest_are_first_and_the_others_have_their_turn_later() -> None:
    crowd = [at(200 * place, side=50 + place) for place in range(7)]
    faces = follow([], crowd, now_s=0.0)
    assert to_ask(faces, version=VERSION, now_s=0.0) == [6, 5, 4, 3]
    for place in (6, 5, 4, 3):
        face = NamedFace(faces[place].box, None, 0.9)
        faces[place] = answered(faces[place], face, version=VERSION, now_s=0.0)
    assert to_ask(faces, version=VERSION, now_s=1.5) == [2, 1, 0, 6]


def test_a_face_that_is_not_seen_for_a_moment_is_known_again() -> None:
    before = asked(at(100))
    waiting = missed(before, [], now_s=0.5)
    [again] = follow(waiting, [at(100)], now_s=0.6)
    assert (again.number, again.asked) == (1, before[0].asked)
    assert missed(before, [], now_s=REMEMBERED_S + 0.1) == ()


def test_two_who_change_places_are_both_asked_about() -> None:
    faces = [*asked(at(100)), *follow([], [at(400, look=BERTA)], now_s=0.0)]
    faces[1] = answered(
        Followed(2, faces[1].seen, 0.0),
        NamedFace(faces[1].box, "Berta", 0.9),
        version=VERSION,
        now_s=0.0,
    )
    changed = follow(faces, [at(100, look=BERTA), at(400)], now_s=0.1)
    assert sorted(to_ask(changed, version=VERSION, now_s=0.1)) == [0, 1]


def test_a_box_that_wobbles_is_held_steady() -> None:
    before = asked(at(100))
    assert follow(before, [at(104)], now_s=0.1)[0].box.left == 102


def test_frames_come_faster_while_somebody_moves_and_never_take_all_of_a_processor() -> None:
    before = asked(at(100))
    still, moved = (follow(before, [at(left)], now_s=0.1) for left in (101, 140))
    assert pause_s(before, moved, took_s=0.03) < pause_s(before, still, took_s=0.03)
    assert pause_s(before, [], took_s=0.03) == pause_s(before, moved, took_s=0.03)
    assert pause_s(before, moved, took_s=2.0) == 1.0


BOXES = st.builds(Box, st.floats(0, 600), st.floats(0, 400), st.floats(20, 200), st.floats(20, 200))


@given(st.lists(st.lists(BOXES, max_size=5), max_size=4))
def test_no_two_faces_of_a_frame_have_one_number(frames: list[list[Box]]) -> None:
    before: Sequence[Followed] = ()
    for now_s, boxes in enumerate(frames):
        faces = follow(before, [Seen(box, ANNA) for box in boxes], now_s=now_s / 10)
        before = (*faces, *missed(before, faces, now_s=now_s / 10))
        numbers = [one.number for one in before]
        assert len(faces) == len(boxes)
        assert len(set(numbers)) == len(numbers)


def test_a_look_is_the_same_in_other_light_and_no_face_without_contrast_breaks_it() -> None:
    pixels = np.random.default_rng(3).integers(40, 120, (90, 90, 3), np.uint8)
    box = Box(-3, 20.4, 70, 80)
    brighter = look_of((pixels.astype(int) * 3 // 2).astype(np.uint8), box)
    assert look_of(pixels, box) @ brighter > 0.99
    assert not look_of(np.full((90, 90, 3), 7, np.uint8), box).any()
