"""The current clusters, the cut they were made at, and the machine's current proposals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from faces.records import (
    Cluster,
    ClusterId,
    FaceId,
    LooseFace,
    MergeCandidate,
    PersonId,
    Proposal,
)
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.upsert import upsert_all


def save_run(
    connection: sa.Connection,
    run: str,
    clusters: Iterable[Cluster],
    *,
    near: Iterable[MergeCandidate] = (),
    loose: Iterable[LooseFace] = (),
    how: Mapping[str, object],
    now: datetime,
) -> None:
    """Replace the clusters by those of a new run, and with them what is near them."""
    for table in (t.loose_faces, t.near_clusters, t.cluster_faces, t.clusters, t.cluster_runs):
        connection.execute(sa.delete(table))
    connection.execute(
        sa.insert(t.cluster_runs).values(id=run, at=now.astimezone(UTC), how=dict(how))
    )
    found = list(clusters)
    _insert(connection, t.clusters, [{"id": c.id, "confidence": c.confidence} for c in found])
    members = [
        {
            "cluster_id": cluster.id,
            "face_id": face,
            "position": position,
            "place": cluster.places[position] if cluster.places else None,
        }
        for cluster in found
        for position, face in enumerate(cluster.faces)
    ]
    _insert(connection, t.cluster_faces, members)
    pairs = [{"first_id": n.first, "second_id": n.second, "score": n.score} for n in near]
    _insert(connection, t.near_clusters, pairs)
    alone = [{"face_id": n.face, "cluster_id": n.cluster, "score": n.score} for n in loose]
    _insert(connection, t.loose_faces, alone)


def current_run(connection: sa.Connection) -> str | None:
    """The id of the run that the current clusters come from."""
    return connection.scalar(sa.select(t.cluster_runs.c.id))


def clusters(connection: sa.Connection) -> list[Cluster]:
    """The current clusters, the largest first."""
    members: dict[ClusterId, list[tuple[FaceId, float | None]]] = defaultdict(list)
    query = sa.select(t.cluster_faces).order_by(
        t.cluster_faces.c.cluster_id, t.cluster_faces.c.position
    )
    for row in connection.execute(query):
        members[ClusterId(row.cluster_id)].append((FaceId(row.face_id), row.place))
    confidence = {row.id: row.confidence for row in connection.execute(sa.select(t.clusters))}
    found = [
        Cluster(
            cluster,
            tuple(face for face, _ in placed),
            confidence.get(cluster),
            tuple(place for _, place in placed if place is not None),
        )
        for cluster, placed in members.items()
    ]
    return sorted(found, key=lambda cluster: (-len(cluster.faces), cluster.id))


def near_clusters(connection: sa.Connection) -> list[MergeCandidate]:
    """The pairs of current clusters that may be one person, the likeliest first.

    A pair of which one has lost all its faces since is none any more.
    """
    there = _with_faces(connection)
    told = (
        MergeCandidate(ClusterId(row.first_id), ClusterId(row.second_id), row.score)
        for row in connection.execute(sa.select(t.near_clusters))
    )
    pairs = [pair for pair in told if {pair.first, pair.second} <= there]
    return sorted(pairs, key=lambda pair: (-pair.score, pair.first, pair.second))


def loose_faces(connection: sa.Connection) -> list[LooseFace]:
    """The faces in no cluster that may be of a current one, the likeliest first.

    A cluster that has lost all its faces since is none any more.
    """
    there = _with_faces(connection)
    told = (
        LooseFace(FaceId(row.face_id), ClusterId(row.cluster_id), row.score)
        for row in connection.execute(sa.select(t.loose_faces))
    )
    pairs = [pair for pair in told if pair.cluster in there]
    return sorted(pairs, key=lambda pair: (-pair.score, pair.face, pair.cluster))


def save_cut(
    connection: sa.Connection,
    cut_id: str,
    cut: Mapping[str, object],
    *,
    network: str,
    now: datetime,
) -> None:
    """Keep a cut in place of the one before; clusters of another network have none then."""
    connection.execute(sa.delete(t.cuts))
    kept = {"id": cut_id, "network": network, "at": now.astimezone(UTC), "cut": dict(cut)}
    connection.execute(sa.insert(t.cuts).values(**kept))


def stored_cut(connection: sa.Connection, network: str) -> tuple[str, dict[str, Any]] | None:
    """The cut that was found on encodings of this network: its id and what was kept."""
    row = connection.execute(sa.select(t.cuts).where(t.cuts.c.network == network)).one_or_none()
    return None if row is None else (row.id, row.cut)


def replace_proposals(connection: sa.Connection, wanted: Iterable[Proposal]) -> None:
    """Replace all proposals of the machine; what is the same already is not written."""
    there = proposals(connection)
    now = {proposal.face: proposal for proposal in wanted}
    for gone in in_chunks(sorted(there.keys() - now.keys())):
        connection.execute(sa.delete(t.proposals).where(t.proposals.c.face_id.in_(gone)))
    rows = [
        {"face_id": p.face, "source": p.source, "person_id": p.person, "score": p.score}
        for face, p in now.items()
        if there.get(face) != p
    ]
    upsert_all(connection, t.proposals, rows, key=("face_id",))


def proposals(
    connection: sa.Connection, only: Collection[FaceId] | None = None
) -> dict[FaceId, Proposal]:
    """The machine's guess for each face (or some) that it has one for."""
    query = sa.select(t.proposals)
    if only is None:
        rows = list(connection.execute(query))
    else:
        some = (query.where(t.proposals.c.face_id.in_(part)) for part in in_chunks(sorted(only)))
        rows = [row for part in some for row in connection.execute(part)]
    return {FaceId(row.face_id): _proposal(row) for row in rows}


def _proposal(row: sa.Row[Any]) -> Proposal:
    person = None if row.person_id is None else PersonId(row.person_id)
    return Proposal(FaceId(row.face_id), person, row.score, row.source)


def _with_faces(connection: sa.Connection) -> set[ClusterId]:
    clusters = connection.scalars(sa.select(t.cluster_faces.c.cluster_id).distinct())
    return {ClusterId(cluster) for cluster in clusters}


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
