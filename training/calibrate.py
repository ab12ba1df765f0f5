"""Probabilities that mean what they say, and a threshold that few strangers pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from faces.likeness import Cosines, Crowding, Probabilities
from faces.records import unit_rows
from training.dataset import Labels, Samples
from training.head import Head, without_itself

_ENOUGH_ACCEPTED = 3
"""The threshold is counted where so many known strangers would pass it."""
_LEAST_COUNTED = 0.25
"""However many strangers may pass, nobody is named who is less likely than this."""
_LEAST, _MOST = 0.5, 0.9
"""Where they cannot be counted, nobody is named who is less likely than not, nor needs more."""
_PRIOR_FACES = 10.0
"""How many faces weigh as much as what is known of the network."""
_SMALLEST_FACTOR = 0.05
_STEPS = 50
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Meetings:
    """Faces as they meet the people of a head that did not learn from them.

    `alike` (n, p) is -inf where a person is hidden from a face; `crowding` (n,) is by strangers;
    `labels` (n,) are p where the right answer is unknown.
    """

    alike: Cosines
    crowding: Crowding
    labels: Labels

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which faces have a right name: (n,)."""
        return np.asarray(self.labels < self.alike.shape[1])

    @property
    def strangers(self) -> npt.NDArray[np.bool_]:
        """Which faces are of strangers, and not of people who are hidden: (n,)."""
        return np.asarray(np.isfinite(self.alike).all(axis=1) & ~self.known)

    def probabilities(self, head: Head) -> Probabilities:
        """The probability of each person for each face: (n, p)."""
        return head.probabilities(self.alike, self.crowding)


def finished(
    head: Head, start: Head, learning: Samples, calibration: Samples, accepted: float
) -> tuple[Head, float]:
    """A head that was learned from `start`, with calibrated probabilities, and its threshold."""
    meetings = unseen_meetings(head, start, learning, calibration)
    ready = calibrated(head, meetings)
    return ready, threshold(ready, meetings, accepted)


