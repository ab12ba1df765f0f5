"""The parts of a mixed group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faces.parts import parts
from faces.records import unit_rows


def rows_of(*people: int) -> np.ndarray:
    """Rows of people who lie far apart, no two rows alike."""
    rng = np.random.default_rng(0)
    axes = np.eye(128, dtype=np.float32)[list(people)].reshape(-1, 128)
    return unit_rows(axes + rng.normal(scale=0.01, size=axes.shape).astype(np.float32))


def test_a_mixed_group_falls_into_its_people_the_largest_first() -> None:
    found = parts(rows_of(0, 1, 0, 1, 0), [np.array([0, 1])])
    assert [part.tolist() for part in found] == [[0, 2, 4], [1, 3]]


def test_what_nobody_called_mixed_stays_whole() -> None:
    assert [part.tolist() for part in parts(rows_of(0, 1), [])] == [[0, 1]]
    assert [part.tolist() for part in parts(rows_of(0, 1), [np.array([1])])] == [[0, 1]]
    assert parts(rows_of(), []) == []


def test_a_part_that_is_called_mixed_again_is_split_further() -> None:
    rows = rows_of(0, 0, 1, 1)
    found = parts(rows, [np.array([0, 1, 2, 3]), np.array([0, 1])])
    assert [part.tolist() for part in found] == [[2, 3], [0], [1]]


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=12),
    st.lists(st.sets(st.integers(0, 11), min_size=2), max_size=3),
)
def test_each_row_is_in_one_part_and_no_mixed_set_is_whole(
    people: list[int], mixed: list[set[int]]
) -> None:
    sets = [np.array(sorted(n for n in one if n < len(people)), dtype=np.intp) for one in mixed]
    found = parts(np.eye(128, dtype=np.float32)[people], sets)
    assert sorted(n for part in found for n in part.tolist()) == list(range(len(people)))
    for one in sets:
        assert len(one) < 2 or not any(set(one.tolist()) <= set(part.tolist()) for part in found)
