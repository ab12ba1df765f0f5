"""What is known so far of core points and their clusters, while pairs of near rows come in."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from faces.density_blocks import BoolArray, Counts, Found, IntArray, IntPairs


class Links:
    """Core points, joined as far as is known; pairs are kept only where an end is no core point.

    A row that is no core point has fewer than `min_samples` neighbours, so no more pairs than
    that are kept for each row. `group` holds for each row the lowest row that it is joined with.
    """

    def __init__(self, faces: Counts, *, min_samples: int) -> None:
        """Begin with rows that know of no neighbours but the equal faces that they stand for."""
        self._min_samples = min_samples
        self._hits = faces.copy()
        self.core: BoolArray = self._hits >= min_samples
        self.group: IntArray = np.arange(len(faces), dtype=np.int32)
        self.kept: IntPairs = np.empty((0, 2), dtype=np.intp)
        self._near: list[IntPairs] = []
        self._joined: list[IntPairs] = []
        self._waiting = 0
        self._patience = max(4096, len(faces) // 64)

    def take(self, found: Found, left: IntPairs, right: IntPairs) -> None:
        """Note what two blocks have in common; `left` and `right` are the rows of their places."""
        self._hits[left] += found.left_hits
        self._hits[right] += found.right_hits
        np.minimum(self._hits, self._min_samples, out=self._hits)
        for pairs, noted in ((found.near, self._near), (found.joined, self._joined)):
            if len(pairs):
                noted.append(np.column_stack([left[pairs[:, 0]], right[pairs[:, 1]]]))
                self._waiting += len(pairs)
        if self._waiting > self._patience:
            self.settle()

    def settle(self) -> None:
        """Draw the conclusions from all that was noted."""
        self.core = self._hits >= self._min_samples
        near = np.vstack([self.kept, *self._near])
        sure = self.core[near[:, 0]] & self.core[near[:, 1]]
        self.kept = near[~sure]
        self._join(np.vstack([near[sure], *self._joined]))
        self._near, self._joined, self._waiting = [], [], 0
        self._patience = max(self._patience, len(self.kept))

    def _join(self, pairs: IntPairs) -> None:
        ends = self.group[pairs]
        ends = ends[ends[:, 0] != ends[:, 1]]
        if not len(ends):
            return
        nodes, numbers = np.unique(ends, return_inverse=True)
        left, right = numbers.reshape(-1, 2).T
        graph = coo_array(
            (np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(nodes),) * 2
        )
        _, parts = connected_components(graph, directed=False)
        _, lowest = np.unique(parts, return_index=True)
        now = np.arange(len(self.group), dtype=np.int32)
        now[nodes] = nodes[lowest[parts]]
        self.group = now[self.group]

    def home(self, rows: IntPairs) -> int | None:
        """The group that all these rows are core points of; None if there is no such."""
        group = int(self.group[rows[0]])
        return group if bool(self.inside(rows, group).all()) else None

    def inside(self, rows: IntPairs, group: int) -> BoolArray:
        """Which of these rows are core points of this group."""
        return np.asarray((self.group[rows] == group) & self.core[rows])
