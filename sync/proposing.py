"""What the machine makes of every face: a proposed name, and the likeliest people on offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from faces.confirmations import Truth
from faces.identify import Identifier, nearest_people, respecting
from faces.records import Cluster, Encodings, FaceId, PersonId, Proposal, identity_rows

OFFERED_PEOPLE = 9
"""As many as there are hotkeys from 1 to 9."""


@dataclass(frozen=True)
class Guesses:
    """For each face a proposal, if there is one, and whom it could be, likeliest first."""

    proposals: Mapping[FaceId, Proposal] = field(default_factory=dict)
    likeliest: Mapping[FaceId, Sequence[PersonId]] = field(default_factory=dict)


def guess(
    encodings: Encodings,
    truth: Truth,
    clusters: Sequence[Cluster],
    *,
    run: str,
    identifier: Identifier | None,
) -> Guesses:
    """Ask the model version, or, before there is one, the clusters and who is near."""
    if identifier is None:
        return Guesses(_proposals_of_clusters(clusters, truth, run), _nearest(encodings, truth))
    proposals = respecting(identifier.propose(encodings), truth)
    likeliest = identifier.likeliest(identity_rows(encodings), OFFERED_PEOPLE)
    return Guesses(
        {proposal.face: proposal for proposal in proposals},
        {
            face: _allowed(face, [truth.resolve(person) for person, _ in people], truth)
            for face, people in zip(encodings.faces, likeliest, strict=True)
        },
    )


def _proposals_of_clusters(
    clusters: Sequence[Cluster], truth: Truth, run: str
) -> dict[FaceId, Proposal]:
    """A cluster whose confirmed faces are mostly one person proposes that person for the rest.

    The score is the share of the confirmed faces that agree.
    """
    proposals: list[Proposal] = []
    for cluster in clusters:
        named = [truth.confirmed[face].person for face in cluster.faces if face in truth.confirmed]
        if not named:
            continue
        person, votes = Counter(sorted(named)).most_common(1)[0]
        if 2 * votes > len(named):
            score = votes / len(named)
            proposals += [Proposal(face, person, score, run) for face in cluster.faces]
    return {proposal.face: proposal for proposal in respecting(proposals, truth)}


def _nearest(encodings: Encodings, truth: Truth) -> dict[FaceId, Sequence[PersonId]]:
    rows = identity_rows(encodings)
    known = [row for row, face in enumerate(encodings.faces) if face in truth.confirmed]
    if not known:
        return {}
    people = [truth.confirmed[encodings.faces[row]].person for row in known]
    nearest = nearest_people(rows, rows[known], people, OFFERED_PEOPLE)
    return {
        face: _allowed(face, near, truth)
        for face, near in zip(encodings.faces, nearest, strict=True)
    }


def _allowed(face: FaceId, people: Sequence[PersonId], truth: Truth) -> list[PersonId]:
    """Without anybody whom the face was said not to be, and without doubles."""
    refused = truth.rejected.get(face, frozenset())
    return [person for person in dict.fromkeys(people) if person not in refused]
