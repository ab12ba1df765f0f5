"""The clusters that the first round begins with: faces linked by density and by what was said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from faces.cut import Cut
from faces.density import Mapped, dbscan
from faces.density_blocks import are_near
from faces.joinable import MARGIN
from faces.nearest import having
from faces.nodes import NO_IDS, Ids, Nodes
from faces.records import NOBODY, STRANGER, FloatRows
from faces.threads import products

IntPairs = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.intp]
Keys = npt.NDArray[np.int64]
NO_PAIRS: IntPairs = np.empty((0, 2), dtype=np.intp)
_SOME_STRANGER = np.iinfo(np.intp).max
"""The number of somebody who is none of the people; more than one may have it."""
_BLOCK = 256
_DOUBTED = 10
"""One in so many rows may contradict others of its component before all of it is doubted."""
_SENT_ROWS = 16_384
"""Rows of a block that is compared elsewhere: worth the way."""
_COLUMNS = ("_rows", "_keys", "_people", "_component", "_piece", "_node")


@dataclass(frozen=True)
class News:
    """Rows that come, and what is said of them, as `faces.grouping.Grouping` is told it."""

    rows: FloatRows
    keys: Keys | None
    together: IntPairs
    apart: IntPairs
    people: Numbers | None


class Beginnings:
    """All rows, and the cluster that each begins in.

    A component is what links hold together: two faces within reach, or said to be one person; a
    piece is what words alone hold together. The faces of a component begin as one cluster, but for
    the pieces of those that contradict it: that are apart from another face in it, or have another
    name than most. Where these are more than one in ten, all its pieces begin by themselves.
    """

    def __init__(self, nodes: Nodes, cut: Cut, dimensions: int) -> None:
        """No rows yet."""
        self._nodes = nodes
        self._cut = cut
        self.count = 0
        self._rows: FloatRows = np.empty((0, dimensions), dtype=np.float32)
        self._keys: Keys = np.empty(0, dtype=np.int64)
        self._people: Numbers = np.empty(0, dtype=np.intp)
        self._component: Numbers = np.empty(0, dtype=np.intp)
        self._piece: Numbers = np.empty(0, dtype=np.intp)
        self._node: Ids = np.empty(0, dtype=np.intp)
        self._clashing: dict[int, Numbers] = {}
        """Of each component that holds any: the rows that are apart from another in it."""
        self._apart: IntPairs = NO_PAIRS
        self._apart_lately: dict[int, list[int]] = {}

    def nodes_of(self, rows: Numbers) -> Ids:
        """The clusters in which rows begin."""
        return self._node[rows]

    def start(self, news: News, mapped: Mapped | None = None) -> Ids:
        """Take all rows at once: the clusters that come. `mapped` is as in `dbscan`."""
        every, rows = self._take(news), news.rows
        reach, size = self._cut.reach, _SENT_ROWS if mapped else None
        found = dbscan(rows, reach=reach, min_samples=2, mapped=mapped, block_rows=size).labels
        alone = (found < 0) | ~rows.any(axis=1)  # what could not be encoded is nobody's
        density = np.where(alone, self.count + every, found).astype(np.intp)
        said = np.concatenate([news.together, _chained(self._people, every)])
        self._apart = both_ways(news.apart)
        self._piece[:] = _lowest_of(_linked(every, said))
        self._component[:] = _lowest_of(_linked(density, said))
        ends = self._component[self._apart]
        clashing = np.unique(self._apart[ends[:, 0] == ends[:, 1]])
        homes = self._component[clashing]
        self._clashing = {int(home): clashing[homes == home] for home in np.unique(homes)}
        return self._make(every, self._parts(every, clashing))

    def add(self, news: News) -> tuple[Ids, Ids]:
        """Take more rows: the clusters that go, and that come."""
        new = self._take(news)
        for row, other in both_ways(news.apart).tolist():
            self._apart_lately.setdefault(row, []).append(other)
        said = np.concatenate([news.together, self._alike(new)])
        for pieces in _united(self._piece, said):
            self._piece[: self.count][np.isin(self._piece[: self.count], pieces)] = pieces[0]
        come = set(self._make(new, new).tolist())
        gone: set[int] = set()
        for components in _united(self._component, np.concatenate([self._within_reach(new), said])):
            self._unite(components, gone, come)
        brief = gone & come
        self._nodes.forget(brief)
        return _as_ids(gone - brief), _as_ids(come - brief)

    def _take(self, news: News) -> Numbers:
        count, people = self.count + len(news.rows), news.people
        if not self.count:
            self._rows = np.asarray(news.rows, dtype=np.float32)  # kept, for memory's sake
        if count > len(self._keys):
            capacity = count if not self.count else max(count, len(self._keys) * 9 // 8)
            for name in _COLUMNS:
                column = getattr(self, name)
                if len(column) >= capacity:
                    continue
                grown = np.empty((capacity, *column.shape[1:]), dtype=column.dtype)
                grown[: self.count] = column[: self.count]
                setattr(self, name, grown)
        new = np.arange(self.count, count)
        if self.count:
            self._rows[new] = news.rows
        self._keys[new] = new if news.keys is None else news.keys
        self._people[new] = NOBODY
        if people is not None:
            self._people[new] = np.where(people == STRANGER, _SOME_STRANGER, people)
        self._component[new] = self._piece[new] = new
        self.count = count
        return new

    def _alike(self, new: Numbers) -> IntPairs:
        """Links of the new rows with those of the same person."""
        named = new[_has_name(self._people[new])]
        if not len(named):
            return NO_PAIRS
        same = np.isin(self._people[: self.count], self._people[named])
        return _chained(self._people, np.flatnonzero(same))

    def _within_reach(self, new: Numbers) -> IntPairs:
        pairs, reach = [NO_PAIRS], self._cut.reach
        for start in range(0, len(new), _BLOCK):
            asks = new[start : start + _BLOCK]
            near = np.argwhere(
                products(self._rows[asks], self._rows[: self.count]) >= 1 - reach / 2 - MARGIN
            )
            near[:, 0] += asks[0]
            near = near[near[:, 0] != near[:, 1]]
            pairs.append(near[are_near(self._rows[near[:, 0]], self._rows[near[:, 1]], reach)])
        return np.concatenate(pairs)

    def _partners(self, rows: Numbers) -> IntPairs:
        """Each of these rows with each that it is apart from, (m, 2)."""
        first = np.searchsorted(self._apart[:, 0], rows)
        counts = np.searchsorted(self._apart[:, 0], rows, side="right") - first
        lately = [(row, other) for row in self._apart_lately.keys() & set(rows.tolist())
                  for other in self._apart_lately[row]] if self._apart_lately else []  # fmt: skip
        return np.concatenate(
            [self._apart[_ranges(first, counts)], np.array(lately, dtype=np.intp).reshape(-1, 2)]
        )

    def _parts(self, rows: Numbers, clashing: Numbers) -> Numbers:
        """What each row begins with, as numbers, for all rows of some components: (n,)."""
        component, piece = self._component[rows], self._piece[rows]
        out = np.union1d(clashing, self._of_lesser_name(rows))
        if not len(out):
            return component
        homes, contradict = np.unique(self._component[out], return_counts=True)
        sizes = np.bincount(np.searchsorted(homes, component[np.isin(component, homes)]))
        doubted = homes[_DOUBTED * contradict > sizes]
        alone = np.isin(piece, self._piece[out]) | np.isin(component, doubted)
        return np.where(alone, self.count + piece, component)

    def _of_lesser_name(self, rows: Numbers) -> Numbers:
        """The rows that have another name than most that have any in their component."""
        named = rows[self._people[rows] != NOBODY]
        if not len(named):
            return NO_IDS
        kinds = np.column_stack([self._component[named], self._people[named]])
        kinds, kind, counts = np.unique(kinds, axis=0, return_inverse=True, return_counts=True)
        most = np.lexsort((kinds[:, 1], -counts, kinds[:, 0]))
        leading = most[np.flatnonzero(np.diff(kinds[most, 0], prepend=-1))]
        lesser: Numbers = named[~np.isin(kind.reshape(-1), leading)]
        return lesser

    def _make(self, rows: Numbers, part: Numbers) -> Ids:
        """A cluster for each part of these rows, from the rows; `part` (n,) is any numbers."""
        order = np.argsort(part, kind="stable")
        rows, numbers = rows[order], np.unique(part[order], return_inverse=True)[1]
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        ids = self._nodes.add(
            np.add.reduceat(self._rows[rows], starts, axis=0, dtype=np.float64),
            np.diff(starts, append=len(rows)),
            np.minimum.reduceat(self._keys[rows], starts),
            np.maximum.reduceat(self._people[rows], starts),
        )
        self._node[rows] = ids[numbers]
        pairs = self._partners(np.sort(rows))
        if len(pairs):
            owners = self._node[pairs[:, 0]]
            order = np.argsort(owners, kind="stable")
            owners, partners = owners[order], pairs[order, 1]
            starts = np.flatnonzero(np.diff(owners, prepend=-1))
            some = np.split(partners, starts[1:])
            for owner, theirs in zip(owners[starts].tolist(), some, strict=True):
                self._nodes.keep_apart(owner, theirs)
        return ids

    def _unite(self, components: Numbers, gone: set[int], come: set[int]) -> None:
        """Make one component of several, and its clusters anew where they change."""
        rows = having(self._component[: self.count], components)
        homes = self._component[rows]
        largest = components[np.argmax([np.count_nonzero(homes == home) for home in components])]
        pairs = self._partners(rows[homes != largest])
        clashing = np.unique(
            np.concatenate(
                [*(self._clashing.pop(home, NO_IDS) for home in components.tolist()),
                 pairs[np.isin(self._component[pairs[:, 1]], components)].reshape(-1)]
            )
        )  # fmt: skip
        self._component[rows] = largest
        if len(clashing):
            self._clashing[int(largest)] = clashing
        self._rearrange(rows, self._parts(rows, clashing), gone, come)

    def _rearrange(self, rows: Numbers, part: Numbers, gone: set[int], come: set[int]) -> None:
        """Let these rows begin in these parts; clusters that are a part already stay."""
        if (part == part[0]).all():
            self._rearrange_as_one(rows, gone, come)
            return
        _, part = np.unique(part, return_inverse=True)
        nodes, node = np.unique(self._node[rows], return_inverse=True)
        inside = np.unique(node * len(rows) + part)
        which, where = np.divmod(inside, len(rows))
        whole = np.bincount(which, minlength=len(nodes)) == 1
        parts = np.bincount(where)
        broken = np.zeros(len(parts), dtype=np.bool_)
        broken[where[~whole[which]]] = True
        stays = (parts == 1) & ~broken
        gone.update(nodes[which[~stays[where]]].tolist())
        afresh = broken[part]
        if afresh.any():
            come.update(self._make(rows[afresh], part[afresh]).tolist())
        joins = whole[which] & ~broken[where] & ~stays[where]
        if joins.any():
            order = np.argsort(where[joins], kind="stable")
            ids = nodes[which[joins][order]]
            _, number = np.unique(where[joins][order], return_inverse=True)
            joined = self._nodes.join(ids, number)
            target = np.full(len(nodes), NOBODY, dtype=np.intp)
            target[which[joins][order]] = joined[number]
            moves = target[node] != NOBODY
            self._node[rows[moves]] = target[node[moves]]
            come.update(joined.tolist())

    def _rearrange_as_one(self, rows: Numbers, gone: set[int], come: set[int]) -> None:
        """The same where all rows are one part."""
        there = np.zeros(self._nodes.used, dtype=np.bool_)
        there[self._node[rows]] = True
        nodes = np.flatnonzero(there)
        if len(nodes) > 1:
            (joined,) = self._nodes.join(nodes, np.zeros(len(nodes), dtype=np.intp)).tolist()
            self._node[rows] = joined
            gone.update(nodes.tolist())
            come.add(joined)


def _united(number: Numbers, links: IntPairs) -> list[Numbers]:
    """The numbers that links make one, at least two each."""
    numbers = np.unique(number[links])
    group = _linked(np.arange(len(numbers)), np.searchsorted(numbers, number[links]))
    order = np.argsort(group, kind="stable")
    parts = np.split(numbers[order], np.flatnonzero(np.diff(group[order])) + 1)
    return [part for part in parts if len(part) > 1]


def _linked(number: Numbers, links: IntPairs) -> Numbers:
    """Numbers 0, 1, … of what hangs together: those of one number, and those that links join."""
    if not len(number):
        return number
    kinds, at = np.unique(number, return_inverse=True)
    ends = at[links[:, 0]], at[links[:, 1]]
    graph = coo_matrix((np.ones(len(links), dtype=np.bool_), ends), shape=(len(kinds),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1][at], dtype=np.intp)


def _lowest_of(number: Numbers) -> Numbers:
    """Of each the lowest place that has the same number."""
    _, first, at = np.unique(number, return_index=True, return_inverse=True)
    return first[at].astype(np.intp)


def _chained(people: Numbers, rows: Numbers) -> IntPairs:
    """Links from each of these rows to the next of the same person."""
    named = rows[_has_name(people[rows])]
    order = named[np.argsort(people[named], kind="stable")]
    same = people[order[1:]] == people[order[:-1]]
    return np.column_stack([order[:-1][same], order[1:][same]])


def _has_name(people: Numbers) -> npt.NDArray[np.bool_]:
    return np.asarray((people >= 0) & (people != _SOME_STRANGER))


def both_ways(pairs: IntPairs) -> IntPairs:
    """Each pair in both orders, sorted by the first."""
    both = np.concatenate([pairs, pairs[:, ::-1]]).astype(np.intp)
    return both[np.argsort(both[:, 0], kind="stable")]


def _ranges(first: Numbers, counts: Numbers) -> Numbers:
    """first[0], first[0] + 1, … (counts[0] of them), first[1], …"""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - counts, counts) + np.repeat(first, counts)


def _as_ids(ids: set[int]) -> Ids:
    return np.array(sorted(ids), dtype=np.intp)
