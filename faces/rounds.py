"""One round of joining clusters: who is nearest to whom, and which of them join."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from faces.joinable import Asking, Forbidden, Places, passing
from faces.nodes import Ids, Nodes, Scores, asking
from faces.records import FloatRows

_NONE = -1
_LARGER = 3
"""How many times as large a cluster must be for others to join it unasked."""
_NEVER = 9.0
"""The slack of an empty place: nothing passes with it."""

NodesOf = Callable[[Ids], Ids]
"""Of rows, the clusters they are in when this round begins."""


@dataclass(frozen=True)
class Changes:
    """Which clusters went, and which came; of what went, `waste` stands in no round any more."""

    gone: Ids
    come: Ids
    waste: Ids


class Round:
    """The clusters that stand at the beginning of a round, and what becomes of them.

    Two clusters join when each is the other's nearest, or when one is the nearest of the other and
    at least three times as large. Nearest is the lowest score; of equal ones, the one with the
    lowest face. Reciprocal nearest neighbours: C. de Rham, La classification hierarchique
    ascendante selon la methode des voisins reciproques, 1980; F. Murtagh, A survey of recent
    advances in hierarchical clustering algorithms, The Computer Journal 26, 1983, section 2.
    """

    def __init__(self, nodes: Nodes) -> None:
        """A round without clusters."""
        self._nodes = nodes
        self._size = 0
        self._free: list[int] = []
        self._place = np.empty(0, dtype=np.int32)
        self._rows: FloatRows = np.empty((0, nodes.sums.shape[1] + 2), dtype=np.float32)
        self._ids: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._counts: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._lows: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._people: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._nearest: Places = np.empty(0, dtype=np.intp)
        """The place of the nearest cluster that may be joined, or none."""
        self._score: Scores = np.empty(0)
        self._others: Scores = np.empty(0)
        """None but the nearest has a score lower than this; infinite if none may be joined."""
        self._joins: Places = np.empty(0, dtype=np.intp)
        self._chain: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        """Clusters that joins hold together have the same number."""
        self._chains = 0
        self._parent: Ids = np.empty(0, dtype=np.intp)
        """The cluster that each becomes a part of; itself, if it stays alone."""

    @property
    def joins_any(self) -> bool:
        """Whether anything changes in this round."""
        return bool((self._joins[: self._size] != _NONE).any())

    def parents(self, ids: Ids) -> Ids:
        """What has become of these clusters at the end of the round."""
        parents: Ids = self._parent[self._place[ids]]
        return parents

    def joined(self) -> Ids:
        """The clusters that come about in this round."""
        parents = self._parent[: self._size]
        joined: Ids = np.unique(parents[parents != self._ids[: self._size]])
        return joined

    def following(self) -> tuple[Round, Changes]:
        """A round that still stands where this one does, and what must change in it to follow."""
        stands = np.flatnonzero(self._ids[: self._size] != _NONE)
        moved = np.full(self._size + 1, _NONE, dtype=np.intp)
        moved[stands] = np.arange(len(stands))
        after = Round(self._nodes)
        after._size = len(stands)
        for name in _COLUMNS:
            setattr(after, name, getattr(self, name)[stands])
        after._nearest = moved[after._nearest]
        after._place = np.full(len(self._place), _NONE, dtype=np.int32)
        after._place[after._ids] = np.arange(len(stands))
        after._joins[:], after._parent = _NONE, after._ids.copy()
        after._chain[:], after._chains = np.arange(len(stands)), len(stands)
        parents = self._parent[stands]
        goes = parents != after._ids
        return after, Changes(after._ids[goes], np.unique(parents[goes]), _NO_ROWS)

    def update(self, changes: Changes, nodes_of: NodesOf) -> Changes:
        """Let clusters go and come; what that changes at the end of the round."""
        places = self._place[changes.gone].astype(np.intp)
        parents_before, touched = self._parent[places], self._chain[places]
        orphans = self._remove(places)
        come = self._insert(changes.come)
        self._look(come, orphans, nodes_of)
        return self._rejoin(come, touched, parents_before, changes.gone, nodes_of)

    def _remove(self, places: Places) -> Places:
        """Let clusters go: those whose nearest is gone."""
        gone = np.zeros(self._size + 1, dtype=np.bool_)
        gone[places] = True
        bereft = gone[self._nearest[: self._size]] & ~gone[: self._size]
        orphans: Places = np.flatnonzero(bereft)
        self._nearest[orphans], self._score[orphans] = _NONE, np.inf
        self._place[self._ids[places]] = _NONE
        self._rows[places] = 0
        self._rows[places, -1] = _NEVER
        for column in (self._ids, self._nearest, self._joins, self._chain, self._parent):
            column[places] = _NONE
        self._people[places] = _NONE
        self._score[places] = self._others[places] = np.inf
        self._free += places.tolist()
        return orphans

    def _insert(self, ids: Ids) -> Places:
        nodes, again = self._nodes, self._free[: len(ids)]
        del self._free[: len(again)]
        fresh = np.arange(self._size, self._size + len(ids) - len(again))
        places: Places = np.concatenate([np.array(again, dtype=np.intp), fresh])
        self._grow(self._size + len(fresh))
        self._size += len(fresh)
        self._place[ids] = places
        self._rows[places] = nodes.rows(ids)
        self._ids[places], self._counts[places] = ids, nodes.counts[ids]
        self._lows[places], self._people[places] = nodes.lows[ids], nodes.people[ids]
        for column in (self._nearest, self._joins, self._chain, self._parent):
            column[places] = _NONE
        self._score[places] = self._others[places] = np.inf
        return places

    def _grow(self, size: int) -> None:
        if len(self._place) < len(self._nodes.counts):
            grown_place = np.full(len(self._nodes.counts), _NONE, dtype=np.int32)
            grown_place[: len(self._place)] = self._place
            self._place = grown_place
        if size > len(self._ids):
            capacity = max(size, len(self._ids) * 9 // 8)
            for name in _COLUMNS:
                column = getattr(self, name)
                grown = np.empty((capacity, *column.shape[1:]), dtype=column.dtype)
                grown[: len(column)] = column
                setattr(self, name, grown)

    def _look(self, come: Places, orphans: Places, nodes_of: NodesOf) -> None:
        """Find the nearest of those that came, and of those that lost theirs."""
        new = np.zeros(self._size, dtype=np.bool_)
        new[come] = True
        self._search(np.sort(come), new, nodes_of)
        lost = orphans[
            (self._score[orphans] >= self._others[orphans]) & np.isfinite(self._others[orphans])
        ]
        if len(lost):
            self._nearest[lost] = _NONE
            self._score[lost] = self._others[lost] = np.inf
            self._search(np.sort(lost), None, nodes_of)

    def _search(self, places: Places, new: npt.NDArray[np.bool_] | None, nodes_of: NodesOf) -> None:
        """Ask for these places; with `new`, those found hear of it too."""
        if not len(places):
            return
        asked = Asking(
            places, asking(self._rows[places]), self._people[places],
            self._forbidden(places, nodes_of),
        )  # fmt: skip
        for found in passing(asked, self._rows[: self._size], self._people[: self._size]):
            first, second = found.asking, found.place
            if new is not None:
                once = ~new[second] | (first < second)
                first, second = first[once], second[once]
            scores = self._nodes.scores(self._ids[first], self._ids[second])
            passes = scores <= 0
            first, second, scores = first[passes], second[passes], scores[passes]
            if new is not None:
                first, second = np.concatenate([first, second]), np.concatenate([second, first])
                scores = np.concatenate([scores, scores])
            self._offer(first, second, scores)
            if len(found.crowded):
                heard = np.isin(found.crowded, places) if new is None else slice(None)
                np.minimum.at(self._others, found.crowded[heard], found.bound[heard])

    def _offer(self, to: Places, offered: Places, scores: Scores) -> None:
        """Tell each place of a cluster that it may join."""
        if not len(to):
            return
        order = np.lexsort((self._lows[offered], scores, to))
        to, offered, scores = to[order], offered[order], scores[order]
        first = np.flatnonzero(np.diff(to, prepend=-1))
        runner_up = np.full(len(first), np.inf)
        has_more = np.diff(first, append=len(to)) > 1
        runner_up[has_more] = scores[first[has_more] + 1]
        place, best, score = to[first], offered[first], scores[first]
        before = self._score[place]
        tie = (score == before) & (self._lows[best] < self._lows[self._nearest[place]])
        better = (score < before) | tie
        worse = np.where(better, before, score)
        self._others[place] = np.minimum(np.minimum(self._others[place], runner_up), worse)
        self._nearest[place[better]], self._score[place[better]] = best[better], score[better]

    def _forbidden(self, places: Places, nodes_of: NodesOf) -> Forbidden:
        apart = self._nodes.apart
        if not apart:
            return Forbidden(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))
        rows = [apart.get(node, _NO_ROWS) for node in self._ids[places].tolist()]
        asking_ = np.repeat(np.arange(len(places)), [len(some) for some in rows])
        place = self._place[nodes_of(np.concatenate(rows))] if len(asking_) else _NO_ROWS
        return Forbidden(asking_, place.astype(np.intp))

    def _rejoin(
        self, come: Places, touched: npt.NDArray[np.int64], parents_before: Ids, gone: Ids,
        nodes_of: NodesOf,
    ) -> Changes:  # fmt: skip
        """Join anew wherever something changed; what that changes at the end of the round."""
        joins, before = self._joins_now(), self._joins[: self._size]
        changed = np.flatnonzero(joins != before)
        ends = np.concatenate([changed, joins[changed], before[changed]])
        touched = np.concatenate([touched, self._chain[ends[ends >= 0]]])
        here = np.isin(self._chain[: self._size], touched[touched >= 0])
        here[come] = True
        members = np.flatnonzero(here)
        self._joins[: self._size] = joins
        old = np.unique(np.concatenate([parents_before, self._parent[members]]))
        self._join(members, np.unique(parents_before), nodes_of)
        new = np.unique(self._parent[members])
        went = np.setdiff1d(old[old >= 0], new)
        waste = np.setdiff1d(went[self._place[went] == _NONE], gone)
        return Changes(went, np.setdiff1d(new, old), waste)

    def _joins_now(self) -> Places:
        nearest, counts = self._nearest[: self._size], self._counts[: self._size]
        has = nearest != _NONE
        mutual = has & (nearest[nearest] == np.arange(self._size))
        larger = (counts[nearest] >= _LARGER * counts) & (counts[nearest] >= _LARGER)
        return np.where(mutual | (has & larger), nearest, _NONE)

    def _join(self, members: Places, broken: Ids, nodes_of: NodesOf) -> None:
        """Give each of these its parent; `broken` parents have lost a part."""
        local = np.empty(self._size, dtype=np.intp)
        local[members] = np.arange(len(members))
        joining = members[self._joins[members] != _NONE]
        ends = local[joining], local[self._joins[joining]]
        count = len(members)
        graph = coo_matrix((np.ones(len(joining), dtype=np.bool_), ends), shape=(count, count))
        chains, chain = connected_components(graph, directed=False)
        self._chain[members] = self._chains + chain
        group = self._without_conflict(members, chain, nodes_of)
        self._chains += chains
        order = np.argsort(group, kind="stable")
        members, group = members[order], np.unique(group[order], return_inverse=True)[1]
        before = self._parent[members]
        self._parent[members] = self._ids[members]
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        sizes = np.diff(starts, append=len(group))
        stays = self._unchanged(before, starts, sizes, broken)
        self._parent[members] = np.where(
            (stays & (sizes > 1))[group], before, self._parent[members]
        )
        joined = (~stays & (sizes > 1))[group]
        if joined.any():
            numbers = np.unique(group[joined], return_inverse=True)[1]
            ids = self._nodes.join(self._ids[members[joined]], numbers)
            self._parent[members[joined]] = ids[numbers]

    @staticmethod
    def _unchanged(
        before: Ids, starts: Places, sizes: Places, broken: Ids
    ) -> npt.NDArray[np.bool_]:
        """Which groups are, part for part, what they were; a parent's parts are all among these."""
        if not len(starts):
            return np.empty(0, dtype=np.bool_)
        same = np.minimum.reduceat(before, starts) == np.maximum.reduceat(before, starts)
        _, inverse, parts = np.unique(before, return_inverse=True, return_counts=True)
        whole = (parts[inverse[starts]] == sizes) & (before[starts] >= 0)
        return np.asarray(same & whole & ~np.isin(before[starts], broken))

    def _without_conflict(
        self, members: Places, chain: npt.NDArray[np.intp], nodes_of: NodesOf
    ) -> npt.NDArray[np.intp]:
        """The groups that chains fall into so that none holds two that are apart, (n,)."""
        group = chain.astype(np.intp)
        forbidden = self._forbidden(members, nodes_of)
        clash = self._chain[members[forbidden.asking]] == self._chain[forbidden.place]
        pairs = np.column_stack([members[forbidden.asking], forbidden.place])[clash]
        named = members[self._people[members] != _NONE]
        low, high = _range_by(self._chain[named], self._people[named])
        broken = np.unique(np.concatenate([self._chain[pairs[:, 0]], low[1][low[0] != high[0]]]))
        for number in broken.tolist():
            parts = np.flatnonzero(self._chain[members] == number)
            inside = pairs[self._chain[pairs[:, 0]] == number]
            split = self._one_by_one(members[parts], inside)
            group[parts] = group.max() + 1 + split
        return group

    def _one_by_one(self, places: Places, apart: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Join a chain's clusters from the nearest pair on, without two that are apart: (n,)."""
        ends = [(place, int(self._joins[place])) for place in places.tolist()]
        ends = list({(min(pair), max(pair)) for pair in ends if pair[1] != _NONE})
        first, second = (np.array(side, dtype=np.intp) for side in zip(*ends, strict=True))
        scores = self._nodes.scores(self._ids[first], self._ids[second])
        lows = np.sort(np.column_stack([self._lows[first], self._lows[second]]), axis=1)
        root = {place: place for place in places.tolist()}
        enemies: dict[int, set[int]] = {place: set() for place in root}
        person = {place: int(self._people[place]) for place in root}
        for one, other in apart.tolist():
            enemies[one].add(other)
            enemies[other].add(one)
        parts = {place: {place} for place in root}
        for at in np.lexsort((lows[:, 1], lows[:, 0], scores)).tolist():
            one, other = root[ends[at][0]], root[ends[at][1]]
            names = {person[one], person[other]} - {_NONE}
            if one == other or len(names) > 1 or enemies[one] & parts[other]:
                continue
            for place in parts[other]:
                root[place] = one
            parts[one] |= parts.pop(other)
            enemies[one] |= enemies.pop(other)
            person[one] = names.pop() if names else _NONE
        roots = np.array([root[place] for place in places.tolist()])
        return np.asarray(np.unique(roots, return_inverse=True)[1])


_COLUMNS = (
    "_rows", "_ids", "_counts", "_lows", "_people", "_nearest", "_score", "_others", "_joins",
    "_chain", "_parent",
)  # fmt: skip
_NO_ROWS: Ids = np.empty(0, dtype=np.intp)


def _range_by(
    key: npt.NDArray[np.int64], value: npt.NDArray[np.int64]
) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], tuple[npt.NDArray[np.int64], ...]]:
    """The lowest and the highest value of each key: ((lowest, keys), (highest, keys))."""
    keys, inverse = np.unique(key, return_inverse=True)
    low = np.full(len(keys), np.iinfo(np.int64).max)
    high = np.full(len(keys), np.iinfo(np.int64).min)
    np.minimum.at(low, inverse, value)
    np.maximum.at(high, inverse, value)
    return (low, keys), (high, keys)
