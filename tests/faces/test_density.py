import pickle
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN
from threadpoolctl import threadpool_limits

from faces.density import Density, dbscan
from faces.density_blocks import Block, Found, Search, near_in, peel, squared_distances
from faces.records import FloatRows

Points = list[tuple[int, ...]]

# Distances on a grid of whole numbers are exact in every arithmetic, so that "within reach" means
# the same to scikit-learn (which compares float64 products with eps squared) and to us, ties too.
# Its eps is a square root: it gives the squared distance back exactly for squares, and lies well
# between two squared distances for the others.
REACHES = [0.25, 1.0, 2.5, 4.0, 6.5, 9.0]
grids = st.integers(1, 3).flatmap(
    lambda dimensions: st.lists(
        st.tuples(*[st.integers(-3, 3)] * dimensions), min_size=1, max_size=60
    )
)


def rows_of(points: Points) -> FloatRows:
    return np.array(points, dtype=np.float32)


def on_a_line(*places: float) -> FloatRows:
    return np.array(places, dtype=np.float32)[:, None]


def people(rng: np.random.Generator, sizes: Iterable[int], *, spread: float = 0.02) -> FloatRows:
    """Rows of length 1 in 80 dimensions, near their people's."""
    sizes = list(sizes)
    middles = rng.standard_normal((len(sizes), 80)) / 9
    rows = np.repeat(middles, sizes, axis=0) + rng.standard_normal((sum(sizes), 80)) * spread
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def partition(labels: Iterable[int]) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for row, label in enumerate(labels):
        groups.setdefault(label, set()).add(row)
    return {frozenset(group) for label, group in groups.items() if label >= 0}


def assert_like_scikit_learn(rows: FloatRows, density: Density, reach: float, few: int) -> None:
    """Same core points, same clusters of core points, same noise."""
    with threadpool_limits(1):  # on a busy machine its threads wait for each other
        theirs = DBSCAN(eps=reach**0.5, min_samples=few, algorithm="brute").fit(rows)
    core = np.zeros(len(rows), dtype=bool)
    core[theirs.core_sample_indices_] = True
    assert np.array_equal(density.core, core)
    assert np.array_equal(density.labels < 0, theirs.labels_ < 0)
    assert partition(density.labels[core]) == partition(theirs.labels_[core])


@settings(max_examples=100, deadline=None)
@given(grids, st.sampled_from(REACHES), st.integers(1, 5), st.integers(1, 25))
def test_it_equals_scikit_learn_whatever_the_blocks(
    points: Points, reach: float, few: int, block_rows: int
) -> None:
    rows = rows_of(points)
    density = dbscan(rows, reach=reach, min_samples=few, mapped=map, block_rows=block_rows)
    assert_like_scikit_learn(rows, density, reach, few)


@settings(max_examples=100, deadline=None)
@given(grids, st.sampled_from(REACHES), st.integers(1, 5), st.integers(1, 25), st.randoms())
def test_neither_the_order_of_rows_nor_the_blocks_change_the_partition(
    points: Points, reach: float, few: int, block_rows: int, random: object
) -> None:
    rows = rows_of(points)
    order = np.arange(len(rows))
    random.shuffle(order)  # type: ignore[attr-defined]
    once = dbscan(rows, reach=reach, min_samples=few, mapped=map)
    again = dbscan(rows[order], reach=reach, min_samples=few, mapped=map, block_rows=block_rows)
    back = np.empty_like(again.labels)
    back[order] = again.labels
    assert partition(back) == partition(once.labels)
    assert np.array_equal(again.core, once.core[order])


@settings(max_examples=100, deadline=None)
@given(grids, st.sampled_from(REACHES), st.integers(1, 5))
def test_a_border_row_is_with_its_nearest_core_point(
    points: Points, reach: float, few: int
) -> None:
    rows = rows_of(points)
    density = dbscan(rows, reach=reach, min_samples=few, mapped=map)
    for row in np.flatnonzero(~density.core & (density.labels >= 0)):
        far = np.square(rows - rows[row]).sum(axis=1)
        far[~density.core] = np.inf
        assert density.labels[row] in density.labels[far == far.min()]
        assert far.min() <= reach


