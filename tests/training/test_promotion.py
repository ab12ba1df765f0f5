"""Whether a new version may take the place of another."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.records import FaceId, Person, PersonId, PhotoId
from training.dataset import DataSet, Part
from training.promotion import Comparison, Judgement, compared, decide

PEOPLE = 3


def for_testing(labels: list[int], *, faces_a_photo: int = 1) -> DataSet:
    """Test faces with these labels."""
    count = len(labels)
    photos = [hashlib.sha256(bytes([n // faces_a_photo])).hexdigest() for n in range(count)]
    return DataSet(
        network="dlib-resnet-v1",
        people=tuple(Person(PersonId(f"p{n}"), f"P{n}") for n in range(PEOPLE)),
        left_out=(),
        faces=tuple(FaceId(f"f{n}") for n in range(count)),
        photos=tuple(PhotoId(photo) for photo in photos),
        parts=(Part.TEST,) * count,
        rows=np.zeros((count, 128), dtype=np.float32),
        labels=np.array(labels, dtype=np.int64),
    )


def comparison(well: list[bool], other: list[bool], data: DataSet | None = None) -> Comparison:
    data = data or for_testing([0] * len(well))
    return compared(np.array(well), np.array(other), data, rng=np.random.default_rng(0))


def test_equal_answers_are_not_worse() -> None:
    assert comparison([True] * 40, [True] * 40).judgement is Judgement.NOT_WORSE


def test_fewer_right_answers_are_worse() -> None:
    found = comparison([False] * 20 + [True] * 20, [True] * 40)
    assert found.judgement is Judgement.WORSE
    assert found.low < found.difference < found.high < 0


def test_one_answer_fewer_of_forty_is_too_few_to_tell() -> None:
    found = comparison([False] + [True] * 39, [True] * 40)
    assert found.judgement is Judgement.TOO_FEW


@pytest.mark.parametrize("count", [0, 1, 9])
def test_few_photos_tell_nothing(count: int) -> None:
    assert comparison([True] * count, [False] * count).judgement is Judgement.TOO_FEW


def test_many_faces_of_few_photos_are_few_photos() -> None:
    found = comparison([True] * 40, [False] * 40, for_testing([0] * 40, faces_a_photo=10))
    assert (found.photos, found.judgement) == (4, Judgement.TOO_FEW)


def test_faces_of_nobody_known_weigh_as_much_as_those_of_people() -> None:
    data = for_testing([0] * 10 + [PEOPLE] * 90)
    found = comparison([False] * 10 + [True] * 90, [True] * 100, data)
    assert found.difference == pytest.approx(-0.5)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_other_way_round_the_difference_is_the_opposite(both: list[tuple[bool, bool]]) -> None:
    one, other = [a for a, _ in both], [b for _, b in both]
    found, turned = comparison(one, other), comparison(other, one)
    assert found.difference == pytest.approx(-turned.difference)
    assert found.low <= found.high
    assert {found.judgement, turned.judgement} != {Judgement.WORSE}


BETTER, EQUAL = Comparison(50, 0.1, 0.05, 0.15), Comparison(50, 0.0, 0.0, 0.0)
WORSE, UNSURE = Comparison(50, -0.1, -0.15, -0.05), Comparison(50, -0.01, -0.05, 0.03)


@pytest.mark.parametrize(
    ("with_current", "with_centroid", "is_promoted"),
    [
        (BETTER, BETTER, True),
        (EQUAL, EQUAL, True),
        (BETTER, UNSURE, True),
        (None, UNSURE, True),
        (UNSURE, BETTER, False),
        (WORSE, BETTER, False),
        (BETTER, WORSE, False),
        (None, WORSE, False),
    ],
)
def test_only_what_is_not_worse_comes_into_use(
    with_current: Comparison | None, with_centroid: Comparison, is_promoted: bool
) -> None:
    decision = decide(with_current, with_centroid)
    assert decision.is_promoted is is_promoted
    assert "\n" not in decision.why


def test_too_few_photos_to_tell_are_said() -> None:
    assert "too few photos to tell" in decide(UNSURE, BETTER).why
