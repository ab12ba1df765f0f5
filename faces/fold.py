"""The fold of the log: from all that was ever said to what is true now.

A new revision of a place takes that place's earlier words back and says new ones, so an undo is
exact; only that somebody was created stays. Of one speaker the newest word on a face counts, by
when it was said and not by when we read it; where two speakers disagree the face is disputed, until
somebody decides. Negative words ("not P", "not who the others are") are remembered until that
speaker says otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

from faces.carrying import carried_in
from faces.confirmations import (
    Decided,
    Event,
    FacesApart,
    FacesTogether,
    NotOnePerson,
    Occasion,
    PairUnsure,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    PhotoTurned,
    Retracted,
    Revised,
    SamePhotoException,
    Truth,
    Turned,
    Verdict,
    Word,
    together_in,
)
from faces.names import compared
from faces.opinions import Heard, heard_of_faces
from faces.records import Confirmation, FaceId, Person, PersonId, PhotoId

_Kind = TypeVar("_Kind", bound=Word)


def fold(events: Iterable[Event]) -> Truth:
    """Fold the log, in the order of its numbers, into what is true now."""
    ordered = sorted(events, key=lambda event: event.number)
    standing, revisions = _standing(ordered)
    namings = _namings(ordered, standing)
    people, merged_into = _people(namings)
    heard = heard_of_faces(standing, Truth(merged_into=merged_into).resolve)
    verdicts = _verdicts(heard)
    apart = tuple(_apart(standing, heard, verdicts.confirmed))
    truth = replace(
        verdicts,
        people=people,
        merged_into=merged_into,
        known_as={
            compared(event.word.name): event.word.person
            for event in namings
            if isinstance(event.word, PersonCreated | PersonRenamed)
        },
        revisions=revisions,
        rejected=_all_rejected(heard, apart, verdicts.confirmed),
        together=tuple(word.faces for word in _said(FacesTogether, standing)),
        apart=apart,
        mixed=tuple(word.faces for word in _said(NotOnePerson, standing)),
        unsure=tuple((word.first, word.second) for word in _said(PairUnsure, standing)),
        same_photo_exceptions=frozenset(
            frozenset((word.first, word.second)) for word in _said(SamePhotoException, standing)
        ),
        turned=_turned(standing),
        standing=tuple(standing),
    )
    return replace(truth, carried=carried_in(truth))


def _said(kind: type[_Kind], standing: Iterable[Event]) -> Iterator[_Kind]:
    return (event.word for event in standing if isinstance(event.word, kind))


def _standing(ordered: Sequence[Event]) -> tuple[list[Event], dict[str, str]]:
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
    return sorted(kept, key=lambda event: event.when), revisions


def _namings(ordered: Iterable[Event], standing: Iterable[Event]) -> list[Event]:
    """What was said of people: first who was ever created, then renamings and mergings that stand.

    People outlive the answer that named them first.
    """
    created = (event for event in ordered if isinstance(event.word, PersonCreated))
    later = (event for event in standing if isinstance(event.word, PersonRenamed | PersonMerged))
    return [*sorted(created, key=lambda event: event.when), *later]


def _people(
    namings: Iterable[Event],
) -> tuple[dict[PersonId, Person], dict[PersonId, PersonId]]:
    """Everybody by id, and who went on as whom.

    What is said of somebody who was merged is said of whom they went on as, so that merging in a
    circle leaves one person.
    """
    people: dict[PersonId, Person] = {}
    merged: dict[PersonId, PersonId] = {}
    now = Truth(merged_into=merged)
    for event in namings:
        word = event.word
        if isinstance(word, PersonCreated | PersonRenamed):
            person = now.resolve(word.person)
            people.pop(person, None)
            people[person] = Person(person, word.name)
        elif isinstance(word, PersonMerged):
            person, into = now.resolve(word.person), now.resolve(word.into)
            if person != into:
                people.pop(person, None)
                merged[person] = into
    return _told_apart(people), merged


def _told_apart(people: Mapping[PersonId, Person]) -> dict[PersonId, Person]:
    """Nobody has another's name: who got it later, or back by an undo, has a number after it.

    `people` are in the order in which they got their names.
    """
    holder: dict[str, PersonId] = {}
    for person in people.values():
        holder.setdefault(compared(person.name), person.id)
    apart: dict[PersonId, Person] = {}
    for person in people.values():
        name = person.name
        if holder[compared(name)] != person.id:
            numbered = (f"{name} ({number})" for number in count(2))
            name = next(free for free in numbered if compared(free) not in holder)
            holder[compared(name)] = person.id
        apart[person.id] = Person(person.id, name)
    return apart


def _turned(standing: Iterable[Event]) -> dict[PhotoId, Turned]:
    """How photos are upright: of all words on one, whoever said them, the newest counts."""
    turned: dict[PhotoId, Turned] = {}
    for event in standing:
        match event.word:
            case PhotoTurned(photo=photo, quarters=quarters):
                before = turned.get(photo)
                if before is None or before.quarters != quarters:
                    turned[photo] = Turned(quarters, event.occasion.place)
    return turned


def _verdicts(heard: Mapping[FaceId, Heard]) -> Truth:
    """Sort the faces by what their speakers agree on."""
    confirmed: dict[FaceId, Confirmation] = {}
    agreed: dict[Verdict, set[FaceId]] = {verdict: set() for verdict in Verdict}
    disputed: set[FaceId] = set()
    in_dispute: set[PersonId] = set()
    for face, words in heard.items():
        told = words.told()
        answers = {(opinion.verdict, opinion.person) for opinion in told.values()}
        if not answers:
            agreed[Verdict.CANNOT_TELL].update([face] if words.who else [])
            continue
        verdict, person = next(iter(answers))
        if len(answers) > 1 or person in words.rejected:
            disputed.add(face)
            in_dispute.update(one.person for one in told.values() if one.person is not None)
        elif person is None:
            agreed[verdict].add(face)
        else:
            newest = max(opinion.occasion.at for opinion in told.values())
            number = max(opinion.number for opinion in told.values())
            confirmed[face] = Confirmation(face, person, tuple(sorted(told)), newest, number)
    return Truth(
        confirmed=confirmed,
        strangers=frozenset(agreed[Verdict.STRANGER]),
        not_faces=frozenset(agreed[Verdict.NOT_A_FACE]),
        cannot_tell=frozenset(agreed[Verdict.CANNOT_TELL]),
        disputed=frozenset(disputed),
        in_dispute=frozenset(in_dispute),
    )


def _all_rejected(
    heard: Mapping[FaceId, Heard],
    apart: Iterable[tuple[FaceId, FaceId]],
    confirmed: Mapping[FaceId, Confirmation],
) -> dict[FaceId, frozenset[PersonId]]:
    """Whom each face is not: as people said, and what follows for a face that is apart from one
    who has a name by now. A face's own name is never taken from it this way.
    """
    rejected = {face: set(words.rejected) for face, words in heard.items()}
    for pair in apart:
        for face, other in (pair, pair[::-1]):
            if other in confirmed and face not in confirmed:
                rejected.setdefault(face, set()).add(confirmed[other].person)
    return {face: frozenset(people) for face, people in rejected.items() if people}


def _apart(
    standing: Sequence[Event],
    heard: Mapping[FaceId, Heard],
    confirmed: Mapping[FaceId, Confirmation],
) -> Iterator[tuple[FaceId, FaceId]]:
    """Each face with each other whose person it is not.

    Not if who said so changed their mind, or if it was decided later that both are one person.
    """
    words_on: dict[tuple[str, FaceId], list[Event]] = defaultdict(list)
    for event in standing:
        for face in together_in(event.word):
            words_on[event.occasion.speaker, face].append(event)
    decided = {event.word.face: event for event in standing if isinstance(event.word, Decided)}
    for event in standing:
        if isinstance(event.word, FacesApart):
            face, occasion = event.word.face, event.occasion
            joined = {
                other
                for later in words_on.get((occasion.speaker, face), ())
                if later.when > event.when
                for other in together_in(later.word)
            }
            for other in event.word.others:
                pair = (face, other)
                overruled = any(one in decided and decided[one].when > event.when for one in pair)
                alike = _named_alike(heard, pair, occasion) or (
                    overruled and _one_person(confirmed, pair)
                )
                if other not in joined and not alike:
                    yield pair


def _named_alike(
    heard: Mapping[FaceId, Heard], pair: tuple[FaceId, FaceId], since: Occasion
) -> bool:
    """Whether the speaker gave both faces the same name, one of the two after this occasion."""
    opinions = [heard[face].who.get(since.speaker) for face in pair if face in heard]
    said = [one for one in opinions if one is not None and one.person is not None]
    if len(said) < len(pair) or said[0].person != said[1].person:
        return False
    return max(one.occasion.at for one in said) > since.at


def _one_person(confirmed: Mapping[FaceId, Confirmation], pair: tuple[FaceId, FaceId]) -> bool:
    first, second = (confirmed.get(face) for face in pair)
    return first is not None and second is not None and first.person == second.person
