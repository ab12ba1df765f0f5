"""Which units of the People desk may be one person: by how they look, and by what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.confirmations import Truth
from faces.desk_tasks import DeskState
from faces.learned import SCALE, UNKNOWN_COSINE
from faces.records import FaceId, FloatRows, PhotoId

_LEAST_ALIKE = 0.3
"""Less likely pairs are two people for now."""
_NEAREST = 10
_AT_ONCE = 1024

Foes = Mapping[FaceId, set[FaceId]]
"""For each face the faces of other people, as far as was said."""


def foes_of(truth: Truth) -> dict[FaceId, set[FaceId]]:
    """For each face that is apart from others these others."""
    found: dict[FaceId, set[FaceId]] = defaultdict(set)
    for face, other in truth.apart:
        found[face].add(other)
    return found


@dataclass(frozen=True)
class Said:
    """What people and photos say of pairs of units."""

    foes: Foes
    bonds: Mapping[FaceId, set[int]]
    photo_of: Mapping[FaceId, PhotoId]

    @classmethod
    def of(cls, state: DeskState) -> Said:
        """All that was said, and which photo each face is on."""
        foes = foes_of(state.truth)
        for first, second in state.truth.unsure:
            for face in first:
                foes[face].update(second)
        bonds: dict[FaceId, set[int]] = defaultdict(set)
        for number, faces in enumerate(state.truth.together):
            for face in faces:
                bonds[face].add(number)
        return cls(foes, bonds, state.photo_of)

    def apart(self, first: Sequence[FaceId], second: Sequence[FaceId]) -> bool:
        """Whether they are two people, or nobody could tell."""
        theirs = set(second)
        photos = {self.photo_of[face] for face in second}
        return any(
            self.photo_of[face] in photos or not theirs.isdisjoint(self.foes.get(face, ()))
            for face in first
        ) or any(not self.foes.get(face, set()).isdisjoint(first) for face in second)

    def together(self, first: Sequence[FaceId], second: Sequence[FaceId]) -> bool:
        """Whether people said that they are one person."""
        theirs = {number for face in second for number in self.bonds.get(face, ())}
        return any(not theirs.isdisjoint(self.bonds.get(face, ())) for face in first)


def alike(
    rows: FloatRows,
) -> tuple[npt.NDArray[np.float64], list[tuple[int, int, float]]]:
    """How likely the nearest other row is the same person, (m,), and pairs that may well be.

    Each pair names the later row first, in the order of rows, the likeliest first; of a row no more
    than `_NEAREST` pairs are told.
    """
    nearest = np.zeros(len(rows))
    pairs: list[tuple[int, int, float]] = []
    enough = UNKNOWN_COSINE + np.log(_LEAST_ALIKE / (1 - _LEAST_ALIKE)) / SCALE
    for start in range(0, len(rows), _AT_ONCE):
        block = rows[start : start + _AT_ONCE]
        cosine = block @ rows.T
        cosine[np.arange(len(block)), start + np.arange(len(block))] = -1
        nearest[start : start + len(block)] = _chance(cosine.max(axis=1, initial=-1))
        later, earlier = np.divmod(np.flatnonzero(cosine > enough), len(rows))
        later, earlier = later[earlier < later + start], earlier[earlier < later + start]
        chances = _chance(cosine[later, earlier])
        best = np.lexsort((earlier, -chances, later))
        later, earlier, chances = later[best], earlier[best], chances[best]
        kept = np.arange(len(later)) - np.searchsorted(later, later) < _NEAREST
        found = (later[kept] + start).tolist(), earlier[kept].tolist(), chances[kept].tolist()
        pairs += zip(*found, strict=True)
    return nearest, pairs


def _chance(cosines: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """How likely two means are one person."""
    logits = SCALE * (cosines.astype(np.float64) - UNKNOWN_COSINE)
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
