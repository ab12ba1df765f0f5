"""Who is nearest to whom among the clusters that stand in a round."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from faces.joinable import MARGIN, NO_BOUNDS, Asking, Forbidden, Found, Hits, Scores, passing
from faces.nodes import NO_IDS, Ids, Nodes, runs

NONE = -1
_ROUNDED = 3e-7
"""More than a score loses as float32."""
_LONGER = 20
"""So many times as long may a list be that is gone through at once, instead of many short ones."""
_ONE_BY_ONE = 32
"""So many clusters that ask do so one by one."""

NodesOf = Callable[[Ids], Ids]
"""Of rows, the clusters they are in when this round begins."""
Column = npt.NDArray[np.int32]
"""One number for each id, (n,)."""


class Nearest:
    """Of each cluster that stands the nearest that it may join.

    That is the one with the lowest score; of equal ones, the one with the lowest key. Scores are
    kept as products of float32 rows gave them. Wherever they are too near each other to decide,
    they are reckoned anew, so that what is decided depends on nothing but the clusters.
    """

    def __init__(self, nodes: Nodes, hits: Hits, nodes_of: NodesOf) -> None:
        """Nobody stands yet."""
        self._nodes, self._hits, self._nodes_of = nodes, hits, nodes_of
        self.stands: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self.of: Column = np.empty(0, dtype=np.int32)
        """The nearest, or NONE."""
        self._score: Scores = np.empty(0, dtype=np.float32)
        self._bound: Scores = np.empty(0, dtype=np.float32)
        """None but the nearest has a score lower than this; infinite if none may be joined."""
        self._changed: list[Ids] = []

    def copied(self, nodes_of: NodesOf) -> Nearest:
        """The same for another round."""
        other = Nearest(self._nodes, self._hits, nodes_of)
        for name in _COLUMNS:
            setattr(other, name, getattr(self, name).copy())
        return other

    def change(self, gone: Ids, come: Ids) -> Ids:
        """Let clusters go and come: those whose nearest is another now, and those that came."""
        for name, nothing in _COLUMNS.items():
            setattr(self, name, filled_up(getattr(self, name), self._nodes.used, nothing))
        orphans = self._remove(gone)
        self.stands[come] = True
        self._changed = [orphans, come]
        self._search(np.sort(come), tell=True)
        lost = self._lost(orphans)
        self.of[lost] = NONE
        self._score[lost] = self._bound[lost] = np.inf
        self._search(lost, tell=False)
        return np.unique(np.concatenate(self._changed))

    def _remove(self, gone: Ids) -> Ids:
        """Let clusters go: those whose nearest is gone."""
        if not len(gone):
            return NO_IDS
        orphans = having(self.of, gone)
        for name, nothing in _COLUMNS.items():
            getattr(self, name)[gone] = nothing
        orphans = orphans[self.stands[orphans]]
        self.of[orphans], self._score[orphans] = NONE, np.inf
        return orphans

    def _lost(self, ids: Ids) -> Ids:
        """Those of which somebody that nobody told them of now may be nearer than who is."""
        ids = ids[np.isfinite(self._bound[ids])]
        if not len(ids):
            return ids
        ids = ids[self._score[ids] + MARGIN >= self._bound[ids]]
        score = np.full(len(ids), np.inf)
        has = np.flatnonzero(self.of[ids] != NONE)
        score[has] = self._nodes.scores(ids[has], self.of[ids[has]].astype(np.intp))
        lost: Ids = ids[score >= self._bound[ids]]
        return lost

    def forbidden(self, ids: Ids) -> Forbidden:
        """Whom these may not join, by their places among them."""
        places = np.flatnonzero(self._nodes.is_apart[ids])
        if not len(places):
            return Forbidden(NO_IDS, NO_IDS)
        rows = [self._nodes.apart[node] for node in ids[places].tolist()]
        places = np.repeat(places, [len(some) for some in rows])
        return Forbidden(places, self._nodes_of(np.concatenate(rows)))

    def _search(self, ids: Ids, *, tell: bool) -> None:
        """Ask for these clusters, in ascending order; those found hear of it if told."""
        if not len(ids):
            return
        new: npt.NDArray[np.bool_] = np.zeros(len(self.stands), dtype=np.bool_)
        new[ids] = True
        for found in (
            self._one_by_one(ids) if len(ids) <= _ONE_BY_ONE else self._in_blocks(ids, tell)
        ):
            first, second, scores = found.asked, found.other, found.scores
            bounds = [found.for_asked]
            if tell:
                once = ~new[second] | (first < second)
                first, second, scores = first[once], second[once], scores[once]
                first, second = np.concatenate([first, second]), np.concatenate([second, first])
                scores = np.concatenate([scores, scores])
                bounds.append(found.for_others)
            self._offer(first, second, scores)
            for bound in bounds:
                np.minimum.at(self._bound, bound.ids, bound.scores)

    def _in_blocks(self, ids: Ids, once: bool) -> Iterable[Found]:  # noqa: FBT001
        among = np.flatnonzero(self.stands)
        once = once and len(ids) == len(among)
        return passing(Asking(self._nodes, ids, among, self.forbidden(ids), once))

    def _one_by_one(self, ids: Ids) -> Iterable[Found]:
        self._hits.look(ids)
        asked, others, scores = [], [], []
        for node in ids.tolist():
            other, score = self._hits.of(node, self.stands)
            may = self._may_join(node, other)
            asked.append(np.full(np.count_nonzero(may), node, dtype=np.intp))
            others.append(other[may])
            scores.append(score[may])
        together = np.concatenate(asked), np.concatenate(others), np.concatenate(scores)
        yield Found(*together, NO_BOUNDS, NO_BOUNDS)

    def _may_join(self, node: int, others: Ids) -> npt.NDArray[np.bool_]:
        """Which of these have no other name and are not apart from it; by the shorter list."""
        people, person = self._nodes.people[others], self._nodes.people[node]
        may: npt.NDArray[np.bool_] = (people < 0) | (person < 0) | (people == person)
        rows = self._nodes.apart.get(node, NO_IDS)
        if 0 < len(rows) <= _LONGER * len(others):
            theirs = np.zeros(len(self.stands), dtype=np.bool_)
            theirs[self._nodes_of(rows)] = True
            may &= ~theirs[others]
        elif len(rows):
            forbidden = self.forbidden(others)
            may[forbidden.asking[forbidden.other == node]] = False
        return may

    def _offer(self, to: Ids, offered: Ids, scores: Scores) -> None:
        """Tell clusters of others that they may join."""
        if not len(to):
            return
        near = scores <= self._score[to] + 2 * MARGIN
        self._note(to[~near], scores[~near])
        to, offered, scores = to[near], offered[near], scores[near]
        if not len(to):
            return
        known = np.unique(to[self.of[to] != NONE])
        to, offered = np.concatenate([to, known]), np.concatenate([offered, self.of[known]])
        scores = np.concatenate([scores, self._score[known]])
        order = np.lexsort((scores, to))
        to, offered, scores = to[order], offered[order], scores[order]
        first, group = runs(to)
        near = scores <= scores[first][group] + 2 * MARGIN
        self._note(to[~near], scores[~near])
        to, offered, scores, group = to[near], offered[near], scores[near], group[near]
        doubtful = (np.bincount(group)[group] > 1) | (scores >= -MARGIN)
        exact = scores.astype(np.float64)
        exact[doubtful] = self._nodes.scores(to[doubtful], offered[doubtful])
        order = np.lexsort((self._nodes.lowest_keys[offered], exact, to))
        order = order[exact[order] <= 0]
        to, offered, scores = to[order], offered[order], scores[order]
        first, _ = runs(to)
        best, nearest = to[first], offered[first]
        self._changed.append(best[self.of[best] != nearest])
        self.of[best], self._score[best] = nearest, scores[first]
        np.minimum.at(self._bound, np.delete(to, first), np.delete(exact[order], first) - _ROUNDED)

    def _note(self, ids: Ids, scores: Scores) -> None:
        """Keep in mind what is not the nearest."""
        np.minimum.at(self._bound, ids, scores - np.float32(MARGIN))


_COLUMNS = {"stands": False, "of": NONE, "_score": np.inf, "_bound": np.inf}


def filled_up(column: npt.NDArray, size: int, nothing: float) -> npt.NDArray:  # type: ignore[type-arg]
    """A column that has a place for each id up to `size`."""
    if len(column) >= size:
        return column
    more = np.full(size + size // 8 - len(column), nothing, dtype=column.dtype)
    return np.concatenate([column, more])


def having(column: Column | Ids, values: Ids) -> Ids:
    """The ids that have one of these values, which are ids, too."""
    if not len(values):
        return NO_IDS
    if len(values) <= 8:
        return np.flatnonzero(np.logical_or.reduce([column == value for value in values]))
    wanted = np.zeros(max(len(column), int(values.max()) + 1) + 1, dtype=np.bool_)
    wanted[values] = True
    return np.flatnonzero(wanted[column])
