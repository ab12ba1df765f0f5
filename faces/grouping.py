"""Groups of faces, one person each: linked by density, joined in rounds, added to at any time."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from faces.constraints import NOBODY, STRANGER
from faces.cut import Cut
from faces.density import dbscan
from faces.density_blocks import are_near
from faces.nodes import Ids, Nodes
from faces.records import FloatRows
from faces.rounds import Changes, Round
from faces.threads import products_by_one_thread

IntPairs = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.intp]
NO_PAIRS: IntPairs = np.empty((0, 2), dtype=np.intp)
_SOME_STRANGER = np.iinfo(np.intp).max
"""The number of somebody who is none of the people; more than one may have it."""
_NOTHING: Ids = np.empty(0, dtype=np.intp)
_MARGIN = 2e-5
_BLOCK = 256


class Grouping:
    """The groups of a set of faces at a cut; a face alone is a group of one.

    Adding faces gives exactly the groups that all of them at once would give.
    """

    def __init__(self, cut: Cut, dimensions: int) -> None:
        """No faces yet; `of` is the usual way in."""
        self._cut = cut
        self._nodes = Nodes(cut, dimensions)
        self._rounds: list[Round] = []
        self._count = 0
        self._rows: FloatRows = np.empty((0, dimensions), dtype=np.float32)
        self._people: Numbers = np.empty(0, dtype=np.intp)
        self._component: Numbers = np.empty(0, dtype=np.intp)
        """Faces held together by links, by density or because somebody said so."""
        self._dissolved: set[int] = set()
        """Components that hold a contradiction: in them only what was said holds together."""
        self._node: Ids = np.empty(0, dtype=np.intp)
        """The cluster in which each face begins the first round."""
        self._said: IntPairs = NO_PAIRS
        self._apart: IntPairs = NO_PAIRS
        self._apart_lately: dict[int, list[int]] = {}

    @classmethod
    def of(
        cls, rows: FloatRows, cut: Cut, *, together: IntPairs = NO_PAIRS,
        apart: IntPairs = NO_PAIRS, people: Numbers | None = None,
    ) -> Grouping:  # fmt: skip
        """Group all faces at once.

        `rows` (n, d) are `identity_rows_at` the cut. Pairs are numbers of rows: `together` are one
        person, `apart` are two. `people` (n,) numbers the confirmed person of each row, as
        `faces.constraints` does: rows of one number are together, rows of two are apart. Strangers
        are apart from people, not from each other. What is together must not be apart, too.
        """
        grouping = cls(cut, rows.shape[1])
        grouping._start(rows, together, apart, people)
        return grouping

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Of each row the lowest row of its group, (n,)."""
        nodes = self._nodes_of(len(self._rounds), np.arange(self._count))
        return self._nodes.lows[nodes]

    def add(
        self, rows: FloatRows, *, together: IntPairs = NO_PAIRS, apart: IntPairs = NO_PAIRS,
        people: Numbers | None = None,
    ) -> None:  # fmt: skip
        """Add faces, at the cost of a search for each and a repair of what it changes.

        Pairs are numbers of all rows, the new ones last, and each holds a new one.
        """
        with products_by_one_thread():
            self._add(rows, together, apart, people)

    def _add(
        self, rows: FloatRows, together: IntPairs, apart: IntPairs, people: Numbers | None
    ) -> None:
        before = self._count
        self._take(rows, people)
        new = np.arange(before, self._count)
        said = np.concatenate([together, self._alike(new)])
        self._said = np.concatenate([self._said, said])
        pairs = _both_ways(apart)
        for row, other in pairs.tolist():
            self._apart_lately.setdefault(row, []).append(other)
        self._tell_standing(pairs[pairs[:, 0] < before])
        self._make_nodes(new, new)
        self._renew(*self._link(new, np.concatenate([self._within_reach(new), said])))

    def _start(
        self, rows: FloatRows, together: IntPairs, apart: IntPairs, people: Numbers | None
    ) -> None:
        self._take(rows, people)
        every = np.arange(self._count)
        density = dbscan(rows, reach=self._cut.reach, min_samples=2).labels.astype(np.intp)
        density = np.where(density < 0, self._count + every, density)
        self._said = np.concatenate([together, _chained(self._people, every)])
        self._apart = _both_ways(apart)
        component = _linked(density, self._said)
        self._component[:] = _lowest_of(component)
        pairs = self._component[self._apart]
        broken = np.union1d(
            pairs[pairs[:, 0] == pairs[:, 1], 0], _with_several(self._component, self._people)
        )
        self._dissolved = set(broken.tolist())
        loose = np.isin(self._component, broken)
        pieces = np.where(loose, _lowest_of(_linked(every, self._said)), self._component)
        self._make_nodes(every, pieces)
        self._renew(_NOTHING, np.unique(self._node))

    def _take(self, rows: FloatRows, people: Numbers | None) -> None:
        count = self._count + len(rows)
        if count > len(self._rows):
            capacity = count if not self._count else max(count, len(self._rows) * 9 // 8)
            for name in ("_rows", "_people", "_component", "_node"):
                column = getattr(self, name)
                grown = np.empty((capacity, *column.shape[1:]), dtype=column.dtype)
                grown[: self._count] = column[: self._count]
                setattr(self, name, grown)
        new = slice(self._count, count)
        self._rows[new] = rows
        self._people[new] = NOBODY
        if people is not None:
            self._people[new] = np.where(people == STRANGER, _SOME_STRANGER, people)
        self._component[new] = np.arange(self._count, count)
        self._count = count

    def _alike(self, new: Numbers) -> IntPairs:
        """Links of the new rows with those of the same person."""
        named = new[_has_name(self._people[new])]
        if not len(named):
            return NO_PAIRS
        same = np.isin(self._people[: self._count], self._people[named])
        return _chained(self._people, np.flatnonzero(same))

    def _within_reach(self, new: Numbers) -> IntPairs:
        pairs = [NO_PAIRS]
        least = 1 - self._cut.reach / 2 - _MARGIN
        for start in range(0, len(new), _BLOCK):
            asks = new[start : start + _BLOCK]
            near = np.argwhere(self._rows[asks] @ self._rows[: self._count].T >= least)
            near[:, 0] += asks[0]
            near = near[near[:, 0] != near[:, 1]]
            reach = self._cut.reach
            pairs.append(near[are_near(self._rows[near[:, 0]], self._rows[near[:, 1]], reach)])
        return np.concatenate(pairs)

    def _partners(self, rows: Numbers) -> IntPairs:
        """Each of these rows with each that it is apart from, (m, 2)."""
        first = np.searchsorted(self._apart[:, 0], rows)
        counts = np.searchsorted(self._apart[:, 0], rows, side="right") - first
        found = [self._apart[_ranges(first, counts)]]
        if self._apart_lately:
            lately = [
                (row, other) for row in rows.tolist() for other in self._apart_lately.get(row, ())
            ]
            found.append(np.array(lately, dtype=np.intp).reshape(-1, 2))
        return np.concatenate(found)

    def _make_nodes(self, rows: Numbers, piece: Numbers) -> Ids:
        """A cluster for each piece of these rows; `piece` (n,) is any number of each."""
        order = np.argsort(piece, kind="stable")
        rows, numbers = rows[order], np.unique(piece[order], return_inverse=True)[1]
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        ids = self._nodes.add(
            np.add.reduceat(self._rows[rows], starts, axis=0, dtype=np.float64),
            np.diff(starts, append=len(rows)),
            np.minimum.reduceat(rows, starts),
            np.maximum.reduceat(self._people[rows], starts),
        )
        self._node[rows] = ids[numbers]
        pairs = self._partners(np.sort(rows))
        if len(pairs):
            owners = self._node[pairs[:, 0]]
            order = np.argsort(owners, kind="stable")
            owners, partners = owners[order], pairs[order, 1]
            starts = np.flatnonzero(np.diff(owners, prepend=-1))
            for owner, some in zip(
                owners[starts].tolist(), np.split(partners, starts[1:]), strict=True
            ):
                self._nodes.apart[owner] = some
        return ids

    def _tell_standing(self, pairs: IntPairs) -> None:
        """Let clusters that stand know of new rows that their rows are apart from."""
        if not len(pairs):
            return
        told: set[tuple[int, int, int]] = set()
        for level in range(len(self._rounds) + 1):
            nodes = self._nodes_of(level, pairs[:, 0])
            for node, (row, other) in zip(nodes.tolist(), pairs.tolist(), strict=True):
                if (node, row, other) not in told:
                    told.add((node, row, other))
                    known = self._nodes.apart.get(node, _NOTHING)
                    self._nodes.apart[node] = np.append(known, other)

    def _link(self, new: Numbers, links: IntPairs) -> tuple[Ids, Ids]:
        """Unite components; the clusters of the first round that go, and that come."""
        ends = self._component[links]
        labels = np.union1d(ends, self._component[new])
        united = _linked(np.arange(len(labels)), np.searchsorted(labels, ends))
        gone: set[int] = set()
        come = set(self._node[new].tolist())
        for number in range(int(united.max(initial=-1)) + 1):
            together = labels[united == number]
            if len(together) > 1:
                self._unite(together, gone, come)
        brief = gone & come
        self._nodes.forget(brief)
        return _as_ids(gone - brief), _as_ids(come - brief)

    def _unite(self, labels: Numbers, gone: set[int], come: set[int]) -> None:
        component = self._component[: self._count]
        rows = np.flatnonzero(np.isin(component, labels))
        nodes = np.unique(self._node[rows])
        broken = set(labels.tolist()) & self._dissolved
        contradicts = bool(broken) or self._contradicts(nodes, labels)
        if contradicts:
            for label in set(labels.tolist()) - broken:
                self._dissolve(np.flatnonzero(component == label), gone, come)
            self._dissolved -= broken
            self._dissolved.add(int(labels[0]))
            inside = np.isin(self._said, rows).all(axis=1)
            ends = self._node[self._said[inside]]
            nodes = np.unique(ends[ends[:, 0] != ends[:, 1]])
            group = _linked(
                np.arange(len(nodes)), np.searchsorted(nodes, ends[ends[:, 0] != ends[:, 1]])
            )
        else:
            group = np.zeros(len(nodes), dtype=np.intp)
        component[rows] = labels[0]
        if len(nodes):
            order = np.argsort(group, kind="stable")
            joined = self._nodes.join(nodes[order], group[order])
            within = rows[np.isin(self._node[rows], nodes)]
            self._node[within] = joined[group[np.searchsorted(nodes, self._node[within])]]
            gone.update(nodes.tolist())
            come.update(joined.tolist())

    def _contradicts(self, nodes: Ids, labels: Numbers) -> bool:
        people = self._nodes.people[nodes]
        if len(np.unique(people[people >= 0])) > 1:
            return True
        apart = [self._nodes.apart[node] for node in nodes.tolist() if node in self._nodes.apart]
        return bool(apart) and bool(np.isin(self._component[np.concatenate(apart)], labels).any())

    def _dissolve(self, rows: Numbers, gone: set[int], come: set[int]) -> None:
        """Take a component apart, but for what somebody said."""
        before = np.unique(self._node[rows])
        inside = self._said[np.isin(self._said, rows).all(axis=1)]
        piece = _linked(np.arange(len(rows)), np.searchsorted(rows, inside))
        if len(rows) == 1:
            return
        gone.update(before.tolist())
        come.update(self._make_nodes(rows, piece).tolist())

    def _nodes_of(self, level: int, rows: Numbers) -> Ids:
        """The clusters in which rows begin a round."""
        nodes = self._node[rows]
        for before in self._rounds[:level]:
            nodes = before.parents(nodes)
        return nodes

    def _renew(self, gone: Ids, come: Ids) -> None:
        """Carry a change of the first round's clusters through all rounds."""
        changes, waste, level = Changes(gone, come, gone), [gone], 0
        if not self._rounds:
            self._rounds.append(Round(self._nodes))
        while True:
            at = self._rounds[level]
            changes = at.update(changes, partial(self._nodes_of, level))
            waste.append(changes.waste)
            if not at.joins_any:
                waste += [after.joined() for after in self._rounds[level + 1 :]]
                del self._rounds[level + 1 :]
                break
            level += 1
            if level == len(self._rounds):
                after, changes = at.following()
                self._rounds.append(after)
        self._nodes.forget(np.unique(np.concatenate(waste)).tolist())


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


def _with_several(component: Numbers, people: Numbers) -> Numbers:
    """The components in which there are several people."""
    named = people >= 0
    pairs = np.unique(np.column_stack([component[named], people[named]]), axis=0)
    labels, counts = np.unique(pairs[:, 0], return_counts=True)
    return labels[counts > 1]


def _both_ways(pairs: IntPairs) -> IntPairs:
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
