"""What visitors of the app say of faces: shown to annotators, and no word that counts.

A visitor whom nobody knows could say anything. So what they say stands beside the log, never in it,
and waits until somebody who may answer has looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from faces.confirmations import Truth, Verdict
from faces.records import FaceId, Person, PersonId

SUGGESTIBLE = frozenset({Verdict.IS, Verdict.IS_NOT, Verdict.NOT_A_FACE})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A visitor says: this face is, or is not, somebody, or it is no face.

    `name` is as it was said; `person` is whom it meant then, None for somebody new. Whoever knows
    the `id`, which nobody can guess, may take it back.
    """

    id: str
    face: FaceId
    verdict: Verdict
    at: datetime
    name: str = ""
    person: PersonId | None = None

    def __post_init__(self) -> None:
        """Refuse what no visitor can say, a name too many or too few, and a time without a zone."""
        if self.verdict not in SUGGESTIBLE:
            raise ValueError(f"no visitor says {self.verdict!s}")
        if bool(self.name) != (self.verdict is not Verdict.NOT_A_FACE):
            raise ValueError(f"{self.verdict!s} and the name {self.name!r} do not fit together")
        if self.at.tzinfo is None:
            raise ValueError(f"a suggestion's time needs a zone, got {self.at.isoformat()}")

    def meant(self, truth: Truth) -> Person | None:
        """Who is meant, as people are known now; None for somebody whom nobody named yet."""
        if self.person is not None and truth.resolve(self.person) in truth.people:
            return truth.people[truth.resolve(self.person)]
        return truth.person_named(self.name) if self.name else None

    def told(self, truth: Truth) -> str:
        """What is said, as annotators read it."""
        if self.verdict is Verdict.NOT_A_FACE:
            return "not a face"
        meant = self.meant(truth)
        name = self.name if meant is None else meant.name
        return f"not {name}" if self.verdict is Verdict.IS_NOT else name


def waiting(suggested: Iterable[Suggestion], truth: Truth) -> dict[FaceId, Suggestion]:
    """What is to be shown, by face: of no face that people have looked at, or disagree on."""
    answered = truth.looked_at | truth.disputed
    return {one.face: one for one in suggested if one.face not in answered}
