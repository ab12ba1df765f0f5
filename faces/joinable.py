"""Which clusters may be joined: pairs whose score passes, found by matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from faces.nodes import Ids, Nodes, asking
from faces.records import FloatRows
from faces.threads import by_threads

Scores = npt.NDArray[np.float32]
MARGIN = 2e-5
"""More than a score from products of float32 rows can be wrong by."""
_BLOCK = (512, 4096)
_MANY = 1 << 16
"""So many pairs of a block that pass are looked at together, for memory's sake."""


@dataclass(frozen=True)
class Bounds:
    """There is nothing else for these clusters, of what was looked at, with a lower score."""

    ids: Ids
    scores: Scores


@dataclass(frozen=True)
class Found:
    """Pairs of one that asked and another that it may join, with the score, wrong by up to MARGIN.

    The best of each cluster are told, and for the rest, if any, a bound: of those that asked, and
    of the others.
    """

    asked: Ids
    other: Ids
    scores: Scores
    for_asked: Bounds
    for_others: Bounds


@dataclass(frozen=True)
class Forbidden:
    """Which of those that ask may not be joined with whom; both arrays sorted by `asking`."""

    asking: npt.NDArray[np.intp]
    other: Ids


@dataclass(frozen=True)
class Asking:
    """Clusters that look for others among some, and whom they may not join; ids are sorted.

    If they are the same and `once`, each pair is told at least once, in either order.
    """

    nodes: Nodes
    ids: Ids
    among: Ids
    forbidden: Forbidden
    once: bool


NO_BOUNDS = Bounds(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float32))


def passing(asked: Asking) -> Iterator[Found]:
    """Pairs that may pass, block by block."""
    search, blocks = partial(_in_block, asked), _blocks(asked)
    few = len(asked.ids) * len(asked.among) <= _BLOCK[0] * _BLOCK[1]
    for found in map(search, blocks) if few else by_threads(search, blocks):
        yield from found


def _blocks(asked: Asking) -> Iterator[tuple[slice, slice]]:
    """Who is compared with whom; if once, no more than that but in a block across the middle."""
    rows, columns = len(asked.ids), len(asked.among)
    for top in range(0, rows, _BLOCK[0]):
        for left in range(top // _BLOCK[1] * _BLOCK[1] if asked.once else 0, columns, _BLOCK[1]):
            yield (
                slice(top, min(top + _BLOCK[0], rows)),
                slice(left, min(left + _BLOCK[1], columns)),
            )


def _in_block(asked: Asking, block: tuple[slice, slice]) -> list[Found]:
    rows = asked.nodes.rows
    asks, others = asked.ids[block[0]], asked.among[block[1]]
    product = asking(rows[asks]) @ rows[others].T
    _rule_out(product, asked, *block)
    passes = product >= -MARGIN
    count = np.count_nonzero(passes)
    if not count:
        return []
    step = max(1, min(len(asks), len(asks) * _MANY // count))
    slices = [slice(start, start + step) for start in range(0, len(asks), step)]
    return [_found(asks[some], others, product[some], passes[some]) for some in slices]


def _found(asks: Ids, others: Ids, product: FloatRows, passes: npt.NDArray[np.bool_]) -> Found:
    """What is told of some rows of a block, whose products pass here and there."""
    passing = np.flatnonzero(passes)
    one, other = np.divmod(passing, len(others))
    near = product.reshape(-1)[passing]
    told = near >= _best(one, near, len(asks))[one] - 2 * MARGIN
    told |= near >= _best(other, near, len(others))[other] - 2 * MARGIN
    one_left, other_left, left = one[~told], other[~told], near[~told]
    return Found(
        asks[one[told]],
        others[other[told]],
        -near[told],
        _bounds(asks, _best(one_left, left, len(asks))),
        _bounds(others, _best(other_left, left, len(others))),
    )


def _best(places: Ids, products: Scores, count: int) -> Scores:
    """The highest product at each of so many places, below any that passes where there is none."""
    best = np.full(count, -1, dtype=np.float32)
    np.maximum.at(best, places, products)
    return best


def _bounds(ids: Ids, rest: Scores) -> Bounds:
    has_more = rest >= -MARGIN
    return Bounds(ids[has_more], -rest[has_more] - np.float32(MARGIN))


def _rule_out(product: FloatRows, asked: Asking, block: slice, across: slice) -> None:
    """Nobody joins itself, nor whom they may not, nor somebody who has another name."""
    asks, others = asked.ids[block], asked.among[across]
    first, last = np.searchsorted(asked.forbidden.asking, [block.start, block.stop])
    row = np.concatenate([asked.forbidden.asking[first:last] - block.start, np.arange(len(asks))])
    whom = np.concatenate([asked.forbidden.other[first:last], asks])
    column = np.minimum(np.searchsorted(others, whom), len(others) - 1)
    here = others[column] == whom
    product[row[here], column[here]] = -np.inf
    people = asked.nodes.people
    named, known = np.flatnonzero(people[asks] >= 0), np.flatnonzero(people[others] >= 0)
    if len(named) and len(known):
        cells = np.ix_(named, known)
        differ = people[asks][named][:, None] != people[others][known]
        product[cells] = np.where(differ, -np.inf, product[cells])


class Hits:
    """Whom single clusters may join, whatever was said of them.

    What may be is found among the clusters of all rounds at once, and kept until some are gone:
    one that stands in many rounds looks through all but once.
    """

    def __init__(self, nodes: Nodes) -> None:
        """Nothing is known yet."""
        self._nodes = nodes
        self._maybe: dict[int, tuple[Ids, int]] = {}

    def look(self, asks: Ids) -> None:
        """Find what may be for many at once, which takes hardly longer than for one."""
        unknown = np.array([node for node in asks.tolist() if node not in self._maybe])
        if not len(unknown):
            return
        heads, found = self._nodes.heads, []
        asking_heads = asking(heads[unknown]).T
        for start in range(0, self._nodes.used, _BLOCK[1]):
            product = heads[start : min(start + _BLOCK[1], self._nodes.used)] @ asking_heads
            other, who = np.divmod(np.flatnonzero(product >= -MARGIN), len(unknown))
            found.append(np.stack([who, other + start]))
        who, other = np.concatenate(found, axis=1)
        order = np.argsort(who, kind="stable")
        ends = np.cumsum(np.bincount(who, minlength=len(unknown)))[:-1]
        for node, ids in zip(unknown.tolist(), np.split(other[order], ends), strict=True):
            self._maybe[node] = ids, len(self._nodes.lately)

    def of(self, asks: int, stands: npt.NDArray[np.bool_]) -> tuple[Ids, Scores]:
        """The others among those that stand, (k,), and their scores, wrong by up to MARGIN."""
        ids = self._maybes(asks)
        ids = ids[stands[ids]]
        rows = self._nodes.rows
        product = rows[ids] @ asking(rows[asks : asks + 1])[0]
        passes = (product >= -MARGIN) & (ids != asks)
        return ids[passes], -product[passes]

    def _maybes(self, asks: int) -> Ids:
        lately = self._nodes.lately
        ids, then = self._maybe[asks]
        if then < len(lately):
            ids = np.concatenate([ids, np.array(lately[then:], dtype=np.intp)])
            self._maybe[asks] = ids, len(lately)
        return ids

    def forget(self) -> None:
        """Clusters may go now, and others have their ids."""
        self._maybe.clear()
