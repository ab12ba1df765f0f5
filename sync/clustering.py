"""Group all faces by person. A run is named by its settings, and grows with the photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from faces.cluster import cluster_faces
from faces.quality import ENOUGH, quality
from faces.records import NETWORK, Encodings, FaceId, PhotoId
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos
from faces.store.database import Store

_GIVEN = "clustered_faces"
"""Under which name the store notes what the current clusters were made of."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """What a run found; `changed` is false when the same clusters stood there already.

    `faces` are those that could be grouped; the `poor` ones were left out.
    """

    run: str
    clusters: int
    clustered_faces: int
    faces: int
    poor: int
    changed: bool


def cluster_photos(store: Store, *, eps: float, min_samples: int, now: datetime) -> Clustered:
    """Group the faces of all photos that are there, without those that people called no face.

    Of photos that are gone, the faces that somebody spoke of stay: their names hold for those who
    look like them. Left out, too, are faces too small, blurred, turned away or doubtful to be told
    apart (`faces.quality`), unless somebody spoke of them; they stay on their photos.

    The same settings go on with the same run: what it proposes is shown in the same round, so that
    a few new photos do not make Label Studio show everything anew.
    """
    how = {"method": "dbscan", "eps": eps, "min_samples": min_samples, "network": NETWORK}
    run = f"dbscan-{_digest(how)}"
    with store.read() as connection:
        encodings = photos.encodings(connection, NETWORK)
        faces = photos.faces(connection)
        there = {photo.id for photo in photos.photos_there(connection)}
        truth = log.truth(connection)
        last_given = ledger.fact(connection, _GIVEN)
        before = (cluster_store.current_run(connection), cluster_store.clusters(connection))
    photo_of = {face.id: face.photo for face in faces}
    gone = {face for face, photo in photo_of.items() if photo not in there}
    poor = {face.id for face in faces if quality(face) < ENOUGH} - truth.spoken_of - gone
    kept = _without(encodings, truth.not_faces | poor | (gone - truth.spoken_of))
    given = _digest_of_faces(run, kept, photo_of)
    as_before = before[0] == run and given == last_given
    found = (
        before[1] if as_before else cluster_faces(kept, photo_of, eps=eps, min_samples=min_samples)
    )
    changed = before != (run, found)
    if not as_before:
        with store.write() as connection:
            if changed:
                cluster_store.save_run(connection, run, found, how=how, now=now)
            ledger.set_fact(connection, _GIVEN, given)
    inside = sum(len(cluster.faces) for cluster in found)
    return Clustered(run, len(found), inside, len(kept.faces), len(poor), changed=changed)


def _digest_of_faces(run: str, kept: Encodings, photo_of: Mapping[FaceId, PhotoId]) -> str:
    """Names all that a grouping depends on, so that the same faces are not grouped again."""
    digest = hashlib.sha256(run.encode())
    for face in kept.faces:
        digest.update(f"{face} {photo_of[face]} ".encode())
    digest.update(np.ascontiguousarray(kept.plain).data)
    digest.update(np.ascontiguousarray(kept.mirrored).data)
    return digest.hexdigest()


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
