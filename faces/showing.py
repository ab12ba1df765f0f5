"""Which name a face is shown with: the same whether its prediction was pushed or asked for."""

from __future__ import annotations

from collections.abc import Mapping

from faces.confirmations import Truth, Verdict
from faces.records import Face, PersonId, Proposal
from faces.studio_format import UNKNOWN, ShownFace
from faces.suggestions import Suggestion

FIRST_ROUND = "faceloop-0000"
"""The round before anything was pushed."""
BY_VISITOR = "app, a visitor says"
"""How the note of a face begins of which a visitor suggested something."""
ROUND_FACT = "round"
"""Under this name the store notes the round that the Photos project shows."""


def shown_face(
    face: Face,
    proposal: Proposal | None,
    truth: Truth,
    *,
    learned: Mapping[PersonId, str] | None = None,
    suggested: Suggestion | None = None,
) -> ShownFace:
    """A face with its name as it stands now.

    A confirmed face has its person's name and a stranger none. Of a face that nobody looked at a
    visitor's suggestion is shown, as sure as the machine is of it. A carried one has its group's
    name, as sure likewise. Of the others the machine speaks, and its note says which run or version
    did. The score is 0 where nobody is named.
    """
    confirmed = truth.confirmed.get(face.id)
    if confirmed is not None:
        name = name_of(confirmed.person, truth, learned=learned)
        return ShownFace(face.id, face.box, name, 1.0, "confirmed")
    if face.id in truth.strangers:
        return ShownFace(face.id, face.box, UNKNOWN, 1.0, "stranger")
    if suggested is not None and face.id not in truth.looked_at | truth.disputed:
        return _suggested(face, suggested, proposal, truth)
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
    score = _certainty(person, proposal, truth)
    return ShownFace(face.id, face.box, name_of(person, truth, learned=learned), score, "carried")


def _suggested(
    face: Face, suggested: Suggestion, proposal: Proposal | None, truth: Truth
) -> ShownFace:
    """A face of which a visitor of the app said something that nobody has answered yet.

    Who is known is proposed; a new name, and what the face is not, only stands beside it.
    """
    note = f"{BY_VISITOR}: {suggested.told(truth)}"
    meant = suggested.meant(truth)
    is_who = suggested.verdict is Verdict.IS
    if not is_who or meant is None or meant.id in truth.rejected.get(face.id, ()):
        return ShownFace(face.id, face.box, UNKNOWN, 0.0, note)
    score = _certainty(meant.id, proposal, truth)
    return ShownFace(face.id, face.box, meant.name, score, note)


def _certainty(person: PersonId, proposal: Proposal | None, truth: Truth) -> float:
    """How sure the machine is that it is this person; 0 if it says somebody else, or nothing."""
    if proposal is None or proposal.person is None or truth.resolve(proposal.person) != person:
        return 0.0
    return round(proposal.score, 3)


def name_of(
    person: PersonId | None, truth: Truth, *, learned: Mapping[PersonId, str] | None = None
) -> str:
    """What a person is called now, or was when a model version learned them; else unknown."""
    if person is None:
        return UNKNOWN
    known = truth.people.get(truth.resolve(person))
    return known.name if known is not None else (learned or {}).get(person, UNKNOWN)
