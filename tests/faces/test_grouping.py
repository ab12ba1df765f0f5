import itertools
import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN
from threadpoolctl import threadpool_limits

from faces import joinable, nearest
from faces.beginnings import NO_PAIRS, IntPairs
from faces.confirmations import (
    FacesApart,
    FacesTogether,
    FaceVerdict,
    PersonCreated,
    Verdict,
)
from faces.constraints import constraints_of
from faces.cut import Cut, in_steps
from faces.fold import fold
from faces.grouping import Grouping
from faces.records import NOBODY, STRANGER, FaceId, FloatRows, PersonId, PhotoId, unit_rows
from tests.faces.grouping_by_definition import (
    Pairs,
    Partition,
    Told,
    groups_by_definition,
    tellings,
    without_contradictions,
)
from tests.faces.words import numbered

NEVER = -1.0
"""No two clusters are so near on average that a round joins them."""
JOINING = Cut(np.eye(2, dtype=np.float32), reach=0.001, single=0.3, growth=0.1, faces=0)
LINKING = Cut(np.eye(2, dtype=np.float32), reach=0.001, single=NEVER, growth=0.0, faces=0)


def at(*degrees: float) -> FloatRows:
    """A face for each direction in a plane."""
    turn = np.radians(degrees)
    return in_steps(np.column_stack([np.cos(turn), np.sin(turn)]).astype(np.float32))


def pairs(*some: tuple[int, int]) -> IntPairs:
    return np.array(some, dtype=np.intp).reshape(-1, 2)


def groups(grouping: Grouping) -> Partition:
    """The groups, after a look at the labels: the lowest row of each row's group."""
    labels = grouping.labels.tolist()
    found: dict[int, set[int]] = {}
    for row, label in enumerate(labels):
        found.setdefault(label, set()).add(row)
    assert all(label == min(members) for label, members in found.items())
    return frozenset(map(frozenset, found.values()))


def grouped(told: Told) -> Grouping:
    return grouped_in(told, len(told.rows))


def grouped_in(told: Told, *ends: int) -> Grouping:
    """First the rows up to the first end, at once, then those up to each next one, added."""

    def among(some: Pairs, start: int, end: int) -> IntPairs:
        return pairs(*(pair for pair in some if start <= max(pair) < end))

    people = np.array(told.people, dtype=np.intp)
    first = ends[0]
    grouping = Grouping.of(
        told.rows[:first],
        told.cut,
        together=among(told.together, 0, first),
        apart=among(told.apart, 0, first),
        people=people[:first],
        keys=None if told.keys is None else np.array(told.keys[:first]),
    )
    for start, end in itertools.pairwise(ends):
        grouping.add(
            told.rows[start:end],
            together=among(told.together, start, end),
            apart=among(told.apart, start, end),
            people=people[start:end],
            keys=None if told.keys is None else np.array(told.keys[start:end]),
        )
    return grouping


def reordered(told: Told, order: list[int]) -> Told:
    """The same rows in another order: first the one that was at order[0], ..."""
    place = {row: number for number, row in enumerate(order)}

    def moved(some: Pairs) -> Pairs:
        return [(place[one], place[other]) for one, other in some]

    return Told(
        told.rows[order],
        told.cut,
        moved(told.together),
        moved(told.apart),
        [told.people[row] for row in order],
        None if told.keys is None else [told.keys[row] for row in order],
    )


@settings(max_examples=20, deadline=None)
@given(tellings())
def test_the_groups_are_those_of_the_definition(told: Told) -> None:
    assert groups(grouped(told)) == groups_by_definition(told)


@settings(max_examples=20, deadline=None)
@given(tellings(), st.lists(st.integers(0, 24)))
def test_faces_added_in_any_batches_give_the_groups_of_a_full_run(
    told: Told, ends: list[int]
) -> None:
    ends = [end for end in sorted(ends) if end <= len(told.rows)]
    assert groups(grouped_in(told, *ends, len(told.rows))) == groups(grouped(told))


