"""Group all faces by person. A run is named by its settings, and grows with the photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from faces.cluster import cluster_faces
from faces.encode import NETWORK
from faces.records import Encodings, FaceId
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
    """Group the faces of all photos that are there, without those that people called no face.

    The same settings go on with the same run: what it proposes is shown in the same round, so that
    a few new photos do not make Label Studio show everything anew.
    """
    how = {"method": "dbscan", "eps": eps, "min_samples": min_samples, "network": NETWORK}
    run = f"dbscan-{_digest(how)}"
    with store.read() as connection:
        encodings = photos.encodings(connection, NETWORK)
        photo_of = {face.id: face.photo for face in photos.faces(connection)}
        there = {photo.id for photo in photos.photos_there(connection)}
        not_faces = log.truth(connection).not_faces
        before = (cluster_store.current_run(connection), cluster_store.clusters(connection))
    gone = {face for face, photo in photo_of.items() if photo not in there}
    kept = _without(encodings, not_faces | gone)
    found = cluster_faces(kept, photo_of, eps=eps, min_samples=min_samples)
    changed = before != (run, found)
    if changed:
        with store.write() as connection:
            cluster_store.save_run(connection, run, found, how=how, now=now)
    inside = sum(len(cluster.faces) for cluster in found)
    return Clustered(run, len(found), inside, len(kept.faces), changed=changed)


def _without(encodings: Encodings, left_out: Collection[FaceId]) -> Encodings:
    rows = [row for row, face in enumerate(encodings.faces) if face not in left_out]
    return Encodings(
        encodings.network,
        tuple(encodings.faces[row] for row in rows),
        encodings.plain[rows],
        encodings.mirrored[rows],
    )


def _digest(how: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()[:12]
