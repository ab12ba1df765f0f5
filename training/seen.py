"""The faces of a data set as a model version knows their people: whose name is the right answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from faces.records import PersonId
from faces.versions import ModelVersion
from training.dataset import DataSet, Labels, Part, Samples
from training.evaluate import Judged, judged
from training.head import Head, head_of

Resolve = Callable[[PersonId], PersonId]
"""Tells who somebody is by now."""


@dataclass(frozen=True)
class Seen:
    """Faces by their part, labelled by a version's people; whom it does not know is nobody.

    `labels` are those of all faces, in the order of the data set. Of people who became one since
    the version learned them, the first stands for all: `stands_for` (p,) has its number.
    """

    head: Head
    labels: Labels
    samples: Mapping[Part, Samples]
    stands_for: Labels

    def judged(self, threshold: float) -> Judged:
        """What the version says of the test faces, giving names from this probability on."""
        return judged(self.head, threshold, self.samples[Part.TEST], self.stands_for)

    def by_the_nearest(self, part: Part) -> Samples:
        """The faces of a part, labelled by the nearest of those who are one person by now."""
        samples = self.samples[part]
        own = self.stands_for == samples.labels[:, None]
        nearest = np.where(own, self.head.cosines(samples), -np.inf).argmax(axis=1)
        return replace(samples, labels=np.where(samples.known, nearest, samples.people))


def seen_by(version: ModelVersion, data: DataSet, resolve: Resolve) -> Seen:
    """The faces as the version knows their people.

    Raises:
        ValueError: they are in the encodings of another network.
    """
    if version.network != data.network:
        raise ValueError(f"{version.id} cannot answer to the encodings of {data.network}")
    people = len(version.people)
    now = [resolve(person.id) for person in version.people]
    first = {person: at for at, person in reversed([*enumerate(now)])}
    place = [*(first.get(person.id, people) for person in data.people), people]
    labels = np.array(place, dtype=np.int64)[data.labels]
    chosen = {part: [found is part for found in data.parts] for part in Part}
    samples = {
        part: Samples(data.rows[these], labels[these], people) for part, these in chosen.items()
    }
    stands_for = np.array([first[person] for person in now], dtype=np.int64)
    return Seen(head_of(version), labels, samples, stands_for)