@pytest.mark.parametrize("few", [2, 3, 5])
@pytest.mark.parametrize("block_rows", [None, 311])
def test_it_equals_scikit_learn_on_people_with_crowds_among_them(
    few: int, block_rows: int | None
) -> None:
    rng = np.random.default_rng(few)
    rows = people(rng, [900, 300, 1, 40, *rng.integers(1, 30, size=90)])
    rows = rng.permutation(np.vstack([rows, rows[:50]]))
    density = dbscan(rows, reach=0.05, min_samples=few, block_rows=block_rows)
    assert_like_scikit_learn(rows, density, 0.05, few)
    assert len(partition(density.labels)) > 20


def test_no_rows_have_no_clusters() -> None:
    density = dbscan(np.empty((0, 80), dtype=np.float32), reach=1, min_samples=2)
    assert density.labels.shape == density.core.shape == (0,)


def test_one_row_is_noise_unless_one_is_enough() -> None:
    assert dbscan(on_a_line(7), reach=1, min_samples=2).labels.tolist() == [-1]
    alone = dbscan(on_a_line(7), reach=1, min_samples=1)
    assert (alone.labels.tolist(), alone.core.tolist()) == ([0], [True])


def test_equal_rows_are_near_even_without_reach() -> None:
    density = dbscan(on_a_line(5, 1, -0.0, 1, 0.0, 1), reach=0, min_samples=3)
    assert density.labels.tolist() == [-1, 0, -1, 0, -1, 0]
    assert dbscan(on_a_line(-0.0, 0.0), reach=0, min_samples=2).core.all()


def test_rows_that_only_seem_equal_to_products_are_told_apart() -> None:
    rows = on_a_line(1, np.nextafter(np.float32(1), np.float32(2)))
    assert dbscan(rows, reach=0, min_samples=2).labels.tolist() == [-1, -1]
    assert dbscan(rows, reach=2.0**-46, min_samples=2).labels.tolist() == [0, 0]
    tiny = on_a_line(0, 1e-30)
    assert dbscan(tiny, reach=0, min_samples=2).labels.tolist() == [-1, -1]


def test_many_faces_at_one_point_are_one_cluster_at_once() -> None:
    rows = np.ones((50_000, 80), dtype=np.float32)
    density = dbscan(rows, reach=0, min_samples=50_000)
    assert density.core.all()
    assert not density.labels.any()
    assert not dbscan(rows, reach=0, min_samples=50_001).core.any()


def test_clusters_are_numbered_by_their_lowest_row() -> None:
    density = dbscan(on_a_line(9, 30, 2, 8, 1, 30, 99), reach=1, min_samples=2)
    assert density.labels.tolist() == [0, 1, 2, 0, 2, 1, -1]


def test_a_border_row_between_two_clusters_goes_to_the_nearer_one() -> None:
    left, right = [0, 0.1, 0.2, 0.3, 0.4, 0.5], [5.5, 5.6, 5.7, 5.8, 5.9, 6]
    for middle, label in ((2.9, 0), (3.1, 1)):  # in reach of both
        density = dbscan(on_a_line(*left, middle, *right), reach=2.65**2, min_samples=6)
        assert density.labels.tolist() == [0] * 6 + [label] + [1] * 6
        assert not density.core[6]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        dbscan(on_a_line(1, np.nan), reach=1, min_samples=2)
    with pytest.raises(ValueError, match="finite"):
        dbscan(on_a_line(1, 1e30), reach=1, min_samples=2)
    with pytest.raises(ValueError, match="reach >= 0"):
        dbscan(on_a_line(1, 2), reach=float("nan"), min_samples=2)
    with pytest.raises(ValueError, match="min_samples >= 1"):
        dbscan(on_a_line(1, 2), reach=1, min_samples=0)


def test_blocks_can_be_compared_elsewhere_and_ahead_of_the_answers() -> None:
    rows = people(np.random.default_rng(1), [700, 20, 30])
    sizes = []

    def elsewhere(compare: Callable[[Block], Found], blocks: Iterator[Block]) -> Iterator[Found]:
        for block in list(blocks):
            sizes.append(len(block.left) * len(block.right))
            yield compare(block)

    density = dbscan(rows, reach=0.05, min_samples=2, mapped=elsewhere, block_rows=100)
    assert np.array_equal(density.labels, dbscan(rows, reach=0.05, min_samples=2).labels)
    assert max(sizes) <= 100 * 100


