"""The current clusters and the machine's current proposals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from faces.records import Cluster, ClusterId, FaceId, PersonId, Proposal
from faces.store import tables as t


def save_run(
    connection: sa.Connection,
    run: str,
    clusters: Iterable[Cluster],
    *,
    how: Mapping[str, object],
    now: datetime,
) -> None:
    """Replace the clusters by those of a new run."""
    connection.execute(sa.delete(t.cluster_faces))
    connection.execute(sa.delete(t.cluster_runs))
    connection.execute(sa.insert(t.cluster_runs).values(id=run, at=now, how=dict(how)))
    rows = [
        {"cluster_id": cluster.id, "face_id": face, "position": position}
        for cluster in clusters
        for position, face in enumerate(cluster.faces)
    ]
    if rows:
        connection.execute(sa.insert(t.cluster_faces), rows)


def current_run(connection: sa.Connection) -> str | None:
    """The id of the run that the current clusters come from."""
    return connection.scalar(sa.select(t.cluster_runs.c.id))


def clusters(connection: sa.Connection) -> list[Cluster]:
    """The current clusters, the largest first."""
    members: dict[ClusterId, list[FaceId]] = defaultdict(list)
    query = sa.select(t.cluster_faces).order_by(
        t.cluster_faces.c.cluster_id, t.cluster_faces.c.position
    )
    for row in connection.execute(query):
        members[ClusterId(row.cluster_id)].append(FaceId(row.face_id))
    found = [Cluster(cluster, tuple(faces)) for cluster, faces in members.items()]
    return sorted(found, key=lambda cluster: (-len(cluster.faces), cluster.id))


def replace_proposals(connection: sa.Connection, proposals: Iterable[Proposal]) -> None:
    """Replace all proposals of the machine."""
    connection.execute(sa.delete(t.proposals))
    rows = [
        {"face_id": p.face, "source": p.source, "person_id": p.person, "score": p.score}
        for p in proposals
    ]
    if rows:
        connection.execute(sa.insert(t.proposals), rows)


def proposals(connection: sa.Connection) -> dict[FaceId, Proposal]:
    """The machine's guess for each face that it has one for."""
    return {
        FaceId(row.face_id): Proposal(
            FaceId(row.face_id),
            None if row.person_id is None else PersonId(row.person_id),
            row.score,
            row.source,
        )
        for row in connection.execute(sa.select(t.proposals))
    }