@settings(max_examples=10, deadline=None)
@given(tellings())
def test_faces_added_one_by_one_give_the_groups_of_a_full_run(told: Told) -> None:
    assert groups(grouped_in(told, *range(len(told.rows) + 1))) == groups(grouped(told))


@settings(max_examples=15, deadline=None)
@given(tellings(), st.randoms(use_true_random=False), st.integers(0, 24))
def test_the_order_of_faces_does_not_matter(told: Told, rng: random.Random, first: int) -> None:
    order = rng.sample(range(len(told.rows)), len(told.rows))
    other = grouped_in(reordered(told, order), min(first, len(order)), len(order))
    back = frozenset(frozenset(order[row] for row in group) for group in groups(other))
    assert back == groups(grouped(told))


@settings(max_examples=12, deadline=None)
@given(tellings())
def test_what_people_said_holds(told: Told) -> None:
    label = grouped(told).labels.tolist()
    assert all(label[one] != label[other] for one, other in told.apart)
    assert all(label[one] == label[other] for one, other in told.together)
    for one, other in itertools.combinations(range(len(label)), 2):
        who, whom = told.people[one], told.people[other]
        if NOBODY not in (who, whom) and (who, whom) != (STRANGER, STRANGER):
            assert (label[one] == label[other]) == (who == whom)


@settings(max_examples=12, deadline=None)
@given(tellings(said=False, most=50))
def test_with_nothing_said_and_nothing_joined_it_is_dbscan(told: Told) -> None:
    linking = Cut(told.cut.transform, told.cut.reach + 1e-4, NEVER, 0.0, 0)
    rows = told.rows[told.rows.any(axis=1)]
    if not len(rows):
        return
    with threadpool_limits(1):  # on a busy machine its threads wait for each other
        theirs = DBSCAN(eps=linking.reach**0.5, min_samples=2, algorithm="brute")
        label = theirs.fit_predict(rows.astype(np.float64)).tolist()
    expected = {frozenset(np.flatnonzero(theirs.labels_ == each).tolist()) for each in label}
    noise = [row for row, each in enumerate(label) if each < 0]
    expected = (expected - {frozenset(noise)}) | {frozenset([row]) for row in noise}
    assert groups(Grouping.of(rows, linking)) == expected


@settings(max_examples=10, deadline=None)
@given(
    tellings(most=40),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_neither_blocks_nor_how_many_are_few_change_the_groups(
    told: Told, block: tuple[int, int], few: int, first: int
) -> None:
    expected = groups(grouped(told))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joinable, "_BLOCK", (block[0], block[0] * block[1]))
        patch.setattr(joinable, "_MANY", 1 + few)
        patch.setattr(nearest, "_ONE_BY_ONE", few)
        first = min(first, len(told.rows))
        assert groups(grouped_in(told, first, len(told.rows))) == expected


def test_no_face_is_no_group() -> None:
    grouping = Grouping.of(at(), JOINING)
    assert grouping.labels.shape == (0,)
    grouping.add(at())
    assert grouping.labels.shape == (0,)


def test_one_face_is_a_group() -> None:
    grouping = Grouping.of(at(), JOINING)
    grouping.add(at(10))
    assert grouping.labels.tolist() == Grouping.of(at(10), JOINING).labels.tolist() == [0]


def test_two_faces_are_one_person_if_they_are_alike() -> None:
    assert Grouping.of(at(0, 25), JOINING).labels.tolist() == [0, 0]
    assert Grouping.of(at(0, 45), JOINING).labels.tolist() == [0, 1]


@pytest.mark.parametrize("cut", [JOINING, LINKING])
def test_the_same_face_many_times_is_one_person(cut: Cut) -> None:
    grouping = Grouping.of(at(*[30] * 300), cut)
    assert set(grouping.labels.tolist()) == {0}
    grouping.add(at(*[30] * 200))
    assert grouping.labels.tolist() == [0] * 500


