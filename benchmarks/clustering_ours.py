"""How faceloop groups the faces of people whose photos are known; the only place that says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.clustering_scores import Labels
from benchmarks.people_encodings import PeopleEncodings
from faces.cluster import group_people
from faces.confirmations import Truth
from faces.constraints import Constraints, constraints_of
from faces.cut import Cut
from faces.cut_finding import find_cut
from faces.quality import ENOUGH
from faces.records import NETWORK, Encodings, FaceId, PhotoId


def ours(people: PeopleEncodings) -> Labels:
    """The cluster of each photo as faceloop makes them by itself, (n,)."""
    rows, encodings, constraints = _given(people)
    return _labels(people, rows, encodings, constraints, _found(encodings, constraints))


def ours_at(people: PeopleEncodings, cut: float) -> Labels:
    """The same with distances up to so many times as large as faceloop finds by itself.

    What is left out or in no cluster is a cluster of one, (n,).
    """
    rows, encodings, constraints = _given(people)
    found = _found(encodings, constraints)
    other = replace(found, reach=cut * found.reach, single=cut * found.single)
    return _labels(people, rows, encodings, constraints, other)


def _given(people: PeopleEncodings) -> tuple[npt.NDArray[np.intp], Encodings, Constraints]:
    """The faces that are good enough, each the only one of its photo; nobody has said a word."""
    rows = np.flatnonzero(people.found & (people.quality >= ENOUGH))
    faces = tuple(FaceId(people.names[row]) for row in rows)
    encodings = Encodings(NETWORK, faces, people.plain[rows], people.mirrored[rows])
    photo_of = {face: PhotoId(face) for face in faces}
    return rows, encodings, constraints_of(faces, photo_of, Truth())


def _found(encodings: Encodings, constraints: Constraints) -> Cut:
    return find_cut(encodings.plain, encodings.mirrored, apart=constraints.apart)


def _labels(
    people: PeopleEncodings,
    rows: npt.NDArray[np.intp],
    encodings: Encodings,
    constraints: Constraints,
    cut: Cut,
) -> Labels:
    labels = np.arange(len(people.names))
    row_of = dict(zip(encodings.faces, rows, strict=True))
    for cluster in group_people(encodings, cut, constraints).clusters:
        members = [row_of[face] for face in cluster.faces]
        labels[members] = min(members)
    return labels
