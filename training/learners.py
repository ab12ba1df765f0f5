"""How good each learner is on one test, and how a version keeps that of learners not chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from training.evaluate import Judged, Scores
from training.shares import (
    ENOUGH_STRANGERS,
    Share,
    calibration_error,
    half_each,
    named_right_at,
    share,
    share_of,
)

COSINE_HEAD, TUNED_NETWORK, NEAREST_CENTROID = "cosine head", "tuned network", "nearest centroid"
BEGINS: Mapping[str, str] = {COSINE_HEAD: "head_", TUNED_NETWORK: "network_"}
"""What the metrics of a learner begin with in a version, by the learner's name."""
_OF_PEOPLE, _OF_STRANGERS = "known_faces", "stranger_faces"
"""How many test faces there were of either kind when the metrics were measured."""


@dataclass(frozen=True)
class Figures:
    """How good a learner is on test faces; None where none could tell.

    `named_right` and `strangers_accepted` are with its own threshold; `at_1` and `at_01` with that
    which one in a hundred, or in a thousand, of those passes who should get no name.
    """

    rank1: Share | None = None
    at_1: Share | None = None
    at_01: Share | None = None
    named_right: Share | None = None
    strangers_accepted: Share | None = None
    error: float | None = None


@dataclass(frozen=True)
class Learner:
    """A learner by its name, and its figures.

    None if it was not run, or if it was and changed nothing (`was_run`). `is_told` of one that the
    version has the figures of: they were measured when the version was made.
    """

    name: str
    was_run: bool
    figures: Figures | None = None
    is_this: bool = False
    is_told: bool = False


def figures_of(found: Judged) -> Figures:
    """How good these answers are."""
    strangers, answers, known = found.scores[~found.known], found.answers(), found.known
    others = strangers if len(strangers) >= ENOUGH_STRANGERS else nameless(found)
    weighed = half_each(found.right[known], found.scores[known], nameless(found))
    return Figures(
        rank1=share_of(answers["rank1"]),
        at_1=named_right_at(found, others, 0.01),
        at_01=named_right_at(found, others, 0.001),
        named_right=share_of(answers["named_right"]),
        strangers_accepted=share_of(answers["strangers_accepted"]),
        error=calibration_error(weighed) if len(weighed.said) else None,
    )


def nameless(found: Judged) -> Scores:
    """The scores of all who should get no name: strangers, and people whose own is hidden."""
    return np.concatenate([found.scores[~found.known], found.of_hidden])


def metrics_of(learner: str, found: Judged) -> dict[str, float]:
    """The figures of a learner as metrics, for a version to keep; `told_by` reads them."""
    begins, figures = BEGINS[learner], figures_of(found)
    counts = {_OF_PEOPLE: found.known.sum(), _OF_STRANGERS: (~found.known).sum()}
    kept = {name: float(count) for name, count in counts.items()}
    for field in fields(figures):
        value = getattr(figures, field.name)
        if value is not None:
            kept[field.name] = value.value if isinstance(value, Share) else value
    return {f"{begins}{name}": value for name, value in kept.items()}


def told_by(metrics: Mapping[str, float], learner: str) -> Figures:
    """What `metrics_of` a learner were kept."""
    begins = BEGINS[learner]

    def figure(name: str) -> Share | None:
        of = _OF_STRANGERS if name == "strangers_accepted" else _OF_PEOPLE
        value, faces = metrics.get(begins + name), metrics.get(begins + of)
        return share(value, faces) if value is not None and faces else None

    shares = {field.name: figure(field.name) for field in fields(Figures) if field.name != "error"}
    return Figures(**shares, error=metrics.get(f"{begins}error"))
