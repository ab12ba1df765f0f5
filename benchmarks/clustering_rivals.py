"""What people group faces with today, at every setting worth trying.

Each rival gets the faces that were found, poor ones too; a photo without a face is a cluster of
one. Distances are Euclidean, on the plain encodings unless a rival's name says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import dlib
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix, triu
from sklearn.cluster import DBSCAN
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import radius_neighbors_graph, sort_graph_by_row_values

from benchmarks.clustering_scores import Labels, Scores, scores
from benchmarks.convention import note
from benchmarks.people_encodings import PeopleEncodings
from faces.records import FloatRows, unit_rows

MIN_SAMPLES = (2, 3, 4, 5)
"""What scikit-learn's DBSCAN is tried with."""
MOST_IN_LINKAGE = 20_000
"""Faces; average linkage holds the distances of all pairs, and SciPy copies them."""

_RADII = tuple(round(0.2 + step / 100, 2) for step in range(81))
_CUTS = tuple(round(step * 0.005, 3) for step in range(1, 401))
_MOST_LINKS = 12_000_000
_LOOKED_AT = 500
_HOPELESS = 0.5


@dataclass(frozen=True, slots=True)
class Tried:
    """What was set, `setting` being the distance, and how well it did."""

    settings: Mapping[str, float]
    scores: Scores


@dataclass(frozen=True)
class Links:
    """Pairs of faces up to a reach: their distances, the nearest first in each row; (n, n).

    Each pair stands in it both ways, and each face with itself.
    """

    graph: csr_matrix
    reach: float

    def within(self, radius: float) -> csr_matrix:
        """The pairs at most so far apart."""
        near = self.graph.data <= radius
        starts = np.concatenate([[0], np.cumsum(near)])[self.graph.indptr]
        kept = self.graph.data[near], self.graph.indices[near], starts
        return csr_matrix(kept, shape=self.graph.shape)

    @property
    def radii(self) -> list[float]:
        """What is worth trying, from small to large."""
        return [radius for radius in _RADII if radius <= self.reach]


Rival = Callable[[PeopleEncodings], list[Tried]]


def dbscan(people: PeopleEncodings) -> list[Tried]:
    """scikit-learn's DBSCAN."""
    links = links_of(people.plain[people.found])
    return [
        tried
        for few in MIN_SAMPLES
        for tried in _swept_links(
            people, links, partial(dbscan_labels, links, min_samples=few), min_samples=few
        )
    ]


def chinese_whispers(people: PeopleEncodings) -> list[Tried]:
    """dlib's Chinese whispers, as its `chinese_whispers_clustering` calls it."""
    links = links_of(people.plain[people.found])
    return _swept_links(people, links, partial(whispered_labels, links))


def average_linkage(people: PeopleEncodings) -> list[Tried]:
    """SciPy's average linkage. Nothing is tried with more than `MOST_IN_LINKAGE` faces."""
    return _cut(people, people.plain[people.found])


def average_linkage_mirrored(people: PeopleEncodings) -> list[Tried]:
    """The same on the mean of a face's encoding and its mirror image's, at length 1."""
    return _cut(people, unit_rows((people.plain + people.mirrored)[people.found]))


RIVALS: Mapping[str, Rival] = {
    rival.__name__: rival
    for rival in (dbscan, chinese_whispers, average_linkage, average_linkage_mirrored)
}


def best_figures(tried: Iterable[Tried]) -> dict[str, float] | None:
    """The best of each of the two scores, each at its own setting; None if nothing was tried.

    Beside `pairwise_f` stands `pairwise_f_setting`, the distance that gave it, and whatever else
    was set under its name, as in `pairwise_f_min_samples`; the same for `bcubed_f`.
    """
    them = list(tried)
    told: dict[str, float] = {}
    for kind in ("pairwise", "bcubed"):
        by_f = {place: one.scores[f"{kind}_f"] for place, one in enumerate(them)}
        best = max(by_f, key=by_f.__getitem__, default=None)
        if best is None:
            return None
        told |= {f"{kind}_{part}": them[best].scores[f"{kind}_{part}"] for part in "prf"}
        told |= {f"{kind}_f_{name}": value for name, value in them[best].settings.items()}
    return told


def swept(
    people: PeopleEncodings,
    distances: Iterable[float],
    group: Callable[[float], Labels],
    **settings: float,
) -> list[Tried]:
    """Try distances from small to large, until both scores have fallen to half of their best.

    `group` gives the clusters of the faces that were found.
    """
    truth = people.people
    tried: list[Tried] = []
    for distance in distances:
        told = scores(truth, of_all_photos(group(distance), people))
        tried.append(Tried({"setting": distance, **settings}, told))
        if all(_has_fallen(tried, kind) for kind in ("pairwise_f", "bcubed_f")):
            break
    return tried


def of_all_photos(labels: Labels, people: PeopleEncodings) -> Labels:
    """The clusters of the faces found, and each photo without a face as one of its own, (n,)."""
    everyone = np.arange(len(people.names)) + len(people.names)
    everyone[people.found] = labels
    return everyone


def links_of(rows: FloatRows) -> Links:
    """All links up to the largest distance at which they are not too many to be kept."""
    some = np.random.default_rng(0).permutation(len(rows))[:_LOOKED_AT]
    most = min(1.0, _MOST_LINKS / max(1, len(rows)) ** 2)
    reach = _RADII[-1]
    if most < 1:
        reach = min(reach, float(np.quantile(pairwise_distances(rows[some], rows), most)))
    if not len(rows):
        return Links(csr_matrix((0, 0)), reach)
    graph = radius_neighbors_graph(rows, reach, mode="distance", include_self=True)
    return Links(sort_graph_by_row_values(graph, warn_when_not_sorted=False), reach)


def dbscan_labels(links: Links, eps: float, *, min_samples: int) -> Labels:
    """The clusters that DBSCAN gives, noise as clusters of one, (n,)."""
    graph = links.within(eps)
    if not graph.shape[0]:
        return np.empty(0, dtype=np.intp)
    labels = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit_predict(graph)
    noise = labels < 0
    labels[noise] = len(labels) + np.flatnonzero(noise)
    return np.asarray(labels, dtype=np.intp)


def whispered_labels(links: Links, threshold: float) -> Labels:
    """The clusters that Chinese whispers give, (n,)."""
    pairs = triu(links.within(threshold)).tocoo()
    edges = list(zip(pairs.row.tolist(), pairs.col.tolist(), strict=True))
    return np.array(dlib.chinese_whispers(edges), dtype=np.intp)


def _swept_links(
    people: PeopleEncodings, links: Links, group: Callable[[float], Labels], **settings: float
) -> list[Tried]:
    """Try all radii up to the reach, and say so if scores might still be better beyond it."""
    tried = swept(people, links.radii, group, **settings)
    if links.reach < _RADII[-1] and len(tried) == len(links.radii):
        note(f"  tried up to {links.reach:.2f} only: the links beyond are too many to be kept")
    return tried


def _cut(people: PeopleEncodings, rows: FloatRows) -> list[Tried]:
    if len(rows) > MOST_IN_LINKAGE:
        note(f"  {len(rows)} faces are too many for average linkage")
        return []
    if len(rows) < 2:
        return swept(people, _CUTS[:1], lambda _cut: np.arange(len(rows)))
    tree = linkage(rows, method="average", metric="euclidean")
    return swept(people, _CUTS, lambda cut: fcluster(tree, cut, criterion="distance"))


def _has_fallen(tried: list[Tried], kind: str) -> bool:
    return tried[-1].scores[kind] < _HOPELESS * max(one.scores[kind] for one in tried)
