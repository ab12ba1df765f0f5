"""How alike faces and people are, and who is rather nobody known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.likeness import (
    NO_STRANGERS,
    Strangers,
    class_means,
    cosines,
    length_of_mean,
    probabilities,
)
from faces.records import FloatRows, unit_rows


def random_rows(rng: np.random.Generator, count: int) -> FloatRows:
    return unit_rows(rng.normal(size=(count, 128)).astype(np.float32))


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(0.1, 200), st.floats(-1, 1))
def test_probabilities_leave_room_for_the_unknown(
    seed: int, people: int, scale: float, unknown_cosine: float
) -> None:
    rng = np.random.default_rng(seed)
    rows, weights = random_rows(rng, 4), random_rows(rng, people)
    alike = cosines(rows, weights)
    found = probabilities(alike, scale=scale, unknown_cosine=unknown_cosine)
    assert np.all(found >= 0)
    assert np.all(found.sum(axis=1) <= 1 + 1e-12)
    assert np.array_equal(
        found.argmax(axis=1)[found.max(axis=1) > 0], alike.argmax(axis=1)[found.max(axis=1) > 0]
    )


def test_crowding_is_as_by_its_definition() -> None:
    rng = np.random.default_rng(0)
    rows, strangers = random_rows(rng, 2000), random_rows(rng, 7)
    found = Strangers(strangers, start=0.1, scale=20.0).crowding(rows)
    powers = np.exp(20.0 * (cosines(rows, strangers) - 0.1))
    assert found == pytest.approx(np.log1p(powers.sum(axis=1)) / 20.0, abs=1e-6)


def test_nobody_crowds_where_no_stranger_is_known() -> None:
    rows = random_rows(np.random.default_rng(0), 3)
    assert NO_STRANGERS.crowding(rows).tolist() == [0, 0, 0]
    assert Strangers(rows, start=0.5, scale=9.0).crowding(rows[:0]).shape == (0,)


def test_the_very_same_stranger_can_be_left_out() -> None:
    rows = random_rows(np.random.default_rng(0), 3)
    strangers = Strangers(rows, start=0.9, scale=50.0)
    assert strangers.crowding(rows).min() == pytest.approx(0.1, abs=0.01)
    assert strangers.crowding(rows, up_to=0.99).max() < 1e-6


def test_crowding_makes_everybody_less_likely_and_the_order_stays() -> None:
    alike = np.array([[0.9, 0.8, 0.1]])
    free = probabilities(alike, scale=10.0, unknown_cosine=0.5, crowding=np.zeros(1))
    crowded = probabilities(alike, scale=10.0, unknown_cosine=0.5, crowding=np.full(1, 0.3))
    assert (crowded < free).all()
    assert np.argsort(crowded[0]).tolist() == np.argsort(free[0]).tolist()
    assert np.array_equal(free, probabilities(alike, scale=10.0, unknown_cosine=0.5))


def test_the_mean_of_many_faces_is_as_long_as_expected() -> None:
    rng = np.random.default_rng(0)
    person = random_rows(rng, 1)
    faces = unit_rows(person + np.float32(0.02) * rng.normal(size=(5000, 128)).astype(np.float32))
    same_person = float(cosines(faces[:2500], faces[2500:]).mean())
    for count in (1, 2, 5, 50):
        means = faces.reshape(-1, count, 128).mean(axis=1)
        expected = length_of_mean(np.array([count]), same_person)[0]
        assert np.linalg.norm(means, axis=1).mean() == pytest.approx(expected, abs=0.01)


def test_strangers_are_taken_for_people_with_many_faces_as_seldom_as_for_those_with_few() -> None:
    """Few and many confirmed faces of people who are equally far from everybody."""
    rng = np.random.default_rng(0)
    middle, people = random_rows(rng, 1), random_rows(rng, 200)

    def faces(of: FloatRows) -> FloatRows:
        noise = random_rows(rng, len(of))
        return unit_rows(np.float32(3.6) * middle + of + np.float32(0.75) * noise)

    counts = np.where(np.arange(200) < 100, 2, 64)
    photos = [faces(np.repeat(people[[one]], counts[one], axis=0)) for one in range(200)]
    sums = np.stack([rows.sum(axis=0) for rows in photos])
    pairs = np.concatenate([(rows[:1] @ rows[1:].T).ravel() for rows in photos])
    strangers = faces(random_rows(rng, 4000))

    def passing(weights: FloatRows) -> list[int]:
        alike = cosines(strangers, weights).max(axis=1)
        nearest = cosines(strangers, weights).argmax(axis=1)
        passed = nearest[alike >= np.quantile(alike, 0.95)]
        return np.bincount(passed >= 100, minlength=2).tolist()

    unit, shorter = passing(unit_rows(sums)), passing(class_means(sums, counts, pairs.mean()))
    assert unit[1] > 3 * unit[0]
    assert abs(shorter[1] - shorter[0]) < abs(unit[1] - unit[0]) / 2


@pytest.mark.parametrize(
    ("rows", "start", "scale", "message"),
    [
        (np.zeros((1, 3), np.float32), 0.9, 9.0, "rows of 128"),
        (np.zeros((1, 128), np.float32), 0.9, 9.0, "length 1"),
        (np.zeros((0, 128), np.float32), 0.9, 0.0, "cannot count"),
        (np.zeros((0, 128), np.float32), np.nan, 9.0, "cannot count"),
    ],
)
def test_strangers_that_make_no_sense_are_refused(
    rows: FloatRows, start: float, scale: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Strangers(rows, start=start, scale=scale)
