"""What people said of faces: an append-only log, and its fold into what is true now.

Each event has its speaker, its time and its place: the annotation (or other occasion) in which it
was said. A new revision of a place takes that place's earlier words back and says new ones, so an
undo is exact. Of one speaker the newest word on a face counts, by when it was said and not by when
we read it; where two speakers disagree the
face is disputed. Negative words ("not P", "not who the others are") are remembered until that
speaker says otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from faces.names import compared
from faces.records import Confirmation, FaceId, Person, PersonId


class Verdict(StrEnum):
    """What a person can say of one face."""

    IS = "is"
    IS_NOT = "is not"
    STRANGER = "stranger"
    NOT_A_FACE = "not a face"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class FaceVerdict:
    """This face is P, is not P, a stranger, not a face, or cannot be told."""

    face: FaceId
    verdict: Verdict
    person: PersonId | None = None

    def __post_init__(self) -> None:
        """Refuse "is" without a person and "stranger" with one."""
        needs_person = self.verdict in (Verdict.IS, Verdict.IS_NOT)
        if needs_person != (self.person is not None):
            raise ValueError(f"{self.verdict!s} and the person {self.person} do not fit together")


@dataclass(frozen=True, slots=True)
class FacesTogether:
    """These faces are one person, whoever it is."""

    faces: tuple[FaceId, ...]


@dataclass(frozen=True, slots=True)
class FacesApart:
    """This face is not the person that the others are."""

    face: FaceId
    others: tuple[FaceId, ...]


@dataclass(frozen=True, slots=True)
class SamePhotoException:
    """These two faces of one photo are one person: a mirror, a picture on the wall, a collage."""

    first: FaceId
    second: FaceId


@dataclass(frozen=True, slots=True)
class PersonCreated:
    """Somebody got a name for the first time."""

    person: PersonId
    name: str


@dataclass(frozen=True, slots=True)
class PersonRenamed:
    """A person's name changed."""

    person: PersonId
    name: str


@dataclass(frozen=True, slots=True)
class PersonMerged:
    """Two people turned out to be one: `person` goes on as `into`."""

    person: PersonId
    into: PersonId


@dataclass(frozen=True, slots=True)
class Revised:
    """This place speaks anew: what it said before no longer holds."""

    revision: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """This place takes back all it said."""


Word = (
    FaceVerdict
    | FacesTogether
    | FacesApart
    | SamePhotoException
    | PersonCreated
    | PersonRenamed
    | PersonMerged
    | Revised
    | Retracted
)
WORDS: Mapping[str, type[Word]] = {
    "face": FaceVerdict,
    "together": FacesTogether,
    "apart": FacesApart,
    "same-photo exception": SamePhotoException,
    "person created": PersonCreated,
    "person renamed": PersonRenamed,
    "person merged": PersonMerged,
    "revised": Revised,
    "retracted": Retracted,
}
"""What each kind of word is called in the log."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who speaks, when and where: `place` is "annotation:17" or the like."""

    speaker: str
    at: datetime
    place: str

    def __post_init__(self) -> None:
        """Refuse a time without a zone."""
        if self.at.tzinfo is None:
            raise ValueError(f"a time in the log needs a zone, got {self.at.isoformat()}")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log, in the order of `number`."""

    number: int
    occasion: Occasion
    word: Word


@dataclass(frozen=True)
class Truth:
    """What holds after folding the log.

    `standing` are the events that were not taken back, in the order of their numbers: who said what
    holds, when and where. Two truths are equal if the same holds, whoever said it.
    """

    people: Mapping[PersonId, Person] = field(default_factory=dict)
    confirmed: Mapping[FaceId, Confirmation] = field(default_factory=dict)
    strangers: frozenset[FaceId] = frozenset()
    not_faces: frozenset[FaceId] = frozenset()
    cannot_tell: frozenset[FaceId] = frozenset()
    disputed: frozenset[FaceId] = frozenset()
    rejected: Mapping[FaceId, frozenset[PersonId]] = field(default_factory=dict)
    together: tuple[tuple[FaceId, ...], ...] = ()
    apart: tuple[tuple[FaceId, FaceId], ...] = ()
    same_photo_exceptions: frozenset[frozenset[FaceId]] = frozenset()
    merged_into: Mapping[PersonId, PersonId] = field(default_factory=dict)
    known_as: Mapping[str, PersonId] = field(default_factory=dict)
    revisions: Mapping[str, str] = field(default_factory=dict)
    standing: tuple[Event, ...] = field(default=(), compare=False, repr=False)

    def resolve(self, person: PersonId) -> PersonId:
        """The person that an id stands for now; old ids go on resolving."""
        while person in self.merged_into:
            person = self.merged_into[person]
        return person

    def person_named(self, name: str) -> Person | None:
        """Whoever has this name or had it last, compared without case."""
        wanted = compared(name)
        for person in self.people.values():
            if compared(person.name) == wanted:
                return person
        known = self.known_as.get(wanted)
        return None if known is None else self.people.get(self.resolve(known))

    @property
    def settled(self) -> frozenset[FaceId]:
        """Faces that nobody needs to ask about again."""
        return frozenset(self.confirmed) | self.strangers | self.not_faces | self.cannot_tell

    @property
    def spoken_of(self) -> frozenset[FaceId]:
        """Faces on which anybody's word stands; these are never removed."""
        pairs = {face for pair in self.apart for face in pair}
        groups = {face for group in self.together for face in group}
        exceptions = {face for pair in self.same_photo_exceptions for face in pair}
        return self.settled | self.disputed | frozenset(self.rejected) | pairs | groups | exceptions


