"""Groups of faces: what a method finds becomes clusters that keep their ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.constraints import Constraints
from faces.cut import Cut, identity_rows_at
from faces.density import Mapped
from faces.records import (
    Cluster,
    ClusterId,
    Encodings,
    FaceId,
    FloatRows,
    LooseFace,
    MergeCandidate,
    PhotoId,
)
from faces.regrouping import Regrouping
from faces.trust import Trust, trust_of

FEWEST_FACES = 2
"""A face alone is a person, but no cluster."""
RENEWED_AT = 2
"""A cut is found anew when there are so many times as many faces, or as few."""
_NOISE = -1
"""DBSCAN's label for a row in no cluster; it does not leave this module."""


@dataclass(frozen=True)
class Groups:
    """What a run found: clusters, the largest first, and what may be of one person.

    `near` are pairs of clusters, `loose` faces in none with a cluster each; the likeliest first.
    """

    clusters: tuple[Cluster, ...] = ()
    near: tuple[MergeCandidate, ...] = ()
    loose: tuple[LooseFace, ...] = ()


def group_people(
    encodings: Encodings,
    cut: Cut,
    constraints: Constraints,
    *,
    settled: Collection[FaceId] = (),
    before: Sequence[Cluster] = (),
    kept: Regrouping | None = None,
    mapped: Mapped | None = None,
) -> Groups:
    """Group the faces at a cut; a face that is one person with no other is in no cluster.

    The constraints speak of rows of the encodings. In each cluster the faces that nobody `settled`
    come first, so that those to be asked about fill whole pages; both parts are typical first.
    With `kept`, the grouping of its last call is gone on from; `mapped` is as in
    `Regrouping.labels`. The order of the encodings does not matter.
    """
    if not encodings.faces:
        return Groups()
    labels = (kept or Regrouping()).labels(encodings, cut, constraints, mapped=mapped)
    rows = identity_rows_at(cut, encodings.plain, encodings.mirrored)
    trust = trust_of(rows, labels, cut, apart=constraints.apart, people=constraints.people)
    numbers = np.flatnonzero(np.diff(trust.starts) >= FEWEST_FACES).tolist()
    found, places = [], []
    for number in numbers:
        members = trust.faces_of(number)
        done = np.array([encodings.faces[row] in settled for row in members])
        members = np.concatenate([members[~done], members[done]])
        found.append(tuple(encodings.faces[row] for row in members))
        places.append(tuple(trust.place[members].tolist()))
    ids = ids_for(found, before)
    sure = trust.confidence[numbers].tolist()
    name_of = dict(zip(trust.clusters[numbers].tolist(), ids, strict=True))
    return Groups(
        _largest_first(map(Cluster, ids, found, sure, places)),
        _near(trust, name_of),
        _loose(trust, name_of, encodings.faces),
    )


def needs_new_cut(found_on: int, faces: int) -> bool:
    """Whether so many faces are too many or too few for a cut that was found on others.

    Where there are none for now, the cut of those that were there stands.
    """
    return faces > 0 and (faces >= RENEWED_AT * found_on or RENEWED_AT * faces < found_on)


def group_by_dbscan(
    encodings: Encodings,
    photo_of: Mapping[FaceId, PhotoId],
    *,
    eps: float,
    min_samples: int,
    before: Sequence[Cluster] = (),
) -> Groups:
    """Group the faces with scikit-learn's DBSCAN; a face that is like no other is in no cluster.

    Two faces belong together when a chain of faces joins them, each at most `eps` (Euclidean, on
    the plain encodings) from the next, and each but the ends with `min_samples` faces in reach,
    itself counted. Of two faces of one photo in one cluster the most typical stays, the other is
    in no cluster; what people said is not heard. Clusters of fewer than `min_samples` faces are
    dropped. The order of the encodings does not matter. `photo_of` needs every face.
    """
    if not encodings.faces:
        return Groups()
    order = np.array(sorted(range(len(encodings.faces)), key=lambda row: encodings.faces[row]))
    faces = [encodings.faces[row] for row in order]
    rows = encodings.plain[order]
    from sklearn.cluster import DBSCAN  # takes a second, which no other command has to wait

    search = DBSCAN(eps=eps, min_samples=min_samples, metric="euclidean", algorithm="brute")
    labels = search.fit_predict(rows)
    found = []
    for label in sorted(set(labels.tolist()) - {_NOISE}):
        members = np.flatnonzero(labels == label)
        typical_first = members[_typical_first(rows[members])]
        kept = _one_a_photo([faces[member] for member in typical_first], photo_of)
        if len(kept) >= min_samples:
            found.append(kept)
    names = ids_for(found, before)
    return Groups(_largest_first(map(Cluster, names, map(tuple, found))))


