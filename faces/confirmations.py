"""What people can say of faces, the events of the log, and what is true after all of them.

Each event has its speaker, its time and its place: the annotation (or other occasion) in which it
was said. `faces.fold` makes the truth of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from faces.look_alikes import LookAlikes, look_alikes_of
from faces.names import compared
from faces.records import Confirmation, FaceId, Person, PersonId, PhotoId


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
class Decided(FaceVerdict):
    """The same, said in sight of a dispute: what contradicts it and was said before, by whomever,
    counts no more.
    """


@dataclass(frozen=True, slots=True)
class Carried:
    """These faces have the name of the group's shown faces, though nobody looked at them.

    Said only together with the words that name `shown`.
    """

    faces: tuple[FaceId, ...]
    person: PersonId
    shown: tuple[FaceId, ...]

    def __post_init__(self) -> None:
        """Refuse a name that is carried from nowhere, to nobody, or to what was looked at."""
        if not self.faces or not self.shown or not set(self.faces).isdisjoint(self.shown):
            raise ValueError("a name is carried from faces that were shown to others that were not")


@dataclass(frozen=True, slots=True)
class NotOnePerson:
    """These faces are not all one person; it says nothing of any two of them."""

    faces: tuple[FaceId, ...]

    def __post_init__(self) -> None:
        """Refuse a face alone, which is one person."""
        if len(set(self.faces)) < 2:
            raise ValueError(f"only several faces can be several people, got {self.faces}")


@dataclass(frozen=True, slots=True)
class PairUnsure:
    """Whether these faces and those are one person was asked, and cannot be told."""

    first: tuple[FaceId, ...]
    second: tuple[FaceId, ...]

    def __post_init__(self) -> None:
        """Refuse what is no pair."""
        if not self.first or not self.second or not set(self.first).isdisjoint(self.second):
            raise ValueError(f"{self.first} and {self.second} are no pair to be told apart")


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
class PhotoTurned:
    """This photo is upright when it is turned so many quarters to the right from how its file has
    it: the annotator's turn added to how it was shown to them.
    """

    photo: PhotoId
    quarters: int

    def __post_init__(self) -> None:
        """Refuse what is no quarter, or more than all."""
        if self.quarters not in range(4):
            raise ValueError(f"a photo is turned by 0 to 3 quarters, got {self.quarters}")


@dataclass(frozen=True, slots=True)
class Revised:
    """This place speaks anew: what it said before no longer holds."""

    revision: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """This place takes back all it said."""


Word = (
    FaceVerdict
    | Decided
    | Carried
    | NotOnePerson
    | PairUnsure
    | FacesTogether
    | FacesApart
    | SamePhotoException
    | PersonCreated
    | PersonRenamed
    | PersonMerged
    | PhotoTurned
    | Revised
    | Retracted
)
WORDS: Mapping[str, type[Word]] = {
    "face": FaceVerdict,
    "decided": Decided,
    "carried": Carried,
    "not one person": NotOnePerson,
    "pair unsure": PairUnsure,
    "together": FacesTogether,
    "apart": FacesApart,
    "same-photo exception": SamePhotoException,
    "person created": PersonCreated,
    "person renamed": PersonRenamed,
    "person merged": PersonMerged,
    "photo turned": PhotoTurned,
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

    @property
    def when(self) -> tuple[datetime, int]:
        """Its place in the order in which people spoke, which is not the one in which we read."""
        return self.occasion.at, self.number


@dataclass(frozen=True, slots=True)
class Turned:
    """How a photo is upright, in quarters to the right from how its file has it, and the place
    whose word turned it so; what only agrees with that does not count.
    """

    quarters: int
    place: str = field(compare=False)


@dataclass(frozen=True)
class Truth:
    """What holds after folding the log.

    A face is in at most one of `confirmed`, `strangers`, `not_faces`, `cannot_tell`, `disputed` and
    `carried`. Nobody looked at what is `carried`, so nothing is learned or measured by it. People
    who some say that a disputed face is are `in_dispute`. `mixed` are faces that are not all one
    person, `unsure` the pairs that somebody could not tell. `turned` are the photos of which
    somebody said how they are upright.
    `standing` are the events that were not taken back, in the order in which they were said: who
    said what holds, when and where. Two truths are equal if the same holds, whoever said it.
    """

    people: Mapping[PersonId, Person] = field(default_factory=dict)
    confirmed: Mapping[FaceId, Confirmation] = field(default_factory=dict)
    strangers: frozenset[FaceId] = frozenset()
    not_faces: frozenset[FaceId] = frozenset()
    cannot_tell: frozenset[FaceId] = frozenset()
    disputed: frozenset[FaceId] = frozenset()
    in_dispute: frozenset[PersonId] = frozenset()
    carried: Mapping[FaceId, PersonId] = field(default_factory=dict)
    rejected: Mapping[FaceId, frozenset[PersonId]] = field(default_factory=dict)
    together: tuple[tuple[FaceId, ...], ...] = ()
    apart: tuple[tuple[FaceId, FaceId], ...] = ()
    mixed: tuple[tuple[FaceId, ...], ...] = ()
    unsure: tuple[tuple[tuple[FaceId, ...], tuple[FaceId, ...]], ...] = ()
    same_photo_exceptions: frozenset[frozenset[FaceId]] = frozenset()
    merged_into: Mapping[PersonId, PersonId] = field(default_factory=dict)
    known_as: Mapping[str, PersonId] = field(default_factory=dict)
    turned: Mapping[PhotoId, Turned] = field(default_factory=dict)
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

    @cached_property
    def named(self) -> frozenset[PersonId]:
        """Everybody to whom people gave a face, though others may dispute it."""
        return self.in_dispute.union(said.person for said in self.confirmed.values())

    @cached_property
    def look_alikes(self) -> LookAlikes:
        """Who is often taken for whom, as far as people said."""
        return look_alikes_of(self.confirmed, self.rejected, self.apart)

    @property
    def looked_at(self) -> frozenset[FaceId]:
        """Faces that people looked at and agree on."""
        return frozenset(self.confirmed) | self.strangers | self.not_faces | self.cannot_tell

    @property
    def settled(self) -> frozenset[FaceId]:
        """Faces that nobody needs to ask about again, as things stand."""
        return self.looked_at | frozenset(self.carried)

    @property
    def spoken_of(self) -> frozenset[FaceId]:
        """Faces on which anybody's word stands; these are never removed."""
        pairs = {face for pair in self.apart for face in pair}
        groups = {face for group in (*self.together, *self.mixed) for face in group}
        unsure = {face for pair in self.unsure for side in pair for face in side}
        exceptions = {face for pair in self.same_photo_exceptions for face in pair}
        verdicts = self.settled | self.disputed | frozenset(self.rejected)
        return verdicts | pairs | groups | unsure | exceptions


def together_in(word: Word) -> tuple[FaceId, ...]:
    """The faces that this word says are one person, whoever it is; none if it says nothing such."""
    match word:
        case FacesTogether(faces=faces):
            return faces
        case SamePhotoException(first=first, second=second):
            return first, second
    return ()


def faces_in(word: Word) -> tuple[FaceId, ...]:
    """The faces that a word is about."""
    match word:
        case FaceVerdict(face=face):
            return (face,)
        case FacesApart(face=face, others=others):
            return face, *others
        case Carried(faces=faces, shown=shown):
            return *faces, *shown
        case NotOnePerson(faces=faces):
            return faces
        case PairUnsure(first=first, second=second):
            return *first, *second
    return together_in(word)
