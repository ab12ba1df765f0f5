"""Where people's words contradict each other, told with the annotations that caused it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from faces.bonds import Bound, Clash, Outcast, Unit
from faces.confirmations import Occasion, Truth, Verdict
from faces.opinions import Opinion
from faces.records import FaceId, PersonId, PhotoId
from faces.who_said import WhoSaid

_TOLD = 3
"""How many photos, speakers or places a message lists; it counts the others."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Words that cannot all be right: of which faces, on which occasions, and what to do.

    `said` are the occasions of both sides, the earliest first.
    """

    faces: tuple[FaceId, ...]
    photos: tuple[PhotoId, ...]
    said: tuple[Occasion, ...]
    message: str

    @property
    def places(self) -> tuple[str, ...]:
        """Where it was said: "annotation:17" and the like."""
        return tuple(sorted({occasion.place for occasion in self.said}))

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who said it."""
        return tuple(sorted({occasion.speaker for occasion in self.said}))


def contradictions_in(
    truth: Truth,
    bound: Bound,
    twice: Iterable[Sequence[FaceId]],
    *,
    photo_of: Mapping[FaceId, PhotoId],
    called: Mapping[PhotoId, str],
) -> tuple[Contradiction, ...]:
    """All contradictions, in the order of their faces.

    `twice` are faces of one photo that people called one person without saying why that can be;
    `called` has what people know photos by, else a photo is told by the start of its id.
    """
    teller = _Teller(truth, bound, WhoSaid(truth, bound.bonds), photo_of, called)
    found = [
        *filter(None, (teller.of_clash(clash) for clash in bound.clashes)),
        *(teller.of_outcast(outcast) for outcast in bound.outcasts),
        *(teller.of_dispute(face) for face in truth.disputed),
        *(teller.of_twice(faces) for faces in twice),
        *filter(None, map(teller.of_mixed, teller.said.mixed())),
    ]
    return tuple(sorted(found, key=lambda one: (one.faces, one.message)))


@dataclass(frozen=True, slots=True)
class _Claim:
    """Something that was said, in a few words, and on which occasions."""

    text: str
    said: tuple[Occasion, ...]

    def __str__(self) -> str:
        return f"{self.text}, {_says(self.said)}"


