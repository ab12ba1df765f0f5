"""DBSCAN, exact, in blocks of matrix products and in memory that grows with the rows alone."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faces.density_blocks import (
    Block,
    BoolArray,
    Counts,
    Found,
    IntArray,
    IntPairs,
    Search,
    near_in,
    squared_distances,
)
from faces.density_links import Links
from faces.records import FloatRows
from faces.threads import by_threads

Mapped = Callable[[Callable[[Block], Found], Iterator[Block]], Iterable[Found]]
"""Like `map`: calls the function with each block, anywhere, and yields what it gave, in order."""

NOISE = -1
_MOST_ROWS = 4096
_FEWEST_ROWS = 1024
"""Rows of a block, both sides."""
_PIVOTS_FROM = 2000
_SAMPLE, _FEWEST_SAMPLED = 1024, 100
_NS_A_DIMENSION, _NS_A_CANDIDATE = 0.021, 75.0
"""What a pair costs: multiplied, each dimension; looked at by itself. Only speed depends on it."""


@dataclass(frozen=True)
class Density:
    """What DBSCAN says of rows.

    - `labels`: (n,), the number of a row's cluster, counted from 0 in the order of the clusters'
      lowest rows; -1 for noise;
    - `core`: (n,), which rows are core points.
    """

    labels: IntArray
    core: BoolArray


def dbscan(
    rows: FloatRows,
    *,
    reach: float,
    min_samples: int,
    mapped: Mapped | None = None,
    block_rows: int | None = None,
) -> Density:
    """Cluster rows by density (Ester, Kriegel, Sander, Xu: DBSCAN, KDD 1996), (n, d).

    Two rows are near if their squared Euclidean distance is at most `reach`. A row with at least
    `min_samples` rows near it, itself counted, is a core point; core points that are near are of
    one cluster. A border row, near a core point but none itself, goes to the nearest core point's
    cluster (among equally near ones to the first in the order of their numbers), a row without one
    is noise. So the partition does not depend on the order of the rows, nor on blocks or threads.

    `mapped` compares the blocks somewhere else; otherwise threads do, one for each processor.

    Raises:
        ValueError: the rows are not finite, or reach or min_samples are too small.
    """
    if not reach >= 0 or min_samples < 1:
        raise ValueError(f"reach >= 0 and min_samples >= 1 are needed, got {reach}, {min_samples}")
    rows = np.asarray(rows, dtype=np.float32)
    longest = float(np.max(np.einsum("ij,ij->i", rows, rows), initial=0.0))
    if not math.isfinite(longest):
        raise ValueError("rows to be clustered are finite numbers, and their squares are, too")
    if not len(rows):
        return Density(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.bool_))
    first, stands_for = _different(rows)
    faces = np.minimum(np.bincount(stands_for), min_samples)
    search = Search(reach, min_samples, np.arange(rows.shape[1]), longest)
    size = block_rows or min(_MOST_ROWS, max(_FEWEST_ROWS, len(first) // 6))
    work = _Work(rows, first, faces, search, size, mapped or by_threads)
    links = work.links()
    group = links.group.copy()
    noise = _settle_borders(rows, first, links, group)
    labels = np.where(noise[stands_for], np.int32(NOISE), group[stands_for])
    return Density(_renumbered(labels), links.core[stands_for])


def _different(rows: FloatRows) -> tuple[IntPairs, IntPairs]:
    """One row for all that are equal: the lowest row of each, and for every row the place of its.

    They come in the order of a hash, as if drawn by lot, and yet the same for whatever order.
    Should two hashes be equal by accident, equal rows may stay apart; nothing but speed is lost.
    """
    multipliers = np.random.default_rng(0).integers(1 << 63, size=rows.shape[1], dtype=np.uint64)
    hashes = np.empty(len(rows), dtype=np.uint64)
    for start in range(0, len(rows), _MOST_ROWS):
        some = rows[start : start + _MOST_ROWS] + np.float32(0)  # there is a -0.0, equal to 0.0
        hashes[start : start + _MOST_ROWS] = some.view(np.uint32) @ (multipliers * 2 + 1)
    order = np.argsort(hashes, kind="stable")
    new = np.ones(len(rows), dtype=np.bool_)
    twins = np.flatnonzero(np.diff(hashes[order]) == 0)
    for start in range(0, len(twins), _MOST_ROWS):
        before = twins[start : start + _MOST_ROWS]
        new[before + 1] = (rows[order[before]] != rows[order[before + 1]]).any(axis=1)
    stands_for = np.empty(len(rows), dtype=np.intp)
    stands_for[order] = np.cumsum(new) - 1
    return order[new], stands_for


def _columns(sample: FloatRows, groups: IntArray, reach: float) -> IntPairs:
    """The dimensions to multiply first: as many of those that vary most as are worth it.

    Pairs of one group do not count: they are seldom compared.
    """
    dimensions, few = sample.shape[1], len(sample) // 8
    if few < _FEWEST_SAMPLED or dimensions < 16:
        return np.arange(dimensions)
    by_spread = np.argsort(-sample.var(axis=0), kind="stable")
    some, others = sample[:few, by_spread], sample[few:, by_spread]
    strange = groups[:few, None] != groups[few:]
    apart = np.zeros(strange.shape, dtype=np.float32)
    ends = [*range(8, dimensions, 8), dimensions]
    candidates = []
    for start, end in zip([0, *ends], ends, strict=False):
        left, right = some[:, start:end], others[:, start:end]
        apart += np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)
        apart -= 2 * left @ right.T
        candidates.append(np.count_nonzero((apart <= reach) & strange))
    in_vain = (np.array(candidates) - candidates[-1]) / max(np.count_nonzero(strange), 1)
    best = ends[int(np.argmin(np.array(ends) * _NS_A_DIMENSION + in_vain * _NS_A_CANDIDATE))]
    return np.arange(dimensions) if best == dimensions else by_spread[:best]


class _Work:
    """Which blocks are compared, and what came of it.

    First some rows, the pivots, with all. That finds nearly all of a big cluster, so that of the
    others, ordered by what is known, whole blocks lie inside of one cluster and need no comparing.
    (The idea of blocks inside of one cell: Gunawan, A faster algorithm for DBSCAN, 2013.)
    """

    def __init__(
        self,
        rows: FloatRows,
        first: IntPairs,
        faces: Counts,
        search: Search,
        size: int,
        mapped: Mapped,
    ) -> None:
        self._rows, self._first, self._faces, self._search = rows, first, faces, search
        self._size, self._mapped = size, mapped
        self._links = Links(faces, min_samples=search.min_samples)
        self._sent: deque[tuple[IntPairs, IntPairs]] = deque()

    def links(self) -> Links:
        """Compare all rows with all."""
        count = len(self._first)
        pivots = 2 * math.isqrt(count) if count >= _PIVOTS_FROM else 0
        everyone = np.arange(count)
        ahead, others = self._cut(everyone[:pivots]), everyone[pivots:]
        self._compare(
            _halves(ahead), ((left, right) for left in ahead for right in self._cut(others))
        )
        known = self._links.group[others]
        together = np.bincount(known, minlength=count)[known]
        sample = self._rows[self._first[others[:_SAMPLE]]]
        columns = _columns(sample, known[:_SAMPLE], self._search.reach)
        self._search = replace(self._search, columns=columns)
        others = others[np.lexsort((known, -together))]
        self._compare(_halves(self._cut(others)), ())
        return self._links

    def _cut(self, rows: IntPairs) -> list[IntPairs]:
        return [rows[start : start + self._size] for start in range(0, len(rows), self._size)]

    def _compare(self, *pairs: Iterable[tuple[IntPairs, IntPairs]]) -> None:
        blocks = (block for some in pairs for pair in some for block in self._blocks(*pair))
        for found in self._mapped(near_in, blocks):
            self._links.take(found, *self._sent.popleft())
        self._links.settle()

    def _blocks(self, left: IntPairs, right: IntPairs) -> Iterator[Block]:
        """What has to be compared of two blocks as far as is known now: one block, or nothing."""
        links, same = self._links, left is right
        home = links.home(left)
        if home is not None:
            right = right[~links.inside(right, home)]
        elif not same and (home := links.home(right)) is not None:
            left = left[~links.inside(left, home)]
        if len(left) and len(right):
            self._sent.append((left, right))
            yield Block(
                self._search,
                self._rows.take(self._first[left], axis=0),
                self._rows.take(self._first[right], axis=0),
                self._faces[left],
                self._faces[right],
                links.core[left],
                links.core[right],
                same=same,
            )


def _halves(blocks: list[IntPairs]) -> Iterator[tuple[IntPairs, IntPairs]]:
    """Each pair of blocks once, and each with itself."""
    for place, left in enumerate(blocks):
        for right in blocks[place:]:
            yield left, right


def _settle_borders(
    rows: FloatRows, first: IntPairs, links: Links, group: npt.NDArray[np.int32]
) -> BoolArray:
    """Put border rows into the group of their nearest core point; which rows are noise, (n,)."""
    noise = ~links.core
    pairs = np.vstack([links.kept, links.kept[:, ::-1]])
    pairs = pairs[noise[pairs[:, 0]] & links.core[pairs[:, 1]]]
    far = squared_distances(rows, first[pairs])
    nearest = np.full(len(first), np.inf)
    np.minimum.at(nearest, pairs[:, 0], far)
    pairs = pairs[far == nearest[pairs[:, 0]]]
    _, place = np.unique(rows[first[pairs[:, 1]]], axis=0, return_inverse=True)
    pairs = pairs[np.argsort(-place.reshape(-1), kind="stable")]
    group[pairs[:, 0]] = group[pairs[:, 1]]  # the last one written stays: the first by its numbers
    noise[pairs[:, 0]] = False
    return noise


def _renumbered(labels: IntArray) -> IntArray:
    """Labels from 0 in the order of their lowest rows; noise stays."""
    kinds, lowest, numbers = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(np.where(kinds == NOISE, -1, lowest), kind="stable")
    ranks = np.empty(len(kinds), dtype=np.int32)
    ranks[order] = np.arange(len(kinds), dtype=np.int32) - int(NOISE in kinds)
    return ranks[numbers.reshape(-1)]
