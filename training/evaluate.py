"""How good a head is, on faces that it has never met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.likeness import Probabilities
from training.dataset import Labels, Samples
from training.head import Head

Marks = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What a head says of faces: the probability of each person for each, (n, p).

    `of_hidden` (k,) is that of the likeliest other person for each known face, once its own is
    hidden. `labels` (n,) are p where the right answer is unknown.
    """

    chances: Probabilities
    labels: Labels
    of_hidden: Scores
    threshold: float

    @property
    def known(self) -> Marks:
        """Which faces have a right name: (n,)."""
        return np.asarray(self.labels < self.chances.shape[1])

    @property
    def top(self) -> Labels:
        """The likeliest person of each face, (n,)."""
        return np.asarray(self.chances.argmax(axis=1))

    @property
    def scores(self) -> Scores:
        """How likely that person is, (n,)."""
        return np.asarray(self.chances.max(axis=1))

    @property
    def right(self) -> Marks:
        """Whose likeliest person is the right one, (n,)."""
        return np.asarray(self.top == self.labels)

    @property
    def named(self) -> Marks:
        """Which faces get a name, (n,)."""
        return np.asarray(self.scores >= self.threshold)

    def answers(self) -> dict[str, Marks]:
        """Who gets which kind of answer, a mark for each face that could.

        - `rank1`: the likeliest person is the right one;
        - `named_right`: that name is proposed, being above the threshold;
        - `named_wrong`: another name is;
        - `strangers_accepted`: a stranger gets a name;
        - `hidden_accepted`: somebody gets another's name once their own is hidden.
        """
        known, right, named = self.known, self.right, self.named
        return {
            "rank1": right[known],
            "named_right": (right & named)[known],
            "named_wrong": (~right & named)[known],
            "strangers_accepted": named[~known],
            "hidden_accepted": self.of_hidden >= self.threshold,
        }


def judged(head: Head, threshold: float, test: Samples, stands_for: Labels | None = None) -> Judged:
    """What a head says of these faces.

    Of its people those may be one by now: the number of one stands for all of them in `stands_for`
    (p,) and among the labels, and the likeliest of them speaks for the person.
    """
    stands_for = np.arange(test.people) if stands_for is None else stands_for
    alike, crowding, known = head.cosines(test), head.crowding(test), test.known
    is_own = stands_for == test.labels[known][:, None]
    hidden = np.where(is_own, -np.inf, alike[known])
    return Judged(
        chances=as_one(head.probabilities(alike, crowding), stands_for),
        labels=test.labels,
        of_hidden=head.probabilities(hidden, crowding[known]).max(axis=1),
        threshold=threshold,
    )


def measured(head: Head, threshold: float, test: Samples) -> dict[str, float]:
    """The shares of all answers; what has no faces to be measured on is left out."""
    answers = judged(head, threshold, test).answers()
    return {name: float(np.mean(given)) for name, given in answers.items() if len(given)}


def as_one(chances: Probabilities, stands_for: Labels) -> Probabilities:
    """The probabilities (n, p) of all who are one person in the column that stands for them."""
    if np.array_equal(stands_for, np.arange(len(stands_for))):
        return chances
    found = np.zeros_like(chances)
    np.maximum.at(found.T, stands_for, chances.T)
    return found
