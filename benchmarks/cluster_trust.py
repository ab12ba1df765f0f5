"""How well doubt ranks mistakes: in impure clusters, in their faces, in pairs offered as one.

DATA, PEOPLE, SEED and SEEDS as for `cluster_quality`; photos without a face are left out. A cluster
is pure if all its faces are one person; in an impure one the faces that are not of its most
frequent person are wrong. `_auc` is the chance that of one right and one wrong the right one ranks
higher. `said_` is what was claimed of the same ones whose truth `same_` or `pure_` tells.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.cluster_quality import given_people
from benchmarks.clustering_scores import Labels
from benchmarks.convention import Figures, report
from benchmarks.people_encodings import PeopleEncodings
from faces.cut import identity_rows_at
from faces.cut_finding import find_cut
from faces.grouping import Grouping
from faces.trust import Trust, trust_of

_SURE, _DOUBTFUL = 0.9, 0.5
_FIRST_PAIRS = 100
_NO_PAIRS = np.empty((0, 2), np.intp)


def main() -> None:
    """Measure all draws and print the medians."""
    drawn = [figures(people) for people in given_people("How well doubt ranks mistakes.")]
    told = {key for figures in drawn for key in figures}
    report({key: statistics.median(f[key] for f in drawn if key in f) for key in sorted(told)}, {})


def figures(people: PeopleEncodings) -> Figures:
    """What one set of people gives; what nothing can be said of is left out."""
    truth = people.people[people.found]
    plain, mirrored = people.plain[people.found], people.mirrored[people.found]
    cut = find_cut(plain, mirrored)
    rows = identity_rows_at(cut, plain, mirrored)
    labels = Grouping.of(rows, cut).labels
    trust = trust_of(rows, labels, cut, apart=_NO_PAIRS)
    clusters = [trust.faces_of(number) for number in range(len(trust.clusters))]
    persons = np.array([np.bincount(truth[faces]).argmax() for faces in clusters])
    pure = np.array([(truth[faces] == truth[faces[0]]).all() for faces in clusters])
    several = np.diff(trust.starts) > 1
    impure = [
        (trust.place[faces], truth[faces] == person)
        for faces, person, is_pure in zip(clusters, persons, pure, strict=True)
        if len(faces) > 2 and not is_pure
    ]
    return {
        "faces": len(truth),
        "clusters": int(several.sum()),
        "impure": int((several & ~pure).sum()),
        **_of_clusters(trust.confidence[several], pure[several]),
        **_of_faces(impure),
        **_of_pairs(trust, persons),
    }


def _of_clusters(confidence: npt.NDArray[np.float32], pure: npt.NDArray[np.bool_]) -> Figures:
    sure, doubtful = confidence >= _SURE, confidence < _DOUBTFUL
    told = {"sure": int(sure.sum()), "doubtful": int(doubtful.sum())}
    if 0 < pure.sum() < len(pure):
        told["confidence_auc"] = roc_auc_score(pure, confidence)
    for name, those in (("sure", sure), ("doubtful", doubtful)):
        if those.any():
            told |= {f"pure_{name}": pure[those].mean(), f"said_{name}": confidence[those].mean()}
    return {key: float(value) for key, value in told.items()}


def _of_faces(
    impure: Iterable[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]],
) -> Figures:
    """Of impure clusters of three faces or more: how well places rank, means over clusters."""
    ranked = [
        (roc_auc_score(right, place), not right[-1], 1 - right.mean()) for place, right in impure
    ]
    if not ranked:
        return {}
    auc, last, chance = np.array(ranked, float).mean(axis=0)
    return {"place_auc": auc, "last_is_wrong": last, "last_is_wrong_by_chance": chance}


def _of_pairs(trust: Trust, persons: Labels) -> Figures:
    number_of = {int(label): number for number, label in enumerate(trust.clusters)}
    same = np.array(
        [persons[number_of[p.first]] == persons[number_of[p.second]] for p in trust.near], bool
    )
    said = np.array([pair.score for pair in trust.near])
    sizes = np.diff(trust.starts)
    of_groups = np.array(
        [min(sizes[number_of[p.first]], sizes[number_of[p.second]]) > 1 for p in trust.near], bool
    )
    told = {"pairs": len(same), "pairs_same": int(same.sum())}
    told |= {"pairs_of_groups": int(of_groups.sum())}
    told |= {"pairs_of_groups_same": int((of_groups & same).sum())}
    if 0 < same.sum() < len(same):
        told["pairs_auc"] = roc_auc_score(same, said)
    first = slice(0, _FIRST_PAIRS)
    if len(same):
        told |= {"same_first_100": same[first].mean(), "said_first_100": said[first].mean()}
    return {key: float(value) for key, value in told.items()}


if __name__ == "__main__":
    main()
