"""How far a grouping can be trusted: sure and doubtful clusters, faces and pairs of clusters.

Everything is measured in the cut's own unit, `cut.single`, so that it means the same in every
collection. A face is compared with its cluster as with a second-best one, as in silhouettes
(Rousseeuw 1987), but against the cut as well, and always without itself (leave-one-out).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faces.near_clusters import Means, Neighbours, Pairs, neighbours_of, possible_pairs
from faces.records import NOBODY

if TYPE_CHECKING:
    from faces.cut import Cut
    from faces.records import FloatRows

IntArray = npt.NDArray[np.intp]
FloatArray = npt.NDArray[np.float32]

_RIVAL_WEIGHT = 0.5
"""What a rival's distance counts beside the own cluster's; measured."""
_FACE_CHANCE = (11.2, 0.0)
"""Slope and offset that make a face's margin a probability to be in the right cluster."""
_CLUSTER_CHANCE = (6.8, 0.27, -2.2)
"""The same for a cluster: by its margin (the most doubtful face's and the mean, added), by the
logarithm of its size (of many faces the most doubtful one is always far out), offset."""
_MERGE_CHANCE = (-9.4, 1.4, -2.3, 3.9, -1.0)
"""Of two clusters: score, smaller, larger (one over the root), lead over rivals, offset."""
_LEAST_CHANCE = 0.05
"""Pairs of clusters less likely to be one person are not worth a question."""
_FACES_AT_ONCE = 32_768


@dataclass(frozen=True, slots=True)
class NearClusters:
    """Two clusters, by their labels, and the probability that they are one person, 0 to 1."""

    first: int
    second: int
    score: float


@dataclass(frozen=True)
class Trust:
    """What can be said of a grouping of n faces in k clusters.

    `clusters` are the labels in ascending order; `confidence` has each one's probability to be of
    one person, 0 to 1. `place` is 1 for the medoid of each cluster, the face that is nearest to
    all others, and for the others the probability to belong there, near 0 for doubtful ones.
    `order` has all rows, cluster by cluster in the order of `clusters`, the most typical face
    first. `near` are pairs of clusters that may be one person, the likeliest first.
    """

    clusters: IntArray  # (k,)
    confidence: FloatArray  # (k,)
    place: FloatArray  # (n,)
    order: IntArray  # (n,)
    starts: IntArray  # (k + 1,): where each cluster begins in `order`
    near: tuple[NearClusters, ...]

    def faces_of(self, cluster: int) -> IntArray:
        """The rows of the cluster at this place in `clusters`, the most typical first."""
        return self.order[self.starts[cluster] : self.starts[cluster + 1]]


def trust_of(
    rows: FloatRows,
    labels: npt.NDArray[np.integer],
    cut: Cut,
    *,
    apart: IntArray,
    people: IntArray | None = None,
) -> Trust:
    """How sure each cluster, face and possible merge is.

    `rows` (n, d) are of length 1, as `faces.cut` makes them; `labels` (n,) say which faces belong
    together, a face alone being a cluster of one. Clusters that cannot be one person are never
    offered as one: `apart` (m, 2) are pairs of rows that are two people, and `people` (n,) has
    the number of each row's person (`faces.constraints.Constraints`).
    """
    clusters, cluster_of, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    means = Means.of(rows, cluster_of, sizes, cut)
    near = neighbours_of(means)
    distance = _distance_to_others(rows, cluster_of, means)
    margin = _margins(rows, cluster_of, distance, means, near)
    confirmed = np.zeros(len(labels), bool) if people is None else people > NOBODY
    place = _places(margin, distance, cluster_of, means, confirmed)
    known = _people_of(cluster_of, people, len(sizes))
    may_be_one = possible_pairs(near, cluster_of[apart.reshape(-1, 2)], known)
    order = np.lexsort((np.arange(len(place)), -place, cluster_of))
    return Trust(
        clusters=clusters.astype(np.intp),
        confidence=_confidences(margin, cluster_of, sizes, confirmed),
        place=place,
        order=order,
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.intp),
        near=tuple(_merges(means, near, clusters, may_be_one)),
    )


def _distance_to_others(rows: FloatRows, cluster_of: IntArray, means: Means) -> FloatArray:
    """Each face's average squared distance to the others of its cluster, (n,); 0 if alone."""
    sizes = means.sizes[cluster_of]
    to_mean = np.empty(len(rows), np.float32)
    for block in _blocks(len(rows)):
        to_mean[block] = np.einsum("ij,ij->i", rows[block], means.rows[cluster_of[block]])
    others = np.maximum(sizes - 1, 1)
    return np.where(sizes > 1, np.maximum(2 - 2 * (sizes * to_mean - 1) / others, 0), 0).astype(
        np.float32
    )


