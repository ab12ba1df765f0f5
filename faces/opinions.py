"""Each speaker's last word on each face: who it is, and whom it is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from faces.confirmations import Decided, Event, FaceVerdict, Occasion, Verdict
from faces.records import FaceId, PersonId


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a speaker says of a face last, with the person as they are known now."""

    verdict: Verdict
    person: PersonId | None
    occasion: Occasion
    number: int


@dataclass(slots=True)
class Heard:
    """What counts of all that was said of one face.

    `who` has each speaker's newest word on who it is, `who_not` those on each whom it is not.
    """

    who: dict[str, Opinion] = field(default_factory=dict)
    who_not: dict[tuple[str, PersonId], Opinion] = field(default_factory=dict)

    @property
    def rejected(self) -> frozenset[PersonId]:
        """Whom anybody says that it is not."""
        return frozenset(person for _, person in self.who_not)

    def told(self) -> dict[str, Opinion]:
        """Who it is, by speaker; who cannot tell says nothing."""
        return {s: one for s, one in self.who.items() if one.verdict is not Verdict.CANNOT_TELL}

    def hear(self, event: Event, word: FaceVerdict, person: PersonId | None) -> None:
        """Take in the next word; `person` is whom it names, as they are known now."""
        speaker = event.occasion.speaker
        opinion = Opinion(word.verdict, person, event.occasion, event.number)
        if isinstance(word, Decided):
            self.who = {s: one for s, one in self.who.items() if not _contradict(one, opinion)}
        if word.verdict is Verdict.IS_NOT and person is not None:
            self.who_not[speaker, person] = opinion
            if speaker in self.who and self.who[speaker].person == person:
                del self.who[speaker]
            return
        self.who[speaker] = opinion
        for said in [said for said in self.who_not if said[1] == person]:
            if isinstance(word, Decided) or said[0] == speaker:
                del self.who_not[said]


def _contradict(before: Opinion, decided: Opinion) -> bool:
    """Whether a word on who a face is cannot stand beside a decision."""
    if decided.verdict is Verdict.IS_NOT:
        return before.person == decided.person
    return (before.verdict, before.person) != (decided.verdict, decided.person)


def heard_of_faces(
    said: Iterable[Event], resolve: Callable[[PersonId], PersonId]
) -> dict[FaceId, Heard]:
    """What counts of each face that a verdict was said of; events in any order."""
    heard: dict[FaceId, Heard] = defaultdict(Heard)
    for event in sorted(said, key=lambda event: event.when):
        word = event.word
        if isinstance(word, FaceVerdict):
            heard[word.face].hear(event, word, word.person and resolve(word.person))
    return dict(heard)