def ids_for(found: Sequence[Collection[FaceId]], before: Iterable[Cluster]) -> list[ClusterId]:
    """An id for each of the clusters found: an old one's, if that is mostly the same.

    Mostly the same means that more than half of the old one's faces are in the new one, and that
    of the new one's faces that were in any old cluster more than half were in that one. So at most
    one new cluster goes on as an old one, and as one only, and a cluster to which faces come that
    were in none stays what it is. Every other cluster gets an id that none of the old ones has. No
    face may be in two clusters.
    """
    sizes: dict[ClusterId, int] = {}
    old: dict[FaceId, ClusterId] = {}
    for cluster in before:
        sizes[cluster.id] = len(cluster.faces)
        old.update(dict.fromkeys(cluster.faces, cluster.id))
    taken = set(sizes)
    ids = []
    for faces in found:
        from_old = Counter(old[face] for face in faces if face in old)
        known, shared = max(from_old.items(), key=lambda each: each[1], default=(None, 0))
        if known is not None and 2 * shared > max(sizes[known], from_old.total()):
            ids.append(known)
            continue
        ids.append(_new_id(faces, taken))
        taken.add(ids[-1])
    return ids


def cluster_id(faces: Iterable[FaceId], *, attempt: int = 0) -> ClusterId:
    """The name of a cluster that is new, from its faces alone, in whatever order."""
    content = ",".join(sorted(faces)) + (f"#{attempt}" if attempt else "")
    return ClusterId("c" + hashlib.sha256(content.encode()).hexdigest()[:16])


def _near(trust: Trust, name_of: Mapping[int, ClusterId]) -> tuple[MergeCandidate, ...]:
    """The pairs of clusters that have a name each, the likeliest first."""
    pairs = []
    for pair in trust.near:
        if pair.first in name_of and pair.second in name_of:
            first, second = sorted((name_of[pair.first], name_of[pair.second]))
            pairs.append(MergeCandidate(first, second, pair.score))
    return tuple(sorted(pairs, key=lambda pair: (-pair.score, pair.first, pair.second)))


def _loose(
    trust: Trust, name_of: Mapping[int, ClusterId], faces: Sequence[FaceId]
) -> tuple[LooseFace, ...]:
    """The faces alone that may be of a cluster, the likeliest first; a face alone is its label."""
    pairs = []
    for pair in trust.near:
        alone, other = sorted((pair.first, pair.second), key=name_of.__contains__)
        if alone not in name_of and other in name_of:
            pairs.append(LooseFace(faces[alone], name_of[other], pair.score))
    return tuple(sorted(pairs, key=lambda pair: (-pair.score, pair.face, pair.cluster)))


def _new_id(faces: Collection[FaceId], taken: Collection[ClusterId]) -> ClusterId:
    """A name that no other cluster has, though one may have begun with the same faces."""
    attempt = 0
    while (name := cluster_id(faces, attempt=attempt)) in taken:
        attempt += 1
    return name


def _largest_first(clusters: Iterable[Cluster]) -> tuple[Cluster, ...]:
    return tuple(sorted(clusters, key=lambda cluster: (-len(cluster.faces), cluster.id)))


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
