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
_Number = TypeVar("_Number", bound=np.generic)
LARGE = 1024
"""From so many faces on a cluster is compared in coarse steps, so that one more changes nothing."""
COARSE = 2.0**8
"""Steps of a large cluster's mean row: finer than what its own faces leave uncertain."""
SIZE_DIGITS = 5
"""The binary digits of a large cluster's size that count."""
_HEAD = 32
"""So many dimensions, those in which strangers differ most, rule out nearly all pairs."""
_NOBODY: Ids = np.empty(0, dtype=np.intp)
_NEVER = 9.0
"""The slack of what is no cluster: nothing passes with it."""
_COLUMNS = ("sums", "counts", "sizes", "lows", "people", "rows", "heads", "is_apart")


class Nodes:
    """A table of clusters; an id stands for the same faces as long as it stands at all.

    Sums of rows are exact (`faces.cut`), so that a cluster's numbers do not depend on the order in
    which its faces came together. What it is compared by is its mean row and its size, and of a
    large one both are rounded: a face more or less seldom changes whom it is compared with how.
    """

    def __init__(self, cut: Cut, dimensions: int) -> None:
        """An empty table."""
        self._cut = cut
        self._used = 0
        self._free: list[int] = []
        self.sums: Sums = np.empty((0, dimensions))
        self.counts: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.sizes: Scores = np.empty(0)
        """Their counts, rounded down for large ones."""
        self.lows: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
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
        self.fresh: dict[int, Ids] = {}
        """Of some that came lately the rows that were not apart from the one they were grown of."""

    def add(
        self,
        sums: Sums,
        counts: npt.NDArray[np.int64],
        lows: npt.NDArray[np.int64],
        people: npt.NDArray[np.int64],
    ) -> Ids:
        """New clusters: their ids, (k,)."""
        ids = self._room(len(counts))
        self.sums[ids], self.counts[ids], self.lows[ids], self.people[ids] = (
            sums, counts, lows, people,
        )  # fmt: skip
        self.sizes[ids] = _rounded_down(counts)
        rows, faces = self._compared(ids)
        means, slack = (rows / faces[:, None]).astype(np.float32), self.slack(ids)
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
            np.minimum.reduceat(self.lows[ids], starts),
            np.maximum.reduceat(self.people[ids], starts),
        )
        if self.apart:
            ends = np.append(starts[1:], len(ids))
            for new, start, end in zip(joined.tolist(), starts, ends, strict=True):
                rows = [self.apart[i] for i in ids[start:end].tolist() if i in self.apart]
                if rows:
                    self.keep_apart(new, np.concatenate(rows))
        return joined

    def grown(self, old: int, changes: list[tuple[int, int]]) -> int:
        """One that is as `old`, with the second of each pair instead of the first: its id."""
        gone, come = np.array(changes, dtype=np.intp).T
        new = int(
            self.add(
                (self.sums[old] + (self.sums[come] - self.sums[gone]).sum(axis=0))[None],
                np.array([self.counts[old] + (self.counts[come] - self.counts[gone]).sum()]),
                self.lows[[old]],
                self.people[[old]],
            )[0]
        )
        self.fresh[new] = np.concatenate([self.fresh[node] for node in come.tolist()])
        if old in self.apart or len(self.fresh[new]):
            self.keep_apart(new, np.concatenate([self.apart.get(old, _NOBODY), self.fresh[new]]))
        return new

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
        self.fresh.clear()

    def large(self, ids: Ids) -> Ids:
        """Those of these that are compared in coarse steps."""
        return ids[self.counts[ids] >= LARGE]

    def compare_alike(self, old: int, new: int) -> bool:
        """Whether scores and joins with all others are the same for these two."""
        return bool(
            self.sizes[old] == self.sizes[new]
            and self.people[old] == self.people[new]
            and (self.rows[old] == self.rows[new]).all()
        )

    def newly_apart(self, old: int, new: int) -> Ids | None:
        """The rows that are apart from `new` and not from `old`; None if others no longer are."""
        if new not in self.fresh:
            before, now = (np.unique(self.apart.get(node, _NOBODY)) for node in (old, new))
            if len(np.setdiff1d(before, now, assume_unique=True)):
                return None
            self.fresh[new] = np.setdiff1d(now, before, assume_unique=True)
        return self.fresh[new]

    def slack(self, ids: Ids) -> Scores:
        """What a cluster adds to the score of a pair; the pair's mean rows' product is taken twice.

        The average squared distance of two clusters of rows of length 1 is 2 - 2 m.m', since the
        average of all pairs' products is the product of the mean rows m and m'. Less the cut
        single + growth (1 - (n**-0.5 + n'**-0.5) / 2) this is slack + slack' - 2 m.m'.
        """
        grown = self._cut.growth * (1 - self.sizes[ids] ** -0.5)
        return np.asarray(1 - (self._cut.single + grown) / 2)

    def scores(self, first: Ids, second: Ids) -> Scores:
        """How far the clusters of each pair are beyond the cut, exact: up to 0 they are one person.

        It depends on nothing but the two clusters, whatever block of a matrix product found them.
        """
        (ones, of_ones), (others, of_others) = self._compared(first), self._compared(second)
        means = (ones * others).sum(axis=1) / (of_ones * of_others)
        return np.asarray(self.slack(first) + self.slack(second) - 2 * means)

    def _compared(self, ids: Ids) -> tuple[Sums, npt.NDArray[np.int64]]:
        """Sums of rows, (k, d), and of how many, (k,); of a large cluster its rounded mean is one.

        So a product of two is divided once, and what is equally near is so to the last bit.
        """
        rows, faces = self.sums[ids], self.counts[ids]
        large = np.flatnonzero(faces >= LARGE)
        rows[large] = np.rint(rows[large] / faces[large, None] * COARSE) / COARSE
        faces[large] = 1
        return rows, faces

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


def _rounded_down(counts: npt.NDArray[np.int64]) -> Scores:
    """Sizes to compare by: of a large one the first digits."""
    step = np.exp2(np.maximum(np.frexp(counts)[1] - SIZE_DIGITS, 0))
    return np.where(counts < LARGE, counts, np.floor(counts / step) * step)


def _grown(array: npt.NDArray[_Number], size: int) -> npt.NDArray[_Number]:
    grown = np.empty((size, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
