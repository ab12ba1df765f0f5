"""Which of people's words that faces are one person hold, where other words say that they are not.

Whoever says that faces are two people is safe to follow: it costs a click to put a fragment right,
and one for each wrong face of a group. So "not one person" beats "one person, whoever it is", and
all the words on the shortest ways between two faces that may not meet are set aside: nothing says
which of them is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from faces.confirmations import Occasion, Truth, together_in
from faces.records import FaceId, PersonId

A_STRANGER = ""
"""What a stranger is instead of a person: no named one. Strangers may meet each other."""


class Unit(NamedTuple):
    """What is never taken apart: a person with all their confirmed faces, or one other face."""

    what: str
    id: str


def unit_of_face(face: FaceId) -> Unit:
    """A face that has no name which counts."""
    return Unit("face", face)


def unit_of_person(person: PersonId) -> Unit:
    """A person, with all faces whose names count."""
    return Unit("person", person)


@dataclass(frozen=True, slots=True)
class Bond:
    """These faces are one person, whoever it is: so was said on these occasions."""

    faces: tuple[FaceId, ...]
    said: tuple[Occasion, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """Units that may not meet, and the bonds by which they would."""

    units: frozenset[Unit]
    bonds: frozenset[Bond]


@dataclass(frozen=True, slots=True)
class Outcast:
    """A face with a person's name that is said not to be one with others of that name."""

    face: FaceId
    person: PersonId
    others: frozenset[FaceId]


@dataclass(frozen=True)
class Foes:
    """Which units may not meet: two different people, a stranger and a person, and named pairs.

    `names` are those of the outcasts.
    """

    pairs: Mapping[Unit, frozenset[Unit]]
    strangers: frozenset[FaceId]
    names: Mapping[FaceId, PersonId]

    def kind(self, unit: Unit) -> str | None:
        """The person, A_STRANGER, or None for a face of whom nothing is known."""
        if unit.what == "person":
            return unit.id
        face = FaceId(unit.id)
        return A_STRANGER if face in self.strangers else self.names.get(face)

    def may_not_meet(self, first: Unit, second: Unit) -> bool:
        """Whether these two are not one person."""
        kinds = {self.kind(first), self.kind(second)} - {None}
        return len(kinds) > 1 or second in self.pairs.get(first, ())

    def among(self, units: Iterable[Unit]) -> frozenset[Unit]:
        """Those of the units that may not meet another of them."""
        all_units = frozenset(units)
        kinds = {unit: kind for unit in all_units if (kind := self.kind(unit)) is not None}
        at_odds = set(kinds) if len(set(kinds.values())) > 1 else set()
        return frozenset(
            at_odds | {u for u in all_units if self.pairs.get(u, frozenset()) & all_units}
        )


@dataclass(frozen=True)
class Bound:
    """What holds of people's words on who is one person.

    `person_of` has each confirmed face but the outcasts; `groups` are the units that are one person
    by what was said, two or more, no two of which may not meet; `bonds` are the words that hold.
    """

    person_of: Mapping[FaceId, PersonId]
    foes: Foes
    groups: tuple[frozenset[Unit], ...]
    bonds: tuple[Bond, ...]
    clashes: tuple[Clash, ...]
    outcasts: tuple[Outcast, ...]

    def unit(self, face: FaceId) -> Unit:
        """The unit that the face is in."""
        return _unit(face, self.person_of)


def bind(truth: Truth) -> Bound:
    """Which words bind, so that no two units that may not meet are bound together.

    Neither the order of the words nor when they were said plays a part.
    """
    outcasts = _outcasts(truth)
    names = {outcast.face: outcast.person for outcast in outcasts}
    person_of = {f: word.person for f, word in truth.confirmed.items() if f not in names}
    foes = _foes(truth, person_of, names)
    web = _Web(_bonds(truth), person_of)
    clashes: list[Clash] = []
    while found := _clashes(web, foes):
        clashes += [Clash(units, web.named(bonds)) for bonds, units in found.items()]
        web.drop(frozenset().union(*found))
    groups = tuple(sorted(web.groups(), key=min))
    held = tuple(web.bonds[number] for number in web.units_in)
    return Bound(person_of, foes, groups, held, tuple(clashes), outcasts)


def _unit(face: FaceId, person_of: Mapping[FaceId, PersonId]) -> Unit:
    person = person_of.get(face)
    return unit_of_face(face) if person is None else unit_of_person(person)


def _outcasts(truth: Truth) -> tuple[Outcast, ...]:
    """Faces that are apart from others of their own name: their names stay, and bind nobody."""
    others: dict[FaceId, set[FaceId]] = defaultdict(set)
    person_of = {face: word.person for face, word in truth.confirmed.items()}
    for face, other in truth.apart:
        if face != other and face in person_of and person_of[face] == person_of.get(other):
            others[face].add(other)
    return tuple(Outcast(f, person_of[f], frozenset(others[f])) for f in sorted(others))


def _foes(
    truth: Truth, person_of: Mapping[FaceId, PersonId], names: Mapping[FaceId, PersonId]
) -> Foes:
    """Who may not meet whom. That people are not each other needs no pairs: it is in their kind."""
    pairs: dict[Unit, set[Unit]] = defaultdict(set)
    outcasts: dict[PersonId, list[FaceId]] = defaultdict(list)
    for face, person in names.items():
        outcasts[person].append(face)
    said = [(_unit(face, person_of), _unit(other, person_of)) for face, other in truth.apart]
    for face, people in truth.rejected.items():
        for person in people:
            named = (unit_of_person(person), *map(unit_of_face, outcasts[person]))
            said += [(_unit(face, person_of), unit) for unit in named]
    for first, second in said:
        if first != second and not first.what == second.what == "person":
            pairs[first].add(second)
            pairs[second].add(first)
    return Foes({unit: frozenset(foes) for unit, foes in pairs.items()}, truth.strangers, names)


