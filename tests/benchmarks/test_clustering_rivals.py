import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from benchmarks import clustering_rivals
from benchmarks.clustering_rivals import (
    MIN_SAMPLES,
    RIVALS,
    Rival,
    average_linkage,
    best_figures,
    dbscan,
    dbscan_labels,
    links_of,
    of_all_photos,
    swept,
    whispered_labels,
)
from benchmarks.clustering_scores import Labels
from benchmarks.people_encodings import PeopleEncodings
from faces.records import FloatRows

pytestmark = pytest.mark.slow


def _same_groups(ours: Labels, theirs: Labels) -> bool:
    """Whether two numberings tell the same groups."""
    pairs = set(zip(ours.tolist(), theirs.tolist(), strict=True))
    return len(pairs) == len(set(ours.tolist())) == len(set(theirs.tolist()))


def _alone(labels: Labels) -> Labels:
    return np.where(labels < 0, len(labels) + np.arange(len(labels)), labels)


def _rows(seed: int, *, people: int, each: int, spread: float = 0.02) -> FloatRows:
    """So many people with so many faces each, raw as the network's, person after person."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(people, 128)) / np.sqrt(128) * 1.3
    faces = np.repeat(middles, each, axis=0) + rng.normal(scale=spread, size=(people * each, 128))
    return faces.astype(np.float32)


def _people(rows: FloatRows, *, each: int, lost: int = 0) -> PeopleEncodings:
    """Photos of these faces; on the first few no face was found."""
    names = tuple(f"P{row // each}/{row % each}" for row in range(len(rows)))
    found = np.arange(len(rows)) >= lost
    return PeopleEncodings(names, rows, rows.copy(), found, found.astype(np.float64))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 60), st.floats(0.5, 1.5), st.sampled_from(MIN_SAMPLES))
def test_dbscan_on_links_is_scikit_learns(
    seed: int, count: int, eps: float, min_samples: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(scale=0.4, size=(count, 3)).astype(np.float32)
    rows = np.pad(rows, ((0, 0), (0, 125)))
    eps /= 2
    theirs = DBSCAN(eps=eps, min_samples=min_samples).fit_predict(rows.astype(np.float64))
    ours = dbscan_labels(links_of(rows), eps, min_samples=min_samples)
    assert _same_groups(ours, _alone(theirs))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_chinese_whispers_on_links_are_dlibs(threshold: float) -> None:
    import dlib

    rows = _rows(3, people=8, each=5, spread=0.04)
    theirs = dlib.chinese_whispers_clustering([dlib.vector(row) for row in rows], threshold)
    assert whispered_labels(links_of(rows), threshold).tolist() == theirs


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS.keys())
def test_at_its_best_setting_each_rival_tells_people_apart_who_are(rival: Rival) -> None:
    best = best_figures(rival(_people(_rows(1, people=5, each=6), each=6)))
    assert best is not None
    assert best["pairwise_f"] == best["bcubed_f"] == 1
    assert 0 < best["pairwise_f_setting"] < 1


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS.keys())
@pytest.mark.parametrize(("count", "lost"), [(1, 0), (1, 1), (2, 1), (3, 3)])
def test_few_faces_or_none_are_no_hindrance(rival: Rival, count: int, lost: int) -> None:
    people = _people(_rows(2, people=1, each=count), each=count, lost=lost)
    best = best_figures(rival(people))
    assert best is not None
    assert best["bcubed_p"] == 1


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS.keys())
def test_the_same_face_many_times_is_one_person(rival: Rival) -> None:
    rows = np.repeat(_rows(4, people=1, each=1), 6, axis=0)
    best = best_figures(rival(_people(rows, each=6)))
    assert best is not None
    assert best["pairwise_f"] == 1


def test_photos_without_a_face_are_clusters_of_one() -> None:
    people = _people(_rows(1, people=2, each=3), each=3, lost=2)
    labels = of_all_photos(np.array([0, 1, 1, 1]), people)
    assert len(set(labels[:3].tolist())) == 3
    assert labels[3:].tolist() == [1, 1, 1]


def test_both_scores_have_the_best_of_their_own() -> None:
    people = _people(_rows(1, people=2, each=2), each=2)
    together, apart = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2])
    best = best_figures(
        swept(people, [0.1, 0.2], {0.1: together, 0.2: apart}.__getitem__, min_samples=3)
    )
    assert best is not None
    assert best["pairwise_f"] == pytest.approx(2 / 3)
    assert best["pairwise_f_setting"] == best["bcubed_f_setting"] == 0.2
    assert best["bcubed_f_min_samples"] == 3


def test_a_sweep_ends_when_both_scores_have_fallen_to_half() -> None:
    people = _people(_rows(1, people=30, each=2), each=2)
    right, everyone = people.people, np.zeros(60, dtype=np.intp)
    calls = itertools.count()

    def group(cut: float) -> Labels:
        next(calls)
        return right if cut < 0.35 else everyone

    swept(people, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], group)
    assert next(calls) == 4


def test_too_many_faces_for_average_linkage_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clustering_rivals, "MOST_IN_LINKAGE", 5)
    assert best_figures(average_linkage(_people(_rows(1, people=2, each=3), each=3))) is None
    assert "6 faces are too many" in capsys.readouterr().err


def test_too_many_links_shorten_the_reach(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = np.random.default_rng(5).normal(scale=0.04, size=(100, 128)).astype(np.float32)
    everything = links_of(rows)
    assert everything.graph.nnz == 100 * 100
    monkeypatch.setattr(clustering_rivals, "_MOST_LINKS", 1000)
    fewer = links_of(rows)
    assert fewer.radii == [radius for radius in everything.radii if radius <= fewer.reach]
    assert 900 <= fewer.graph.nnz <= 1000
    tried = dbscan(_people(rows, each=5))
    assert {one.settings["setting"] for one in tried} == set(fewer.radii)
    assert f"tried up to {fewer.reach:.2f} only" in capsys.readouterr().err
