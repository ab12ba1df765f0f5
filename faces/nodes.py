"""Clusters in all rounds of a grouping: how many faces each has, and the sum of their rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from faces.cut import Cut
from faces.records import FloatRows

Ids = npt.NDArray[np.intp]
Scores = npt.NDArray[np.float64]
Sums = npt.NDArray[np.float64]
NO_IDS: Ids = np.empty(0, dtype=np.intp)
_Number = TypeVar("_Number", bound=np.generic)
_HEAD = 32
"""So many dimensions, those in which strangers differ most, rule out nearly all pairs."""
_NEVER = 9.0
"""The slack of what is no cluster: nothing passes with it."""
_COLUMNS = ("sums", "counts", "lowest_keys", "people", "rows", "heads", "is_apart")


class Nodes:
    """A table of clusters; an id stands for the same faces as long as it stands at all.

    Sums of rows are exact (`faces.cut`), so that a cluster's numbers do not depend on the order in
    which its faces came together.
    """

    def __init__(self, cut: Cut, dimensions: int) -> None:
        """An empty table."""
        self._cut = cut
        self._used = 0
        self._free: list[int] = []
        self.sums: Sums = np.empty((0, dimensions))
        self.counts: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.lowest_keys: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        """The lowest of their faces' keys, which settle ties."""
        self.people: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.rows: FloatRows = np.empty((0, dimensions + 2), dtype=np.float32)
        """Their products with those of `asking` are minus the pairs' scores."""
        self.heads: FloatRows = np.empty((0, min(_HEAD, dimensions) + 3), dtype=np.float32)
        """Their products with those of `asking` are never less than that, but for rounding."""
        self.lately: list[int] = []
        """The clusters that came since some were forgotten."""
        self.is_apart: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        """Which may not be joined to some."""
        self.apart: dict[int, Ids] = {}
        """Of these the rows that are apart from them."""

    def add(
        self,
        sums: Sums,
        counts: npt.NDArray[np.int64],
        lowest_keys: npt.NDArray[np.int64],
        people: npt.NDArray[np.int64],
    ) -> Ids:
        """New clusters: their ids, (k,)."""
        ids = self._room(len(counts))
        self.sums[ids], self.counts[ids], self.lowest_keys[ids], self.people[ids] = (
            sums, counts, lowest_keys, people,
        )  # fmt: skip
        means, slack = (sums / counts[:, None]).astype(np.float32), self.slack(ids)
        ones, self.is_apart[ids] = np.ones(len(ids)), False
        self.rows[ids] = np.column_stack([means, ones, slack])
        tails = np.linalg.norm(means[:, _HEAD:], axis=1)
        self.heads[ids] = np.column_stack([means[:, :_HEAD], tails, ones, slack])
        self.lately += ids.tolist()
        return ids

    def join(self, ids: Ids, group: npt.NDArray[np.intp]) -> Ids:
        """One new cluster for each group of ids; `group` is sorted, 0 to k - 1: ids (k,)."""
        starts, _ = runs(group)
        joined = self.add(
            np.add.reduceat(self.sums[ids], starts, axis=0),
            np.add.reduceat(self.counts[ids], starts),
            np.minimum.reduceat(self.lowest_keys[ids], starts),
            np.maximum.reduceat(self.people[ids], starts),
        )
        if self.apart:
            ends = np.append(starts[1:], len(ids))
            for new, start, end in zip(joined.tolist(), starts, ends, strict=True):
                rows = [self.apart[i] for i in ids[start:end].tolist() if i in self.apart]
                if rows:
                    self.keep_apart(new, np.concatenate(rows))
        return joined

    def keep_apart(self, node: int, rows: Ids) -> None:
        """These rows, and no others, are apart from the cluster."""
        self.apart[node] = rows
        self.is_apart[node] = True

    def forget(self, ids: Iterable[int]) -> None:
        """These clusters stand no more; their ids may be given again."""
        for gone in ids:
            self.apart.pop(gone, None)
            self.heads[gone, -1] = _NEVER
            self._free.append(gone)
        self.lately.clear()

    def slack(self, ids: Ids) -> Scores:
        """What a cluster adds to the score of a pair; the pair's mean rows' product is taken twice.

        The average squared distance of two clusters of rows of length 1 is 2 - 2 m.m', since the
        average of all pairs' products is the product of the mean rows m and m'. Less the cut
        single + growth (1 - (n**-0.5 + n'**-0.5) / 2) this is slack + slack' - 2 m.m'.
        """
        return 1 - self._cut.half_allowed(self.counts[ids])

    def scores(self, first: Ids, second: Ids) -> Scores:
        """How far the clusters of each pair are beyond the cut, exact: up to 0 they are one person.

        It depends on nothing but the two clusters, whatever block of a matrix product found them.
        """
        product = (self.sums[first] * self.sums[second]).sum(axis=1)
        means = product / (self.counts[first] * self.counts[second])
        return np.asarray(self.slack(first) + self.slack(second) - 2 * means)

    @property
    def used(self) -> int:
        """All ids are below."""
        return self._used

    def _room(self, count: int) -> Ids:
        again = [self._free.pop() for _ in range(min(count, len(self._free)))]
        fresh = np.arange(self._used, self._used + count - len(again))
        self._used += len(fresh)
        if self._used > len(self.counts):
            for name in _COLUMNS:
                setattr(self, name, _grown(getattr(self, name), 2 * self._used))
        return np.concatenate([np.array(again, dtype=np.intp), fresh])


def asking(rows: FloatRows) -> FloatRows:
    """The other side of the product for `Nodes.rows`, and for `Nodes.heads`."""
    asked = 2 * rows
    asked[:, -2], asked[:, -1] = -rows[:, -1], -1
    return asked


def runs(
    numbers: npt.NDArray[np.integer],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Of sorted numbers: where each begins, (k,), and which of them each is, 0 to k - 1, (n,)."""
    begins = np.ones(len(numbers), dtype=np.bool_)
    begins[1:] = numbers[1:] != numbers[:-1]
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def _grown(array: npt.NDArray[_Number], size: int) -> npt.NDArray[_Number]:
    grown = np.empty((size, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
