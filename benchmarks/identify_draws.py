"""Who is known by which photos, and who is a stranger: drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.clustering_scores import Labels
from benchmarks.people_encodings import PeopleEncodings

FEWEST_PHOTOS = 10
"""Whoever has as many is known."""

Places = npt.NDArray[np.intp]
"""Rows of the encodings, (k,)."""


@dataclass(frozen=True)
class Draw:
    """What is learned from, and who is met: all but labels are rows of the encodings.

    Row i of `learning` is of the person `learning_labels[i]`, and so with `met`.
    """

    number: int
    people: int
    learning: Places
    learning_labels: Labels
    met: Places
    met_labels: Labels
    strangers_known: Places
    strangers_met: Places


def draws(people: PeopleEncodings, *, shots: int, count: int) -> list[Draw]:
    """So many draws, in each of which everybody is known by other photos.

    Photos without a face are left out before anything is counted.

    Raises:
        SystemExit: there are not enough people of either kind, or too few photos of them.
    """
    if not 1 <= shots < FEWEST_PHOTOS:
        raise SystemExit(f"SHOTS is 1 to {FEWEST_PHOTOS - 1}, not {shots}")
    if count < 1:
        raise SystemExit(f"DRAWS is 1 or more, not {count}")
    found = np.flatnonzero(people.found)
    _, labels, counts = np.unique(people.people[found], return_inverse=True, return_counts=True)
    known = [found[labels == one] for one in np.flatnonzero(counts >= FEWEST_PHOTOS)]
    strangers = found[counts[labels] == 1]
    if len(known) < 2 or len(strangers) < 2:
        raise SystemExit(
            f"{len(known)} people with {FEWEST_PHOTOS} photos or more and {len(strangers)} "
            "with one are too few: two of each will do"
        )
    return [_draw(known, strangers, shots, number) for number in range(count)]


def halves(draw: Draw) -> tuple[Draw, Draw]:
    """The same draw twice: half of the strangers are known and the others met, and vice versa."""
    mixed = np.random.default_rng(draw.number).permutation(draw.strangers_met)
    first, second = np.sort(mixed[::2]), np.sort(mixed[1::2])
    return (
        replace(draw, strangers_known=first, strangers_met=second),
        replace(draw, strangers_known=second, strangers_met=first),
    )


def _draw(known: Sequence[Places], strangers: Places, shots: int, number: int) -> Draw:
    rng = np.random.default_rng(number)
    mixed = [rng.permutation(photos) for photos in known]
    everybody = np.arange(len(known))
    return Draw(
        number=number,
        people=len(known),
        learning=np.concatenate([photos[:shots] for photos in mixed]),
        learning_labels=np.repeat(everybody, shots),
        met=np.concatenate([photos[shots:] for photos in mixed]),
        met_labels=np.repeat(everybody, [len(photos) - shots for photos in mixed]),
        strangers_known=strangers[:0],
        strangers_met=strangers,
    )
