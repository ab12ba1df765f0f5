import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.cut import Cut
from faces.records import FloatRows, unit_rows
from faces.trust import IntArray, Trust, trust_of

DIMENSIONS = 8
NOBODY: IntArray = np.empty((0, 2), np.intp)
CUT = Cut(np.eye(128, DIMENSIONS, dtype=np.float32), reach=0.2, single=0.5, growth=0.1, faces=100)


def around(*directions: int, spread: float = 0.1, seed: int = 0) -> FloatRows:
    """A row near the axis of each number."""
    rng = np.random.default_rng(seed)
    centres = np.eye(DIMENSIONS)[list(directions)]
    return unit_rows((centres + spread * rng.normal(size=centres.shape)).astype(np.float32))


def between(first: int, second: int, *, share: float) -> FloatRows:
    """One row on the way from one axis to another."""
    axes = np.eye(DIMENSIONS)
    return unit_rows((axes[[first]] * (1 - share) + axes[[second]] * share).astype(np.float32))


def trust(rows: FloatRows, labels: list[int], apart: IntArray = NOBODY) -> Trust:
    return trust_of(rows, np.array(labels, np.intp), CUT, apart=apart)


def test_no_faces_are_no_clusters() -> None:
    found = trust(np.empty((0, DIMENSIONS), np.float32), [])
    assert found.place.shape == found.confidence.shape == (0,)
    assert found.near == ()


def test_a_face_alone_is_surely_one_person() -> None:
    found = trust(around(0), [0])
    assert found.place.tolist() == [1]
    assert found.confidence.tolist() == [1]
    assert found.faces_of(0).tolist() == [0]


def test_the_first_of_two_equal_faces_is_the_medoid() -> None:
    found = trust(around(0, 0, spread=0), [0, 0])
    assert found.faces_of(0).tolist() == [0, 1]
    assert found.place[0] == 1
    assert found.place[1] > 0.95


def test_faces_that_are_all_the_same_point_are_sure() -> None:
    found = trust(around(*[0] * 20, spread=0), [0] * 20)
    assert found.confidence[0] > 0.95
    assert found.faces_of(0).tolist() == list(range(20))


def test_the_face_that_is_obviously_wrong_is_last_and_doubtful() -> None:
    rows = np.vstack([around(0, 0, 0, 0, 0, 0), between(0, 1, share=0.7)])
    found = trust(rows, [0] * 7)
    assert found.faces_of(0)[-1] == 6
    assert found.place[6] < 0.1
    assert found.place[:6].min() > 0.7


def test_the_medoid_is_first() -> None:
    rows = np.vstack([between(0, 1, share=0.3), around(0, 0, 0, 0, spread=0.02)])
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2) ** 2
    found = trust(rows, [0] * 5)
    assert found.faces_of(0)[0] == np.argmin(distances.sum(axis=1))
    assert np.flatnonzero(found.place == 1).tolist() == [found.faces_of(0)[0]]


def test_a_rival_cluster_makes_a_face_doubtful() -> None:
    cluster = np.vstack([around(0, 0, 0, 0, spread=0.02), between(0, 1, share=0.36)])
    rival = between(0, 1, share=0.55)
    without = trust(cluster, [0] * 5)
    beside = trust(np.vstack([cluster, rival, rival, rival]), [0] * 5 + [5] * 3)
    assert beside.place[4] < without.place[4] - 0.02


def test_two_people_in_one_cluster_are_less_sure_than_one() -> None:
    one, two = around(0, 0, 0, 0), around(1, 1, 2, 2)
    found = trust(np.vstack([one, two]), [0] * 4 + [4] * 4)
    assert found.clusters.tolist() == [0, 4]
    assert found.confidence[0] > 0.9
    assert found.confidence[1] < 0.1


def test_the_nearest_clusters_are_offered_first_and_distant_ones_never() -> None:
    half = between(0, 1, share=0.45)
    rows = np.vstack([half, half, around(0, 0, 0, spread=0.05), around(5, 5, spread=0.05)])
    found = trust(rows, [0, 0, 2, 2, 2, 5, 5])
    assert [(pair.first, pair.second) for pair in found.near] == [(0, 2)]
    assert 0 < found.near[0].score <= 1


