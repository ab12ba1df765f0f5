"""Shares, curves and reliability against what is counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluate import Judged
from training.shares import (
    calibration_error,
    half_each,
    named_right_at,
    open_set_curve,
    passing,
    reliability,
    share,
    share_of,
)


def answers(*faces: tuple[int, float, float], of_hidden: tuple[float, ...] = ()) -> Judged:
    """Faces of two people as (label, chance of the first, of the second); label 2: a stranger."""
    labels = np.array([label for label, *_ in faces], dtype=np.int64)
    chances = np.array([chance for _, *chance in faces]).reshape(len(faces), 2)
    return Judged(chances, labels, np.array(of_hidden), threshold=0.5)


def test_a_share_tells_what_few_faces_leave_open_by_wilsons_interval() -> None:
    half, none = share(0.5, 10), share(0.0, 10)
    assert (half.low, half.high) == (
        pytest.approx(0.2366, abs=1e-4),
        pytest.approx(0.7634, abs=1e-4),
    )
    assert (none.low, none.high) == (0.0, pytest.approx(0.2775, abs=1e-4))


def test_there_is_no_share_of_no_faces() -> None:
    assert share_of(np.zeros(0, dtype=bool)) is None


@given(st.integers(1, 500), st.data())
def test_a_share_lies_within_its_interval(faces: int, data: st.DataObject) -> None:
    found = share(data.draw(st.integers(0, faces)) / faces, faces)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


def test_the_curve_counts_who_is_named_right_above_the_strangers_who_do_not_pass() -> None:
    known = [(0, 0.9, 0.0), (0, 0.7, 0.1), (1, 0.8, 0.1), (1, 0.2, 0.6)]
    strangers = [(2, score, 0.0) for score in (0.1, 0.2, 0.65, 0.75)]
    found = answers(*known, *strangers)
    curve = open_set_curve(found, np.array([0.1, 0.2, 0.65, 0.75]))
    at = {point.accepted: point.right.value for point in curve}
    assert curve[0].accepted == 0.25, "fewer than one stranger cannot pass"
    assert at[0.25] == 2 / 4, "above 0.65 there are 0.9 and 0.7, and one that is wrong"
    assert at[1.0] == 3 / 4, "one is taken for the other whatever the threshold"
    assert all(point.right.low <= point.right.value <= point.right.high for point in curve)


@given(st.integers(1, 2000), st.data())
def test_a_share_of_whole_strangers_lets_as_many_pass(others: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, others))
    assert passing(count / others, others) == count


@pytest.mark.parametrize("count", [3, 7, 49, 98])
def test_the_curve_begins_where_one_stranger_passes(count: int) -> None:
    strangers = np.linspace(0.1, 0.8, count)
    found = answers((0, 0.9, 0.0), (0, 0.795, 0.0))
    first = open_set_curve(found, strangers)[0]
    assert (first.accepted, first.right.value) == (1 / count, 1.0)
    at_one = named_right_at(found, strangers, 1 / count)
    assert at_one is not None
    assert at_one.value == 1.0


def test_what_too_few_strangers_cannot_tell_is_not_told() -> None:
    found = answers((0, 0.9, 0.0))
    strangers = np.linspace(0, 0.5, 100)
    told = named_right_at(found, strangers, 0.01)
    assert told is not None
    assert told.value == 1.0
    assert named_right_at(found, strangers, 0.001) is None
    assert named_right_at(found, strangers[:0], 0.01) is None


def test_there_is_no_curve_without_strangers_or_without_known_faces() -> None:
    assert open_set_curve(answers((0, 0.9, 0.0)), np.zeros(0)) == []
    assert open_set_curve(answers((2, 0.9, 0.0)), np.array([0.9])) == []


def test_reliability_weighs_known_faces_and_others_alike() -> None:
    right, said = np.array([True, False]), np.array([0.85, 0.85])
    steps = reliability(half_each(right, said, np.array([0.85, 0.05])))
    low, high = steps
    assert (low.said, low.right.value, low.right.faces) == (0.05, 0.0, 1.0)
    assert (high.said, high.right.faces) == (pytest.approx(0.85), pytest.approx(3.0))
    assert high.right.value == pytest.approx(1 / 3)


def test_the_error_is_zero_where_what_is_said_comes_true() -> None:
    said, right = np.full(10, 0.8), np.arange(10) < 8
    assert calibration_error(half_each(right, said, np.zeros(0))) == pytest.approx(0.0)
    assert calibration_error(half_each(right, said, np.full(4, 0.8))) == pytest.approx(0.4)


def test_answers_are_counted_by_kind() -> None:
    faces = [(0, 0.9, 0.0), (0, 0.4, 0.1), (1, 0.7, 0.1), (2, 0.6, 0.0), (2, 0.1, 0.1)]
    found = answers(*faces, of_hidden=(0.0, 0.5, 0.7))
    assert {name: float(given.mean()) for name, given in found.answers().items()} == {
        "rank1": pytest.approx(2 / 3),
        "named_right": pytest.approx(1 / 3),
        "named_wrong": pytest.approx(1 / 3),
        "strangers_accepted": 0.5,
        "hidden_accepted": pytest.approx(2 / 3),
    }
