"""What the log says of two faces that are two people, and whom a face is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from faces.confirmations import Decided, Event, FacesApart, Occasion, faces_in, together_in
from faces.opinions import Heard
from faces.records import Confirmation, FaceId, PersonId

Pairs = tuple[tuple[FaceId, FaceId], ...]


def all_rejected(
    refused: Mapping[FaceId, frozenset[PersonId]],
    apart: Iterable[tuple[FaceId, FaceId]],
    confirmed: Mapping[FaceId, Confirmation],
) -> dict[FaceId, frozenset[PersonId]]:
    """Whom each face is not: as people said, and what follows for a face that is apart from one
    who has a name by now. A face's own name is never taken from it this way.
    """
    rejected = dict(refused)
    for pair in apart:
        for face, other in (pair, pair[::-1]):
            if other in confirmed and face not in confirmed:
                rejected[face] = rejected.get(face, frozenset()) | {confirmed[other].person}
    return rejected


def pairs_apart(
    standing: Sequence[Event],
    heard: Mapping[FaceId, Heard],
    confirmed: Mapping[FaceId, Confirmation],
    *,
    before: Mapping[int, Pairs],
    touched: AbstractSet[FaceId],
) -> dict[int, Pairs]:
    """Each face with each other whose person it is not, by the number of the event that says so.

    Not if who said so changed their mind, or if it was decided later that both are one person. What
    was found `before` holds where nothing was said since of any of the faces, those `touched`.
    """
    said = [(event, event.word) for event in standing if isinstance(event.word, FacesApart)]
    anew = [
        (event, word)
        for event, word in said
        if event.number not in before or not touched.isdisjoint(faces_in(word))
    ]
    words_on: dict[tuple[str, FaceId], list[Event]] = defaultdict(list)
    decided: dict[FaceId, Event] = {}
    for event in standing if anew else ():
        for face in together_in(event.word):
            words_on[event.occasion.speaker, face].append(event)
        if isinstance(event.word, Decided):
            decided[event.word.face] = event
    found = {
        event.number: tuple(_pairs(event, word, words_on, decided, heard, confirmed))
        for event, word in anew
    }
    numbers = [event.number for event, _ in said]
    return {number: found[number] if number in found else before[number] for number in numbers}


def _pairs(
    event: Event,
    word: FacesApart,
    words_on: Mapping[tuple[str, FaceId], Sequence[Event]],
    decided: Mapping[FaceId, Event],
    heard: Mapping[FaceId, Heard],
    confirmed: Mapping[FaceId, Confirmation],
) -> Iterator[tuple[FaceId, FaceId]]:
    """What holds of one word."""
    joined = {
        other
        for later in words_on.get((event.occasion.speaker, word.face), ())
        if later.when > event.when
        for other in together_in(later.word)
    }
    for other in word.others:
        pair = (word.face, other)
        overruled = any(one in decided and decided[one].when > event.when for one in pair)
        alike = _named_alike(heard, pair, event.occasion) or (
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
