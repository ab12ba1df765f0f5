"""Which rows of two blocks are near each other: products of float32 filter, differences decide.

Two rows are near if the sum of their squared differences, in float64, is at most `reach`. That
says nothing of blocks, so neither does the answer: products only spare most pairs the trouble.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.records import FloatRows

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int32]
IntPairs = npt.NDArray[np.intp]
Counts = npt.NDArray[np.int64]

_TALL, _WIDE = 1024, 512
"""So many products at once: what they become stays in the processor's cache."""
_CROWDED = 1 / 32
"""From this share of candidates on, all dimensions of a part are multiplied at once."""
_PAIRS_AT_ONCE = 1 << 10
_UNIT = float(np.finfo(np.float32).eps) / 2
_UNDERFLOW = 1e-34
"""More than what squares of float32 can lose by being too small for it, over all dimensions."""


@dataclass(frozen=True)
class Search:
    """What is looked for.

    `reach` is a squared distance; `columns` are the dimensions that are multiplied first, in which
    two rows are never farther apart than in all; `longest` is the largest squared length of a row.
    """

    reach: float
    min_samples: int
    columns: IntPairs
    longest: float

    def least(self, dimensions: int) -> float:
        """The score from which on two rows may be near; see `_left_scored`.

        A sum of k products in float32 is off by at most k u times the sum of their sizes, in
        whatever order they are added (Higham, Accuracy and Stability, 3.1).
        """
        return -self.reach / 2 - self.error(dimensions) / 2

    def sure(self, dimensions: int) -> float:
        """The score from which on two rows are near, if these are all dimensions."""
        return -self.reach / 2 + self.error(dimensions) / 2

    def error(self, dimensions: int) -> float:
        """How far off a squared distance can be that was found by products in float32."""
        return 8 * (dimensions + 6) * _UNIT * (self.longest + self.reach) + _UNDERFLOW


@dataclass(frozen=True)
class Block:
    """Rows of which each `left` is compared with each `right`; a machine needs no more.

    `left_faces` says for how many equal faces a row stands (at most `min_samples` are counted),
    `left_core` which rows are known to be core points. If `same`, both sides are the same rows,
    and each pair of them is looked at once.
    """

    search: Search
    left: FloatRows
    right: FloatRows
    left_faces: Counts
    right_faces: Counts
    left_core: BoolArray
    right_core: BoolArray
    same: bool = False


@dataclass(frozen=True)
class Found:
    """What two blocks have in common, in size like the blocks and not like their product.

    - `near`: (p, 2), places left and right of rows that are near, but for what `joined` tells;
    - `joined`: (q, 2), places of core points in one cluster, instead of all pairs of a crowd;
    - `left_hits`, `right_hits`: how many faces on the other side are near, for each row.
    """

    near: IntPairs
    joined: IntPairs
    left_hits: Counts
    right_hits: Counts


def near_in(block: Block) -> Found:
    """Compare two blocks."""
    part = _Parts(block)
    for top in range(0, len(block.left), _TALL):
        for start in range(0, len(block.right), _WIDE):
            if not block.same or start + _WIDE > top:
                part.look(top, start)
    return part.found()


