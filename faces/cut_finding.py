"""Finding the cut in the collection itself, without a number that would have to travel.

Three things are looked at: how far strangers are apart, how far the faces of surely one person are
apart, and how many faces there are, for the more there are, the more strangers look alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from faces.beginnings import NO_PAIRS, IntPairs
from faces.cut import Cut, could_be_encoded, identity_rows_at
from faces.grouping import Grouping
from faces.records import NOBODY, FloatRows
from faces.threads import products_by_one_thread

_SAMPLE = 3000
_PAIRS, _PAIRS_AT_ONCE = 20_000, 1000
_SURE = 0.3
"""Share of the strangers' distance up to which two faces are surely one person, on average."""
_REACH = 0.5
_GROWTH = 0.07
_USUAL = 0.21
"""What spread within people is to the distance of strangers, where too few groups tell it."""
_LEAST = 0.2
_ENOUGH_GROUPS = 20
_TIMES = 1.55
_AT_FACES, _SHRINKS_BELOW, _SHRINKS_ABOVE = 10_000, 0.075, 0.03
_LEAST_STRANGERS = 0.25
_FAR, _BEYOND_MIDDLE = 0.9, 1.3
_RANK = 80
"""How many dimensions of its 128 the network really fills; the others are zero but for rounding."""


@dataclass(frozen=True)
class _Said:
    """What is known of the rows of a sample, as `Grouping.of` takes it."""

    together: IntPairs
    apart: IntPairs
    people: npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Seen:
    """Rows of a sample, the group of each at a careful cut, and how far strangers are apart."""

    rows: FloatRows
    labels: npt.NDArray[np.int64]
    strangers: float


def find_cut(
    plain: FloatRows,
    mirrored: FloatRows,
    *,
    together: IntPairs = NO_PAIRS,
    apart: IntPairs = NO_PAIRS,
    people: npt.NDArray[np.intp] | None = None,
) -> Cut:
    """The cut for these faces, (n, 128) twice; what is said of them is as in `Grouping.of`.

    What people said tells how the faces of one person differ. How far they are apart is told by
    groups that are sure without it, since faces were shown to people because they look alike.
    The same faces give the same cut to the last bit, whatever the number of processors.
    """
    count = len(plain)
    chosen = _sample(plain, mirrored)
    nobody = np.full(len(chosen), NOBODY, dtype=np.intp)
    said = _Said(
        _among(chosen, together, count),
        _among(chosen, apart, count),
        nobody if people is None else people[chosen],
    )
    with products_by_one_thread():
        return _find(plain[chosen], mirrored[chosen], said, count)


def _sample(plain: FloatRows, mirrored: FloatRows) -> npt.NDArray[np.intp]:
    """Faces that tell of all; what could not be encoded tells nothing."""
    chosen = np.flatnonzero(could_be_encoded(plain, mirrored))
    if len(chosen) > _SAMPLE:
        chosen = np.sort(np.random.default_rng(0).choice(chosen, _SAMPLE, replace=False))
    return chosen


def _find(plain: FloatRows, mirrored: FloatRows, said: _Said, count: int) -> Cut:
    """The cut for `count` faces, of which some are given."""
    some, dimensions = (plain, mirrored), plain.shape[1]
    unturned = Cut(np.eye(dimensions, dtype=np.float32), 0, 0, 0, count)
    rows = identity_rows_at(unturned, *some)
    apart = _far_apart(rows)
    first = _carefully(rows, max(apart, _LEAST_STRANGERS), said)
    transform = _transform(first)
    turned = identity_rows_at(replace(unturned, transform=transform), *some)
    unsaid = _Said(NO_PAIRS, said.apart, np.full(len(plain), NOBODY, dtype=np.intp))
    second = _carefully(turned, _strangers(first, apart, turned), unsaid)
    spread, groups = _spread_within(second)
    share = (groups * spread / second.strangers + _ENOUGH_GROUPS * _USUAL) / (
        groups + _ENOUGH_GROUPS
    )
    shrinks = _SHRINKS_BELOW if count < _AT_FACES else _SHRINKS_ABOVE
    shrunk = (_AT_FACES / max(count, 1)) ** shrinks
    single = _TIMES * max(share, _LEAST) * shrunk * second.strangers
    return Cut(transform, _REACH * single, single, _GROWTH * second.strangers, count)