def unseen_meetings(head: Head, start: Head, learning: Samples, calibration: Samples) -> Meetings:
    """All that can be known of how unseen faces meet a head that was learned from `start`.

    Calibration faces as they are; each learning face as if its person had been learned without it
    (if that person has others); and all of these once more with their own person hidden, so that
    the people are strangers to each other, beside the true strangers.
    """
    left_out, has_others = as_if_left_out(head, start, learning)
    alike = np.vstack([head.cosines(calibration), left_out[has_others]])
    crowding = np.concatenate([head.crowding(calibration), head.crowding(learning)[has_others]])
    labels = np.concatenate([calibration.labels, learning.labels[has_others]])
    nobody, known = hidden(alike, labels), labels < learning.people
    return Meetings(
        np.vstack([alike, nobody]),
        np.concatenate([crowding, crowding[known]]),
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

    def loss(moved: npt.NDArray[np.float64]) -> float:
        if 1.0 + moved[0] < _SMALLEST_FACTOR:
            return np.inf
        return (
            _log_loss(_moved(head, moved), meetings, weight) + strength * float(moved @ moved) / 2
        )

    moved = np.zeros(2)  # the factor less 1, the logit
    for _ in range(_STEPS):
        slope, bend = _derivatives(head, meetings, weight, moved)
        slope, bend = slope + strength * moved, bend + strength * np.eye(2)
        step = np.linalg.solve(bend, slope)
        before = loss(moved)
        while loss(moved - step) > before and np.abs(step).max() > _TOLERANCE:
            step = step / 2  # far from the best, a whole step may lead away from it
        moved = moved - step
        if np.abs(step).max() <= _TOLERANCE:
            break
    return _moved(head, moved)


def threshold(head: Head, meetings: Meetings, accepted: float) -> float:
    """The probability below which a face is unknown, so that this share of strangers gets a name.

    Of many strangers it is counted: whoever is met next is as likely to be at any place among
    them, so of n the one at place accepted * (n + 1) may just pass. Of few, it is taken from the
    normal distribution of their logits and those of people who are hidden.
    """
    strangers, nameless = meetings.strangers, ~meetings.known
    scores = meetings.probabilities(head).max(axis=1)
    place = int(accepted * (strangers.sum() + 1))
    if place >= _ENOUGH_ACCEPTED:
        return max(float(np.sort(scores[strangers])[-place]), _LEAST_COUNTED)
    if not nameless.any():
        return _MOST
    logits = _logits(scores[nameless])
    beyond = NormalDist().inv_cdf(1 - accepted)
    at = float(1 / (1 + np.exp(-logits.mean() - beyond * logits.std())))
    return min(max(at, _LEAST), _MOST)


def _logits(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    likely, unlikely = (np.clip(some, 1e-9, None) for some in (scores, 1 - scores))
    return np.asarray(np.log(likely / unlikely))


def as_if_left_out(
    head: Head, start: Head, learning: Samples
) -> tuple[Cosines, npt.NDArray[np.bool_]]:
    """Cosines (n, p) of learning faces to people learned without them; and whose mean remains.

    What was learned beyond the class mean is taken to be the same without the face. Strangers are
    part of no mean.
    """
    alike = head.cosines(learning)
    means, has_others = without_itself(learning, start.same_person)
    rows = np.flatnonzero(has_others)
    own = learning.labels[rows]
    lengths = np.linalg.norm(means[rows], axis=1, keepdims=True)
    weights = unit_rows(means[rows] + head.weights[own] - start.weights[own]) * lengths
    alike[rows, own] = np.einsum("nd,nd->n", learning.rows[rows], weights)
    return alike, has_others | ~learning.known


def _moved(head: Head, moved: npt.NDArray[np.float64]) -> Head:
    scale = head.scale * (1.0 + float(moved[0]))
    return replace(head, scale=scale, unknown_cosine=head.unknown_cosine + float(moved[1]) / scale)


def _balanced(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """A weight for each face (n,): half for all with a right name, half for all without."""
    named, nameless = max(int(known.sum()), 1), max(int((~known).sum()), 1)
    return np.where(known, 0.5 / named, 0.5 / nameless)


def _log_loss(head: Head, meetings: Meetings, weight: npt.NDArray[np.float64]) -> float:
    """The mean log loss of all meetings by their weights (n,)."""
    logits, crowding, own = _logits_of(head, meetings)
    highest = np.maximum(logits.max(axis=1, initial=-np.inf), crowding)
    powers = np.exp(logits - highest[:, None]).sum(axis=1) + np.exp(crowding - highest)
    return float(weight @ (highest + np.log(powers) - own))


def _logits_of(head: Head, meetings: Meetings) -> tuple[Cosines, Crowding, npt.NDArray[np.float64]]:
    """Those of the people (n, p), of being nobody known (n,), and of the right answer (n,)."""
    logits = head.scale * (meetings.alike - head.unknown_cosine)
    crowding = head.scale * meetings.crowding
    known, own = meetings.known, crowding.copy()
    own[known] = logits[known, meetings.labels[known]]
    return logits, crowding, own


def _derivatives(
    head: Head,
    meetings: Meetings,
    weight: npt.NDArray[np.float64],
    moved: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of the mean log loss, by the two numbers: the slope (2,) and the bend (2, 2)."""
    scores = meetings.probabilities(_moved(head, moved))
    logits, crowding, own = _logits_of(head, meetings)
    logits[~np.isfinite(logits)] = 0.0
    unknown = 1.0 - scores.sum(axis=1)
    mean = np.einsum("np,np->n", scores, logits) + unknown * crowding
    spread = np.einsum("np,np,np->n", scores, logits, logits) + unknown * crowding**2 - mean**2
    slope = np.array([weight @ (mean - own), weight @ (unknown - ~meetings.known)])
    across = weight @ (unknown * (crowding - mean))
    bend = np.array([[weight @ spread, across], [across, weight @ (unknown * (1 - unknown))]])
    return slope, bend