def test_the_answer_for_a_crowded_block_is_small_and_joins_all() -> None:
    rows = people(np.random.default_rng(2), [1500])
    one = np.ones(len(rows), dtype=np.int64)
    no = np.zeros(len(rows), dtype=bool)
    search = Search(0.2, 2, np.arange(80), longest=1.0)
    found = near_in(Block(search, rows, rows, one, one, no, no, same=True))
    assert len(found.near) + len(found.joined) < 10 * len(rows)
    assert np.array_equal(found.left_hits + found.right_hits, np.full(len(rows), len(rows) - 1))


def test_blocks_and_answers_can_travel() -> None:
    """As they do when other machines compare: pickled, without anything of this process."""
    rows = people(np.random.default_rng(4), [200, 20, 30])

    def far_away(compare: Callable[[Block], Found], blocks: Iterator[Block]) -> Iterator[Found]:
        for block in blocks:
            there: Callable[[Block], Found] = pickle.loads(pickle.dumps(compare))  # noqa: S301
            found: Found = pickle.loads(pickle.dumps(there(block)))  # noqa: S301
            yield found

    density = dbscan(rows, reach=0.05, min_samples=3, mapped=far_away, block_rows=64)
    assert_like_scikit_learn(rows, density, 0.05, 3)


def test_first_dimensions_that_settle_little_change_nothing() -> None:
    rng = np.random.default_rng(5)
    rows = people(rng, [200, 40, 12, 1, 1])
    one, no = np.ones(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=bool)

    def near(columns: list[int]) -> tuple[list[int], set[tuple[int, int]]]:
        search = Search(0.06, 3, np.array(columns), longest=1.0)
        found = near_in(Block(search, rows, rows, one, one, no, no, same=True))
        return (found.left_hits + found.right_hits).tolist(), set(map(tuple, found.near.tolist()))

    assert near([0])[0] == near([5, 3, 70])[0] == near(list(range(80)))[0]


@pytest.mark.slow
@pytest.mark.parametrize("few", [2, 4])
def test_a_crowd_of_5000_beside_2000_others_takes_little_memory(few: int) -> None:
    rows = people(np.random.default_rng(6), [5000, *[2] * 1000], spread=0.01)
    tracemalloc.start()
    try:
        density = dbscan(rows, reach=0.08, min_samples=few)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 60_000_000  # all pairs of the crowd: 12.5 million, each 16 bytes
    assert_like_scikit_learn(rows, density, 0.08, few)
    assert max(map(len, partition(density.labels))) == 5000


@pytest.mark.slow
def test_it_equals_scikit_learn_where_few_dimensions_are_multiplied_first() -> None:
    rng = np.random.default_rng(7)
    rows = people(rng, np.minimum(rng.zipf(2.0, size=3000), 400), spread=0.03)
    rows *= np.geomspace(1, 0.2, 80, dtype=np.float32)
    rows = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    rows = rows[:8000]
    for few in (2, 3):
        assert_like_scikit_learn(rows, dbscan(rows, reach=0.1, min_samples=few), reach=0.1, few=few)


def test_peeling_keeps_what_is_joined_joined_and_leaves_the_rest() -> None:
    mask = np.zeros((40, 40), dtype=bool)
    mask[:20, :20] = mask[20:, 20:] = True
    mask[3, 30] = True
    left_core = np.ones(40, dtype=bool)
    left_core[3] = False
    joined = np.vstack(peel(mask, left_core, np.ones(40, dtype=bool)))
    assert {bool(left < 20) == bool(right < 20) for left, right in joined} == {True}
    assert set(joined[:, 0]) == set(range(40)) - {3}
    assert set(joined[:, 1]) == set(range(40))
    assert set(np.argwhere(mask)[:, 0]) == {3}
    assert mask.sum() == 21


def test_distances_do_not_depend_on_what_else_is_asked() -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((50, 80)).astype(np.float32)
    pairs = rng.integers(50, size=(3000, 2))
    together = squared_distances(rows, pairs)
    assert np.array_equal(together, squared_distances(rows, pairs[:, ::-1]))
    alone = [squared_distances(rows, pair[None])[0] for pair in pairs[:200]]
    assert np.array_equal(together[:200], alone)
