"""Whom faces resemble: from a model version's probabilities to names, as people allow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from faces.confirmations import Truth
from faces.identify import Identifier, look_alikes_known, respecting
from faces.look_alikes import LookAlikes, side_by_side
from faces.records import Face, FaceId, FloatRows, PersonId, Proposal, ReadPhoto, identity_rows
from serve.answers import Likely, NamedFace

_ENOUGH = 4
"""So many times as many people as are shown are looked at for those who look alike."""


@dataclass(frozen=True)
class Known:
    """Whom a model version knows, what they are called now, and who is taken for whom."""

    truth: Truth
    identifier: Identifier

    def name_of(self, person: PersonId) -> str:
        """What somebody is called now, or was called when the model learned."""
        now = self.truth.people.get(self.truth.resolve(person))
        return self._at_training[person] if now is None else now.name

    @cached_property
    def look_alikes(self) -> LookAlikes:
        """Who is often taken for whom."""
        return look_alikes_known(self.truth, self.identifier.version)

    @cached_property
    def is_each_one(self) -> bool:
        """Whether no two people of the version are one by now."""
        people = self.identifier.version.people
        return len({self.truth.resolve(one.id) for one in people}) == len(people)

    def refused(self, face: FaceId) -> frozenset[PersonId]:
        """Who a face is not, as people said."""
        return self.truth.rejected.get(face, frozenset())

    @cached_property
    def _at_training(self) -> Mapping[PersonId, str]:
        return {one.id: one.name for one in self.identifier.version.people}


def named_faces(read: ReadPhoto, known: Known, *, count: int) -> list[NamedFace]:
    """The faces of a picture in the order in which they were read, named.

    Each has the `count` people whom it is likeliest to be.

    Raises:
        SetupError: the model version learned from another network's encodings.
    """
    if not read.faces:
        return []
    proposals = {one.face: one for one in known.identifier.propose(read.encodings)}
    rows = identity_rows(read.encodings)
    chances = dict(zip(read.encodings.faces, _chances(rows, known, count), strict=True))
    return [
        named_face(face, proposals[face.id], chances[face.id], known, count=count)
        for face in read.faces
    ]


def named_face(
    face: Face,
    proposal: Proposal,
    chances: Mapping[PersonId, float],
    known: Known,
    *,
    count: int,
) -> NamedFace:
    """A face with the name that is proposed for it, if people allow that, and the likeliest.

    Nobody is chosen among people who are often taken for each other.
    """
    [allowed] = respecting([proposal], known.truth, known.look_alikes)
    refused = known.refused(face.id)
    likeliest = likely_people(chances, known, refused=refused, count=count)
    if allowed.person is not None:
        name, certainty = known.name_of(allowed.person), min(1.0, allowed.score)
        return NamedFace(face.box, name, certainty, likeliest, id=face.id)
    either = _either(proposal, known, refused)
    if either:
        certainty = min(1.0, sum(chances.get(one, 0.0) for one in either))
    else:
        certainty = max(0.0, 1.0 - sum(one.probability for one in likeliest))
    names = tuple(known.name_of(one) for one in either)
    return NamedFace(face.box, None, certainty, likeliest, names, face.id)


def _either(proposal: Proposal, known: Known, refused: frozenset[PersonId]) -> tuple[PersonId, ...]:
    """Who is proposed and whoever is taken for them; nobody if nobody is, or people said no."""
    if proposal.person is None:
        return ()
    person = known.truth.resolve(proposal.person)
    if person in refused:
        return ()
    alike = side_by_side([person], known.look_alikes)
    return tuple(one for one in alike if one not in refused)


def likely_people(
    chances: Mapping[PersonId, float],
    known: Known,
    *,
    refused: frozenset[PersonId],
    count: int,
) -> tuple[Likely, ...]:
    """The likeliest `count`, each followed by whoever is taken for them; not who is refused."""
    allowed = [person for person in chances if person not in refused]
    ordered = sorted(allowed, key=lambda one: (-chances[one], known.name_of(one)))[:count]
    shown = side_by_side(ordered, known.look_alikes)
    return tuple(
        Likely(known.name_of(one), min(1.0, chances.get(one, 0.0)), one)
        for one in shown
        if one not in refused
    )


def _chances(rows: FloatRows, known: Known, count: int) -> list[dict[PersonId, float]]:
    """For each row the chances of the likeliest people; two who are one by now are added up."""
    everybody = len(known.identifier.version.people)
    enough = min(_ENOUGH * count, everybody) if known.is_each_one else everybody
    return [_now(found, known) for found in known.identifier.likeliest(rows, enough)]


def _now(found: Sequence[tuple[PersonId, float]], known: Known) -> dict[PersonId, float]:
    chances: dict[PersonId, float] = {}
    for person, chance in found:
        now = known.truth.resolve(person)
        chances[now] = chances.get(now, 0.0) + chance
    return chances
