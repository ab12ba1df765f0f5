"""Group all faces by person, as a run with an id of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from faces.cluster import cluster_faces
from faces.encode import NETWORK
from faces.records import Cluster, Encodings
from faces.store import clusters as cluster_store
from faces.store import log, photos
from faces.store.database import Store


@dataclass(frozen=True, slots=True)
class Clustered:
    """What a run found; `changed` is false when the same clusters stood there already."""

    run: str
    clusters: int
    clustered_faces: int
    faces: int
    changed: bool


def cluster_photos(store: Store, *, eps: float, min_samples: int, now: datetime) -> Clustered:
    """Group the faces of all photos; faces that people called no face are left out."""
    with store.read() as connection:
        encodings = photos.encodings(connection, NETWORK)
        photo_of = {face.id: face.photo for face in photos.faces(connection)}
        not_faces = log.truth(connection).not_faces
        before = cluster_store.current_run(connection)
    kept = _without(encodings, not_faces)
    found = cluster_faces(kept, photo_of, eps=eps, min_samples=min_samples)
    run = f"dbscan-{_digest(found)}"
    if run != before:
        with store.write() as connection:
            how = {"method": "dbscan", "eps": eps, "min_samples": min_samples, "network": NETWORK}
            cluster_store.save_run(connection, run, found, how=how, now=now)
    inside = sum(len(cluster.faces) for cluster in found)
    return Clustered(run, len(found), inside, len(kept.faces), changed=run != before)


def _without(encodings: Encodings, left_out: frozenset[str]) -> Encodings:
    rows = [row for row, face in enumerate(encodings.faces) if face not in left_out]
    return Encodings(
        encodings.network,
        tuple(encodings.faces[row] for row in rows),
        encodings.plain[rows],
        encodings.mirrored[rows],
    )


def _digest(clusters: Sequence[Cluster]) -> str:
    told = "\n".join(",".join(sorted(cluster.faces)) for cluster in clusters)
    return hashlib.sha256("\n".join(sorted(told.splitlines())).encode()).hexdigest()[:12]
