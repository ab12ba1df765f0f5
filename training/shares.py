"""Shares with what few faces leave open, and the curves that are drawn of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluate import Judged, Marks, Scores

ENOUGH_STRANGERS = 100
"""With fewer, people whose own name is hidden are strangers, too, where one in 100 is asked for."""
_SURE = 1.959964
"""So many standard deviations to each side hold 95 in 100."""
_STEPS = 15
_SHOWN_STEPS = 10
_PLACES = 40
_SMALLEST = 1e-3
_BIT = 1e-9
"""More than products of shares and numbers are off by, less than they differ by."""
_DRAWS = 400
_SEED = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A part of so many faces, and between which shares the true one lies, 95 times in 100."""

    value: float
    low: float
    high: float
    faces: float


@dataclass(frozen=True, slots=True)
class Point:
    """The share named right when so many of the others, `accepted`, get a name as well."""

    accepted: float
    right: Share


@dataclass(frozen=True, slots=True)
class Step:
    """Answers that were said to be about as likely, and how many of them are right."""

    said: float
    right: Share


@dataclass(frozen=True)
class Weighed:
    """Answers and how likely they were said to be; known faces and others weigh half each."""

    said: Scores  # (n,)
    right: Marks  # (n,)
    weight: npt.NDArray[np.float64]  # (n,), 1 in all


def share_of(marks: Marks) -> Share | None:
    """How many of these are marked; None where there are none to be marked."""
    return share(float(marks.mean()), len(marks)) if len(marks) else None


def share(value: float, faces: float) -> Share:
    """A share of so many faces, by Wilson's interval: it holds for all and for none, too."""
    spread = _SURE**2 / faces
    middle = (value + spread / 2) / (1 + spread)
    half = _SURE / (1 + spread) * np.sqrt(value * (1 - value) / faces + spread / faces / 4)
    return Share(value, max(float(middle - half), 0.0), min(float(middle + half), 1.0), faces)


def named_right(right: Marks, scores: Scores, others: Scores, accepted: float) -> float:
    """The share of known faces that get the right name if this share of others gets one.

    `right` and `scores` (n,) are of known faces, `others` (m,) the scores of those with no right
    name.
    """
    descending = np.sort(others)[::-1]
    above = descending[min(passing(accepted, len(others)), len(others) - 1)]
    return float((right & (scores > above)).mean())


def passing(accepted: float, others: int) -> int:
    """How many of so many others this share is: 1 / 49 of 49 is one, and not a bit less."""
    return int(accepted * others + _BIT)


def named_right_at(found: Judged, others: Scores, accepted: float) -> Share | None:
    """The same of what a head says; None where there are too few faces to say it of.

    Of fewer others than one in `accepted`, none could be let pass, and nothing is told.
    """
    known = found.known
    if not known.any() or not passing(accepted, len(others)):
        return None
    right, scores = found.right[known], found.scores[known]
    return share(named_right(right, scores, others, accepted), len(right))


def open_set_curve(found: Judged, others: Scores) -> list[Point]:
    """How many are named right, by how many others get a name: from one of them to all.

    What is left open comes from drawing faces and others again and again, or from Wilson's
    interval where that is wider.
    """
    known = found.known
    right, scores = found.right[known], found.scores[known]
    if not len(right) or not len(others):
        return []
    first = max(1, passing(_SMALLEST, len(others)))
    counts = np.unique(np.round(np.geomspace(first, len(others), _PLACES)))
    places = counts / len(others)
    drawn = _drawn_again(right, scores, others, places)
    points: list[Point] = []
    for accepted, (low, high) in zip(places.tolist(), drawn, strict=True):
        plain = share(named_right(right, scores, others, accepted), len(right))
        wider = Share(plain.value, min(plain.low, low), max(plain.high, high), plain.faces)
        points.append(Point(accepted, wider))
    return points


def _drawn_again(
    right: Marks, scores: Scores, others: Scores, places: npt.NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Between what the share lies in 95 of 100 draws with replacement, at each place."""
    rng = np.random.default_rng(_SEED)
    counts = [passing(accepted, len(others)) for accepted in places.tolist()]
    at = np.minimum(np.array(counts, dtype=np.intp), len(others) - 1)
    found = np.empty((_DRAWS, len(places)))
    for draw in found:
        some = np.sort(others[rng.integers(len(others), size=len(others))])[::-1]
        these = rng.integers(len(right), size=len(right))
        named = np.sort(scores[these][right[these]])
        draw[:] = (len(named) - np.searchsorted(named, some[at], side="right")) / len(right)
    low, high = np.quantile(found, (0.025, 0.975), axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def half_each(right: Marks, scores: Scores, others: Scores) -> Weighed:
    """The likeliest person of each known face, and of others, for whom no name is right."""
    each = [len(scores), len(others)]
    kinds = sum(count > 0 for count in each)
    return Weighed(
        np.concatenate([scores, others]),
        np.concatenate([right, np.zeros(len(others), dtype=np.bool_)]),
        np.repeat([1 / kinds / count if count else 0.0 for count in each], each),
    )


def calibration_error(answers: Weighed) -> float:
    """How far what was said is from the share that is right, over fifteen equal steps."""
    gaps = answers.weight * (answers.said - answers.right)
    return float(np.abs(np.bincount(_steps(answers.said, _STEPS), gaps)).sum())


def reliability(answers: Weighed) -> list[Step]:
    """For each of ten equal steps of what was said, how many answers are right."""
    steps = _steps(answers.said, _SHOWN_STEPS)
    found: list[Step] = []
    for step in np.unique(steps):
        weight = answers.weight[steps == step]
        said, right = (
            float(np.average(values[steps == step], weights=weight))
            for values in (answers.said, answers.right)
        )
        as_many = float(weight.sum() ** 2 / (weight**2).sum())  # equal ones would say as much
        found.append(Step(said, share(right, as_many)))
    return found


def _steps(said: Scores, count: int) -> npt.NDArray[np.intp]:
    return np.asarray(np.minimum((said * count).astype(np.intp), count - 1))
