"""What the tests of the desk believe: a list of answers as they stand, and what follows from them.

It is written from the table of meanings and shares no code with what it is compared with. People
are called by the names under which they were first known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

from faces.confirmations import Truth, Word
from faces.records import FaceId, PersonId, PhotoId
from faces.studio_format import ClusterVerdict, Tile


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
    goes over to them and the faces that were shown, `mixed` are not all one person,
    `excepted` are two faces that are one person,
    `merged` is somebody who is somebody else, `renamed` somebody with their new name.
    """

    speaker: str
    at: int
    lines: tuple[Line, ...] = ()
    apart: tuple[tuple[FaceId, tuple[FaceId, ...]], ...] = ()
    carried: tuple[tuple[FaceId, ...], str, tuple[FaceId, ...]] | None = None
    mixed: tuple[FaceId, ...] = ()
    excepted: tuple[FaceId, FaceId] | None = None
    merged: tuple[str, str] | None = None
    renamed: tuple[str, str] | None = None


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
        self.carried = self._carried()

    def who(self, person: str) -> str:
        """Whom somebody is by now."""
        while person in self.alias:
            person = self.alias[person]
        return person

    def said_to_be_one(self) -> list[set[FaceId]]:
        """Faces that are one person because people said so, by names and by exceptions."""
        by_name: dict[str, set[FaceId]] = defaultdict(set)
        for face, person in self.names.items():
            by_name[person].add(face)
        groups = list(by_name.values())
        for pair in self.excepted:
            touching = [group for group in groups if group & pair]
            rest = [group for group in groups if not group & pair]
            groups = [*rest, set(pair).union(*touching)]
        return groups

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
        excepted = any(
            a.speaker == answer.speaker and a.excepted and set(a.excepted) == set(pair)
            for a in later
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
        return excepted or named_alike or (decided and first is not None and first == second)

    def _carried(self) -> dict[FaceId, str]:
        """Names that went over to faces which nobody looked at, while all that was shown holds."""
        found: dict[FaceId, dict[str, str]] = defaultdict(dict)
        looked_at = set().union(*self.faces.values())
        for answer in self.answers:
            if answer.carried is None:
                continue
            faces, person, shown = answer.carried
            person = self.who(person)
            if all(self.names.get(face) == person for face in shown):
                for face in set(faces) - looked_at:
                    if (face, person) not in self.refused_with_apart:
                        found[face][answer.speaker] = person
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


@dataclass(frozen=True)
class Task:
    """A page as it was when it was pushed: it is answered whatever happened since."""

    faces: tuple[FaceId, ...]
    carried: tuple[FaceId, ...] = ()
    disputed: frozenset[FaceId] = frozenset()


@dataclass(frozen=True)
class Annotation:
    """What stands in Label Studio, or was said by a command: a task with its answer."""

    speaker: str
    at: int
    task: Task
    tiles: tuple[Tile | None, ...] = ()
    name: str | None = None
    verdict: ClusterVerdict | None = None
    word: Word | None = None
    task_id: int = 0

    @property
    def marked(self) -> dict[FaceId, Tile]:
        """The tiles that are still there."""
        tiles = zip(self.task.faces, self.tiles, strict=False)
        return {face: tile for face, tile in tiles if tile is not None}


def meaning(annotation: Annotation, beliefs: Beliefs) -> Answer:
    """What the table of meanings says of it."""
    task, tiles, verdict = annotation.task, annotation.marked, annotation.verdict
    said = Answer(annotation.speaker, annotation.at)
    same = tuple(face for face in tiles if tiles[face] is Tile.SAME_PERSON)
    red = tuple(face for face in tiles if tiles[face] is Tile.SOMEONE_ELSE)
    grey = tuple(face for face in tiles if tiles[face] is Tile.NOT_A_FACE)
    of_all: dict[str, Iterable[FaceId]] = {"not a face": grey}
    person = ""
    if verdict is ClusterVerdict.NOT_FACES:
        of_all, red = {"not a face": tiles}, ()
    elif verdict is ClusterVerdict.STRANGER:
        of_all |= {"stranger": same}
    elif verdict is ClusterVerdict.CANNOT_TELL:
        of_all |= {"cannot tell": same}
    elif verdict is None and annotation.name and (same or red):
        person = beliefs.who(annotation.name.strip().casefold())
        of_all |= {"is": same, "is not": red}
        if task.carried and len(same) == len(tiles):
            said = replace(said, carried=(task.carried, person, same))
    if not person and same and red:
        said = replace(said, apart=tuple((face, same) for face in red))
    if verdict is ClusterVerdict.MIXED and len(same) > 1:
        said = replace(said, mixed=same)
    lines = [
        Line(face, says, person if says in ("is", "is not") else "", face in task.disputed)
        for says, faces in of_all.items()
        for face in faces
    ]
    return replace(said, lines=tuple(lines))


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
    assert set(truth.mixed) == {a.mixed for a in beliefs.answers if a.mixed}, "mixed groups"
    carried = {face: first_name[person] for face, person in truth.carried.items()}
    assert carried == beliefs.carried, "carried names"
    assert truth.same_photo_exceptions == beliefs.excepted, "exceptions"
    for person in {*beliefs.names.values()}:
        (there,) = (one for one in truth.people.values() if first_name[one.id] == person)
        assert there.name.casefold() == beliefs.called.get(person, person), "what people are called"


def check_groups(
    groups: Sequence[Sequence[FaceId]], beliefs: Beliefs, photo_of: Mapping[FaceId, PhotoId]
) -> None:
    """Nobody joins what people told apart, nor two faces of one photo, nor parts a person."""
    where = {face: number for number, group in enumerate(groups) for face in group}
    assert len(where) == sum(map(len, groups)), "a face is in two groups"
    one_person = beliefs.said_to_be_one()
    apart = beliefs.apart | {pair[::-1] for pair in beliefs.apart}
    names = beliefs.names
    for group in groups:
        for pair in combinations(group, 2):
            if photo_of[pair[0]] == photo_of[pair[1]]:
                assert any(set(pair) <= said for said in one_person), f"one photo: {pair}"
            assert pair not in apart, f"told apart, and joined: {pair}"
            assert len({names.get(face) for face in pair} - {None}) < 2, f"two people: {pair}"
            for face, other in (pair, pair[::-1]):
                assert (face, names.get(other)) not in beliefs.refused, f"rejected, joined: {pair}"
            kinds = {"stranger" if f in beliefs.faces["stranger"] else names.get(f) for f in pair}
            assert len(kinds - {None}) < 2, f"a stranger with a name: {pair}"
    outcasts = {f for pair in apart for f in pair if names.get(pair[0]) == names.get(pair[1])}
    for person in {*names.values()}:
        own = {face for face, name in names.items() if name == person and face in photo_of}
        grouped = {where.get(face) for face in own - outcasts}
        assert len(grouped) < 2, f"{person} is in several groups"
