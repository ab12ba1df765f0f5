import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.clustering_scores import Labels, scores

TwoLabels = list[tuple[int, int]]
faces = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=25)


def _labels(pairs: TwoLabels) -> tuple[Labels, Labels]:
    both = np.array(pairs, dtype=np.intp)
    return both[:, 0], both[:, 1]


def _f(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@given(faces)
def test_pairwise_scores_are_those_of_all_pairs_one_by_one(pairs: TwoLabels) -> None:
    told = scores(*_labels(pairs))
    joined = [a[0] == b[0] for a, b in itertools.combinations(pairs, 2) if a[1] == b[1]]
    same = [a[1] == b[1] for a, b in itertools.combinations(pairs, 2) if a[0] == b[0]]
    precision = sum(joined) / len(joined) if joined else 1.0
    recall = sum(same) / len(same) if same else 1.0
    expected = (precision, recall, _f(precision, recall))
    assert [told[f"pairwise_{part}"] for part in "prf"] == pytest.approx(expected)


@given(faces)
def test_bcubed_scores_are_the_means_over_the_faces_one_by_one(pairs: TwoLabels) -> None:
    told = scores(*_labels(pairs))
    precisions, recalls = [], []
    for person, cluster in pairs:
        with_it = [other[0] == person for other in pairs if other[1] == cluster]
        like_it = [other[1] == cluster for other in pairs if other[0] == person]
        precisions.append(sum(with_it) / len(with_it))
        recalls.append(sum(like_it) / len(like_it))
    expected = np.mean(precisions), np.mean(recalls)
    assert told["bcubed_p"] == pytest.approx(expected[0])
    assert told["bcubed_r"] == pytest.approx(expected[1])
    assert told["bcubed_f"] == pytest.approx(_f(*expected))


@given(faces)
def test_neither_numbers_nor_order_of_clusters_matter(pairs: TwoLabels) -> None:
    people, clusters = _labels(pairs)
    order = np.random.default_rng(len(pairs)).permutation(len(pairs))
    told = scores(people, clusters)
    assert scores(people[order], 1_000_000_007 - 3 * clusters[order]) == pytest.approx(told)


@given(faces)
def test_every_score_is_a_share_and_the_truth_has_them_all(pairs: TwoLabels) -> None:
    people, clusters = _labels(pairs)
    told = scores(people, clusters)
    assert told.pop("clusters") == len(set(clusters.tolist()))
    assert all(0 <= value <= 1 for value in told.values())
    perfect = scores(people, people)
    assert all(perfect[key] == 1 for key in told)


def test_faces_that_are_all_alone_are_right_but_incomplete() -> None:
    told = scores(np.array([0, 0, 1, 1]), np.arange(4))
    assert (told["pairwise_p"], told["pairwise_r"], told["pairwise_f"]) == (1, 0, 0)
    assert (told["bcubed_p"], told["bcubed_r"]) == (1, 0.5)


def test_one_face_is_grouped_rightly_whatever_one_does() -> None:
    told = scores(np.array([7]), np.array([3]))
    assert told == {"clusters": 1, **dict.fromkeys(told.keys() - {"clusters"}, 1.0)}


def test_a_hundred_thousand_faces_of_one_person_are_counted_without_overflow() -> None:
    everyone = np.zeros(100_000, dtype=np.intp)
    assert scores(everyone, everyone)["pairwise_f"] == 1


@pytest.mark.parametrize(("people", "clusters"), [([], []), ([1], [1, 2]), ([[1]], [[1]])])
def test_what_has_no_scores_is_refused(people: list[int], clusters: list[int]) -> None:
    with pytest.raises(ValueError, match="scores need faces"):
        scores(np.array(people, dtype=np.intp), np.array(clusters, dtype=np.intp))
