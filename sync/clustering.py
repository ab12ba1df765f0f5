"""Group all faces by person. A run is named by how it groups, and grows with the photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from faces.cluster import Groups, group_by_dbscan, group_people, needs_new_cut
from faces.confirmations import Truth
from faces.constraints import Constraints, constraints_of
from faces.contradictions import Contradiction
from faces.cut import Cut
from faces.cut_finding import find_cut
from faces.quality import ENOUGH, quality
from faces.records import NETWORK, Encodings, FaceId, PhotoId
from faces.regrouping import Regrouping
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos
from faces.store.database import Store
from sync.dask_blocks import blocks_on

_GIVEN = "clustered_faces"
"""Under which name the store notes what the current clusters were made of."""

_WORTH_SENDING = 50_000
"""From so many faces on, other machines are faster than this one by itself."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """What a run found; `changed` is false when the same clusters stood there already.

    `faces` are those that could be grouped; the `poor` ones were left out. `contradictions` are
    those in what people said, of which the grouping could not heed both sides.
    """

    run: str
    clusters: int
    clustered_faces: int
    faces: int
    poor: int
    changed: bool
    contradictions: tuple[Contradiction, ...] = ()


def cluster_photos(
    store: Store,
    *,
    now: datetime,
    new_cut: bool = False,
    kept: Regrouping | None = None,
    scheduler: str = "",
    jobs: int = 0,
) -> Clustered:
    """Group the faces of all photos that are there, without those that people called no face.

    Of photos that are gone, the faces that somebody spoke of stay: their names hold for those who
    look like them. Left out, too, are faces too small, blurred, turned away or doubtful to be told
    apart (`faces.quality`), unless somebody spoke of them; they stay on their photos.

    How alike faces must be, the cut, is kept, and found anew where there is none that fits so many
    faces, or with `new_cut`. A run is named by its cut: with the same one, what it proposes is
    shown in the same round, so that a few new photos do not make Label Studio show everything anew.
    With `kept`, the grouping that the last call with it made is gone on from. Very many faces are
    compared by the Dask cluster at `scheduler`, if there is one (`jobs` is for a local one).

    Raises:
        SetupError: the scheduler does not answer, or is lost.
    """
    known = _gather(store)
    faces = known.encodings.faces
    constraints = constraints_of(faces, known.photo_of, known.truth, called=known.called)
    cut = None if new_cut else known.cut
    if cut is None or needs_new_cut(cut.faces, len(faces)):
        cut = _found(known.encodings, constraints)
    told = cut.to_json()
    how: dict[str, object] = {"method": "people", "network": NETWORK, "cut": _digest(told)}
    settled = known.truth.settled
    heard = [constraints.together, constraints.apart, constraints.people]
    heard += [np.array([face in settled for face in faces], dtype=bool)]
    run = _Run.on(known, "people", how, heard)
    if run.is_last(known) and known.cut is not None:
        return known.told(run, known.groups, constraints)
    before = known.groups.clusters
    with ExitStack() as opened:
        elsewhere = scheduler and len(faces) >= _WORTH_SENDING
        mapped = opened.enter_context(blocks_on(scheduler, jobs=jobs)) if elsewhere else None
        groups = group_people(
            known.encodings,
            cut,
            constraints,
            settled=settled,
            before=before,
            kept=kept,
            mapped=mapped,
        )
    _save(store, known, run, groups, cut=None if cut is known.cut else told, now=now)
    return known.told(run, groups, constraints)


def cluster_photos_by_dbscan(
    store: Store, *, eps: float, min_samples: int, now: datetime
) -> Clustered:
    """Group the same faces with scikit-learn's DBSCAN; the same settings are the same run."""
    known = _gather(store)
    how: dict[str, object] = {"method": "dbscan", "eps": eps}
    how |= {"min_samples": min_samples, "network": NETWORK}
    run = _Run.on(known, "dbscan", how)
    if run.is_last(known):
        return known.told(run, known.groups)
    groups = group_by_dbscan(
        known.encodings,
        known.photo_of,
        eps=eps,
        min_samples=min_samples,
        before=known.groups.clusters,
    )
    _save(store, known, run, groups, now=now)
    return known.told(run, groups)