def fold(events: Iterable[Event]) -> Truth:
    """Fold the log, in the order of its numbers, into what is true now."""
    ordered = sorted(events, key=lambda event: event.number)
    people, merged_into = _people(ordered)
    standing, revisions = _standing(ordered)
    resolver = Truth(merged_into=merged_into)
    opinions, rejected = _opinions(standing, resolver)
    verdicts = _verdicts(opinions, rejected)
    apart = tuple(_apart(standing, opinions))
    return replace(
        verdicts,
        people=people,
        merged_into=merged_into,
        known_as={
            compared(e.word.name): e.word.person
            for e in ordered
            if isinstance(e.word, PersonCreated | PersonRenamed)
        },
        revisions=revisions,
        rejected=_all_rejected(rejected, apart, verdicts.confirmed),
        together=tuple(e.word.faces for e in standing if isinstance(e.word, FacesTogether)),
        apart=apart,
        same_photo_exceptions=frozenset(
            frozenset((e.word.first, e.word.second))
            for e in standing
            if isinstance(e.word, SamePhotoException)
        ),
        standing=tuple(standing),
    )


def _all_rejected(
    said: Mapping[FaceId, set[PersonId]],
    apart: Iterable[tuple[FaceId, FaceId]],
    confirmed: Mapping[FaceId, Confirmation],
) -> dict[FaceId, frozenset[PersonId]]:
    """Whom each face is not: as people said, and what follows for a face that is apart from one
    who has a name by now. A face's own name is never taken from it this way.
    """
    rejected = {face: set(people) for face, people in said.items()}
    for pair in apart:
        for face, other in (pair, pair[::-1]):
            if other in confirmed and face not in confirmed:
                rejected.setdefault(face, set()).add(confirmed[other].person)
    return {face: frozenset(people) for face, people in rejected.items() if people}


def _people(ordered: list[Event]) -> tuple[dict[PersonId, Person], dict[PersonId, PersonId]]:
    """Everybody by id; people outlive the answer that named them first.

    What is said of somebody who was merged is said of whom they went on as, so that merging in a
    circle leaves one person.
    """
    people: dict[PersonId, Person] = {}
    merged: dict[PersonId, PersonId] = {}
    now = Truth(merged_into=merged)
    for event in ordered:
        word = event.word
        if isinstance(word, PersonCreated | PersonRenamed):
            person = now.resolve(word.person)
            people[person] = Person(person, word.name)
        elif isinstance(word, PersonMerged):
            person, into = now.resolve(word.person), now.resolve(word.into)
            if person != into:
                people.pop(person, None)
                merged[person] = into
    return people, merged


def _standing(ordered: list[Event]) -> tuple[list[Event], dict[str, str]]:
    """The events not taken back by a later revision of their place, and each place's revision."""
    by_place: dict[str, list[Event]] = defaultdict(list)
    revisions: dict[str, str] = {}
    for event in ordered:
        place, word = event.occasion.place, event.word
        if isinstance(word, Revised):
            by_place[place].clear()
            revisions[place] = word.revision
        elif isinstance(word, Retracted):
            by_place[place].clear()
            revisions.pop(place, None)
        else:
            by_place[place].append(event)
    kept = [event for events in by_place.values() for event in events]
    return sorted(kept, key=lambda event: event.number), revisions


