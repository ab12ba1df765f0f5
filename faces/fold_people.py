"""What the log says of people: who was created, what they are called, and who went on as whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

from faces.confirmations import Event, PersonCreated, PersonMerged, PersonRenamed, Truth
from faces.names import compared
from faces.records import Person, PersonId


def namings_after(created: Iterable[Event], standing: Iterable[Event]) -> list[Event]:
    """What was said of people: first who was ever created, then renamings and mergings that stand.

    People outlive the answer that named them first.
    """
    later = (event for event in standing if isinstance(event.word, PersonRenamed | PersonMerged))
    return [*sorted(created, key=lambda event: event.when), *later]


def known_as(namings: Iterable[Event]) -> dict[str, PersonId]:
    """Who had each name last, of all that were ever given."""
    return {
        compared(event.word.name): event.word.person
        for event in namings
        if isinstance(event.word, PersonCreated | PersonRenamed)
    }


def people_of(
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