def _margins(
    rows: FloatRows,
    cluster_of: IntArray,
    distance: FloatArray,
    means: Means,
    near: Neighbours,
) -> FloatArray:
    """How much nearer each face is to its cluster than to the cut and to the next cluster, (n,).

    0 at the cut with no rival near; in units of `cut.single`.
    """
    others = np.maximum(means.sizes - 1, 1)
    half_allowed = means.cut.half_allowed
    alone = half_allowed(np.ones(1, dtype=np.intp))
    allowed = alone + half_allowed(others)
    own = (allowed[cluster_of] - distance) / means.unit
    rival = np.full(len(rows), near.limit, np.float32)
    for block in _blocks(len(rows)):
        mine = near.clusters[cluster_of[block]]
        for column in range(mine.shape[1]):
            theirs = mine[:, column]
            there = np.flatnonzero(theirs >= 0)
            theirs = theirs[there]
            apart = 2 - 2 * np.einsum("ij,ij->i", rows[block][there], means.rows[theirs])
            over = (apart - alone - half_allowed(means.sizes[theirs])) / means.unit
            rival[block.start + there] = np.minimum(rival[block.start + there], over)
    return (own + _RIVAL_WEIGHT * rival).astype(np.float32)


def _places(
    margin: FloatArray,
    distance: FloatArray,
    cluster_of: IntArray,
    means: Means,
    confirmed: npt.NDArray[np.bool_],
) -> FloatArray:
    """1 for each cluster's medoid, for the others the probability to be right, (n,).

    A face that people confirmed is never doubtful: half of its doubt is left, to keep an order.
    """
    below_one = np.nextafter(np.float32(1), np.float32(0))
    chance = _chance(_FACE_CHANCE[0] * margin + _FACE_CHANCE[1])
    chance = np.where(confirmed, (1 + chance) / 2, chance)
    place = np.empty(len(margin), np.float32)
    np.minimum(chance, below_one, out=place, casting="same_kind")
    nearest_first = np.lexsort((np.arange(len(margin)), -place, distance, cluster_of))
    starts = np.concatenate(([0], np.cumsum(means.sizes)[:-1])).astype(np.intp)
    if len(margin):
        place[nearest_first[starts]] = 1
    return place


def _confidences(
    margin: FloatArray, cluster_of: IntArray, sizes: IntArray, confirmed: npt.NDArray[np.bool_]
) -> FloatArray:
    """Each cluster's probability to be of one person, (k,).

    It is as sure as its most doubtful and its average face, of those that nobody confirmed: 1 if
    there are none, and for a face alone.
    """
    open_faces = cluster_of[~confirmed]
    count = np.bincount(open_faces, minlength=len(sizes))
    least = np.full(len(sizes), np.inf)
    np.minimum.at(least, open_faces, margin[~confirmed])
    total = np.bincount(open_faces, weights=margin[~confirmed], minlength=len(sizes))
    by_margin, by_size, offset = _CLUSTER_CHANCE
    odds = by_margin * (least + total / np.maximum(count, 1)) + by_size * np.log(sizes) + offset
    return np.where((sizes > 1) & (count > 0), _chance(odds), 1).astype(np.float32)


def _merges(
    means: Means, near: Neighbours, labels: IntArray, pairs: Pairs
) -> Iterator[NearClusters]:
    """The pairs that are worth a question, the likeliest first."""
    first, second, _ = pairs
    chance = _merge_chance(means, near, pairs)
    for pair in np.lexsort((second, first, -chance)):
        if chance[pair] < _LEAST_CHANCE:
            return
        yield NearClusters(int(labels[first[pair]]), int(labels[second[pair]]), float(chance[pair]))


def _merge_chance(means: Means, near: Neighbours, pairs: Pairs) -> npt.NDArray[np.float64]:
    """The probability that two clusters are one person, (p,).

    It falls with their score, with the size of both (two large clusters would have been joined),
    and where another cluster is nearly as near.
    """
    first, second, score = pairs
    smaller = 1 / np.sqrt(np.minimum(means.sizes[first], means.sizes[second]))
    larger = 1 / np.sqrt(np.maximum(means.sizes[first], means.sizes[second]))
    lead = np.minimum(near.next_best(first, score), near.next_best(second, score)) - score
    by_score, by_smaller, by_larger, by_lead, offset = _MERGE_CHANCE
    return _chance(
        by_score * score + by_smaller * smaller + by_larger * larger + by_lead * lead + offset
    )


def _people_of(cluster_of: IntArray, people: IntArray | None, count: int) -> IntArray:
    """The number of each cluster's person, (count,); NOBODY, or STRANGER."""
    known = np.full(count, NOBODY, np.intp)
    if people is not None:
        strange = people < NOBODY
        known[cluster_of[strange]] = people[strange]
        np.maximum.at(known, cluster_of[people > NOBODY], people[people > NOBODY])
    return known


def _chance(log_odds: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """A probability from its logarithmic odds."""
    return 1 / (1 + np.exp(-np.clip(log_odds.astype(np.float64), -50, 50)))


def _blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, _FACES_AT_ONCE):
        yield slice(start, min(start + _FACES_AT_ONCE, count))
