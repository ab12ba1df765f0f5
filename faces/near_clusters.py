"""Which clusters are near each other: a search in blocks over their mean rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faces.records import NOBODY

if TYPE_CHECKING:
    from faces.cut import Cut
    from faces.records import FloatRows

IntArray = npt.NDArray[np.intp]
FloatArray = npt.NDArray[np.float32]

Pairs = tuple[IntArray, IntArray, FloatArray]
"""Clusters, one other for each, and the score of the two."""

NEAREST = 10
"""So many neighbours of each cluster are its faces' rivals; farther ones change nothing."""
ASKED = 3
"""So many of them may be asked about."""
LIMIT = 0.5
"""Clusters with a score above this, in units of `cut.single`, are no neighbours."""
_ROWS_AT_ONCE = 1_024
_COLUMNS_AT_ONCE = 8_192
_PAIRS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Means:
    """The k clusters as their mean rows, (k, d), with their sizes, (k,), and the cut."""

    rows: FloatRows
    sizes: IntArray
    cut: Cut

    @classmethod
    def of(cls, rows: FloatRows, cluster_of: IntArray, sizes: IntArray, cut: Cut) -> Means:
        """From the faces' rows, (n, d), and the number of each one's cluster, (n,)."""
        count = len(sizes)
        means = np.empty((count, rows.shape[1]), np.float32)
        for column in range(rows.shape[1]):
            total = np.bincount(cluster_of, weights=rows[:, column], minlength=count)
            means[:, column] = total / sizes
        return cls(means, sizes.astype(np.intp), cut)

    @property
    def unit(self) -> float:
        """What margins and scores are measured in: `cut.single`, never 0."""
        return max(self.cut.single, 1e-6)


@dataclass(frozen=True)
class Neighbours:
    """For each of k clusters its nearest ones, best first, as numbers and scores, (k, NEAREST).

    A number of -1 stands for none within `limit`. A score is the average squared distance less
    what is allowed to clusters of these sizes, in units of `cut.single`. Clusters of one face know
    their two nearest among the larger ones only, and two single faces are never neighbours.
    """

    clusters: IntArray
    scores: FloatArray
    limit: float

    def next_best(self, clusters: IntArray, scores: FloatArray) -> FloatArray:
        """The score of the best neighbour of each of these other than the one with this score."""
        best = self.scores[clusters, 0]
        return np.where(scores <= best, self.scores[clusters, 1], best).astype(np.float32)


def neighbours_of(means: Means) -> Neighbours:
    """Find the neighbours of all clusters; memory grows with their number, not its square."""
    count = len(means.sizes)
    found = Neighbours(
        np.full((count, NEAREST), -1, np.intp), np.full((count, NEAREST), LIMIT, np.float32), LIMIT
    )
    allowed = means.cut.half_allowed(means.sizes).astype(np.float32)
    ones = np.ones((count, 1), np.float32)
    level = (1 - allowed)[:, None]
    theirs = np.hstack([-2 * means.rows, level, ones]) / np.float32(means.unit)
    large = np.flatnonzero(means.sizes > 1)
    for start in range(0, len(large), _ROWS_AT_ONCE):
        block = large[start : start + _ROWS_AT_ONCE]
        mine = np.hstack([means.rows[block], ones[block], level[block]])
        for row, column, score in _within_limit(mine, theirs, block):
            _keep_nearest(found, block[row], column, score)
            alone = means.sizes[column] == 1
            _keep_nearest(found, column[alone], block[row[alone]], score[alone])
    return found


def _within_limit(mine: FloatRows, theirs: FloatRows, block: IntArray) -> Iterator[Pairs]:
    """All pairs of a row of the block and any other cluster with a score below the limit."""
    waiting: list[Pairs] = []
    count = 0
    for start in range(0, len(theirs), _COLUMNS_AT_ONCE):
        score = mine @ theirs[start : start + _COLUMNS_AT_ONCE].T
        row, column = np.divmod(np.flatnonzero(score < LIMIT), score.shape[1])
        other = block[row] != column + start
        row, column = row[other], column[other]
        waiting.append((row, column + start, score[row, column]))
        count += len(row)
        if count >= _PAIRS_AT_ONCE or start + _COLUMNS_AT_ONCE >= len(theirs):
            rows, columns, scores = zip(*waiting, strict=True)
            yield np.concatenate(rows), np.concatenate(columns), np.concatenate(scores)
            waiting, count = [], 0


def _keep_nearest(
    found: Neighbours, clusters: IntArray, others: IntArray, scores: FloatArray
) -> None:
    """Take new pairs in: of each cluster's neighbours so far and these, the best remain."""
    changed = np.unique(clusters)
    known = found.clusters[changed]
    there = known >= 0
    who = np.concatenate([np.repeat(changed, there.sum(axis=1)), clusters])
    other = np.concatenate([known[there], others])
    score = np.concatenate([found.scores[changed][there], scores])
    order = np.lexsort((other, score, who))
    who, other, score = who[order], other[order], score[order]
    _, starts, counts = np.unique(who, return_index=True, return_counts=True)
    rank = np.arange(len(who)) - np.repeat(starts, counts)
    kept = rank < NEAREST
    found.clusters[who[kept], rank[kept]] = other[kept]
    found.scores[who[kept], rank[kept]] = score[kept]


def possible_pairs(near: Neighbours, apart: IntArray, people: IntArray) -> Pairs:
    """Each pair of near clusters once, the lower number first, unless they are two people.

    `apart` (m, 2) are clusters that are two people; `people` (k,) numbers each one's person or is
    NOBODY: clusters of two numbers are two people.
    """
    count = len(near.clusters)
    asked = near.clusters[:, :ASKED]
    who, rank = np.nonzero(asked >= 0)
    first, second = np.minimum(who, asked[who, rank]), np.maximum(who, asked[who, rank])
    keys, index = np.unique(first * count + second, return_index=True)
    said_apart = np.isin(keys, apart.min(axis=1) * count + apart.max(axis=1))
    one, two = people[first[index]], people[second[index]]
    index = index[~said_apart & ((one == two) | (one == NOBODY) | (two == NOBODY))]
    return first[index], second[index], near.scores[who[index], rank[index]]
