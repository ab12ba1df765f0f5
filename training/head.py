"""What is learned: a direction for each person, and how cosines become probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from faces.likeness import (
    NO_STRANGERS,
    Cosines,
    Crowding,
    Probabilities,
    Strangers,
    class_means,
    cosines,
    length_of_mean,
    probabilities,
)
from faces.records import FloatRows, unit_rows
from faces.versions import ModelVersion
from training.dataset import Samples


@dataclass(frozen=True)
class Looks:
    """How faces look to a network, as cosines of its unit encodings.

    `same_person` is the usual one of two faces of a person. Strangers count as `Strangers` says.
    """

    scale: float
    unknown_cosine: float
    same_person: float
    strangers_start: float
    strangers_scale: float


_MEASURED: Mapping[str, Looks] = {
    "dlib-resnet-v1": Looks(
        scale=240.0,
        unknown_cosine=0.937,
        same_person=0.955,
        strangers_start=0.94,
        strangers_scale=170.0,
    )
}
"""What fits a network on LFW's development half, by three photos of each person (`docs/decisions`).

A handful of faces could not tell how alike strangers look to a network; this can.
"""
_SUREST_LOGIT = 10.0
MOST_STRANGERS = 5000
"""A version keeps so many: those who are most like somebody."""


@dataclass(frozen=True)
class Head:
    """A classifier on unit encodings; `faces.versions.ModelVersion` says what it computes."""

    weights: FloatRows  # (p, 128), of length 1 or a little less
    scale: float
    unknown_cosine: float
    same_person: float = 1.0
    strangers: Strangers = NO_STRANGERS

    def cosines(self, samples: Samples) -> Cosines:
        """How alike each face and each person are: (n, p)."""
        return cosines(samples.rows, self.weights)

    def crowding(self, samples: Samples) -> Crowding:
        """How much each face is crowded by strangers, (n,).

        No stranger is crowded by what may be a photo of the same stranger: they stand for those
        whom nobody has met.
        """
        found = self.strangers.crowding(samples.rows)
        unmet = ~samples.known
        found[unmet] = self.strangers.crowding(samples.rows[unmet], up_to=self.same_person)
        return found

    def probabilities(self, alike: Cosines, crowding: Crowding) -> Probabilities:
        """The probability of each person for each face, from such cosines: (n, p)."""
        return probabilities(
            alike, scale=self.scale, unknown_cosine=self.unknown_cosine, crowding=crowding
        )


def head_of(version: ModelVersion) -> Head:
    """What a version learned."""
    return Head(
        version.weights,
        version.scale,
        version.unknown_cosine,
        version.same_person,
        version.strangers,
    )


def class_mean_head(learning: Samples, network: str) -> Head:
    """Everybody's class mean and the strangers, with what is known of the network.

    For a network that was never measured that follows from the faces; one that was tuned is taken
    for the one that it was. This is where learning starts. Everybody needs a row.
    """
    sums, counts = person_sums(learning)
    looks = _MEASURED.get(network.partition("-tuned-")[0]) or _guessed(learning)
    weights = class_means(sums, counts, looks.same_person)
    strangers = Strangers(
        _most_like_somebody(learning.rows[~learning.known], weights),
        start=looks.strangers_start,
        scale=looks.strangers_scale,
    )
    return Head(weights, looks.scale, looks.unknown_cosine, looks.same_person, strangers)


def nearest_centroid(head: Head) -> Head:
    """The same without what is known of strangers and of how many faces a mean is made of."""
    return replace(head, weights=unit_rows(head.weights), same_person=1.0, strangers=NO_STRANGERS)


def without_itself(
    learning: Samples, same_person: float
) -> tuple[FloatRows, np.typing.NDArray[np.bool_]]:
    """The class mean that each face's person would have without it, and for which there is one.

    A face is far more like a mean that it is part of than an unseen one could be. These means are
    as near to the face as that of all the person's faces usually is to an unseen one. Rows
    (n, 128); that of a person's only face is its own, that of a stranger means nothing.
    """
    known = np.flatnonzero(learning.known)
    own = learning.labels[known]
    sums, counts = person_sums(learning)
    there_is_one = np.zeros(learning.count, dtype=bool)
    there_is_one[known] = counts[own] > 1
    fewer, all_of_them = (length_of_mean(counts - left, same_person)[own] for left in (1, 0))
    lengths = np.sqrt(all_of_them) * fewer / all_of_them
    means = learning.rows.copy()
    means[known] = unit_rows(sums[own] - learning.rows[known]) * lengths[:, None]
    return np.where(there_is_one[:, None], means, learning.rows), there_is_one


def person_sums(samples: Samples) -> tuple[FloatRows, np.typing.NDArray[np.intp]]:
    """The sum of each person's rows, (p, 128), and how many they are, (p,)."""
    known = samples.known
    sums = np.zeros((samples.people, samples.rows.shape[1]), dtype=np.float32)
    np.add.at(sums, samples.labels[known], samples.rows[known])
    return sums, np.bincount(samples.labels[known], minlength=samples.people)


def _most_like_somebody(strangers: FloatRows, weights: FloatRows) -> FloatRows:
    """The strangers that matter, in their order: who looks like nobody crowds nobody's faces."""
    if len(strangers) <= MOST_STRANGERS:
        return strangers
    nearest = np.array([cosines(row[None], weights).max() for row in strangers])
    return strangers[np.sort(np.argsort(-nearest, kind="stable")[:MOST_STRANGERS])]


def _guessed(learning: Samples) -> Looks:
    """Scale and unknown cosine half way between the nearest and the second nearest people."""
    sums, counts = person_sums(learning)
    alike = np.sort(cosines(learning.rows, unit_rows(sums)), axis=1)
    nearest, second = alike[:, :-3:-1].mean(axis=0)
    apart = max(float(nearest - second), 0.01)
    scale, between = 2 * _SUREST_LOGIT / apart, float(nearest + second) / 2
    pairs = (counts * (counts - 1)).sum()
    same = ((sums.astype(np.float64) ** 2).sum() - counts.sum()) / pairs if pairs else nearest
    return Looks(scale, between, min(max(float(same), 0.1), 1.0), between, scale)
