import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cluster_add
from benchmarks.cluster_add import differences, pairs_apart

two_groupings = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25)


@given(two_groupings)
def test_a_face_differs_if_others_are_beside_it(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(labels) for labels in zip(*pairs, strict=True))
    beside = [
        [set(np.flatnonzero(labels == labels[face]).tolist()) for face in range(len(pairs))]
        for labels in (first, second)
    ]
    expected = sum(one != other for one, other in zip(*beside, strict=True))
    assert differences(first, second) == differences(second, first) == expected


def test_names_of_groups_make_no_difference() -> None:
    assert differences(np.array([5, 5, 2]), np.array([0, 0, 7])) == 0


def test_a_few_pairs_say_wrongly_that_a_person_is_two() -> None:
    people = np.repeat(np.arange(40), 250)
    pairs = pairs_apart(people, seed=0)
    wrong = np.count_nonzero(people[pairs[:, 0]] == people[pairs[:, 1]])
    assert 0 < wrong < 30


def test_faces_added_one_by_one_are_timed_and_compared_with_a_full_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("N", "200")
    monkeypatch.setenv("ADDED", "30")
    cluster_add.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["faces"], told["added"], told["differences"]) == (200, 30, 0)
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert told["rivals"] == {}
