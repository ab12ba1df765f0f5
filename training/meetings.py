"""How faces meet the people of a head that did not learn from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.likeness import Cosines, Crowding
from faces.look_alikes import often_taken
from faces.records import Person, PersonId, unit_rows
from training.dataset import Labels, Samples
from training.head import Head, without_itself


@dataclass(frozen=True)
class Meetings:
    """Faces as they meet the people of a head that did not learn from them.

    Each face of somebody known counts twice: with its name, and with that person hidden, when the
    right answer is unknown. So the people are strangers to each other, beside the true strangers.
    `alike` is (n, p), `crowding` (n,) by strangers; `labels` (n,) are p for a stranger.
    """

    alike: Cosines
    crowding: Crowding
    labels: Labels

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which faces are of somebody known: (n,)."""
        return np.asarray(self.labels < self.alike.shape[1])


def unseen_meetings(head: Head, start: Head, learning: Samples, calibration: Samples) -> Meetings:
    """All that can be known of how unseen faces meet a head that was learned from `start`.

    Calibration faces as they are; each learning face as if its person had been learned without it
    (if that person has others).
    """
    left_out, has_others = as_if_left_out(head, start, learning)
    _spread_as_unseen(left_out, learning, has_others)
    return Meetings(
        np.vstack([head.cosines(calibration), left_out[has_others]]),
        np.concatenate([head.crowding(calibration), head.crowding(learning)[has_others]]),
        np.concatenate([calibration.labels, learning.labels[has_others]]),
    )


def taken_for_each_other(
    meetings: Meetings, people: Sequence[Person]
) -> list[tuple[PersonId, PersonId]]:
    """The pairs of people of whom one was often likelier for a face of the other."""
    known = np.flatnonzero(meetings.known)
    labels, top = meetings.labels[known], meetings.alike[known].argmax(axis=1)
    sizes = Counter(people[label].id for label in labels.tolist())
    wrong = np.flatnonzero(top != labels)
    times = Counter(
        frozenset((people[label].id, people[other].id))
        for label, other in zip(labels[wrong].tolist(), top[wrong].tolist(), strict=True)
    )
    return often_taken(times, sizes)


def hidden(alike: Cosines, labels: Labels) -> Cosines:
    """The known faces with their own person hidden: nobody whom the head knows. (k, p)."""
    known = np.flatnonzero(labels < alike.shape[1])
    without_own = alike[known]
    without_own[np.arange(len(known)), labels[known]] = -np.inf
    return without_own


def as_if_left_out(
    head: Head, start: Head, learning: Samples
) -> tuple[Cosines, npt.NDArray[np.bool_]]:
    """Cosines (n, p) of learning faces to people learned without them; and whose mean remains.

    What was learned beyond the class mean is taken to be the same without the face. Strangers are
    part of no mean.
    """
    alike = head.cosines(learning)
    means, has_others = without_itself(learning, start.same_person)
    rows = np.flatnonzero(has_others)
    own = learning.labels[rows]
    lengths = np.linalg.norm(means[rows], axis=1, keepdims=True)
    weights = unit_rows(means[rows] + head.weights[own] - start.weights[own]) * lengths
    alike[rows, own] = np.einsum("nd,nd->n", learning.rows[rows], weights)
    return alike, has_others | ~learning.known


def _spread_as_unseen(alike: Cosines, learning: Samples, has_others: npt.NDArray[np.bool_]) -> None:
    """Draw own cosines of faces left out towards their mean, to spread more like unseen ones.

    A mean of n - 1 faces varies more than that of n, which unseen faces meet: their difference
    from a face has 1 + 1 / (n - 1) times the variance of a face, not 1 + 1 / n.
    """
    rows = np.flatnonzero(has_others & learning.known)
    if not len(rows):
        return
    own = learning.labels[rows]
    faces = np.bincount(learning.labels[learning.known], minlength=learning.people)[own]
    narrower = np.sqrt((1 + 1 / faces) / (1 + 1 / (faces - 1)))
    mean = alike[rows, own].mean()
    alike[rows, own] = mean + narrower * (alike[rows, own] - mean)