def test_faces_in_a_chain_are_not_one_person_though_each_is_like_the_next() -> None:
    chain = at(*range(0, 100, 4))
    assert set(Grouping.of(chain, JOINING).labels.tolist()) != {0}
    neighbours = (chain[1:] * chain[:-1]).sum(axis=1)
    assert (2 - 2 * neighbours < JOINING.single).all()


def test_two_that_are_apart_are_not_joined_by_way_of_a_third() -> None:
    apart = pairs((0, 2))
    grouping = Grouping.of(at(0, 5.5, 10), JOINING, apart=apart)
    assert grouping.labels.tolist() == [0, 1, 1]
    same = Grouping.of(at(0, 0, 0), LINKING, apart=apart)
    assert same.labels[0] != same.labels[2]


def test_who_is_apart_from_many_is_apart_from_each_of_them() -> None:
    """And is joined to the next best, though it is nearer to one of them."""
    rows, apart = at(0, *[180] * 80, 5, -8), pairs(*((0, row) for row in range(1, 82)))
    full = Grouping.of(rows, JOINING, apart=apart)
    assert full.labels.tolist() == [0, *[1] * 80, 81, 0]
    last = Grouping.of(rows[:-2], JOINING, apart=apart[:-1])
    last.add(rows[-2:], apart=apart[-1:])
    assert last.labels.tolist() == full.labels.tolist()


def test_what_is_said_twice_or_the_other_way_round_is_said_once() -> None:
    once = Grouping.of(at(0, 0, 0), JOINING, apart=pairs((0, 2)), together=pairs((0, 1)))
    twice = Grouping.of(at(0, 0), JOINING, together=pairs((1, 0), (0, 1), (0, 0)))
    twice.add(at(0), apart=pairs((2, 0), (0, 2), (2, 0)))
    assert once.labels.tolist() == twice.labels.tolist() == [0, 0, 2]


def test_two_that_are_together_are_so_however_far_they_are_apart() -> None:
    grouping = Grouping.of(at(0, 180), JOINING, together=pairs((0, 1)))
    assert grouping.labels.tolist() == [0, 0]
    grouping.add(at(90), together=pairs((1, 2)))
    assert grouping.labels.tolist() == [0, 0, 0]


def test_strangers_may_be_one_person_but_nobody_that_has_a_name() -> None:
    people = np.array([STRANGER, STRANGER, 0, NOBODY], dtype=np.intp)
    grouping = Grouping.of(at(0, 0, 0, 0), JOINING, people=people)
    assert grouping.labels[0] == grouping.labels[1] != grouping.labels[2]
    grouping.add(at(0, 0), people=np.array([STRANGER, 0], dtype=np.intp))
    label = grouping.labels.tolist()
    assert (label[4], label[5]) == (label[0], label[2])


def test_of_faces_that_failed_to_be_encoded_none_are_one_person() -> None:
    nothing = np.zeros((20, 2), dtype=np.float32)
    mixed = np.concatenate([nothing, at(0, 1, 2)])
    grouping = Grouping.of(nothing, JOINING)
    assert grouping.labels.tolist() == list(range(20))
    grouping.add(np.concatenate([at(0, 1, 2), nothing]))
    assert grouping.labels.tolist() == [*range(20), 20, 20, 20, *range(23, 43)]
    assert Grouping.of(mixed, JOINING).labels.tolist() == grouping.labels[:23].tolist()


