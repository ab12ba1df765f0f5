from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.clustering_scores import Labels
from benchmarks.synthetic_faces import (
    SyntheticFaces,
    faces_of,
    mirror_pairs,
    same_photo_pairs,
    sizes_of_people,
    synthetic_faces,
)
from faces.records import FloatRows, unit_rows

counts, seeds = st.integers(1, 400), st.integers(0, 1000)
some_people = st.lists(st.integers(0, 4), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def faces() -> SyntheticFaces:
    people = np.concatenate([np.arange(1500), np.arange(300)])
    return faces_of(people, rng=np.random.default_rng(0))


def _distances(rows: FloatRows, people: Labels) -> tuple[FloatRows, FloatRows]:
    """Those between faces of one person, and those between strangers."""
    squares = np.sum(rows * rows, axis=1)
    squared = squares[:, None] + squares[None] - 2 * rows @ rows.T
    above = np.triu_indices(len(rows), 1)
    same = (people[:, None] == people[None])[above]
    found = np.sqrt(np.maximum(squared[above], 0))
    return found[same], found[~same]


@given(counts, seeds)
def test_every_face_is_somebodys_and_one_person_has_three_in_ten(count: int, seed: int) -> None:
    sizes = sizes_of_people(count, rng=np.random.default_rng(seed))
    assert sizes.sum() == count
    assert sizes[0] == max(1, round(0.3 * count))
    assert sizes[1:].max(initial=0) <= max(1, count // 10)
    there = np.flatnonzero(sizes)
    assert there.tolist() == list(range(len(there)))


def test_most_people_are_seen_once_and_few_often() -> None:
    sizes = sizes_of_people(100_000, rng=np.random.default_rng(0))
    others = sizes[sizes > 0][1:]
    assert 0.6 < np.mean(others == 1) < 0.8
    assert 10 < np.count_nonzero(others >= 100) < 100


@pytest.mark.parametrize("count", [1, 2, 3, 60])
def test_a_seed_gives_the_same_faces_in_memory_and_in_files(tmp_path: Path, count: int) -> None:
    held, filed = synthetic_faces(count, seed=3), synthetic_faces(count, seed=3, folder=tmp_path)
    assert held.people.shape == (count,)
    assert held.plain.shape == held.mirrored.shape == (count, 128)
    assert held.plain.dtype == held.mirrored.dtype == np.float32
    for name in ("people", "plain", "mirrored"):
        np.testing.assert_array_equal(getattr(held, name), getattr(filed, name))
    np.testing.assert_array_equal(np.load(tmp_path / "plain.npy"), held.plain)
    assert not np.array_equal(synthetic_faces(count, seed=4).plain, held.plain)


def test_encodings_fill_79_dimensions_at_the_lengths_that_dlib_gives(faces: SyntheticFaces) -> None:
    assert np.linalg.matrix_rank(faces.plain, tol=0.1) == 79
    lengths = np.linalg.norm(faces.plain, axis=1)
    assert np.percentile(lengths, [1, 50, 99]) == pytest.approx([1.27, 1.42, 1.60], abs=0.04)


def test_distances_are_those_of_labeled_faces_in_the_wild(faces: SyntheticFaces) -> None:
    same, strangers = _distances(faces.plain, faces.people)
    assert np.median(strangers) == pytest.approx(0.82, abs=0.03)
    assert np.percentile(strangers, 1) == pytest.approx(0.62, abs=0.03)
    assert np.median(same) == pytest.approx(0.435, abs=0.03)
    far = np.linalg.norm(faces.plain - faces.mirrored, axis=1)
    assert np.percentile(far, [1, 50, 99]) == pytest.approx([0.123, 0.187, 0.284], abs=0.03)


def test_as_many_strangers_look_the_same_as_in_labeled_faces_in_the_wild(
    faces: SyntheticFaces,
) -> None:
    _, strangers = _distances(unit_rows(faces.plain + faces.mirrored), faces.people)
    assert 0.4e-4 < np.mean(strangers**2 <= 0.115) < 3e-4


@given(some_people, seeds)
def test_the_faces_of_a_photo_are_neighbours_and_of_several_people(
    people: list[int], seed: int
) -> None:
    whose = np.array(people, dtype=np.intp)
    pairs = same_photo_pairs(whose, rng=np.random.default_rng(seed))
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert (whose[pairs[:, 0]] != whose[pairs[:, 1]]).all()
    assert len({tuple(pair) for pair in pairs.tolist()}) == len(pairs)


def test_four_in_ten_photos_show_a_second_face() -> None:
    pairs = same_photo_pairs(np.arange(20_000), rng=np.random.default_rng(0))
    beside = np.count_nonzero(pairs[:, 1] - pairs[:, 0] == 1)
    assert beside / 20_000 == pytest.approx(0.4, abs=0.02)
    assert (pairs[:, 1] - pairs[:, 0]).max() > 3


@given(some_people, seeds)
def test_a_mirror_shows_the_same_person_again(people: list[int], seed: int) -> None:
    whose = np.array(people, dtype=np.intp)
    pairs = mirror_pairs(whose, share=0.5, rng=np.random.default_rng(seed))
    assert (whose[pairs[:, 0]] == whose[pairs[:, 1]]).all()
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert not len(mirror_pairs(whose, share=0, rng=np.random.default_rng(seed)))