@dataclass(frozen=True)
class _Teller:
    """Makes sentences of contradictions."""

    truth: Truth
    bound: Bound
    said: WhoSaid
    photo_of: Mapping[FaceId, PhotoId]
    called: Mapping[PhotoId, str]

    def of_clash(self, clash: Clash) -> Contradiction | None:
        """Faces that are one person and are not; nothing if one speaker changed their mind."""
        together = tuple(occasion for bond in clash.bonds for occasion in bond.said)
        inside = self._faces_by_unit(clash)
        claims = list(self._against(inside))
        against = [occasion for claim in claims for occasion in claim.said]
        if len(clash.bonds) == 1 and _only_a_change_of_mind(together, against):
            return None
        faces = [face for own in inside.values() for face in own]
        text = (
            f"{self._some(faces)}: {_listed([_Claim('one person', together), *claims])}. They are "
            "kept apart. Look at them again and change the answer that is wrong."
        )
        return self._contradiction(faces, (*together, *against), text)

    def of_outcast(self, outcast: Outcast) -> Contradiction:
        """A face with a name of which is said that it is not one with others of that name."""
        name = self._name(outcast.person)
        named = self.said.naming(outcast.face)
        apart = [o for other in outcast.others for o in self.said.apart(outcast.face, other)]
        others = [o for other in outcast.others for o in self.said.naming(other)]
        count = len(outcast.others)
        like, these = (
            ("another face", "that") if count == 1 else (f"{count:,} other faces", "those")
        )
        claims = [
            _Claim(f"{name} like {like}", (*named, *others)),
            _Claim(f"another person than {these}", tuple(apart)),
        ]
        text = (
            f"{self._some([outcast.face])}: {_listed(claims)}. It keeps its name, but is grouped "
            f"apart from {name}. Look at it again and change the answer that is wrong."
        )
        faces = [outcast.face, *outcast.others]
        return self._contradiction(faces, (*named, *apart, *others), text)

    def of_dispute(self, face: FaceId) -> Contradiction:
        """A face of which two speakers say different things."""
        claims = list(self._opinions(face))
        text = (
            f"{self._some([face])}: {_listed(claims)}. It counts for nobody. Look at it again and "
            "change the answer that is wrong."
        )
        return self._contradiction([face], [o for claim in claims for o in claim.said], text)

    def of_twice(self, faces: Sequence[FaceId]) -> Contradiction:
        """One person in one photo, as people said without saying why."""
        people = {self.bound.person_of[face] for face in faces if face in self.bound.person_of}
        who = self._name(min(people)) if people else "one person"
        times = "twice" if len(faces) == 2 else f"{len(faces)} times"
        said = [o for face in faces for o in (self.said.naming(face) or self.said.together(face))]
        claim = _Claim(f"{who} {times}", tuple(said))
        text = (
            f"{self._photo(self.photo_of[faces[0]])}: {claim}. Two faces of one photo are two "
            "people, but people's word counts. Unless it shows a mirror, a picture on a wall or a "
            "collage, change the answer that is wrong."
        )
        return self._contradiction(faces, said, text)

    def of_mixed(self, said: tuple[Occasion, Sequence[FaceId]]) -> Contradiction | None:
        """Faces that are several people, and have one name; nothing if a speaker thought again."""
        mixed, faces = said
        people = {self.bound.person_of.get(face) for face in faces}
        named = [occasion for face in faces for occasion in self.said.naming(face)]
        person = people.pop()
        if people or person is None or _only_a_change_of_mind([mixed], named):
            return None
        claims = [_Claim(self._name(person), tuple(named)), _Claim("not one person", (mixed,))]
        text = (
            f"{self._some(faces)}: {_listed(claims)}. They keep their name. Look at them again and "
            "change the answer that is wrong."
        )
        return self._contradiction(faces, [*named, mixed], text)

    def _against(self, inside: Mapping[Unit, Sequence[FaceId]]) -> Iterator[_Claim]:
        """What forbids that these units meet; of each the faces that are held together."""
        kinds = {kind for unit in inside if (kind := self.bound.foes.kind(unit)) is not None}
        if len(kinds) > 1:
            names = sorted(self._name(PersonId(kind)) if kind else "a stranger" for kind in kinds)
            faces = [face for own in inside.values() for face in own]
            said = (
                o for face in faces for o in (*self.said.naming(face), *self.said.stranger(face))
            )
            yield _Claim(_and(names), tuple(said))
        two_people: list[Occasion] = []
        for unit in sorted(unit for unit in inside if unit.what == "face"):
            face = FaceId(unit.id)
            for foe in sorted(self.bound.foes.pairs.get(unit, frozenset()) & inside.keys()):
                person = self.bound.foes.kind(foe)
                if foe.what == "face":
                    two_people += self.said.apart(face, FaceId(foe.id))
                if foe.what == "person" or person in self.truth.rejected.get(face, ()):
                    yield from self._not_who(face, PersonId(str(person)), inside[foe])
        if two_people:
            yield _Claim("two people", tuple(two_people))

    def _not_who(self, face: FaceId, person: PersonId, named: Sequence[FaceId]) -> Iterator[_Claim]:
        """That some faces are a person, and that this one is not."""
        name = self._name(person)
        yield _Claim(f"one {name}", tuple(o for one in named for o in self.said.naming(one)))
        yield _Claim(f"one not {name}", tuple(self.said.rejecting(face, person)))

    def _faces_by_unit(self, clash: Clash) -> Mapping[Unit, list[FaceId]]:
        """The faces of each unit that the bonds of a clash hold."""
        inside: dict[Unit, list[FaceId]] = {unit: [] for unit in sorted(clash.units)}
        for face in sorted({face for bond in clash.bonds for face in bond.faces}):
            unit = self.bound.unit(face)
            if unit in inside:
                inside[unit].append(face)
        return inside

    def _opinions(self, face: FaceId) -> Iterator[_Claim]:
        """What the speakers say of a disputed face: who it is, and which of those it is not."""
        opinions = self.said.opinions(face)
        named = {one.person for one in opinions if one.verdict is Verdict.IS}
        said: dict[str, list[Occasion]] = defaultdict(list)
        for one in opinions:
            if one.verdict is not Verdict.IS_NOT or one.person in named:
                said[self._called(one)].append(one.occasion)
        for text, occasions in sorted(said.items(), key=lambda one: min(map(_when, one[1]))):
            yield _Claim(text, tuple(occasions))

    def _called(self, one: Opinion) -> str:
        if one.person is not None:
            name = self._name(one.person)
            return f"not {name}" if one.verdict is Verdict.IS_NOT else name
        return {Verdict.STRANGER: "a stranger", Verdict.NOT_A_FACE: "not a face"}[one.verdict]

    def _name(self, person: PersonId) -> str:
        known = self.truth.people.get(self.truth.resolve(person))
        return person if known is None else known.name

    def _photo(self, photo: PhotoId) -> str:
        return self.called.get(photo, f"photo {photo[:12]}")

    def _some(self, faces: Iterable[FaceId]) -> str:
        """So many faces of these photos."""
        unique = set(faces)
        photos = sorted(self._photo(self.photo_of[f]) for f in unique if f in self.photo_of)
        told = "A face" if len(unique) == 1 else f"{len(unique):,} faces"
        return f"{told} of {_and(list(dict.fromkeys(photos)))}" if photos else told

    def _contradiction(
        self, faces: Iterable[FaceId], said: Iterable[Occasion], message: str
    ) -> Contradiction:
        unique = tuple(sorted(set(faces)))
        photos = {self.photo_of[face] for face in unique if face in self.photo_of}
        return Contradiction(unique, tuple(sorted(photos)), _in_order(said), message)


