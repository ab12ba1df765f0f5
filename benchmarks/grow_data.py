"""What a project knows before and after some people are added, and who is met to try it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.clustering_scores import Labels
from benchmarks.people_encodings import PeopleEncodings
from faces.records import (
    ENCODING_LENGTH,
    NETWORK,
    FaceId,
    FloatRows,
    Person,
    PersonId,
    PhotoId,
    unit_rows,
)
from training.dataset import DataSet, Part

FEWEST_PHOTOS = 3
"""Whoever has as many is one of the people."""
_PARTS = (Part.LEARNING, Part.TEST, Part.LEARNING, Part.CALIBRATION, Part.LEARNING)
"""What a person's photos serve for, in turn."""
_OF_STRANGERS = (Part.TEST, Part.LEARNING, Part.TEST, Part.CALIBRATION)
"""What the photos of strangers serve for, in turn: half of them are known, the others are met."""


def of_encodings(people: PeopleEncodings, *, seed: int) -> DataSet:
    """Everybody with three photos is one of the people, whoever has one photo is a stranger.

    Photos without a face are left out before anything is counted.

    Raises:
        SystemExit: there are too few of either kind.
    """
    found = np.flatnonzero(people.found)
    _, labels, counts = np.unique(people.people[found], return_inverse=True, return_counts=True)
    chosen = [found[labels == one] for one in np.flatnonzero(counts >= FEWEST_PHOTOS)]
    strangers = found[counts[labels] == 1]
    if len(chosen) < 3 or not len(strangers):
        raise SystemExit(
            f"{len(chosen)} people with {FEWEST_PHOTOS} photos or more and {len(strangers)} with "
            "one are too few"
        )
    rng = np.random.default_rng(seed)
    places = np.concatenate([rng.permutation(photos) for photos in [*chosen, strangers]])
    sizes = [len(photos) for photos in [*chosen, strangers]]
    rows = unit_rows(people.plain[places] + people.mirrored[places])
    return _data_set(rows, sizes)


def drawn(people: int, faces: int, *, seed: int) -> DataSet:
    """So many people with so many faces together, and as many strangers as people."""
    rng = np.random.default_rng(seed)
    sizes = [*np.bincount(np.arange(faces) % people).tolist(), people]
    whose = np.concatenate([np.repeat(np.arange(people), sizes[:-1]), people + np.arange(people)])
    middle, looks = rng.normal(size=ENCODING_LENGTH), rng.normal(size=(2 * people, ENCODING_LENGTH))
    noise = rng.normal(size=(len(whose), ENCODING_LENGTH))
    rows = np.sqrt(0.86) * middle + np.sqrt(0.11) * looks[whose] + np.sqrt(0.03) * noise
    return _data_set(unit_rows(rows.astype(np.float32)), sizes)


def without(data: DataSet, people: Sequence[int]) -> DataSet:
    """The same before anybody said who these people are."""
    kept = np.flatnonzero(~np.isin(np.arange(len(data.people)), people))
    label = np.full(len(data.people) + 1, -1)
    label[kept], label[-1] = np.arange(len(kept)), len(kept)
    faces = np.flatnonzero(label[data.labels] >= 0)
    return DataSet(
        network=data.network,
        people=tuple(data.people[one] for one in kept),
        left_out=(),
        faces=tuple(data.faces[at] for at in faces),
        photos=tuple(data.photos[at] for at in faces),
        parts=tuple(data.parts[at] for at in faces),
        rows=data.rows[faces],
        labels=label[data.labels[faces]],
    )


def _data_set(rows: FloatRows, sizes: Sequence[int]) -> DataSet:
    """Each person's faces after those of the one before, and those of strangers in the end."""
    people = len(sizes) - 1
    labels: Labels = np.repeat(np.arange(people + 1), sizes)
    parts: list[Part] = []
    for who, size in enumerate(sizes):
        turns = _PARTS if who < people else _OF_STRANGERS
        parts += [turns[number % len(turns)] for number in range(size)]
    return DataSet(
        network=NETWORK,
        people=tuple(Person(PersonId(f"p{who:06d}"), f"Person {who}") for who in range(people)),
        left_out=(),
        faces=tuple(FaceId(f"{number:032d}") for number in range(len(rows))),
        photos=tuple(PhotoId(f"{number:064d}") for number in range(len(rows))),
        parts=tuple(parts),
        rows=rows,
        labels=labels,
    )
