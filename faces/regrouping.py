"""A grouping kept between two calls, so that new faces cost a search and a local repair."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.constraints import Constraints
from faces.cut import Cut, identity_rows_at
from faces.density import Mapped
from faces.grouping import Grouping
from faces.records import Encodings, FaceId

_Rows = npt.NDArray[np.intp]
"""Rows of faces, (k,), or pairs of them, (m, 2)."""


class Regrouping:
    """The groups of the last call, which the next one goes on from if all that came is new faces.

    Whatever else changed (the cut, a face that is gone or was read again, what people said of faces
    that were there), all faces are grouped at once. The groups are the same in either way.
    """

    def __init__(self) -> None:
        """Nothing is kept before the first call."""
        self._last: _Last | None = None

    def labels(
        self,
        encodings: Encodings,
        cut: Cut,
        constraints: Constraints,
        *,
        mapped: Mapped | None = None,
    ) -> npt.NDArray[np.intp]:
        """For each face the row of one of its group, the same for all of it, (n,).

        `mapped` compares blocks of faces somewhere else when all are grouped at once.
        """
        last, self._last = self._last, None  # whatever breaks leaves nothing half grouped
        row_of = {face: row for row, face in enumerate(encodings.faces)}
        rows = np.arange(len(encodings.faces), dtype=np.intp)
        known = (
            None if last is None else last.rows_if_unchanged(encodings, row_of, cut, constraints)
        )
        new = rows if known is None else np.setdiff1d(rows, known)
        order = new if known is None else np.concatenate([known, new])
        place = np.argsort(order)
        there = identity_rows_at(cut, encodings.plain[new], encodings.mirrored[new])
        people, keys = constraints.people[new], _keys([encodings.faces[row] for row in new])
        together, apart = (
            place[pairs[np.isin(pairs, new).any(axis=1)]]
            for pairs in (constraints.together, constraints.apart)
        )
        if last is None or known is None:
            grouping = Grouping.of(
                there,
                cut,
                keys=keys,
                together=together,
                apart=apart,
                people=people,
                mapped=mapped,
            )
        else:
            grouping = last.grouping
            if len(new):
                grouping.add(there, keys=keys, together=together, apart=apart, people=people)
        faces = tuple(encodings.faces[row] for row in order)
        self._last = _Last(grouping, cut, faces, _digest(encodings, constraints, rows))
        return order[grouping.labels][place]


@dataclass(frozen=True)
class _Last:
    """What was grouped last: its faces in the order of the grouping's rows, and a digest of all."""

    grouping: Grouping
    cut: Cut
    faces: tuple[FaceId, ...]
    digest: bytes

    def rows_if_unchanged(
        self, encodings: Encodings, row_of: dict[FaceId, int], cut: Cut, constraints: Constraints
    ) -> _Rows | None:
        """Where these faces stand now, or None if more changed than that others came."""
        if cut is not self.cut and cut.to_json() != self.cut.to_json():
            return None
        if not all(face in row_of for face in self.faces):
            return None
        rows = np.array([row_of[face] for face in self.faces], dtype=np.intp)
        unchanged = _digest(encodings, constraints, np.sort(rows)) == self.digest
        return rows if unchanged else None


def _keys(faces: Sequence[FaceId]) -> npt.NDArray[np.int64]:
    """A number for each face that no other one has, the same whatever faces there are, (n,)."""
    digests = [hashlib.blake2b(face.encode(), digest_size=8).digest() for face in faces]
    return np.frombuffer(b"".join(digests), dtype="<i8").astype(np.int64)


def _digest(encodings: Encodings, constraints: Constraints, rows: _Rows) -> bytes:
    """Names all that is known of some faces (in ascending rows) and was said among them alone."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{encodings.faces[row]} ".encode())
    place = np.full(len(encodings.faces), -1, dtype=np.intp)
    place[rows] = np.arange(len(rows))
    for pairs in (constraints.together, constraints.apart):
        among = np.sort(place[pairs], axis=1)
        among = np.unique(among[among[:, 0] >= 0], axis=0) if len(among) else among
        digest.update(f"{len(among)} ".encode())
        digest.update(np.ascontiguousarray(among).data)
    for values in (constraints.people, encodings.plain, encodings.mirrored):
        digest.update(np.ascontiguousarray(values[rows]).data)
    return digest.digest()