def test_the_words_of_people_and_the_photos_hold_in_the_groups() -> None:
    faces = [FaceId(f"f{number}") for number in range(8)]
    photo_of = {face: PhotoId(f"{number // 2:064}") for number, face in enumerate(faces)}
    anna = PersonId("p0")
    words = [
        PersonCreated(anna, "Anna"),
        FaceVerdict(faces[0], Verdict.IS, anna),
        FaceVerdict(faces[2], Verdict.IS, anna),
        FaceVerdict(faces[4], Verdict.IS_NOT, anna),
        FaceVerdict(faces[6], Verdict.STRANGER),
        FacesTogether((faces[1], faces[3])),
        FacesApart(faces[5], (faces[7],)),
    ]
    truth = fold(
        numbered([("Eve", f"annotation:{at} of 2026-01-01", word) for at, word in enumerate(words)])
    )
    said = constraints_of(faces, photo_of, truth)
    rows = at(*[0] * 8)
    together, apart, people = said.together, said.apart, said.people
    label = Grouping.of(rows, JOINING, together=together, apart=apart, people=people).labels
    assert (label[0], label[1]) == (label[2], label[3])
    assert all(label[row] != label[row + 1] for row in range(0, 8, 2))
    assert label[0] not in (label[4], label[6])
    assert label[5] != label[7]
    grouping = Grouping.of(rows[:0], JOINING)
    for row in range(8):
        news = [some[(some.max(axis=1) == row)] for some in (together, apart)]
        grouping.add(
            rows[row : row + 1], together=news[0], apart=news[1], people=people[row : row + 1]
        )
    assert grouping.labels.tolist() == label.tolist()


def test_a_mirror_in_one_photo_does_not_take_a_person_apart() -> None:
    grouping = Grouping.of(at(*[0] * 30), LINKING)
    grouping.add(at(0, 0), apart=pairs((30, 31)))
    assert grouping.labels.tolist() == [*[0] * 30, 30, 31]
    assert groups(Grouping.of(at(*[0] * 32), LINKING, apart=pairs((30, 31)))) == groups(grouping)


def test_a_component_with_many_contradictions_is_doubted_until_it_has_grown() -> None:
    apart = [(30, 31), (32, 33)]
    told = Told(at(*[0] * 44), LINKING, [], apart, [NOBODY] * 44)
    doubted = groups(grouped_in(told, 30, 32, 34))
    assert doubted == {frozenset([row]) for row in range(34)}
    sure = {frozenset([*range(30), *range(34, 44)]), *(frozenset([row]) for row in range(30, 34))}
    assert groups(grouped_in(told, 30, 32, 34, 43, 44)) == sure
    assert groups(grouped_in(told, *range(45))) == sure
    assert groups(grouped(told)) == sure


def test_those_of_a_lesser_name_begin_by_themselves_until_they_are_many() -> None:
    people = [*[0] * 9, *[NOBODY] * 21, 1, STRANGER, 1, 1]
    told = Told(at(*[0] * 34), LINKING, [], [], people)
    few = groups(grouped_in(told, 30, 31, 33))
    assert few == {frozenset(range(30)), frozenset([30, 32]), frozenset([31])}
    many = groups(grouped_in(told, 30, 31, 33, 34))
    named = {frozenset(range(9)), frozenset([30, 32, 33])}
    assert many == named | {frozenset([row]) for row in [*range(9, 30), 31]}
    assert groups(grouped(told)) == many


@pytest.mark.parametrize("seed", range(2))
def test_large_components_with_mirrors_are_as_defined_at_every_size(seed: int) -> None:
    rng = np.random.default_rng(seed)
    who = rng.integers(0, 2, 70)
    middles = rng.standard_normal((2, 6)) * 0.5 + 1
    rows = in_steps(
        unit_rows((middles[who] + rng.standard_normal((70, 6)) * 0.06).astype(np.float32))
    )
    cut = Cut(np.eye(6, dtype=np.float32), reach=0.01, single=0.02, growth=0.01, faces=70)
    photos = [(row, row + 1) for row in rng.choice(69, 7, replace=False).tolist()]
    people = [int(each) for each in np.where(rng.random(70) < 0.06, who, NOBODY)]
    told = Told(rows, cut, *without_contradictions([], photos, people))
    ends = [5, *(np.cumsum(rng.integers(1, 9, 20)) + 5).tolist()]
    ends = [end for end in ends if end < 70] + [70]
    found = groups(grouped_in(told, *ends))
    assert found == groups(grouped(told)) == groups_by_definition(told)


