"""One round of joining clusters: which of them join, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.nearest import NONE, Column, Nearest, NodesOf, filled_up, having
from faces.nodes import NO_IDS, Ids, Nodes, runs

_LARGER = 3
"""How many times as large a cluster must be for others to join it unasked."""


@dataclass(frozen=True)
class Changes:
    """Which clusters went, and which came; of what went, `waste` stands in no round any more."""

    gone: Ids
    come: Ids
    waste: Ids


class Round:
    """The clusters that stand at the beginning of a round, and what becomes of them.

    Two clusters join when each is the other's nearest, or when one is the nearest of the other and
    at least three times as large. Reciprocal nearest neighbours: C. de Rham, La classification
    hiérarchique ascendante selon la méthode des voisins réciproques, 1980; F. Murtagh, A survey of
    recent advances in hierarchical clustering algorithms, The Computer Journal 26, 1983, section 2.
    """

    def __init__(self, nodes: Nodes, nearest: Nearest) -> None:
        """A round in which those stand that `nearest` knows."""
        self._nodes = nodes
        self._nearest = nearest
        ids = np.arange(len(nearest.stands), dtype=np.int32)
        self._chain: Column = np.where(nearest.stands, ids, np.int32(NONE))
        """Clusters that joins hold together have the same number: the id of one of them."""
        self._parent: Column = self._chain.copy()
        """The cluster that each becomes a part of; itself, if it stays alone."""
        self._parts = 0
        """How many become a part of another."""

    @property
    def joins_any(self) -> bool:
        """Whether anything changes in this round."""
        return self._parts > 0

    def parents(self, ids: Ids) -> Ids:
        """What has become of these clusters at the end of the round."""
        parents: Ids = self._parent[ids].astype(np.intp)
        return parents

    def joined(self) -> Ids:
        """The clusters that come about in this round."""
        stand = np.flatnonzero(self._nearest.stands)
        parents = self.parents(stand)
        joined: Ids = np.unique(parents[parents != stand])
        return joined

    def following(self, nodes_of: NodesOf) -> tuple[Round, Changes]:
        """A round that still stands where this one does, and what must change in it to follow."""
        stand = np.flatnonzero(self._nearest.stands)
        parents = self.parents(stand)
        goes = parents != stand
        changes = Changes(stand[goes], np.unique(parents[goes]), NO_IDS)
        return Round(self._nodes, self._nearest.copied(nodes_of)), changes

    def update(self, changes: Changes) -> Changes:
        """Let clusters go and come; what that changes at the end of the round."""
        gone, come = changes.gone, changes.come
        self._chain, self._parent = (
            filled_up(column, self._nodes.used, NONE) for column in (self._chain, self._parent)
        )
        broken, touched = self.parents(gone), self._chain[gone]
        self._chain[gone] = self._parent[gone] = NONE
        changed = self._nearest.change(gone, come)
        if not len(gone) and len(changed) == len(come) and (self._nearest.of[come] == NONE).all():
            self._chain[come] = self._parent[come] = come
            return Changes(NO_IDS, come, NO_IDS)
        members = self._members(changed, touched, come)
        before = self.parents(members)
        self._join(members, before)
        after = self.parents(members)
        other = before != after
        went = np.concatenate([broken, before[other]])
        parts = np.concatenate([broken != gone, before[other] != members[other]]) & (went != NONE)
        self._parts += np.count_nonzero(after[other] != members[other]) - np.count_nonzero(parts)
        come, went, waste = after[other], went[went != NONE], went[parts]
        return Changes(np.unique(went), np.unique(come), np.unique(waste))

    def _members(self, changed: Ids, chains: Column, come: Ids) -> Ids:
        """All of the chains that may be others now, sorted; `changed` have another nearest."""
        nearest = self._nearest.of[changed]
        near = self._chain[nearest[nearest != NONE]]
        chains = np.unique(np.concatenate([chains, self._chain[changed], near]))
        members = np.concatenate([having(self._chain, chains[chains != NONE]), come])
        members.sort()
        return members

    def _joins(self, ids: Ids) -> Ids:
        """Whom each of these joins by its own will, or NONE."""
        of, counts = self._nearest.of, self._nodes.counts
        nearest = of[ids].astype(np.intp)
        larger = (counts[nearest] >= _LARGER * counts[ids]) & (counts[nearest] >= _LARGER)
        joins: Ids = np.where((nearest != NONE) & ((of[nearest] == ids) | larger), nearest, NONE)
        return joins

    def _join(self, members: Ids, before: Ids) -> None:
        """Give each of these, sorted, its parent; it stays as `before` if that has the same parts.

        All that were parts of a parent are among them, but for those that are gone.
        """
        joins = self._joins(members)
        self._chain[members] = members[_ends(members, joins)]
        group = self._without_conflict(members, joins)
        order = np.argsort(group, kind="stable")
        members, before = members[order], before[order]
        starts, group = runs(group[order])
        faces, parent = self._nodes.counts, before[starts]
        stays = np.minimum.reduceat(before, starts) == np.maximum.reduceat(before, starts)
        stays &= (parent != NONE) & (np.add.reduceat(faces[members], starts) == faces[parent])
        self._parent[members] = np.where(stays[group], before, members)
        joined = np.flatnonzero((~stays & (np.bincount(group) > 1))[group])
        if len(joined):
            _, numbers = runs(group[joined])
            self._parent[members[joined]] = self._nodes.join(members[joined], numbers)[numbers]

    def _without_conflict(self, members: Ids, joins: Ids) -> Ids:
        """The groups that chains fall into so that none holds two that are apart, (n,)."""
        group: Ids = self._chain[members].astype(np.intp)
        pairs = self._apart_in_chains(members)
        named = members[self._nodes.people[members] != NONE]
        broken = np.concatenate([self._chain[pairs[:, 0]], self._of_many_names(named)])
        for number in np.unique(broken).tolist():
            parts = np.flatnonzero(self._chain[members] == number)
            inside = pairs[self._chain[pairs[:, 0]] == number]
            split = self._split(members[parts], joins[parts], inside)
            group[parts] = max(group.max(), len(self._chain)) + 1 + split
        return group

    def _of_many_names(self, named: Ids) -> Column:
        """Chains in which some of these have one name, and others another."""
        chain, people = self._chain[named], self._nodes.people[named]
        order = np.lexsort((people, chain))
        chain, people = chain[order], people[order]
        many: Column = chain[1:][(chain[1:] == chain[:-1]) & (people[1:] != people[:-1])]
        return many

    def _apart_in_chains(self, members: Ids) -> npt.NDArray[np.intp]:
        """Pairs of one chain that are apart, (m, 2); nobody looks from the longest list's side."""
        members = members[self._nodes.is_apart[members]]
        lengths = np.array([len(self._nodes.apart[node]) for node in members.tolist()])
        chain = self._chain[members]
        order = np.lexsort((lengths, chain))
        longest = np.diff(chain[order], append=NONE) != 0
        asks = members[order[~longest]]
        forbidden = self._nearest.forbidden(asks)
        first, second = asks[forbidden.asking], forbidden.other
        clash = self._chain[first] == self._chain[second]
        pairs: npt.NDArray[np.intp] = np.column_stack([first, second])[clash]
        return pairs

    def _split(self, members: Ids, joins: Ids, apart: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The groups that a chain falls into, (n,).

        One that nobody joins and that nothing was said of joins in any case, and last.
        """
        joins = np.where(joins == NONE, NONE, np.searchsorted(members, joins))
        bare = (self._nodes.people[members] == NONE) & ~np.isin(members, apart)
        bare[joins[joins != NONE]] = False
        bare &= joins != NONE
        rest = np.flatnonzero(~bare)
        group = np.empty(len(members), dtype=np.intp)
        whom = np.where(joins[rest] == NONE, NONE, members[joins[rest]])
        group[rest] = self._one_by_one(members[rest], whom, apart)
        group[bare] = group[joins[bare]]
        return group

    def _one_by_one(
        self, places: Ids, joins: Ids, apart: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.intp]:
        """Join a chain's clusters from the nearest pair on, without two that are apart: (n,)."""
        pairs = zip(places.tolist(), joins.tolist(), strict=True)
        ends = list({(min(pair), max(pair)) for pair in pairs if pair[1] != NONE})
        first, second = (np.array(side, dtype=np.intp) for side in zip(*ends, strict=True))
        scores, lowest = self._nodes.scores(first, second), self._nodes.lowest_keys
        lows = np.sort(np.column_stack([lowest[first], lowest[second]]), axis=1)
        root = {place: place for place in places.tolist()}
        enemies: dict[int, set[int]] = {place: set() for place in root}
        person = {place: int(self._nodes.people[place]) for place in root}
        for one, other in apart.tolist():
            enemies[one].add(other)
            enemies[other].add(one)
        parts = {place: {place} for place in root}
        for at in np.lexsort((lows[:, 1], lows[:, 0], scores)).tolist():
            one, other = root[ends[at][0]], root[ends[at][1]]
            names = {person[one], person[other]} - {NONE}
            if one == other or len(names) > 1 or enemies[one] & parts[other]:
                continue
            for place in parts[other]:
                root[place] = one
            parts[one] |= parts.pop(other)
            enemies[one] |= enemies.pop(other)
            person[one] = names.pop() if names else NONE
        roots = np.array([root[place] for place in places.tolist()])
        return np.asarray(np.unique(roots, return_inverse=True)[1])


def _ends(members: Ids, joins: Ids) -> npt.NDArray[np.intp]:
    """Where following the joins ends: for each the place of one that its whole chain shares.

    A chain ends with one that joins nobody, or with two that join each other; of these the first.
    """
    places = np.arange(len(members))
    ends = np.where(joins == NONE, places, np.searchsorted(members, joins))
    ends = np.where((ends[ends] == places) & (places < ends), places, ends)
    while True:
        further = ends[ends]
        if np.array_equal(further, ends):
            return ends
        ends = further
