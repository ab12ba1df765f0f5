"""How good answers are when most people are strangers (open-set identification)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.convention import Figures
from training import shares

Scores = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """Of each face the score of the likeliest person, higher for surer.

    `right` and `scores` (n,) are of faces of known people, `of_strangers` (m,) of all others.
    `accepted` (m,) are the strangers whom the side gives a name as it is shipped.
    """

    right: Marks
    scores: Scores
    of_strangers: Scores
    accepted: Marks | None = None


def together(answers: Sequence[Answers]) -> Answers:
    """The answers to all faces at once."""
    accepted = [one.accepted for one in answers if one.accepted is not None]
    return Answers(
        np.concatenate([one.right for one in answers]),
        np.concatenate([one.scores for one in answers]),
        np.concatenate([one.of_strangers for one in answers]),
        np.concatenate(accepted) if len(accepted) == len(answers) else None,
    )


def named_right(answers: Answers, accepted: float) -> float:
    """The share of known faces that get the right name if this share of strangers gets one."""
    return shares.named_right(answers.right, answers.scores, answers.of_strangers, accepted)


def calibration_error(answers: Answers) -> float:
    """How far scores are from the share that is right; a stranger's name is never right.

    Over fifteen equal steps, known faces and strangers weighing the same.
    """
    return shares.calibration_error(
        shares.half_each(answers.right, answers.scores, answers.of_strangers)
    )


def figures(answers: Answers) -> Figures:
    """What the benchmark tells of every side; of one with probabilities and a threshold, more."""
    told = {
        "rank1": float(answers.right.mean()),
        "dir_at_1": named_right(answers, 0.01),
        "dir_at_01": named_right(answers, 0.001),
    }
    if answers.accepted is None:
        return told
    return told | {
        "ece": calibration_error(answers),
        "strangers_accepted": float(answers.accepted.mean()),
    }
