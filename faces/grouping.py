"""Groups of faces, one person each: linked by density, joined in rounds, added to at any time."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from faces.beginnings import NO_PAIRS, Beginnings, IntPairs, Keys, News, Numbers, both_ways
from faces.cut import Cut
from faces.density import Mapped
from faces.joinable import Hits
from faces.nearest import Nearest
from faces.nodes import NO_IDS, Ids, Nodes
from faces.records import FloatRows
from faces.rounds import Changes, Round
from faces.threads import products_by_one_thread

_MANY = 2000


class Grouping:
    """The groups of a set of faces at a cut; a face alone is a group of one.

    Adding faces gives exactly the groups that all of them at once would give.
    """

    def __init__(self, cut: Cut, dimensions: int) -> None:
        """No faces yet; `of` is the usual way in."""
        self._nodes = Nodes(cut, dimensions)
        self._hits = Hits(self._nodes)
        self._begin = Beginnings(self._nodes, cut, dimensions)
        self._rounds: list[Round] = []
        self._at: tuple[int, Ids] | None = None
        """A round, and the clusters in which all rows begin it."""

    @classmethod
    def of(
        cls, rows: FloatRows, cut: Cut, *, keys: Keys | None = None,
        together: IntPairs = NO_PAIRS, apart: IntPairs = NO_PAIRS, people: Numbers | None = None,
        mapped: Mapped | None = None,
    ) -> Grouping:  # fmt: skip
        """Group all faces at once.

        `rows` (n, d) are `identity_rows_at` the cut; they are kept, so do not write to them.
        `keys` (n,), all different, are numbers that rows have in whatever order they come: of
        what is equally near, the lowest key comes first; without them it is the first row. Pairs
        are numbers of rows: `together` are one person, `apart` are two. `people` (n,) numbers the
        confirmed person of each row, as `faces.constraints` does: rows of one number are
        together, rows of two are apart. Strangers are apart from people, not from each other.
        What is together must not be apart, too.
        `mapped` compares blocks of rows somewhere else, as in `faces.density.dbscan`.
        """
        grouping = cls(cut, rows.shape[1])
        news = News(rows, keys, together, apart, people)
        grouping._renew(NO_IDS, grouping._begin.start(news, mapped))
        return grouping

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Of each row the lowest row of its group, (n,)."""
        nodes = self._nodes_of(len(self._rounds), np.arange(self._begin.count))
        lows = np.full(self._nodes.used, self._begin.count)
        np.minimum.at(lows, nodes, np.arange(self._begin.count))
        return lows[nodes]

    def add(
        self, rows: FloatRows, *, keys: Keys | None = None, together: IntPairs = NO_PAIRS,
        apart: IntPairs = NO_PAIRS, people: Numbers | None = None,
    ) -> None:  # fmt: skip
        """Add faces, at the cost of a search for each and a repair of what it changes.

        Pairs are numbers of all rows, the new ones last, and each holds a new one.
        """
        with products_by_one_thread():
            self._tell_standing(both_ways(apart))
            self._renew(*self._begin.add(News(rows, keys, together, apart, people)))

    def _tell_standing(self, pairs: IntPairs) -> None:
        """Let clusters that stand know of new rows that their rows are apart from."""
        pairs = pairs[pairs[:, 0] < self._begin.count]
        told: set[tuple[int, int, int]] = set()
        for level in range(len(self._rounds) + 1 if len(pairs) else 0):
            nodes = self._nodes_of(level, pairs[:, 0])
            for node, (row, other) in zip(nodes.tolist(), pairs.tolist(), strict=True):
                if (node, row, other) not in told:
                    told.add((node, row, other))
                    known = self._nodes.apart.get(node, NO_IDS)
                    self._nodes.keep_apart(node, np.append(known, other))

    def _nodes_of(self, level: int, rows: Numbers) -> Ids:
        """The clusters in which rows begin a round; after many rows, those of all are known."""
        many = len(rows) >= _MANY
        if many and (self._at is None or self._at[0] > level):
            self._at = 0, self._begin.nodes_of(np.arange(self._begin.count))
        since, nodes = self._at if many and self._at else (0, self._begin.nodes_of(rows))
        for before in self._rounds[since:level]:
            nodes = before.parents(nodes)
        if not many:
            return nodes
        self._at = level, nodes
        return nodes[rows]

    def _renew(self, gone: Ids, come: Ids) -> None:
        """Carry a change of the first round's clusters through all rounds."""
        self._at = None
        changes, waste, level = Changes(gone, come, gone), [gone], 0
        if not self._rounds:
            first = Nearest(self._nodes, self._hits, partial(self._nodes_of, 0))
            self._rounds.append(Round(self._nodes, first))
        while True:
            at = self._rounds[level]
            changes = at.update(changes)
            waste.append(changes.waste)
            if not at.joins_any:
                waste += [after.joined() for after in self._rounds[level + 1 :]]
                del self._rounds[level + 1 :]
                break
            level += 1
            if level == len(self._rounds):
                after, changes = at.following(partial(self._nodes_of, level))
                self._rounds.append(after)
        self._hits.forget()
        self._nodes.forget(np.unique(np.concatenate(waste)).tolist())
