"""How faceloop groups the faces of people whose photos are known; the only place that says so."""

from __future__ import annotations

import numpy as np

from benchmarks.clustering_scores import Labels
from benchmarks.people_encodings import PeopleEncodings
from faces.cluster import cluster_faces
from faces.quality import ENOUGH
from faces.records import NETWORK, Encodings, FaceId, PhotoId
from faces.settings import Settings

_SHIPPED = Settings.model_fields


def ours(people: PeopleEncodings) -> Labels:
    """The cluster of each photo with the settings that are shipped, (n,)."""
    return ours_at(people, float(_SHIPPED["eps"].default))


def ours_at(people: PeopleEncodings, cut: float) -> Labels:
    """The same with another cut. What is left out or in no cluster is a cluster of one, (n,)."""
    rows = np.flatnonzero(people.found & (people.quality >= ENOUGH))
    faces = tuple(FaceId(people.names[row]) for row in rows)
    clusters = cluster_faces(
        Encodings(NETWORK, faces, people.plain[rows], people.mirrored[rows]),
        {face: PhotoId(face) for face in faces},
        eps=cut,
        min_samples=int(_SHIPPED["min_samples"].default),
    )
    labels = np.arange(len(people.names))
    row_of = dict(zip(faces, rows, strict=True))
    for cluster in clusters:
        members = [row_of[face] for face in cluster.faces]
        labels[members] = min(members)
    return labels