def _bonds(truth: Truth) -> list[Bond]:
    """What was said of faces that they are one person, each set of faces once.

    Who is disputed binds nobody, and what is not a face is nobody.
    """
    left_out = truth.disputed | truth.not_faces

    def bound(faces: Iterable[FaceId]) -> tuple[FaceId, ...]:
        return tuple(sorted(set(faces) - left_out))

    said: dict[tuple[FaceId, ...], list[Occasion]] = {
        bound(faces): [] for faces in (*truth.together, *truth.same_photo_exceptions)
    }
    for event in truth.standing:
        if together := together_in(event.word):
            said[bound(together)].append(event.occasion)
    return [Bond(faces, tuple(said[faces])) for faces in sorted(said) if len(faces) > 1]


_Bonds = frozenset[int]
"""Bonds by their numbers in a web."""


class _Web:
    """Which units the bonds hold together."""

    def __init__(self, bonds: Sequence[Bond], person_of: Mapping[FaceId, PersonId]) -> None:
        """Number the bonds; those within one unit hold nothing that is not held already."""
        self.bonds = bonds
        self.units_in: dict[int, frozenset[Unit]] = {}
        self.bonds_at: dict[Unit, set[int]] = defaultdict(set)
        for number, bond in enumerate(bonds):
            units = frozenset(_unit(face, person_of) for face in bond.faces)
            if len(units) > 1:
                self.units_in[number] = units
                for unit in units:
                    self.bonds_at[unit].add(number)

    def named(self, numbers: _Bonds) -> frozenset[Bond]:
        """The bonds that have these numbers."""
        return frozenset(self.bonds[number] for number in numbers)

    def drop(self, numbers: _Bonds) -> None:
        """Let go of these bonds."""
        for number in numbers:
            for unit in self.units_in.pop(number):
                self.bonds_at[unit].discard(number)

    def groups(self) -> Iterator[frozenset[Unit]]:
        """Units that a chain of bonds holds together, two or more."""
        seen: set[Unit] = set()
        for start in self.bonds_at:
            if start in seen or not self.bonds_at[start]:
                continue
            group, bonds, waiting = {start}, set[int](), [start]
            while waiting:
                for bond in self.bonds_at[waiting.pop()] - bonds:
                    bonds.add(bond)
                    waiting += self.units_in[bond] - group
                    group |= self.units_in[bond]
            seen |= group
            yield frozenset(group)

    def nearest_foes(
        self, starts: frozenset[Unit], is_foe: Callable[[Unit], bool]
    ) -> tuple[_Bonds, frozenset[Unit]]:
        """All bonds on the shortest ways to the nearest foes, and the units at both ends.

        Nothing, if no bond leads to a foe.
        """
        unit_by: dict[Unit, list[int]] = {start: [] for start in starts}
        bond_by: dict[int, list[Unit]] = {}
        reached: Iterable[Unit] = starts
        while reached:
            crossed = _step(reached, self.bonds_at, bond_by)
            bond_by |= crossed
            reached = _step(crossed, self.units_in, unit_by)
            unit_by |= reached
            if met := frozenset(filter(is_foe, reached)):
                bonds, units = _ways(met, unit_by, bond_by)
                return bonds, met | (units & starts)
        return frozenset(), frozenset()


_Here = TypeVar("_Here")
_There = TypeVar("_There")


def _step(
    here: Iterable[_Here],
    leading: Mapping[_Here, Set[_There]],
    known: Container[_There],
) -> dict[_There, list[_Here]]:
    """What these lead to that is not known yet, and from which of them."""
    found: dict[_There, list[_Here]] = defaultdict(list)
    for one in here:
        for other in leading[one]:
            if other not in known:
                found[other].append(one)
    return found


def _ways(
    ends: Iterable[Unit], unit_by: Mapping[Unit, list[int]], bond_by: Mapping[int, list[Unit]]
) -> tuple[_Bonds, frozenset[Unit]]:
    """All bonds and units on the ways by which some units were reached."""
    bonds: set[int] = set()
    units, waiting = set(ends), list(ends)
    while waiting:
        for bond in unit_by[waiting.pop()]:
            if bond not in bonds:
                bonds.add(bond)
                waiting += [unit for unit in bond_by[bond] if unit not in units]
                units.update(bond_by[bond])
    return frozenset(bonds), frozenset(units)


def _clashes(web: _Web, foes: Foes) -> dict[_Bonds, frozenset[Unit]]:
    """Bonds that hold foes themselves; only if there are none, chains of bonds that do.

    Each with the units that may not meet: all of a bond's, the two or more ends of a chain.
    """
    found = {
        frozenset((bond,)): units
        for bond, inside in web.units_in.items()
        if (units := foes.among(inside))
    }
    if found:
        return found
    chains: dict[_Bonds, frozenset[Unit]] = defaultdict(frozenset)
    for group in web.groups():
        for starts, is_foe in _searches(foes.among(group), foes):
            bonds, units = web.nearest_foes(starts, is_foe)
            if bonds:
                chains[bonds] |= units
    return chains


def _searches(
    at_odds: frozenset[Unit], foes: Foes
) -> Iterator[tuple[frozenset[Unit], Callable[[Unit], bool]]]:
    """From where to look for whom: strangers at once, for they may not meet the same people."""
    strangers = frozenset(unit for unit in at_odds if foes.kind(unit) == A_STRANGER)
    yield strangers, lambda unit: bool(foes.kind(unit))
    for unit in at_odds:
        if unit.what == "person" or unit in foes.pairs:
            yield frozenset((unit,)), partial(foes.may_not_meet, unit)
