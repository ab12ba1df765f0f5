"""How alike faces and people are, and which faces are like those of nobody known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.records import ENCODING_LENGTH, FloatRows, unit_rows

Cosines = npt.NDArray[np.float64]
"""One row for each face, one column for each person: (n, p), -1 to 1."""
Crowding = npt.NDArray[np.float64]
"""How much nearer than usual each face is to nobody known, (n,); 0 where no stranger is like it."""
Probabilities = npt.NDArray[np.float64]
"""One row for each face, one column for each person: (n, p); what a row lacks to 1 is unknown."""

Columns = npt.NDArray[np.intp]
"""Places of people, (n, k)."""

_FACES_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Strangers:
    """Faces of nobody known: another face that is like one of them is likely nobody known, too.

    A stranger counts from a cosine of about `start` on, each further 1 / `scale` e times as much.
    """

    rows: FloatRows  # (s, 128), unit length
    start: float
    scale: float

    def __post_init__(self) -> None:
        """Refuse what no probability could follow from."""
        if self.rows.ndim != 2 or self.rows.shape[1] != ENCODING_LENGTH:
            raise ValueError(f"strangers are rows of {ENCODING_LENGTH}, got {self.rows.shape}")
        if not np.allclose(np.linalg.norm(self.rows, axis=1), 1.0, atol=1e-4):
            raise ValueError("every stranger's row has length 1")
        if not (np.isfinite(self.start) and np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"strangers cannot count from {self.start} on by {self.scale}")

    def crowding(self, rows: FloatRows, *, up_to: float = np.inf) -> Crowding:
        """How much each face, unit rows (n, 128), is crowded by these strangers.

        Strangers who are more alike than `up_to` do not count: they may be the very same.
        """
        found = np.zeros(len(rows))
        for start in range(0, len(rows) if len(self.rows) else 0, _FACES_AT_ONCE):
            some = slice(start, start + _FACES_AT_ONCE)
            alike = cosines(rows[some], self.rows)
            alike[alike > up_to] = -np.inf
            found[some] = self._crowding(alike)
        return found

    def _crowding(self, alike: Cosines) -> Crowding:
        powers = self.scale * (alike - self.start)
        highest = np.maximum(powers.max(axis=1), 0.0)
        total = np.exp(powers - highest[:, None]).sum(axis=1) + np.exp(-highest)
        return np.asarray((highest + np.log(total)) / self.scale)


NO_STRANGERS = Strangers(np.empty((0, ENCODING_LENGTH), dtype=np.float32), start=1.0, scale=1.0)


def cosines(rows: FloatRows, weights: FloatRows) -> Cosines:
    """How alike each face and each person are: rows (n, d) and (p, d) -> (n, p)."""
    return np.asarray(rows @ weights.T, dtype=np.float64)


def probabilities(
    alike: Cosines, *, scale: float, unknown_cosine: float, crowding: Crowding | None = None
) -> Probabilities:
    """The probability of each person for each face: (n, p) -> (n, p).

    A softmax over the people and "unknown", which is as near to every face as `unknown_cosine`,
    and nearer by its crowding.
    """
    at = unknown_cosine if crowding is None else unknown_cosine + crowding[:, None]
    logits = scale * (alike - at)
    highest = np.maximum(logits.max(axis=1, initial=0.0, keepdims=True), 0.0)
    powers = np.exp(logits - highest)
    return np.asarray(powers / (powers.sum(axis=1, keepdims=True) + np.exp(-highest)))


def length_of_mean(counts: npt.NDArray[np.integer], same_person: float) -> npt.NDArray[np.float64]:
    """How long the mean of so many unit rows of a person is, (p,) -> (p,).

    `same_person` is the usual cosine of two faces of one person.
    """
    return np.asarray(np.sqrt(same_person + (1 - same_person) / np.maximum(counts, 1)))


def class_means(sums: FloatRows, counts: npt.NDArray[np.integer], same_person: float) -> FloatRows:
    """What each person looks like, (p, 128), by the sum of so many rows of theirs.

    A mean of many faces is nearer to everybody's, strangers' too, since what differs from photo to
    photo has cancelled out. So it is a little shorter: then strangers are taken for somebody with
    two faces as seldom as for somebody with two hundred.
    """
    lengths = np.sqrt(length_of_mean(counts, same_person))
    return np.asarray(unit_rows(sums) * lengths[:, None], dtype=np.float32)


def highest(chances: Probabilities, count: int) -> Columns:
    """The columns of the `count` highest of each row, or of all, highest first, ties by column."""
    if count < chances.shape[1]:
        some = np.argpartition(-chances, count - 1, axis=1)[:, :count]
        some.sort(axis=1)
    else:
        some = np.broadcast_to(np.arange(chances.shape[1]), chances.shape)
    order = np.argsort(-np.take_along_axis(chances, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)