@dataclass(frozen=True)
class _Known:
    """What a run starts from, and what the last one found."""

    encodings: Encodings
    poor: int
    photo_of: Mapping[FaceId, PhotoId]
    called: Mapping[PhotoId, str]
    truth: Truth
    cut: Cut | None
    run: str | None
    groups: Groups
    given: str | None

    def told(self, run: _Run, groups: Groups, constraints: Constraints | None = None) -> Clustered:
        """What a run that found these groups says."""
        return Clustered(
            run.name,
            len(groups.clusters),
            sum(len(cluster.faces) for cluster in groups.clusters),
            len(self.encodings.faces),
            self.poor,
            changed=(self.run, self.groups) != (run.name, groups),
            contradictions=constraints.contradictions if constraints else (),
        )


@dataclass(frozen=True)
class _Run:
    """A way to group, by which it is named, on certain faces; `given` names all it depends on."""

    name: str
    how: Mapping[str, object]
    given: str

    @classmethod
    def on(
        cls,
        known: _Known,
        method: str,
        how: Mapping[str, object],
        heard: Iterable[npt.NDArray[np.generic]] = (),
    ) -> _Run:
        """This way on the faces that are known; `heard` is what it heeds of people's words."""
        name = f"{method}-{_digest(how)}"
        digest = hashlib.sha256(name.encode())
        for face in known.encodings.faces:
            digest.update(f"{face} {known.photo_of[face]} ".encode())
        for values in (known.encodings.plain, known.encodings.mirrored, *heard):
            digest.update(f"{values.shape} ".encode())
            digest.update(np.ascontiguousarray(values).data)
        return cls(name, how, digest.hexdigest())

    def is_last(self, known: _Known) -> bool:
        """Whether the last run was this one, on the same faces: then nothing is grouped again."""
        return (self.name, self.given) == (known.run, known.given)


def _gather(store: Store) -> _Known:
    """Read all that is known of the faces that can be grouped."""
    with store.read() as connection:
        encodings = photos.encodings(connection, NETWORK)
        faces = photos.faces(connection)
        there = {photo.id for photo in photos.photos_there(connection)}
        truth = log.truth(connection)
        clusters = tuple(cluster_store.clusters(connection))
        near = tuple(cluster_store.near_clusters(connection))
        groups = Groups(clusters, near, tuple(cluster_store.loose_faces(connection)))
        stored = cluster_store.stored_cut(connection, NETWORK)
        run, given = cluster_store.current_run(connection), ledger.fact(connection, _GIVEN)
        called = photos.paths_of_photos(connection)
    photo_of = {face.id: face.photo for face in faces}
    gone = {face for face, photo in photo_of.items() if photo not in there}
    poor = {face.id for face in faces if quality(face) < ENOUGH} - truth.spoken_of - gone
    left_out = truth.not_faces | poor | (gone - truth.spoken_of)
    return _Known(
        _without(encodings, left_out),
        len(poor),
        photo_of,
        called,
        truth,
        None if stored is None else Cut.from_store(stored[1]),
        run,
        groups,
        given,
    )


def _found(encodings: Encodings, constraints: Constraints) -> Cut:
    """A cut found on these faces, and on what was said of them."""
    return find_cut(
        encodings.plain,
        encodings.mirrored,
        together=constraints.together,
        apart=constraints.apart,
        people=constraints.people,
    )


def _save(
    store: Store,
    known: _Known,
    run: _Run,
    groups: Groups,
    *,
    cut: Mapping[str, object] | None = None,
    now: datetime,
) -> None:
    """Keep what was found, and the cut if it is a new one."""
    with store.write() as connection:
        if cut is not None:
            cluster_store.save_cut(connection, _digest(cut), cut, network=NETWORK, now=now)
        if (known.run, known.groups) != (run.name, groups):
            cluster_store.save_run(
                connection,
                run.name,
                groups.clusters,
                near=groups.near,
                loose=groups.loose,
                how=run.how,
                now=now,
            )
        ledger.set_fact(connection, _GIVEN, run.given)


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
