from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from faces.cut import Cut, identity_rows_at
from faces.cut_finding import find_cut
from faces.grouping import Grouping
from faces.records import NOBODY, STRANGER, FloatRows, unit_rows


@dataclass(frozen=True)
class Photographed:
    """Faces as the network gives them, and who each is."""

    plain: FloatRows
    mirrored: FloatRows
    who: npt.NDArray[np.intp]

    def __add__(self, other: "Photographed") -> "Photographed":
        return Photographed(
            np.concatenate([self.plain, other.plain]),
            np.concatenate([self.mirrored, other.mirrored]),
            np.concatenate([self.who, other.who + len(self.who)]),
        )


def people(sizes: list[int], *, spread: float = 0.17, seed: int = 0) -> Photographed:
    """As many faces of each person; strangers are about 0.3 apart, as dlib's network has them.

    All faces have more in common than that they differ: squared, of length 1.
    """
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(sizes)), sizes)
    common = np.eye(1, 128)
    middles = common + rng.standard_normal((len(sizes), 128)) * 0.42 / 128**0.5
    faces = middles[who] + rng.standard_normal((len(who), 128)) * spread / 128**0.5
    seen = [faces + rng.standard_normal(faces.shape) * 0.05 / 128**0.5 for _ in range(2)]
    plain, mirrored = (unit_rows(rows.astype(np.float32)) for rows in seen)
    return Photographed(plain, mirrored, who)


def nothing(count: int, value: float = 0.0) -> Photographed:
    rows = np.full((count, 128), value, dtype=np.float32)
    return Photographed(rows, rows, np.arange(count))


def cut_of(faces: Photographed) -> Cut:
    return find_cut(faces.plain, faces.mirrored)


def labels(faces: Photographed, cut: Cut | None = None) -> npt.NDArray[np.int64]:
    cut = cut or cut_of(faces)
    return Grouping.of(identity_rows_at(cut, faces.plain, faces.mirrored), cut).labels


def assert_found(faces: Photographed) -> None:
    """Each group is one person, each person one group."""
    _, first, number = np.unique(faces.who, return_index=True, return_inverse=True)
    assert np.array_equal(labels(faces), first[number])


def assert_usable(cut: Cut) -> None:
    assert np.isfinite(cut.transform).all()
    assert 0 < cut.reach < cut.single < 2
    assert 0 < cut.growth < 2


@pytest.mark.parametrize("spread", [0.02, 0.08, 0.17])
@pytest.mark.parametrize("sizes", [[10] * 30, [3] * 100, [100, 30, *[4] * 30, *[1] * 60]])
def test_people_that_are_well_apart_are_found_whatever_their_spread(
    sizes: list[int], spread: float
) -> None:
    assert_found(people(sizes, spread=spread))


def test_people_of_different_spread_in_one_collection_are_found() -> None:
    assert_found(people([8] * 20, spread=0.05) + people([8] * 20, spread=0.17, seed=1))


@pytest.mark.parametrize("spread", [0.05, 0.17])
def test_a_person_who_has_most_faces_is_one_group_and_no_one_else_is_in_it(spread: float) -> None:
    assert_found(people([154, *[2] * 23], spread=spread))


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.2])
def test_the_faces_of_one_person_alone_stay_together(spread: float) -> None:
    sizes = np.bincount(labels(people([200], spread=spread)))
    assert sizes.max() >= 190
    assert np.count_nonzero(sizes) <= 10


def test_strangers_alone_are_not_put_together() -> None:
    assert len(np.unique(labels(people([1] * 300)))) == 300


@pytest.mark.parametrize("count", [0, 1])
def test_a_cut_is_found_on_no_face_and_on_one(count: int) -> None:
    cut = cut_of(people([1] * count))
    assert_usable(cut)
    assert cut.faces == count
    assert cut.transform.shape == (128, 128)
    assert len(labels(people([1] * count), cut)) == count


def test_the_same_face_many_times_is_one_person() -> None:
    one = people([1])
    many = Photographed(one.plain.repeat(300, 0), one.mirrored.repeat(300, 0), np.zeros(300, int))
    assert_usable(cut_of(many))
    assert_found(many)


def test_each_face_twice_is_as_many_people() -> None:
    once = people([1] * 150)
    twice = Photographed(once.plain.repeat(2, 0), once.mirrored.repeat(2, 0), once.who.repeat(2))
    assert_found(twice)


@pytest.mark.parametrize("value", [0.0, np.nan, -np.inf, 1e30])
def test_faces_that_could_not_be_encoded_are_nobodys_and_change_nothing(value: float) -> None:
    assert_usable(cut_of(nothing(50, value)))
    assert_found(nothing(50, value))
    some = people([5] * 40)
    cut, beside = cut_of(some), cut_of(some + nothing(30, value))
    assert np.array_equal(beside.transform, cut.transform)
    assert_found(some + nothing(30, value))


def test_the_cut_does_not_change_by_itself_nor_with_the_number_of_threads() -> None:
    faces = people([10] * 60)
    found = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads):
            found.append(cut_of(faces).to_json())
    assert found[0] == found[1] == found[2]


def test_a_cut_tells_on_how_many_faces_it_was_found_though_a_sample_is_looked_at() -> None:
    faces = people([20] * 225)
    cut = cut_of(faces)
    assert cut.faces == 4500
    assert np.array_equal(labels(faces, cut), np.arange(0, 4500, 20).repeat(20))


def test_the_more_faces_the_nearer_they_must_be() -> None:
    few, many = people([4] * 100), people([4] * 400)
    assert cut_of(many).single < cut_of(few).single


@pytest.mark.parametrize("by_name", [True, False])
def test_where_people_said_who_is_who_more_of_the_others_are_found(by_name: bool) -> None:
    """What they said is not told to the grouping here, only to the cut."""
    faces = people([12] * 40, spread=0.36)
    same = np.flatnonzero(faces.who[1:] == faces.who[:-1])
    said = {"people": faces.who} if by_name else {"together": np.column_stack([same, same + 1])}
    found = labels(faces, find_cut(faces.plain, faces.mirrored, **said))
    assert len(np.unique(found)) < 0.7 * len(np.unique(labels(faces)))
    assert np.array_equal(faces.who[found], faces.who)


@settings(max_examples=5, deadline=None)
@given(
    st.integers(1, 40),
    st.lists(st.sampled_from([NOBODY, NOBODY, STRANGER, 0, 1]), min_size=40, max_size=40),
    st.lists(st.tuples(st.integers(0, 38), st.just(39)), max_size=10),
)
def test_a_cut_is_found_whatever_was_said(
    count: int, who: list[int], apart: list[tuple[int, int]]
) -> None:
    faces = people([3] * 13 + [1])
    cut = find_cut(
        faces.plain[:count],
        faces.mirrored[:count],
        apart=np.array([pair for pair in apart if max(pair) < count], dtype=np.intp).reshape(-1, 2),
        people=np.array(who[:count], dtype=np.intp),
    )
    assert_usable(cut)
    assert cut.faces == count