def _among(chosen: npt.NDArray[np.intp], pairs: IntPairs, count: int) -> IntPairs:
    """The pairs of which both are chosen, by their places there."""
    place = np.full(count, -1, dtype=np.intp)
    place[chosen] = np.arange(len(chosen))
    moved = place[pairs]
    return moved[(moved >= 0).all(axis=1)]


def _carefully(rows: FloatRows, strangers: float, said: _Said) -> _Seen:
    """Group a sample so that each group is surely one person."""
    single = _SURE * strangers
    nothing = np.empty((0, 0), dtype=np.float32)
    careful = Cut(nothing, _REACH * single, single, _GROWTH * strangers, len(rows))
    grouping = Grouping.of(
        rows, careful, together=said.together, apart=said.apart, people=said.people
    )
    return _Seen(rows, grouping.labels, strangers)


def _strangers(seen: _Seen, before: float, turned: FloatRows) -> float:
    """How far strangers are apart once rows are turned; `before` they were so far."""
    shorter = _far_apart(turned) / before if before else 1.0
    return max(_far_apart(turned[np.unique(seen.labels)]), _LEAST_STRANGERS * shorter)


def _far_apart(rows: FloatRows) -> float:
    """The usual squared distance of strangers, from random pairs.

    Not the middle of all pairs, since one person may have most faces, but the far end, which
    strangers make; on faces of many people it is 1.3 times the middle.
    """
    if len(rows) < 2:
        return 0.0
    random = np.random.default_rng(0)
    first = random.integers(0, len(rows), _PAIRS)
    second = (first + random.integers(1, len(rows), _PAIRS)) % len(rows)
    products = np.empty(_PAIRS, dtype=np.float32)
    for start in range(0, _PAIRS, _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        np.einsum("ij,ij->i", rows[first[some]], rows[second[some]], out=products[some])
    return float(np.quantile(2 - 2 * products, _FAR)) / _BEYOND_MIDDLE


def _means(
    seen: _Seen,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The groups' mean rows, their sizes, and the group of each row."""
    _, group = np.unique(seen.labels, return_inverse=True)
    sizes = np.bincount(group)
    places = np.arange(len(group))
    members = csr_matrix((np.ones(len(group)), (group, places)))
    return members @ seen.rows.astype(np.float64) / sizes[:, None], sizes, group


def _spread_within(seen: _Seen) -> tuple[float, int]:
    """The mean squared distance of two faces of a group, and how many groups tell it.

    A group counts by the root of its size, so that no person rules all.
    """
    if not len(seen.rows):
        return 0.0, 0
    means, sizes, _ = _means(seen)
    several = sizes > 1
    if not several.any():
        return 0.0, 0
    n = sizes[several]
    distances = 2 * (1 - np.einsum("ij,ij->i", means[several], means[several])) * n / (n - 1)
    return float(np.average(distances, weights=np.sqrt(n))), int(several.sum())


def _transform(seen: _Seen) -> FloatRows:
    """Makes what varies within people as small in all directions, then leaves empty ones out.

    Within-class covariance normalisation (A. Hatch et al., Interspeech 2006) and the directions of
    the groups' means, as in linear discriminant analysis.
    """
    dimensions = seen.rows.shape[1]
    if not len(seen.rows):
        return np.eye(dimensions, dtype=np.float32)
    means, sizes, group = _means(seen)
    several = sizes[group] > 1
    weights = sizes[group][several] ** -0.25
    apart = (seen.rows[several] - means[group[several]]) * weights[:, None]
    freedom = max(float(((sizes - 1) / np.sqrt(sizes)).sum()), 1e-9)
    within = apart.T @ apart / freedom
    level = float(np.trace(within)) / dimensions
    within += (1 + 200 / freedom) * max(level, 1e-9) * np.eye(dimensions)
    values, vectors = np.linalg.eigh(within / (np.trace(within) / dimensions))
    whitening = vectors / np.sqrt(values) @ vectors.T
    if len(seen.rows) < 10 * dimensions:
        return np.asarray(whitening, dtype=np.float32)
    turned = means @ whitening
    _, axes = np.linalg.eigh(turned.T @ turned)
    kept: FloatRows = (whitening @ axes[:, ::-1][:, :_RANK]).astype(np.float32)
    return kept
