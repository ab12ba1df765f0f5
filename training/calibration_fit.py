"""How well probabilities fit faces whose right names are known, and what makes them fit better.

A face with its name and the same face with its person hidden share all logits but one, so the sums
over thousands of people are taken once for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.head import Head
from training.meetings import Meetings

_PRIOR_FACES = 10.0
"""How many faces weigh as much as what is known of the network."""
_SMALLEST_FACTOR = 0.05
_NOWHERE = -1e5
"""The logit of a person who is hidden: no probability at all."""
_NUMBERS_AT_ONCE = 2**17
"""So many logits are held in a processor's own memory."""


@dataclass(frozen=True)
class Fit:
    """How well moved probabilities fit: the mean log loss, its slope (2,) and its bend (2, 2)."""

    loss: float
    slope: npt.NDArray[np.float64]
    bend: npt.NDArray[np.float64]


_POOR = Fit(np.inf, np.zeros(2), np.eye(2))


@dataclass(frozen=True)
class _Powers:
    """Sums over all answers to a face, each (n,): of e^logit, of that times the logit, and twice.

    Of the logits before they were moved, that is. Like `unknown`, the summand of nobody known,
    they are multiplied with e^-`highest`.
    """

    highest: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]
    first: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]
    unknown: npt.NDArray[np.float64]

    def beside(self, logit: npt.NDArray[np.float64], moved: npt.NDArray[np.float64]) -> _Powers:
        """The same with one answer more, whose logit, (n,), was `moved`."""
        highest = np.maximum(self.highest, moved)
        less, one = np.exp(self.highest - highest), np.exp(moved - highest)
        return _Powers(
            highest,
            less * self.total + one,
            less * self.first + one * logit,
            less * self.second + one * logit**2,
            less * self.unknown,
        )

    def only(self, rows: npt.NDArray[np.bool_]) -> _Powers:
        """Those of some faces."""
        return _Powers(
            self.highest[rows],
            self.total[rows],
            self.first[rows],
            self.second[rows],
            self.unknown[rows],
        )


@dataclass(frozen=True)
class Logits:
    """Logits of all other people, (n, p), of the own person and of nobody known, (n,) each.

    So a face with its name and the same face with that person hidden share all but one number.
    """

    others: npt.NDArray[np.float64]
    nearest: npt.NDArray[np.float64]  # (n,), the highest of the others
    own: npt.NDArray[np.float64]
    nobody: npt.NDArray[np.float64]
    known: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, head: Head, meetings: Meetings) -> Logits:
        """Those of a head as it is."""
        others = head.scale * (meetings.alike - head.unknown_cosine)
        known = np.flatnonzero(meetings.known)
        own = np.full(len(others), _NOWHERE)
        own[known] = others[known, meetings.labels[known]]
        others[known, meetings.labels[known]] = _NOWHERE
        nearest = others.max(axis=1, initial=_NOWHERE)
        return cls(others, nearest, own, head.scale * meetings.crowding, meetings.known)

    def nameless_scores(self) -> npt.NDArray[np.float64]:
        """The probability of whoever is likeliest and not the right one, (n,)."""
        powers = self._powers(np.zeros(2))
        return np.asarray(np.exp(self.nearest - powers.highest) / powers.total)

    def fit(self, moved: npt.NDArray[np.float64]) -> Fit:
        """How well they fit times 1 + `moved[0]`, and those of people less `moved[1]`."""
        if 1.0 + moved[0] < _SMALLEST_FACTOR:
            return _POOR
        known, count = self.known, len(self.known) + int(self.known.sum())
        named, nameless = max(int(known.sum()), 1), max(len(known), 1)
        strength = _PRIOR_FACES / max(count, 1)
        hidden_ones = self._powers(moved)
        own = (1.0 + moved[0]) * self.own - moved[1]
        as_named = hidden_ones.only(known).beside(self.own[known], own[known])
        loss = strength * float(moved @ moved) / 2
        slope, bend = strength * moved, strength * np.eye(2)
        nobody = self.nobody * (1.0 + moved[0])
        for powers, right, logit, unknown_logit, is_named, weight in (
            (as_named, own[known], self.own[known], self.nobody[known], 1.0, 0.5 / named),
            (hidden_ones, nobody, self.nobody, self.nobody, 0.0, 0.5 / nameless),
        ):
            mean = powers.first / powers.total
            unknown = powers.unknown / powers.total
            spread = powers.second / powers.total - mean**2
            across = (unknown * (unknown_logit - mean)).sum()
            loss += weight * float((powers.highest + np.log(powers.total) - right).sum())
            slope += weight * np.array([(mean - logit).sum(), (unknown - 1 + is_named).sum()])
            bend += weight * np.array(
                [[spread.sum(), across], [across, (unknown * (1 - unknown)).sum()]]
            )
        return Fit(loss, slope, bend)

    def _powers(self, moved: npt.NDArray[np.float64]) -> _Powers:
        """Of all but the own person."""
        factor, less = 1.0 + moved[0], moved[1]
        highest = np.maximum(factor * self.nearest - less, factor * self.nobody)
        sums = np.empty((3, len(highest)))
        rows = max(_NUMBERS_AT_ONCE // max(self.others.shape[1], 1), 1)
        for start in range(0, len(highest), rows):
            some = slice(start, start + rows)
            others = self.others[some]
            powers = factor * others
            powers -= (highest[some] + less)[:, None]
            np.exp(powers, out=powers)
            sums[0, some] = powers.sum(axis=1)
            powers *= others
            sums[1, some] = powers.sum(axis=1)
            sums[2, some] = np.einsum("np,np->n", powers, others)
        unknown = np.exp(factor * self.nobody - highest)
        return _Powers(
            highest,
            sums[0] + unknown,
            sums[1] + unknown * self.nobody,
            sums[2] + unknown * self.nobody**2,
            unknown,
        )
