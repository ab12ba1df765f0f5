"""Grouping faces that look like one person: DBSCAN on their encodings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from faces.records import Cluster, ClusterId, Encodings, FaceId, FloatRows, PhotoId

_NOISE = -1
"""DBSCAN's label for a row in no cluster; it does not leave this module."""


def cluster_faces(
    encodings: Encodings, photo_of: Mapping[FaceId, PhotoId], *, eps: float, min_samples: int
) -> list[Cluster]:
    """Group the faces, the largest cluster first; a face that is like no other is in none.

    Two faces belong together when a chain of faces joins them, each at most `eps` (Euclidean, on
    the plain encodings) from the next, and each but the ends with `min_samples` faces in reach,
    itself counted. Two faces of one photo are two people: of those in one cluster the most typical
    stays, the others are in no cluster. Clusters of fewer than `min_samples` faces are dropped.
    The order of the encodings does not matter. `photo_of` needs every face.
    """
    if not encodings.faces:
        return []
    order = np.array(sorted(range(len(encodings.faces)), key=lambda row: encodings.faces[row]))
    faces = [encodings.faces[row] for row in order]
    rows = encodings.plain[order]
    from sklearn.cluster import DBSCAN  # takes a second, which no other command has to wait

    search = DBSCAN(eps=eps, min_samples=min_samples, metric="euclidean", algorithm="brute")
    labels = search.fit_predict(rows)
    clusters = []
    for label in sorted(set(labels.tolist()) - {_NOISE}):
        members = np.flatnonzero(labels == label)
        typical_first = members[_typical_first(rows[members])]
        kept = _one_a_photo([faces[member] for member in typical_first], photo_of)
        if len(kept) >= min_samples:
            clusters.append(Cluster(cluster_id(kept), tuple(kept)))
    return sorted(clusters, key=lambda cluster: (-len(cluster.faces), cluster.id))


def cluster_id(faces: Iterable[FaceId]) -> ClusterId:
    """The name of a cluster, from its faces alone, in whatever order."""
    content = ",".join(sorted(faces))
    return ClusterId("c" + hashlib.sha256(content.encode()).hexdigest()[:16])


def _typical_first(rows: FloatRows) -> npt.NDArray[np.intp]:
    """The places of the rows by their distance to the most central one, (n, d) -> (n,)."""
    from sklearn.metrics import pairwise_distances_chunked

    sums = pairwise_distances_chunked(rows, reduce_func=lambda block, _start: block.sum(axis=1))
    medoid = rows[np.argmin(np.concatenate(list(sums)))]
    distances = np.linalg.norm(rows - medoid, axis=1)
    return np.argsort(distances, kind="stable")


def _one_a_photo(faces: Sequence[FaceId], photo_of: Mapping[FaceId, PhotoId]) -> list[FaceId]:
    """The first face of each photo."""
    first: dict[PhotoId, FaceId] = {}
    for face in faces:
        first.setdefault(photo_of[face], face)
    return list(first.values())
