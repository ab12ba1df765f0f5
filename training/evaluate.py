"""How good a head is, on faces that it has never met."""

from __future__ import annotations

import numpy as np

from training.calibrate import hidden
from training.dataset import Samples
from training.head import Head


def measured(head: Head, threshold: float, test: Samples) -> dict[str, float]:
    """What can be measured on these faces; what has no faces to be measured on is left out.

    - `rank1`: how often the likeliest person is the right one;
    - `named_right`: how often that name is proposed, being above the threshold;
    - `named_wrong`: how often another name is;
    - `strangers_accepted`: how often a stranger gets a name;
    - `hidden_accepted`: how often somebody gets another's name once their own is hidden.
    """
    alike, crowding = head.cosines(test), head.crowding(test)
    scores = head.probabilities(alike, crowding)
    top, named = scores.argmax(axis=1), scores.max(axis=1) >= threshold
    known, right = test.known, top == test.labels
    without_own = head.probabilities(hidden(alike, test.labels), crowding[known])
    shares = {
        "rank1": right[known],
        "named_right": (right & named)[known],
        "named_wrong": (~right & named)[known],
        "strangers_accepted": named[~known],
        "hidden_accepted": without_own.max(axis=1) >= threshold,
    }
    return {name: float(np.mean(answers)) for name, answers in shares.items() if len(answers)}