def squared_distances(rows: FloatRows, pairs: IntPairs) -> npt.NDArray[np.float64]:
    """The squared distance of each pair of rows: the numbers that decide, (p, 2) -> (p,)."""
    result = np.empty(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        result[some] = _exactly(rows[pairs[some, 0]], rows[pairs[some, 1]])
    return result


def _exactly(left: FloatRows, right: FloatRows) -> npt.NDArray[np.float64]:
    # Each row is summed by itself, in the order of its columns: the same for whatever neighbours.
    apart = left.astype(np.float64) - right
    return np.asarray(np.square(apart).sum(axis=1))


def are_near(left: FloatRows, right: FloatRows, reach: float) -> BoolArray:
    """Whether row i of one is near row i of the other, (p, d) twice -> (p,)."""
    apart = left - right
    rough = np.einsum("ij,ij->i", apart, apart)
    error = 2 * (left.shape[1] + 4) * _UNIT * reach + _UNDERFLOW
    near = np.asarray(rough < reach - error)
    doubtful = np.flatnonzero((rough <= reach + error) & ~near)
    near[doubtful] = _exactly(left[doubtful], right[doubtful]) <= reach
    return near


def _left_scored(rows: FloatRows) -> FloatRows:
    """Rows whose products with those of `_right_scored` are minus half the squared distances.

    That is the score of two rows: a.b - a.a / 2 - b.b / 2.
    """
    return np.hstack([rows, _minus_half_square(rows), np.ones((len(rows), 1), np.float32)])


def _right_scored(rows: FloatRows) -> FloatRows:
    return np.hstack([rows, np.ones((len(rows), 1), np.float32), _minus_half_square(rows)])


def _minus_half_square(rows: FloatRows) -> FloatRows:
    return np.asarray(np.einsum("ij,ij->i", rows, rows)[:, None] / -2, dtype=np.float32)


class _Parts:
    """Two blocks, looked at part by part."""

    def __init__(self, block: Block) -> None:
        self._block = block
        columns = block.search.columns
        self._whole = len(columns) == block.left.shape[1]
        left, right = block.left[:, columns], block.right[:, columns]
        self._left, self._right = _left_scored(left), _right_scored(right)
        self._least = np.float32(block.search.least(len(columns)))
        self._scores = np.empty(_TALL * _WIDE, dtype=np.float32)
        self._mask = np.empty(_TALL * _WIDE, dtype=np.bool_)
        rest = np.setdiff1d(np.arange(block.left.shape[1]), columns)
        self._left_rest, self._right_rest = block.left.take(rest, 1), block.right.take(rest, 1)
        self._gathered = np.empty((3, _PAIRS_AT_ONCE, len(rest)), dtype=np.float32)
        self._error = block.search.error(block.left.shape[1])
        self._candidates: list[IntPairs] = []
        self._candidates_scores: list[FloatRows] = []
        self._crowds: list[IntPairs] = []
        self._joined: list[IntPairs] = []
        self._left_hits = np.zeros(len(block.left), dtype=np.int64)
        self._right_hits = np.zeros(len(block.right), dtype=np.int64)

    def found(self) -> Found:
        """What the parts gave; the hits of crowds are counted already."""
        none, block = np.empty((0, 2), dtype=np.intp), self._block
        left, right = np.hstack([none.T, *self._candidates])
        scores = np.hstack([np.empty(0, dtype=np.float32), *self._candidates_scores])
        near = self._are_near(left, right, scores)
        left, right = left[near], right[near]
        self._left_hits += _weighed(left, block.right_faces[right], len(block.left))
        self._right_hits += _weighed(right, block.left_faces[left], len(block.right))
        pairs = np.vstack([np.column_stack([left, right]), *self._crowds])
        joined = np.vstack([none, *self._joined])
        return Found(pairs, joined, self._left_hits, self._right_hits)

    def look(self, top: int, start: int) -> None:
        """Compare the rows from `top` on with those from `start` on."""
        left, right = self._left[top : top + _TALL], self._right[start : start + _WIDE]
        shape, size = (len(left), len(right)), len(left) * len(right)
        scores = self._scores[:size].reshape(shape)
        mask = self._mask[:size].reshape(shape)
        np.matmul(left, right.T, out=scores)
        np.greater_equal(scores, self._least, out=mask)
        self._look_once(mask, top, start)
        candidates = np.count_nonzero(mask)
        if candidates > size * _CROWDED:
            self._crowd(top, start, shape, scores if self._whole else None)
        elif candidates:
            places = np.flatnonzero(mask)
            left_places, right_places = np.divmod(places, len(right))
            self._candidates.append(np.stack([left_places + top, right_places + start]))
            self._candidates_scores.append(scores.reshape(-1)[places])

    def _look_once(self, mask: BoolArray, top: int, start: int) -> None:
        if self._block.same and start < top + len(mask):
            below = np.arange(top, top + len(mask))[:, None]
            mask &= below < np.arange(start, start + mask.shape[1])

    def _are_near(self, left: IntPairs, right: IntPairs, scores: FloatRows) -> BoolArray:
        """Whether the rows at these places are near, whose scores are known, (p,) three times."""
        near = np.empty(len(left), dtype=np.bool_)
        for start in range(0, len(left), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            ones, others, apart = self._gathered[:, : len(left[some])]
            # "clip" lets numpy write into the array at once; no place is outside.
            self._left_rest.take(left[some], axis=0, out=ones, mode="clip")
            self._right_rest.take(right[some], axis=0, out=others, mode="clip")
            np.subtract(ones, others, out=apart)
            rough = np.einsum("ij,ij->i", apart, apart) - 2 * scores[some]
            near[some] = rough < self._block.search.reach - self._error
            doubtful = start + np.flatnonzero(
                np.abs(rough - self._block.search.reach) <= self._error
            )
            near[doubtful] = self._exactly_near(left[doubtful], right[doubtful])
        return near

    def _exactly_near(self, left: IntPairs, right: IntPairs) -> BoolArray:
        block = self._block
        return are_near(block.left[left], block.right[right], block.search.reach)

    def _crowd(
        self, top: int, start: int, shape: tuple[int, int], scores: FloatRows | None
    ) -> None:
        block = self._block
        rows, columns = slice(top, top + shape[0]), slice(start, start + shape[1])
        mask = self._exact_mask(rows, columns, scores)
        left_faces, right_faces = block.left_faces[rows], block.right_faces[columns]
        counted = mask.astype(np.float32)
        left_hits = (counted @ right_faces.astype(np.float32)).astype(np.int64)
        right_hits = (left_faces.astype(np.float32) @ counted).astype(np.int64)
        self._left_hits[rows] += left_hits
        self._right_hits[columns] += right_hits
        least = block.search.min_samples
        left_core = block.left_core[rows] | (left_faces + left_hits >= least)
        right_core = block.right_core[columns] | (right_faces + right_hits >= least)
        offset = np.array([top, start])
        self._joined += [pairs + offset for pairs in peel(mask, left_core, right_core)]
        self._crowds.append(np.argwhere(mask) + offset)

    def _exact_mask(self, rows: slice, columns: slice, scores: FloatRows | None) -> BoolArray:
        block, dimensions = self._block, self._block.left.shape[1]
        if scores is None:
            left, right = block.left[rows], block.right[columns]
            scores = _left_scored(left) @ _right_scored(right).T
        mask = np.asarray(scores >= np.float32(block.search.sure(dimensions)))
        doubtful = (scores >= np.float32(block.search.least(dimensions))) & ~mask
        self._look_once(mask, rows.start, columns.start)
        self._look_once(doubtful, rows.start, columns.start)
        places = np.flatnonzero(doubtful)
        for begin in range(0, len(places), _PAIRS_AT_ONCE):
            some = places[begin : begin + _PAIRS_AT_ONCE]
            left, right = np.divmod(some, mask.shape[1])
            near = self._exactly_near(left + rows.start, right + columns.start)
            mask.reshape(-1)[some] = near
        return mask


def peel(mask: BoolArray, left_core: BoolArray, right_core: BoolArray) -> list[IntPairs]:
    """Take crowds of core points out of a mask of near rows; as few pairs as join each crowd.

    As long as many are left, the core point with most neighbours is joined with them, with their
    neighbours, and with the neighbours of those. Each round empties as many columns as the
    fullest row has, so there are at most 1 / _CROWDED.
    """
    among_cores = mask & left_core[:, None] & right_core
    joined: list[IntPairs] = []
    while np.count_nonzero(among_cores) > mask.size * _CROWDED:
        fullest = int(np.argmax(np.count_nonzero(among_cores, axis=1)))
        rows = among_cores[:, among_cores[fullest]].any(axis=1)
        columns = among_cores[rows].any(axis=0)
        left, right = np.flatnonzero(rows), np.flatnonzero(columns)
        joined.append(np.column_stack([left, np.full_like(left, right[0])]))
        joined.append(np.column_stack([np.full_like(right, fullest), right]))
        among_cores[rows] = False
        mask[np.ix_(rows, right_core)] = False
    return joined


def _weighed(places: IntPairs, faces: Counts, length: int) -> Counts:
    return np.bincount(places, weights=faces, minlength=length).astype(np.int64)
