"""What the machine makes of every face: a proposed name, and the likeliest people on offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faces.confirmations import Truth
from faces.desk_tasks import OFFERED_PEOPLE
from faces.identify import Identifier, look_alikes_known, respecting
from faces.learned import Learned, proposals_of
from faces.look_alikes import LookAlikes, side_by_side
from faces.records import Cluster, Encodings, FaceId, PersonId, Proposal, identity_rows


@dataclass(frozen=True)
class Guesses:
    """For each face a proposal, if there is one, and whom it could be, likeliest first.

    `learned` is who is known by now.
    """

    proposals: Mapping[FaceId, Proposal] = field(default_factory=dict)
    likeliest: Mapping[FaceId, Sequence[PersonId]] = field(default_factory=dict)
    learned: Learned = field(default_factory=Learned)


def guess(
    encodings: Encodings,
    truth: Truth,
    clusters: Sequence[Cluster],
    *,
    run: str,
    identifier: Identifier | None,
) -> Guesses:
    """Ask the model version, the clusters, and the faces that people confirmed.

    Whom the version knows is proposed by it alone. Of whoever was named since, and of everybody
    before there is a version, the clusters speak; where they are silent, the confirmed faces do.

    Raises:
        SetupError: the encodings are of another network than those the version learned from.
    """
    if identifier is not None:
        identifier.refuse_other_network(encodings)
    rows = identity_rows(encodings)
    version = None if identifier is None else identifier.version
    learned = Learned.of(truth, encodings.faces, rows, version=version)
    likeliest = learned.likeliest(rows, OFFERED_PEOPLE)
    of_faces = proposals_of(encodings.faces, learned, likeliest, otherwise=run)
    of_clusters = {
        proposal.face: proposal
        for proposal in _proposals_of_clusters(clusters, truth, run)
        if proposal.person not in learned.in_version
        and _person_of(of_faces.get(proposal.face)) not in learned.in_version
    }
    look_alikes = look_alikes_known(truth, version)
    proposals = respecting((of_faces | of_clusters).values(), truth, look_alikes)
    return Guesses(
        {proposal.face: proposal for proposal in proposals},
        {
            face: _allowed(face, likeliest.of(row), truth, look_alikes)
            for row, face in enumerate(encodings.faces)
        },
        learned,
    )


def _person_of(proposal: Proposal | None) -> PersonId | None:
    return None if proposal is None else proposal.person


def _proposals_of_clusters(clusters: Sequence[Cluster], truth: Truth, run: str) -> list[Proposal]:
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
    return proposals


def _allowed(
    face: FaceId, people: Iterable[PersonId], truth: Truth, look_alikes: LookAlikes
) -> list[PersonId]:
    """Without anybody whom the face was said not to be; who are taken for each other together."""
    refused = truth.rejected.get(face, frozenset())
    offered = side_by_side((one for one in people if one not in refused), look_alikes)
    return [person for person in offered if person not in refused][:OFFERED_PEOPLE]