def _only_a_change_of_mind(before: Sequence[Occasion], after: Sequence[Occasion]) -> bool:
    """Whether one speaker said both, and the second last."""
    speakers = {occasion.speaker for occasion in (*before, *after)}
    if len(speakers) != 1 or not before or not after:
        return False
    return max(map(_when, after)) > max(map(_when, before))


def _when(occasion: Occasion) -> tuple[object, ...]:
    return occasion.at, occasion.place, occasion.speaker


def _in_order(said: Iterable[Occasion]) -> tuple[Occasion, ...]:
    return tuple(sorted(set(said), key=_when))


def _says(said: Iterable[Occasion]) -> str:
    """Who said it where: "say Ada (annotation 17) and Bob (annotation 21)"."""
    places: dict[str, list[str]] = defaultdict(list)
    for occasion in _in_order(said):
        place = _called_place(occasion.place)
        if place not in places[occasion.speaker]:
            places[occasion.speaker].append(place)
    told = [f"{speaker} ({_and(where)})" for speaker, where in places.items()]
    return f"{'says' if len(told) == 1 else 'say'} {_and(told) or 'people'}"


def _called_place(place: str) -> str:
    """ "annotation 17" of "annotation:17 of 2026-01-01T12:00:00Z"."""
    return place.partition(" of ")[0].replace(":", " ")


def _and(parts: list[str]) -> str:
    """The first few of a list in words, and how many more there are."""
    told = parts if len(parts) <= _TOLD + 1 else [*parts[:_TOLD], f"{len(parts) - _TOLD:,} more"]
    return " and ".join(part for part in (", ".join(told[:-1]), *told[-1:]) if part)


def _listed(claims: Sequence[_Claim]) -> str:
    """Claims against each other."""
    return "; ".join(map(str, claims))
