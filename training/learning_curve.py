"""How good names would be with fewer confirmed faces: whether more of them would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.calibrate import finished
from training.dataset import DataSet, Part, Samples
from training.evaluate import Judged, judged
from training.head import class_mean_head
from training.shares import Share, share

_MOST_DRAWS = 3
_FULL_DRAWS_UP_TO = 2_000_000
"""Faces times people: of more, one draw tells enough, and takes long enough."""
_FEW_POINTS = 3
_SEED = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """What comes of `faces` confirmed ones to learn from, at most `each` of every person."""

    each: int
    faces: int
    rank1: Share
    named_right: Share


def learning_curve(data: DataSet, *, strangers_accepted: float) -> list[Learned]:
    """One point for each number of faces to learn from, fewest first, the last with all of them.

    By everybody's class mean, calibrated: where learning starts, for it takes no time. The mean of
    up to three draws of who is learned from. Faces for calibration and test, and strangers, are
    the same for all. Nothing without a test face of somebody known.
    """
    test = data.samples(Part.TEST)
    if not test.known.any():
        return []
    learning = data.samples(Part.LEARNING)
    is_large = learning.count * learning.people > _FULL_DRAWS_UP_TO
    points: list[Learned] = []
    numbers = numbers_of_faces(learning)
    for each in numbers[-_FEW_POINTS:] if is_large else numbers:
        rng = np.random.default_rng(_SEED)
        drawn = [thinned(learning, each, rng) for _ in range(1 if is_large else _MOST_DRAWS)]
        found = [_judged(data, some, test, strangers_accepted) for some in drawn]
        points.append(_point(each, int(drawn[0].known.sum()), found))
    return points


def numbers_of_faces(learning: Samples) -> Sequence[int]:
    """The most of each person that the points learn from: 1, doubled up to all."""
    most = int(np.bincount(learning.labels[learning.known], minlength=1).max())
    return [*(2**power for power in range(most.bit_length()) if 2**power < most), most]


def thinned(learning: Samples, each: int, rng: np.random.Generator) -> Samples:
    """The same with at most so many faces of each person, drawn at random, and all strangers."""
    order = rng.permutation(learning.count)
    kept = ~learning.known
    for person in range(learning.people):
        kept[order[learning.labels[order] == person][:each]] = True
    return Samples(learning.rows[kept], learning.labels[kept], learning.people)


def _judged(data: DataSet, learning: Samples, test: Samples, strangers_accepted: float) -> Judged:
    start = class_mean_head(learning, data.network)
    calibration = data.samples(Part.CALIBRATION)
    head, threshold = finished(
        start, start, data.unseen_of(learning), calibration, strangers_accepted
    )
    return judged(head, threshold, test)


def _point(each: int, faces: int, found: Sequence[Judged]) -> Learned:
    answers = [one.answers() for one in found]
    rank1, right = (
        share(float(np.mean([one[name].mean() for one in answers])), len(answers[0][name]))
        for name in ("rank1", "named_right")
    )
    return Learned(each, faces, rank1, right)
