"""On which occasions was said what holds now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from faces.bonds import Bond
from faces.confirmations import FacesApart, NotOnePerson, Occasion, Truth, Verdict
from faces.opinions import Heard, Opinion, heard_of_faces
from faces.records import FaceId, PersonId


@dataclass(frozen=True)
class WhoSaid:
    """Finds occasions in a truth that was folded from the log; `bonds` are those that hold."""

    truth: Truth
    bonds: Sequence[Bond]

    def opinions(self, face: FaceId) -> list[Opinion]:
        """Each speaker's last word on who a face is, and on each whom it is not.

        Who cannot tell says nothing.
        """
        heard = self._heard.get(face, Heard())
        return [*heard.told().values(), *heard.who_not.values()]

    def naming(self, face: FaceId) -> list[Occasion]:
        """Where a face that is confirmed got its name."""
        if face not in self.truth.confirmed:
            return []
        return [one.occasion for one in self.opinions(face) if one.verdict is Verdict.IS]

    def stranger(self, face: FaceId) -> list[Occasion]:
        """Where a face that is a stranger was called so."""
        if face not in self.truth.strangers:
            return []
        return [one.occasion for one in self.opinions(face) if one.verdict is Verdict.STRANGER]

    def rejecting(self, face: FaceId, person: PersonId) -> Iterator[Occasion]:
        """Where a face was said not to be a person, or apart from one who has that name."""
        for one in self.opinions(face):
            if one.verdict is Verdict.IS_NOT and one.person == person:
                yield one.occasion
        for other in sorted(self._apart.get(face, ())):
            confirmed = self.truth.confirmed.get(other)
            if confirmed is not None and confirmed.person == person:
                yield from (*self.apart(face, other), *self.naming(other))

    def apart(self, face: FaceId, other: FaceId) -> Sequence[Occasion]:
        """Where two faces were said to be two people, whichever was named first."""
        return self._apart.get(face, {}).get(other, ())

    def together(self, face: FaceId) -> Sequence[Occasion]:
        """Where a face was said to be one person with others, as far as that holds."""
        return self._together.get(face, ())

    def mixed(self) -> Iterator[tuple[Occasion, Sequence[FaceId]]]:
        """Where faces were said not to be all one person."""
        for event in self.truth.standing:
            if isinstance(event.word, NotOnePerson):
                yield event.occasion, event.word.faces

    @cached_property
    def _heard(self) -> Mapping[FaceId, Heard]:
        return heard_of_faces(self.truth.standing, self.truth.resolve)

    @cached_property
    def _apart(self) -> Mapping[FaceId, Mapping[FaceId, list[Occasion]]]:
        holds = {frozenset(pair) for pair in self.truth.apart}
        said: dict[FaceId, dict[FaceId, list[Occasion]]] = defaultdict(dict)
        for event in self.truth.standing:
            if isinstance(event.word, FacesApart):
                face = event.word.face
                for other in event.word.others:
                    if frozenset((face, other)) in holds:
                        said[face].setdefault(other, []).append(event.occasion)
                        said[other].setdefault(face, []).append(event.occasion)
        return said

    @cached_property
    def _together(self) -> Mapping[FaceId, list[Occasion]]:
        said: dict[FaceId, list[Occasion]] = defaultdict(list)
        for bond in self.bonds:
            for face in bond.faces:
                said[face] += bond.said
        return said