def test_a_face_alone_is_offered_to_the_cluster_that_it_is_near_to() -> None:
    rows = np.vstack([between(0, 1, share=0.42), around(0, 0, 0, spread=0.02)])
    assert [(pair.first, pair.second) for pair in trust(rows, [0, 1, 1, 1]).near] == [(0, 1)]


def test_a_pair_that_is_apart_is_never_offered() -> None:
    half = between(0, 1, share=0.42)
    rows = np.vstack([half, half, around(0, 0, 0, spread=0.02)])
    labels = [0, 0, 2, 2, 2]
    assert trust(rows, labels).near
    assert not trust(rows, labels, apart=np.array([[4, 1]])).near


def test_clusters_of_two_named_people_are_never_offered_as_one() -> None:
    half = between(0, 1, share=0.42)
    rows = np.vstack([half, half, around(0, 0, 0, spread=0.02)])
    labels = np.array([0, 0, 2, 2, 2])

    def pairs(*people: int) -> int:
        numbers = np.array(people, np.intp)
        return len(trust_of(rows, labels, CUT, apart=NOBODY, people=numbers).near)

    assert pairs(-1, -1, -1, 7, -1) == 1
    assert pairs(7, -1, -1, 7, -1) == 1
    assert pairs(8, -1, -1, 7, -1) == 0
    assert pairs(-2, -1, -1, 7, -1) == 0
    assert pairs(-2, -1, -1, -2, -1) == 1


def test_a_face_that_people_confirmed_is_never_doubtful() -> None:
    rows = np.vstack([around(0, 0, 0, 0, 0, 0), between(0, 1, share=0.7)])
    labels = np.zeros(7, np.intp)
    without = trust_of(rows, labels, CUT, apart=NOBODY)
    named = np.array([3, -1, -1, -1, -1, -1, 3])
    found = trust_of(rows, labels, CUT, apart=NOBODY, people=named)
    assert without.place[6] < 0.1
    assert found.place[6] >= 0.5
    assert found.faces_of(0)[-1] == 6
    assert found.confidence[0] > without.confidence[0] + 0.5
    everybody = trust_of(rows, labels, CUT, apart=NOBODY, people=np.full(7, 3))
    assert everybody.confidence[0] == 1


def test_no_more_pairs_are_offered_than_three_for_each_cluster() -> None:
    rows = around(*[0] * 40, spread=0.28)
    labels = [place // 2 * 2 for place in range(40)]
    near = trust(rows, labels).near
    assert 20 < len(near) <= 60
    assert len({(pair.first, pair.second) for pair in near}) == len(near)


@given(
    labels=st.lists(st.integers(0, 4), max_size=24),
    seed=st.integers(0, 1000),
    data=st.data(),
)
def test_the_order_of_rows_does_not_matter(
    labels: list[int], seed: int, data: st.DataObject
) -> None:
    rows = around(*labels, spread=0.3, seed=seed)
    order = np.array(data.draw(st.permutations(range(len(labels)))), np.intp)
    found = trust(rows, labels)
    again = trust(rows[order], [labels[row] for row in order])
    unique_medoid = not any(labels.count(label) == 2 for label in labels)  # of two, either may be
    if unique_medoid:
        assert again.place == pytest.approx(found.place[order], abs=1e-3)
    assert again.confidence == pytest.approx(found.confidence, abs=1e-3)
    assert [(p.first, p.second) for p in again.near] == [(p.first, p.second) for p in found.near]


@given(labels=st.lists(st.integers(0, 4), max_size=24), seed=st.integers(0, 1000))
def test_every_face_has_its_place_and_every_number_its_range(labels: list[int], seed: int) -> None:
    found = trust(around(*labels, spread=0.5, seed=seed), labels)
    assert sorted(found.order.tolist()) == list(range(len(labels)))
    assert found.clusters.tolist() == sorted(set(labels))
    for number, label in enumerate(found.clusters):
        faces = found.faces_of(number)
        assert {labels[face] for face in faces} == {label}
        places = found.place[faces].tolist()
        assert places[0] == 1
        assert places == sorted(places, reverse=True)
    for values in (found.place, found.confidence, [pair.score for pair in found.near]):
        assert all(0 <= value <= 1 for value in values)
    scores = [pair.score for pair in found.near]
    assert scores == sorted(scores, reverse=True)
    assert all(pair.first < pair.second for pair in found.near)
