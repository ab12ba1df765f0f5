"""Probabilities that mean what they say, and a threshold that few strangers pass."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from training.calibration_fit import Logits
from training.dataset import Samples
from training.head import Head
from training.meetings import Meetings, unseen_meetings
from training.shares import passing

_ENOUGH_ACCEPTED = 3
"""The threshold is counted where so many known strangers would pass it."""
_LEAST_COUNTED = 0.25
"""However many strangers may pass, nobody is named who is less likely than this."""
_LEAST, _MOST = 0.5, 0.9
"""Where they cannot be counted, nobody is named who is less likely than not, nor needs more."""
_STEPS = 50
_TOLERANCE = 1e-6
"""Newton's next step would be about the square of this."""


def finished(
    head: Head, start: Head, learning: Samples, calibration: Samples, accepted: float
) -> tuple[Head, float]:
    """A head that was learned from `start`, with calibrated probabilities, and its threshold."""
    meetings = unseen_meetings(head, start, learning, calibration)
    ready = calibrated(head, meetings)
    return ready, threshold(ready, meetings, accepted)


def calibrated(head: Head, meetings: Meetings) -> Head:
    """The head whose probabilities fit these meetings best; who is likeliest stays as it was.

    Faces with a right name and faces without weigh the same. Two numbers are fitted: a factor on
    the scale, and the logit of "unknown". The problem is convex, and few faces move them little.
    """
    logits = Logits.of(head, meetings)
    moved = np.zeros(2)  # the factor less 1, the logit
    found = logits.fit(moved)
    for _ in range(_STEPS):
        step = np.linalg.solve(found.bend, found.slope)
        there = logits.fit(moved - step)
        while there.loss > found.loss and np.abs(step).max() > _TOLERANCE:
            step = step / 2  # far from the best, a whole step may lead away from it
            there = logits.fit(moved - step)
        moved, found = moved - step, there
        if np.abs(step).max() <= _TOLERANCE:
            break
    return _moved(head, moved)


def threshold(head: Head, meetings: Meetings, accepted: float) -> float:
    """The probability below which a face is unknown, so that this share of strangers gets a name.

    Of many strangers it is counted: whoever is met next is as likely to be at any place among
    them, so of n the one at place accepted * (n + 1) may just pass. Of few, it is taken from the
    normal distribution of their logits and those of people who are hidden.
    """
    scores = Logits.of(head, meetings).nameless_scores()
    of_strangers = scores[~meetings.known]
    place = passing(accepted, len(of_strangers) + 1)
    if place >= _ENOUGH_ACCEPTED:
        return max(float(np.sort(of_strangers)[-place]), _LEAST_COUNTED)
    if not len(scores):
        return _MOST
    logits = _logits(scores)
    beyond = NormalDist().inv_cdf(1 - accepted)
    at = float(1 / (1 + np.exp(-logits.mean() - beyond * logits.std())))
    return min(max(at, _LEAST), _MOST)


def _logits(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    likely, unlikely = (np.clip(some, 1e-9, None) for some in (scores, 1 - scores))
    return np.asarray(np.log(likely / unlikely))


def _moved(head: Head, moved: npt.NDArray[np.float64]) -> Head:
    scale = head.scale * (1.0 + float(moved[0]))
    return replace(head, scale=scale, unknown_cosine=head.unknown_cosine + float(moved[1]) / scale)
