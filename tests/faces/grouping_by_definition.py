"""What groups of faces are, by definition: slow, in plain Python, with exact products of rows."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from faces.cut import Cut, in_steps
from faces.records import NOBODY, STRANGER, FloatRows, unit_rows

Group = frozenset[int]
Partition = frozenset[Group]
Pairs = list[tuple[int, int]]
_STEP = 2**20


@dataclass(frozen=True)
class Told:
    """Rows, a cut, and what people said of the rows, without contradictions.

    `keys` are what rows keep in any order: all different.
    """

    rows: FloatRows
    cut: Cut
    together: Pairs
    apart: Pairs
    people: list[int]
    keys: list[int] | None = None

    def low(self, group: Group) -> int:
        """The lowest key of a group."""
        return min(group if self.keys is None else (self.keys[row] for row in group))


def groups_by_definition(told: Told) -> Partition:
    """The groups of a few faces."""
    steps = np.rint(told.rows * np.float64(_STEP)).astype(np.int64)
    products = steps @ steps.T  # exact: they count steps of 2**-40
    lengths = np.diag(products)
    squared = (lengths[:, None] + lengths - 2 * products) / _STEP**2
    encoded = lengths > 0
    near = (squared <= told.cut.reach) & encoded & encoded[:, None]
    clusters = _beginnings(told, near)
    while (after := _after_a_round(told, products, clusters)) != clusters:
        clusters = after
    return clusters


def _beginnings(told: Told, near: npt.NDArray[np.bool_]) -> Partition:
    every, people = range(len(told.rows)), told.people
    pairs = list(combinations(every, 2))
    said = told.together + [(a, b) for a, b in pairs if people[a] == people[b] >= 0]
    begun: set[Group] = set()
    for component in hanging_together(every, said + [(a, b) for a, b in pairs if near[a, b]]):
        names = Counter(people[row] for row in component if people[row] != NOBODY)
        ranked = sorted(names, key=lambda who: (-names[who], who == STRANGER, who))
        contradicting = {row for row in component if people[row] in ranked[1:]}
        contradicting.update(*(pair for pair in told.apart if component.issuperset(pair)))
        doubted = 10 * len(contradicting) > len(component)
        pieces = hanging_together(component, [pair for pair in said if component & set(pair)])
        alone = {piece for piece in pieces if doubted or piece & contradicting}
        begun |= alone | ({component.difference(*alone)} - {frozenset()})
    return frozenset(begun)


def _after_a_round(told: Told, products: npt.NDArray[np.int64], clusters: Partition) -> Partition:
    nearest: dict[Group, tuple[float, Group]] = {}
    for one in clusters:
        others = [other for other in clusters if other != one and _may_join(told, one, other)]
        ranked = [(_score(told, products, one, other), told.low(other), other) for other in others]
        if ranked and min(ranked)[0] <= 0:
            score, _, nearest_to_one = min(ranked)
            nearest[one] = score, nearest_to_one
    joins = [
        (score, *sorted([(told.low(one), min(one)), (told.low(other), min(other))]))
        for one, (score, other) in nearest.items()
        if nearest.get(other, (0, None))[1] == one or len(other) >= max(3, 3 * len(one))
    ]
    after = set(clusters)
    for _, (_, first), (_, second) in sorted(joins):
        one, other = (group for row in (first, second) for group in after if row in group)
        if one != other and _may_join(told, one, other):
            after = (after - {one, other}) | {one | other}
    return frozenset(after)


def _score(told: Told, products: npt.NDArray[np.int64], one: Group, other: Group) -> float:
    total = int(products[np.ix_(sorted(one), sorted(other))].sum())
    average = 2 - 2 * total / (_STEP**2 * len(one) * len(other))
    small = (len(one) ** -0.5 + len(other) ** -0.5) / 2
    return float(average - told.cut.single - told.cut.growth * (1 - small))


def _may_join(told: Told, one: Group, other: Group) -> bool:
    names = {told.people[row] for row in one | other} - {NOBODY}
    inside = [pair for pair in told.apart if (one | other).issuperset(pair)]
    return len(names) < 2 and all((a in one) == (b in one) for a, b in inside)


def hanging_together(rows: Iterable[int], links: Collection[tuple[int, int]]) -> set[Group]:
    """The groups in which links hold rows together."""
    group = {row: {row} for row in rows}
    for one, other in links:
        if group[one] is not group[other]:
            group[one] |= group[other]
            group.update(dict.fromkeys(group[other], group[one]))
    return {frozenset(members) for members in group.values()}


def without_contradictions(
    together: Pairs, apart: Pairs, people: list[int]
) -> tuple[Pairs, Pairs, list[int]]:
    """The same, less what contradicts what comes before it."""
    every = range(len(people))
    kept = [(a, b) for a, b in combinations(every, 2) if people[a] == people[b] >= 0]
    for pair in together:
        names = [{people[row] for row in group} - {NOBODY}
                 for group in hanging_together(every, [*kept, pair])]  # fmt: skip
        if all(len(some) < 2 for some in names):
            kept.append(pair)
    pieces = hanging_together(every, kept)
    return (
        [pair for pair in together if pair in kept],
        [pair for pair in apart if not any(piece.issuperset(pair) for piece in pieces)],
        people,
    )


@st.composite
def tellings(draw: st.DrawFn, *, most: int = 24, said: bool = True) -> Told:
    """A few faces in two or three dimensions, at a cut of any kind; `said` of some of them.

    What lies at 0 could not be encoded.
    """
    dimensions = draw(st.integers(2, 3))
    points = draw(
        st.lists(st.tuples(*[st.integers(-3, 3)] * dimensions), min_size=0, max_size=most)
    )
    rows = np.array(points, dtype=np.float32).reshape(-1, dimensions)
    cut = Cut(
        np.eye(dimensions, dtype=np.float32),
        reach=draw(st.sampled_from([0.0, 0.013, 0.07, 0.3])),
        single=draw(st.sampled_from([0.03, 0.17, 0.61, 1.3])),
        growth=draw(st.sampled_from([0.0, 0.11, 0.53])),
        faces=len(rows),
    )
    count = len(rows)
    keys = draw(st.permutations(range(count)))
    nothing = Told(in_steps(unit_rows(rows)), cut, [], [], [NOBODY] * count, keys)
    if not said or count < 2:
        return nothing
    pairs = st.lists(
        st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
        .filter(lambda pair: pair[0] != pair[1])
        .map(lambda pair: (min(pair), max(pair))),
        max_size=count // 2,
    )
    who = st.sampled_from([NOBODY, NOBODY, NOBODY, STRANGER, 0, 1])
    people = draw(st.lists(who, min_size=count, max_size=count))
    return Told(nothing.rows, cut, *without_contradictions(draw(pairs), draw(pairs), people), keys)
