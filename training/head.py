"""What is learned: a direction for each person, and how cosines become probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from faces.identify import Cosines, Probabilities, cosines, probabilities
from faces.records import FloatRows, unit_rows
from training.dataset import Samples

_MEASURED: Mapping[str, tuple[float, float]] = {"dlib-resnet-v1": (200.0, 0.942)}
"""Scale and unknown cosine that fit a network on LFW's development half, for 5 to 111 people.

A handful of faces could not tell how alike strangers look to a network; this can.
"""
_SUREST_LOGIT = 10.0


@dataclass(frozen=True)
class Head:
    """A classifier on unit encodings; `faces.versions.ModelVersion` says what it computes."""

    weights: FloatRows  # (p, 128), unit length
    scale: float
    unknown_cosine: float

    def cosines(self, samples: Samples) -> Cosines:
        """How alike each face and each person are: (n, p)."""
        return cosines(samples.rows, self.weights)

    def probabilities(self, alike: Cosines) -> Probabilities:
        """The probability of each person for each face, from such cosines: (n, p)."""
        return probabilities(alike, scale=self.scale, unknown_cosine=self.unknown_cosine)


def class_mean_head(learning: Samples, network: str) -> Head:
    """Everybody's class mean, with the scale and unknown cosine that are known for the network.

    For a network that was never measured both follow from the faces. This is where learning
    starts, and the nearest centroid to compare with. Everybody needs a row.
    """
    weights = unit_rows(person_sums(learning))
    scale, unknown_cosine = _MEASURED.get(network) or _guessed(cosines(learning.rows, weights))
    return Head(weights, scale, unknown_cosine)


def without_itself(learning: Samples) -> tuple[FloatRows, np.typing.NDArray[np.bool_]]:
    """The class mean that each face's person would have without it, and for which there is one.

    A face is far more like a mean that it is part of than an unseen one could be. Rows (n, 128);
    that of a person's only face is its own, that of a stranger means nothing.
    """
    known = np.flatnonzero(learning.known)
    own = learning.labels[known]
    there_is_one = np.zeros(learning.count, dtype=bool)
    there_is_one[known] = np.bincount(own, minlength=learning.people)[own] > 1
    means = learning.rows.copy()
    means[known] = unit_rows(person_sums(learning)[own] - learning.rows[known])
    return np.where(there_is_one[:, None], means, learning.rows), there_is_one


def person_sums(samples: Samples) -> FloatRows:
    """The sum of each person's rows: (p, 128)."""
    known = samples.known
    sums = np.zeros((samples.people, samples.rows.shape[1]), dtype=np.float32)
    np.add.at(sums, samples.labels[known], samples.rows[known])
    return sums


def _guessed(alike: Cosines) -> tuple[float, float]:
    """Scale and unknown cosine half way between the nearest and the second nearest people."""
    nearest, second = np.sort(alike, axis=1)[:, :-3:-1].mean(axis=0)
    apart = max(float(nearest - second), 0.01)
    return 2 * _SUREST_LOGIT / apart, float(nearest + second) / 2
