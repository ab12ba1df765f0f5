"""Which name a face is shown with: the same whether its prediction was pushed or asked for."""

from __future__ import annotations

from collections.abc import Mapping

from faces.confirmations import Truth
from faces.records import Face, PersonId, Proposal
from faces.studio_format import UNKNOWN, ShownFace

FIRST_ROUND = "faceloop-0000"
"""The round before anything was pushed."""
ROUND_FACT = "round"
"""Under this name the store notes the round that the Photos project shows."""


def shown_face(
    face: Face,
    proposal: Proposal | None,
    truth: Truth,
    *,
    learned: Mapping[PersonId, str] | None = None,
) -> ShownFace:
    """A face with its name as it stands now.

    A confirmed face has its person's name and a stranger none. A carried one has its group's, as
    sure as the machine is of it, for nobody looked. Of the others the machine speaks, and its note
    says which run or version did. The score is 0 where nobody is named.
    """
    confirmed = truth.confirmed.get(face.id)
    if confirmed is not None:
        name = name_of(confirmed.person, truth, learned=learned)
        return ShownFace(face.id, face.box, name, 1.0, "confirmed")
    if face.id in truth.strangers:
        return ShownFace(face.id, face.box, UNKNOWN, 1.0, "stranger")
    if face.id in truth.carried:
        return _carried(face, proposal, truth, learned)
    if proposal is None:
        return ShownFace(face.id, face.box, UNKNOWN, 0.0)
    name = name_of(proposal.person, truth, learned=learned)
    if name == UNKNOWN:
        return ShownFace(face.id, face.box, UNKNOWN, 0.0)
    return ShownFace(face.id, face.box, name, round(proposal.score, 3), proposal.source)


def _carried(
    face: Face,
    proposal: Proposal | None,
    truth: Truth,
    learned: Mapping[PersonId, str] | None,
) -> ShownFace:
    """A face that nobody looked at, with the name that was given to its group."""
    person = truth.carried[face.id]
    guessed = None if proposal is None else proposal.person
    score = 0.0
    if proposal is not None and guessed is not None and truth.resolve(guessed) == person:
        score = round(proposal.score, 3)
    return ShownFace(face.id, face.box, name_of(person, truth, learned=learned), score, "carried")


def name_of(
    person: PersonId | None, truth: Truth, *, learned: Mapping[PersonId, str] | None = None
) -> str:
    """What a person is called now, or was when a model version learned them; else unknown."""
    if person is None:
        return UNKNOWN
    known = truth.people.get(truth.resolve(person))
    return known.name if known is not None else (learned or {}).get(person, UNKNOWN)
