"""Which clusters may be joined: pairs whose score passes, found in blocks of matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from faces.records import FloatRows
from faces.threads import by_threads, products

Places = npt.NDArray[np.intp]
_MARGIN = 2e-5
"""More than a product of float32 rows can be wrong by; what passes by it is reckoned anew."""
_BLOCK = (512, 4096)
_CROWDED = 0.02
"""From which share of passing pairs on only the best of a block's rows and columns are taken."""


@dataclass(frozen=True)
class Forbidden:
    """Which of those that ask may not be joined with whom; both arrays sorted by `asking`."""

    asking: Places
    place: Places


@dataclass(frozen=True)
class Found:
    """Pairs of a block that may pass; of `crowded` ones not all are told.

    `crowded` are places of which better than `bound` there is nothing else in this block.
    """

    asking: Places
    place: Places
    crowded: Places
    bound: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asking:
    """Clusters that look for others: their places, their rows, and whom they may not join."""

    places: Places
    rows: FloatRows
    people: npt.NDArray[np.int64]
    forbidden: Forbidden


def passing(asked: Asking, rows: FloatRows, people: npt.NDArray[np.int64]) -> Iterator[Found]:
    """Pairs of one that asks and one of all `rows`, block by block.

    `rows` are `Nodes.rows`, `asked.rows` the other side of the product. With all asking in the
    order of their places, each pair is told at least once, in either order.
    """
    blocks = _blocks(len(asked.places), len(rows))
    search = partial(_in_block, asked, rows, people)
    few = len(asked.places) * len(rows) <= _BLOCK[0] * _BLOCK[1]
    for found in map(search, blocks) if few else by_threads(search, blocks):
        if found is not None:
            yield found


def _blocks(asking: int, places: int) -> Iterator[tuple[slice, slice]]:
    """Who is compared with whom; if all ask, no more than once but in a block across the middle."""
    for top in range(0, asking, _BLOCK[0]):
        first = top // _BLOCK[1] * _BLOCK[1] if asking == places else 0
        for left in range(first, places, _BLOCK[1]):
            yield (
                slice(top, min(top + _BLOCK[0], asking)),
                slice(left, min(left + _BLOCK[1], places)),
            )


def _in_block(
    asked: Asking,
    rows: FloatRows,
    people: npt.NDArray[np.int64],
    block: tuple[slice, slice],
) -> Found | None:
    asks, others = block
    product = products(asked.rows[asks], rows[others])
    hits = int(np.count_nonzero(product >= -_MARGIN))
    if not hits:
        return None
    _rule_out(product, asked, people, asks, others)
    passes = product >= -_MARGIN
    crowded: Places = np.empty(0, dtype=np.intp)
    bound: npt.NDArray[np.float64] = np.empty(0)
    if hits > _CROWDED * product.size + len(product):
        best_asking, best_other = product.max(axis=1), product.max(axis=0)
        passes &= (product >= best_asking[:, None] - 2 * _MARGIN) | (
            product >= best_other - 2 * _MARGIN
        )
        crowded = np.concatenate(
            [asked.places[asks], np.arange(others.start, others.stop, dtype=np.intp)]
        )
        bound = -np.concatenate([best_asking, best_other]).astype(np.float64) - 2 * _MARGIN
    asking, place = np.divmod(np.flatnonzero(passes), product.shape[1])
    return Found(asked.places[asks][asking], place + others.start, crowded, bound)


def _rule_out(
    product: FloatRows, asked: Asking, people: npt.NDArray[np.int64], asks: slice, others: slice
) -> None:
    """Nobody joins itself, nor whom they may not, nor somebody who has another name."""
    places = asked.places[asks]
    inside = np.flatnonzero((places >= others.start) & (places < others.stop))
    product[inside, places[inside] - others.start] = -np.inf
    first, last = np.searchsorted(asked.forbidden.asking, [asks.start, asks.stop])
    place = asked.forbidden.place[first:last]
    here = np.flatnonzero((place >= others.start) & (place < others.stop))
    product[
        asked.forbidden.asking[first:last][here] - asks.start, place[here] - others.start
    ] = -np.inf
    named = np.flatnonzero(asked.people[asks] >= 0)
    known = np.flatnonzero(people[others] >= 0)
    if len(named) and len(known):
        cells = np.ix_(named, known)
        differ = asked.people[asks][named][:, None] != people[others][known]
        product[cells] = np.where(differ, -np.inf, product[cells])