@dataclass(frozen=True, slots=True)
class _Opinion:
    """One speaker's newest word on a face."""

    verdict: Verdict
    person: PersonId | None
    at: datetime


_Opinions = dict[FaceId, dict[str, _Opinion]]


def _opinions(
    standing: list[Event], resolver: Truth
) -> tuple[_Opinions, dict[FaceId, set[PersonId]]]:
    """Each speaker's newest word on each face, and whom each face was said not to be."""
    opinions: _Opinions = defaultdict(dict)
    negative: dict[FaceId, set[tuple[str, PersonId]]] = defaultdict(set)
    for event in sorted(standing, key=lambda event: (event.occasion.at, event.number)):
        word, speaker = event.word, event.occasion.speaker
        if not isinstance(word, FaceVerdict):
            continue
        person = None if word.person is None else resolver.resolve(word.person)
        if word.verdict is Verdict.IS_NOT and person is not None:
            negative[word.face].add((speaker, person))
            mine = opinions[word.face].get(speaker)
            if mine is not None and mine.person == person:
                del opinions[word.face][speaker]
            continue
        opinions[word.face][speaker] = _Opinion(word.verdict, person, event.occasion.at)
        if person is not None:
            negative[word.face].discard((speaker, person))
    return opinions, {face: {p for _, p in pairs} for face, pairs in negative.items()}


def _apart(standing: list[Event], opinions: _Opinions) -> Iterator[tuple[FaceId, FaceId]]:
    """Each face with each other whose person it is not, unless who said so changed their mind."""
    words_on: dict[tuple[str, FaceId], list[Event]] = defaultdict(list)
    for event in standing:
        if isinstance(event.word, FacesTogether | SamePhotoException):
            for face in together_in(event.word):
                words_on[event.occasion.speaker, face].append(event)
    for event in standing:
        if isinstance(event.word, FacesApart):
            face, occasion = event.word.face, event.occasion
            joined = {
                other
                for later in words_on.get((occasion.speaker, face), ())
                if (later.occasion.at, later.number) > (occasion.at, event.number)
                for other in together_in(later.word)
            }
            mine = opinions[face].get(occasion.speaker) if face in opinions else None
            for other in event.word.others:
                if other not in joined and not _named_alike(mine, other, occasion, opinions):
                    yield face, other


def together_in(word: Word) -> tuple[FaceId, ...]:
    """The faces that this word says are one person, whoever it is; none if it says nothing such."""
    match word:
        case FacesTogether(faces=faces):
            return faces
        case SamePhotoException(first=first, second=second):
            return first, second
    return ()


def _named_alike(
    mine: _Opinion | None, other: FaceId, since: Occasion, opinions: _Opinions
) -> bool:
    """Whether the speaker gave another face the same name, one of the two after this occasion."""
    if mine is None or mine.person is None or other not in opinions:
        return False
    theirs = opinions[other].get(since.speaker)
    if theirs is None or theirs.person != mine.person:
        return False
    return max(mine.at, theirs.at) > since.at


def _verdicts(opinions: _Opinions, rejected: Mapping[FaceId, set[PersonId]]) -> Truth:
    """Sort the faces by what their speakers agree on."""
    confirmed: dict[FaceId, Confirmation] = {}
    agreed: dict[Verdict, set[FaceId]] = {verdict: set() for verdict in Verdict}
    disputed: set[FaceId] = set()
    for face, by_speaker in opinions.items():
        telling = {s: o for s, o in by_speaker.items() if o.verdict is not Verdict.CANNOT_TELL}
        answers = {(opinion.verdict, opinion.person) for opinion in telling.values()}
        if not answers:
            agreed[Verdict.CANNOT_TELL].update([face] if by_speaker else [])
            continue
        verdict, person = next(iter(answers))
        if len(answers) > 1 or person in rejected.get(face, ()):
            disputed.add(face)
        elif person is None:
            agreed[verdict].add(face)
        else:
            newest = max(opinion.at for opinion in telling.values())
            confirmed[face] = Confirmation(face, person, tuple(sorted(telling)), newest)
    return Truth(
        confirmed=confirmed,
        strangers=frozenset(agreed[Verdict.STRANGER]),
        not_faces=frozenset(agreed[Verdict.NOT_A_FACE]),
        cannot_tell=frozenset(agreed[Verdict.CANNOT_TELL]),
        disputed=frozenset(disputed),
    )
