"""Probabilities that mean what they say, and a threshold that few strangers pass."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faces.identify import Cosines
from faces.records import unit_rows
from training.dataset import Labels, Samples
from training.head import Head, without_itself

STRANGERS_ACCEPTED = 0.01
"""The share of strangers that may get a name."""
_STANDARD_DEVIATIONS = 2.326
"""Beyond which a hundredth of a normal distribution lies."""
_ENOUGH_STRANGERS = 300
"""From here on the threshold is counted; below, it follows from their mean and spread."""
_THRESHOLDS = (0.5, 0.9)
"""Nobody is named who is less likely than not; and nobody needs to be surer than this."""
_PRIOR_FACES = 10.0
"""How many faces weigh as much as what is known of the network."""
_SMALLEST_FACTOR = 0.05
_STEPS = 50
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Meetings:
    """Faces as they meet the people of a head that did not learn from them.

    `alike` (n, p) is -inf where a person is hidden from a face; `labels` (n,) are p where the
    right answer is unknown.
    """

    alike: Cosines
    labels: Labels

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which faces have a right name: (n,)."""
        return np.asarray(self.labels < self.alike.shape[1])


def unseen_meetings(head: Head, start: Head, learning: Samples, calibration: Samples) -> Meetings:
    """All that can be known of how unseen faces meet a head that was learned from `start`.

    Calibration faces as they are; each learning face as if its person had been learned without it
    (if that person has others); and all of these once more with their own person hidden, so that
    the people are strangers to each other, beside the true strangers.
    """
    left_out, has_others = _as_if_left_out(head, start, learning)
    alike = np.vstack([head.cosines(calibration), left_out[has_others]])
    labels = np.concatenate([calibration.labels, learning.labels[has_others]])
    nobody = hidden(alike, labels)
    return Meetings(
        np.vstack([alike, nobody]),
        np.concatenate([labels, np.full(len(nobody), learning.people, dtype=np.int64)]),
    )


def hidden(alike: Cosines, labels: Labels) -> Cosines:
    """The known faces with their own person hidden: nobody whom the head knows. (k, p)."""
    known = np.flatnonzero(labels < alike.shape[1])
    without_own = alike[known]
    without_own[np.arange(len(known)), labels[known]] = -np.inf
    return without_own


def calibrated(head: Head, meetings: Meetings) -> Head:
    """The head whose probabilities fit these meetings best; who is likeliest stays as it was.

    Faces with a right name and faces without weigh the same. Two numbers are fitted: a factor on
    the scale, and the logit of "unknown". The problem is convex, and few faces move them little.
    """
    weight = _balanced(meetings.known)
    strength = _PRIOR_FACES / max(len(weight), 1)
    moved = np.zeros(2)  # the factor less 1, the logit
    for _ in range(_STEPS):
        slope, bend = _derivatives(head, meetings, weight, moved)
        step = np.linalg.solve(bend + strength * np.eye(2), slope + strength * moved)
        moved = moved - step
        if np.abs(step).max() < _TOLERANCE:
            break
    return _moved(head, moved)


def threshold(head: Head, meetings: Meetings) -> float:
    """The probability below which a face is unknown, so that few strangers get a name.

    Of many strangers it is counted; of few, taken from the normal distribution of their logits.
    """
    scores = head.probabilities(meetings.alike[~meetings.known]).max(axis=1)
    lowest, highest = _THRESHOLDS
    if len(scores) >= _ENOUGH_STRANGERS:
        at = float(np.quantile(scores, 1 - STRANGERS_ACCEPTED, method="higher"))
    elif len(scores):
        logits = np.log(np.clip(scores, 1e-9, None)) - np.log(np.clip(1 - scores, 1e-9, None))
        at = float(1 / (1 + np.exp(-logits.mean() - _STANDARD_DEVIATIONS * logits.std())))
    else:
        at = highest
    return min(max(at, lowest), highest)


def _as_if_left_out(
    head: Head, start: Head, learning: Samples
) -> tuple[Cosines, npt.NDArray[np.bool_]]:
    """Cosines (n, p) of learning faces to people learned without them; and whose mean remains.

    What was learned beyond the class mean is taken to be the same without the face. Strangers are
    part of no mean.
    """
    alike = head.cosines(learning)
    means, has_others = without_itself(learning)
    rows = np.flatnonzero(has_others)
    own = learning.labels[rows]
    weights = unit_rows(means[rows] + head.weights[own] - start.weights[own])
    alike[rows, own] = np.einsum("nd,nd->n", learning.rows[rows], weights)
    return alike, has_others | ~learning.known


def _moved(head: Head, moved: npt.NDArray[np.float64]) -> Head:
    scale = head.scale * max(1.0 + float(moved[0]), _SMALLEST_FACTOR)
    return replace(head, scale=scale, unknown_cosine=head.unknown_cosine + float(moved[1]) / scale)


def _balanced(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """A weight for each face (n,): half for all with a right name, half for all without."""
    named, nameless = max(int(known.sum()), 1), max(int((~known).sum()), 1)
    return np.where(known, 0.5 / named, 0.5 / nameless)


def _derivatives(
    head: Head,
    meetings: Meetings,
    weight: npt.NDArray[np.float64],
    moved: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of the mean log loss, by the two numbers: the slope (2,) and the bend (2, 2)."""
    scores = _moved(head, moved).probabilities(meetings.alike)
    logits = head.scale * (meetings.alike - head.unknown_cosine)
    logits[~np.isfinite(logits)] = 0.0
    known = meetings.known
    own = np.zeros(len(known))
    own[known] = logits[known, meetings.labels[known]]
    unknown = 1.0 - scores.sum(axis=1)
    mean = (scores * logits).sum(axis=1)
    spread = (scores * logits**2).sum(axis=1) - mean**2
    slope = np.array([weight @ (mean - own), weight @ (unknown - ~known)])
    across = -(weight @ (mean * unknown))
    bend = np.array([[weight @ spread, across], [across, weight @ (unknown * (1 - unknown))]])
    return slope, bend
