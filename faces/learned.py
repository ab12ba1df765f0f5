"""What answers teach, at once and without a retrain: whom each face could be, and how likely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.confirmations import Truth
from faces.likeness import (
    NO_STRANGERS,
    Columns,
    Probabilities,
    class_means,
    cosines,
    highest,
    probabilities,
)
from faces.records import ENCODING_LENGTH, FaceId, FloatRows, PersonId, Proposal
from faces.versions import ModelVersion

SCALE, UNKNOWN_COSINE = 226.0, 0.9505
"""What makes the cosine to a class mean a probability where no model version says how.

Fitted on half of the people of LFW's development half, tried on the others (`docs/decisions`).
"""
THRESHOLD = 0.5
"""Nobody is proposed who is less likely than not."""

_FACES_AT_ONCE = 1024


@dataclass(frozen=True)
class Likeliest:
    """For each of n faces the k likeliest people, likeliest first, with their probabilities.

    `columns` (n, k) are places in `people`; what a row of `chances` (n, k) lacks to 1 is everybody
    else, and nobody known.
    """

    people: tuple[PersonId, ...]
    columns: Columns
    chances: Probabilities

    def of(self, row: int) -> dict[PersonId, float]:
        """The people for one face with their probabilities, likeliest first."""
        found: dict[PersonId, float] = {}
        for column, chance in zip(self.columns[row], self.chances[row], strict=True):
            person = self.people[column]
            found[person] = found.get(person, 0.0) + float(chance)
        return found


class Learned:
    """Everybody who is known, and how they look.

    Whom a model version knows keeps its weights; whoever was named since enters by the mean of
    their confirmed faces, as everybody does before there is a version. The version's calibration
    holds for both.
    """

    def __init__(self, version: ModelVersion | None = None, *, truth: Truth | None = None) -> None:
        """Know whom the version knows; who was merged by now is whom they went on as."""
        now = truth or Truth()
        self.version = version
        self._weights = _NOBODY if version is None else version.weights
        known = () if version is None else version.people
        self._people = tuple(now.resolve(person.id) for person in known)
        self.in_version = frozenset(self._people)
        self._sums: dict[PersonId, npt.NDArray[np.float64]] = {}
        self._counts: dict[PersonId, int] = {}

    @classmethod
    def of(
        cls,
        truth: Truth,
        faces: Sequence[FaceId],
        rows: FloatRows,
        *,
        version: ModelVersion | None = None,
    ) -> Learned:
        """All that the confirmed ones of these faces teach; `rows` (n, 128) are `identity_rows`."""
        learned = cls(version, truth=truth)
        for face, row in zip(faces, rows, strict=True):
            if face in truth.confirmed:
                learned.learn(truth.confirmed[face].person, row)
        return learned

    @property
    def knows_anybody(self) -> bool:
        """Whether anybody could be proposed."""
        return bool(self._people or self._sums)

    @property
    def threshold(self) -> float:
        """The probability from which on somebody is proposed."""
        return THRESHOLD if self.version is None else self.version.threshold

    def learn(self, person: PersonId, row: FloatRows, *, faces: int = 1) -> None:
        """One more confirmed face of a person, (128,), or the sum of so many `faces`; whom the
        version knows stays as they are.
        """
        if person not in self.in_version:
            self._sums[person] = self._sums.get(person, np.zeros(ENCODING_LENGTH)) + row
            self._counts[person] = self._counts.get(person, 0) + faces

    def likeliest(self, rows: FloatRows, count: int) -> Likeliest:
        """The `count` likeliest people for each face, or all if they are fewer.

        `rows` (n, 128) are `identity_rows`, or means of such rows at length 1. Memory grows with
        the faces, not with faces times people.
        """
        people = (*self._people, *sorted(self._sums))
        weights = np.concatenate([self._weights, self._named_since()])
        count = min(count, len(people))
        found = Likeliest(
            people, np.empty((len(rows), count), np.intp), np.empty((len(rows), count))
        )
        for block in _blocks(len(rows) if count else 0):
            chances = self._chances(rows[block], weights)
            columns = highest(chances, count)
            found.columns[block] = columns
            found.chances[block] = np.take_along_axis(chances, columns, axis=1)
        return found

    def _named_since(self) -> FloatRows:
        """How those look whom the version does not know, by their ids."""
        since = sorted(self._sums)
        sums = np.array([self._sums[person] for person in since], dtype=np.float32)
        counts = np.array([self._counts[person] for person in since], dtype=np.intp)
        same_person = 1.0 if self.version is None else self.version.same_person
        return class_means(sums.reshape(-1, ENCODING_LENGTH), counts, same_person)

    def _chances(self, rows: FloatRows, weights: FloatRows) -> Probabilities:
        told = self.version
        return probabilities(
            cosines(rows, weights),
            scale=SCALE if told is None else told.scale,
            unknown_cosine=UNKNOWN_COSINE if told is None else told.unknown_cosine,
            crowding=(NO_STRANGERS if told is None else told.strangers).crowding(rows),
        )


def proposals_of(
    faces: Sequence[FaceId], learned: Learned, likeliest: Likeliest, *, otherwise: str
) -> dict[FaceId, Proposal]:
    """The likeliest person of each face, if that is likely enough.

    Only a model version calls a face unknown, and people named since are none of its: then the
    source is the one given as `otherwise`.
    """
    version = None if learned.version is None else learned.version.id
    proposals: dict[FaceId, Proposal] = {}
    for row, face in enumerate(faces):
        person, chance = next(iter(likeliest.of(row).items()), (None, 0.0))
        if person is not None and chance >= learned.threshold:
            source = version if version and person in learned.in_version else otherwise
            proposals[face] = Proposal(face, person, min(chance, 1.0), source)
        elif version:
            proposals[face] = Proposal(face, None, 1.0 - chance, version)
    return proposals


_NOBODY: FloatRows = np.empty((0, ENCODING_LENGTH), dtype=np.float32)


def _blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, _FACES_AT_ONCE):
        yield slice(start, min(start + _FACES_AT_ONCE, count))
