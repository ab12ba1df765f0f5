"""What the tests of the desk believe: a list of answers as they stand, and what follows from them.

It is written from the table of meanings and shares no code with what it is compared with. People
are called by the names under which they were first known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from faces.confirmations import Truth
from faces.records import FaceId, PersonId, PhotoId


class Line(NamedTuple):
    """What one answer says of one face; a decision also overrules what others said before."""

    face: FaceId
    says: str
    person: str = ""
    decides: bool = False


@dataclass(frozen=True)
class Answer:
    """All that one annotation says in its newest revision.

    `apart` are faces with those whose person they are not, `carried` are faces with the name that
    goes over to them and the faces that were shown, `mixed` are not all one person, `together` are
    one person whoever it is, `unsure` are two sides of which nobody can tell,
    `excepted` are two faces that are one person,
    `merged` is somebody who is somebody else, `renamed` somebody with their new name.
    `passed` are faces that were asked about and of which it says nothing.
    """

    speaker: str
    at: int
    lines: tuple[Line, ...] = ()
    apart: tuple[tuple[FaceId, tuple[FaceId, ...]], ...] = ()
    carried: tuple[tuple[tuple[FaceId, ...], str, tuple[FaceId, ...]], ...] = ()
    mixed: tuple[tuple[FaceId, ...], ...] = ()
    together: tuple[FaceId, ...] = ()
    unsure: tuple[tuple[FaceId, ...], tuple[FaceId, ...]] | None = None
    excepted: tuple[FaceId, FaceId] | None = None
    merged: tuple[str, str] | None = None
    renamed: tuple[str, str] | None = None
    passed: frozenset[FaceId] = frozenset()


class Said(NamedTuple):
    """A line that counts, by whom and when."""

    line: Line
    speaker: str
    at: int


class Beliefs:
    """What is to hold when exactly these answers stand."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        """Work everything out."""
        self.answers = sorted(answers, key=lambda answer: answer.at)
        self.alias: dict[str, str] = {}
        self.called: dict[str, str] = {}
        for answer in self.answers:
            if answer.merged:
                person, into = map(self.who, answer.merged)
                self.alias |= {} if person == into else {person: into}
            if answer.renamed:
                self.called[self.who(answer.renamed[0])] = answer.renamed[1]
        self.counting = self._counting()
        self.refused = {(one.line.face, one.line.person) for one in self._with("is not")}
        self._sort_faces()
        self.apart = set(self._apart())
        self.refused_with_apart = self.refused | {
            (face, self.names[other])
            for pair in self.apart
            for face, other in (pair, pair[::-1])
            if other in self.names and face not in self.names
        }
        self.excepted = {frozenset(a.excepted) for a in self.answers if a.excepted}
        self.together = {a.together for a in self.answers if a.together}
        self.mixed = {mixed for a in self.answers for mixed in a.mixed}
        self.unsure = {a.unsure for a in self.answers if a.unsure}
        self.carried = self._carried()

    def who(self, person: str) -> str:
        """Whom somebody is by now."""
        while person in self.alias:
            person = self.alias[person]
        return person

    def said_to_be_one(self) -> list[set[FaceId]]:
        """Faces that are one person because people said so, by names, as pairs and by exceptions.

        Of whom people disagree nobody is held, and what is not a face is nobody.
        """
        by_name: dict[str, set[FaceId]] = defaultdict(set)
        for face, person in self.names.items():
            by_name[person].add(face)
        groups = list(by_name.values())
        nobody = self.faces["disputed"] | self.faces["not a face"]
        for said in (*self.excepted, *self.together):
            held = set(said) - nobody
            touching = [group for group in groups if group & held]
            rest = [group for group in groups if not group & held]
            groups = [*rest, held.union(*touching)]
        return groups

    def is_one(self, group: set[FaceId]) -> bool:
        """Whether nothing that was said speaks against it that these are one person."""
        kinds = {self.names[face] for face in group if face in self.names}
        kinds |= {"a stranger"} if group & self.faces["stranger"] else set()
        refused = any((face, person) in self.refused for face in group for person in kinds)
        return len(kinds) < 2 and not refused and not any(set(p) <= group for p in self.apart)

    def _with(self, says: str) -> list[Said]:
        return [one for one in self.counting if one.line.says == says]

    def _counting(self) -> list[Said]:
        """The lines that no later line overrules."""
        spoken: dict[FaceId, list[Said]] = defaultdict(list)
        for answer in self.answers:
            for line in answer.lines:
                meant = line._replace(person=self.who(line.person))
                spoken[line.face].append(Said(meant, answer.speaker, answer.at))
        return [
            one
            for of_face in spoken.values()
            for one in of_face
            if not any(overrules(other, one) for other in of_face)
        ]

    def _sort_faces(self) -> None:
        """Who is who: names, strangers and the like, and what is disputed."""
        opinions: dict[FaceId, set[tuple[str, str]]] = defaultdict(set)
        for one in self.counting:
            if one.line.says != "is not":
                opinions[one.line.face].add((one.line.says, one.line.person))
        self.names: dict[FaceId, str] = {}
        self.faces: dict[str, set[FaceId]] = defaultdict(set)
        for face, said in opinions.items():
            told = {opinion for opinion in said if opinion[0] != "cannot tell"}
            if not told:
                self.faces["cannot tell"].add(face)
            elif len(told) > 1 or any((face, person) in self.refused for _, person in told):
                self.faces["disputed"].add(face)
            else:
                ((says, person),) = told
                self.faces[says].add(face)
                if says == "is":
                    self.names[face] = person

    def _apart(self) -> Iterable[tuple[FaceId, FaceId]]:
        """Faces thrown out from among others, unless who did so, or a decision, said otherwise."""
        for answer in self.answers:
            for face, others in answer.apart:
                for other in others:
                    pair = (face, other)
                    if not self._joined_since(pair, answer):
                        yield pair

    def _joined_since(self, pair: tuple[FaceId, FaceId], answer: Answer) -> bool:
        """Whether the speaker called both the same afterwards, or a decision made them one."""
        later = [a for a in self.answers if a.at > answer.at]
        joined = any(
            a.speaker == answer.speaker and set(pair) <= set(one)
            for a in later
            for one in (a.together, a.excepted or ())
        )
        own = [
            one
            for one in self._with("is")
            if one.line.face in pair and one.speaker == answer.speaker
        ]
        alike = len(own) == 2 and own[0].line.person == own[1].line.person
        named_alike = alike and max(one.at for one in own) > answer.at
        decided = any(line.decides and line.face in pair for a in later for line in a.lines)
        first, second = map(self.names.get, pair)
        return joined or named_alike or (decided and first is not None and first == second)

    def _carried(self) -> dict[FaceId, str]:
        """Names that went over to faces which nobody looked at, while all that was shown holds."""
        found: dict[FaceId, dict[str, str]] = defaultdict(dict)
        looked_at = set().union(*self.faces.values())
        carried = [(answer.speaker, *one) for answer in self.answers for one in answer.carried]
        for speaker, faces, said_person, shown in carried:
            person = self.who(said_person)
            if all(self.names.get(face) == person for face in shown):
                for face in set(faces) - looked_at:
                    if (face, person) not in self.refused_with_apart:
                        found[face][speaker] = person
        return {
            face: next(iter(by_speaker.values()))
            for face, by_speaker in found.items()
            if len(set(by_speaker.values())) == 1
        }


def overrules(later: Said, one: Said) -> bool:
    """Whether what was said later of the same face takes the place of this."""
    new, old = later.line, one.line
    is_own = later.speaker == one.speaker
    if later.at <= one.at or not (new.decides or is_own):
        return False
    if "is not" in (new.says, old.says):
        return new.says != old.says and new.person == old.person
    return is_own or (new.says, new.person) != (old.says, old.person)


def check_truth(truth: Truth, beliefs: Beliefs, first_name: Mapping[PersonId, str]) -> None:
    """Nothing said is lost, and nothing holds that nobody said."""
    confirmed = {face: first_name[said.person] for face, said in truth.confirmed.items()}
    assert confirmed == beliefs.names, "names"
    assert truth.strangers == beliefs.faces["stranger"], "strangers"
    assert truth.not_faces == beliefs.faces["not a face"], "not faces"
    assert truth.cannot_tell == beliefs.faces["cannot tell"], "cannot tell"
    assert truth.disputed == beliefs.faces["disputed"], "disputed"
    rejected = {(f, first_name[p]) for f, people in truth.rejected.items() for p in people}
    assert rejected == beliefs.refused_with_apart, "rejections"
    assert set(truth.apart) == beliefs.apart, "faces apart"
    assert set(truth.mixed) == beliefs.mixed, "mixed groups"
    assert set(truth.together) == beliefs.together, "pairs that are one person"
    assert set(truth.unsure) == beliefs.unsure, "pairs of which nobody can tell"
    carried = {face: first_name[person] for face, person in truth.carried.items()}
    assert carried == beliefs.carried, "carried names"
    assert truth.same_photo_exceptions == beliefs.excepted, "exceptions"
    for person in {*beliefs.names.values()}:
        (there,) = (one for one in truth.people.values() if first_name[one.id] == person)
        assert there.name.casefold() == beliefs.called.get(person, person), "what people are called"


def check_groups(
    groups: Sequence[Sequence[FaceId]], beliefs: Beliefs, photo_of: Mapping[FaceId, PhotoId]
) -> None:
    """Nobody joins what people told apart, nor two faces of one photo, nor parts what they joined.

    What they joined and told apart is kept apart.
    """
    where = {face: number for number, group in enumerate(groups) for face in group}
    assert len(where) == sum(map(len, groups)), "a face is in two groups"
    one_person = beliefs.said_to_be_one()
    apart = beliefs.apart | {pair[::-1] for pair in beliefs.apart}
    names = beliefs.names
    for group in groups:
        for pair in combinations(group, 2):
            if photo_of[pair[0]] == photo_of[pair[1]]:
                allowed = [*one_person, *beliefs.excepted]
                assert any(set(pair) <= said for said in allowed), f"one photo: {pair}"
            assert pair not in apart, f"told apart, and joined: {pair}"
            assert len({names.get(face) for face in pair} - {None}) < 2, f"two people: {pair}"
            for face, other in (pair, pair[::-1]):
                assert (face, names.get(other)) not in beliefs.refused, f"rejected, joined: {pair}"
            kinds = {"stranger" if f in beliefs.faces["stranger"] else names.get(f) for f in pair}
            assert len(kinds - {None}) < 2, f"a stranger with a name: {pair}"
    for said in one_person:
        there = said & photo_of.keys()
        if len(there) > 1 and beliefs.is_one(said):
            assert len({where.get(face) for face in there}) == 1, f"one person, and parted: {there}"
            assert there <= where.keys(), f"one person, and in no group: {there}"
    outcasts = {f for pair in apart for f in pair if names.get(pair[0]) == names.get(pair[1])}
    for person in {*names.values()}:
        own = {face for face, name in names.items() if name == person and face in photo_of}
        grouped = {where.get(face) for face in own - outcasts}
        assert len(grouped) < 2, f"{person} is in several groups"