def crowd(sizes: list[int], *, seed: int, spread: float) -> FloatRows:
    rng = np.random.default_rng(seed)
    middles = unit_rows(rng.standard_normal((len(sizes), 80)).astype(np.float32))
    away = rng.standard_normal((sum(sizes), 80)) * spread / 80**0.5
    rows = unit_rows((np.repeat(middles, sizes, axis=0) + away).astype(np.float32))
    return in_steps(rows[rng.permutation(len(rows))])


def test_in_many_dimensions_added_faces_give_the_groups_of_a_full_run() -> None:
    rows = crowd([20, 8, *[3] * 9, *[1] * 9], seed=4, spread=0.8)
    cut = Cut(np.eye(80, dtype=np.float32), 0.3, 0.9, 0.1, len(rows))
    told = Told(rows, cut, [], [(row, row + 1) for row in range(0, 60, 9)], [NOBODY] * len(rows))
    by_definition = groups_by_definition(told)
    assert groups(grouped(told)) == by_definition
    assert groups(grouped_in(told, 30, *range(40, len(rows) + 1))) == by_definition


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(tellings(most=30), st.lists(st.integers(0, 30)))
def test_many_small_sets_of_faces_are_grouped_as_defined(told: Told, ends: list[int]) -> None:
    ends = [end for end in sorted(ends) if end <= len(told.rows)]
    expected = groups_by_definition(told)
    assert groups(grouped(told)) == expected
    assert groups(grouped_in(told, *ends, len(told.rows))) == expected


@pytest.mark.slow
@pytest.mark.parametrize("single", [0.5, 1.2, 1.9])
def test_thousands_of_faces_are_the_same_groups_whatever_the_blocks(single: float) -> None:
    """More than a block either way; at 1.9 all but opposite ones pass."""
    rows = crowd([400, 60, *[3] * 700, *[1] * 2500], seed=2, spread=0.5)
    cut = Cut(np.eye(80, dtype=np.float32), 0.25, single, 0.05, len(rows))
    rng = np.random.default_rng(3)
    apart = np.unique(np.sort(rng.integers(0, len(rows), (600, 2)), axis=1), axis=0)
    apart = apart[apart[:, 0] != apart[:, 1]]
    full = Grouping.of(rows, cut, apart=apart)
    ends = [0, 1, 600, 601, 5000, *range(5001, 5010), len(rows)]
    told = Told(rows, cut, [], [tuple(pair) for pair in apart.tolist()], [NOBODY] * len(rows))
    assert groups(grouped_in(told, *ends)) == groups(full)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joinable, "_BLOCK", (190, 760))
        patch.setattr(nearest, "_ONE_BY_ONE", 0)
        assert groups(Grouping.of(rows, cut, apart=apart)) == groups(full)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reach", "mirrors"), [(0.01, 0), (0.0, 0), (0.01, 40), (0.01, 600)],
    ids=["linked", "joined in rounds", "a few mirrors", "doubted"],
)  # fmt: skip
def test_a_person_of_many_faces_takes_little_memory(reach: float, mirrors: int) -> None:
    """All pairs of 5,000 faces in float32 would be 100 MB, their rows are 1.6 MB."""
    rows = crowd([5000], seed=1, spread=0.05)
    apart = np.arange(2 * mirrors, dtype=np.intp).reshape(-1, 2) if mirrors else NO_PAIRS
    cut = Cut(np.eye(80, dtype=np.float32), reach, 0.3, 0.05, len(rows))
    tracemalloc.start()
    try:
        grouping = Grouping.of(rows, cut, apart=apart)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 60e6
    assert np.bincount(grouping.labels).max() > 1000
