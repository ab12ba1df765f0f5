"""The fold of the log: from all that was ever said to what is true now.

A new revision of a place takes that place's earlier words back and says new ones, so an undo is
exact; only that somebody was created stays. Of one speaker the newest word on a face counts, by
when it was said and not by when we read it; where two speakers disagree the face is disputed, until
somebody decides. Negative words ("not P", "not who the others are") are remembered until that
speaker says otherwise.

A log that has grown need not be folded from its beginning: only the faces that the news speak of,
and those whose words they take back, are decided anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TypeVar

from faces.carrying import carried_in
from faces.confirmations import (
    Event,
    FacesTogether,
    FaceVerdict,
    NotOnePerson,
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
    faces_in,
)
from faces.fold_apart import Pairs, all_rejected, pairs_apart
from faces.fold_people import known_as, namings_after, people_of
from faces.opinions import Heard, heard_of_faces
from faces.records import Confirmation, FaceId, PersonId, PhotoId

_Kind = TypeVar("_Kind", bound=Word)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Folded:
    """What holds after some events, and what it takes to go on from there: what stands of each
    place, who was ever created, what counts of each face, whom people said that it is not, and
    which pairs each word tells apart.
    """

    truth: Truth = field(default_factory=Truth)
    places: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    created: tuple[Event, ...] = ()
    heard: Mapping[FaceId, Heard] = field(default_factory=dict)
    refused: Mapping[FaceId, frozenset[PersonId]] = field(default_factory=dict)
    apart: Mapping[int, Pairs] = field(default_factory=dict)


@dataclass(frozen=True)
class _News:
    """What events change: the places in which they were said, as they are after them, and which
    words come and go by that.
    """

    places: Mapping[str, tuple[Event, ...]]
    revisions: Mapping[str, str]
    created: tuple[Event, ...]
    come: Sequence[Event]
    gone: Sequence[Event]

    @property
    def all(self) -> Sequence[Event]:
        """The words that come and those that go."""
        return (*self.come, *self.gone)


def fold(events: Iterable[Event]) -> Truth:
    """Fold the log, in the order of its numbers, into what is true now."""
    return grown(Folded(), events).truth


def grown(before: Folded, events: Iterable[Event]) -> Folded:
    """What holds after more events; each has a higher number than all those before."""
    news = _news(before, sorted(events, key=lambda event: event.number))
    standing = _standing(before.truth.standing, news)
    beside = [event for event in standing if type(event.word) is not FaceVerdict]
    created = (*before.created, *news.created)
    named = _with_people(before.truth, news, created, beside)
    are_others = named.merged_into != before.truth.merged_into
    about = _faces_of([*(standing if are_others else news.come), *news.gone])
    heard = _without(before.heard, about) | _heard(about, standing, named)
    of_these = {face: heard[face] for face in about if face in heard}
    verdicts = _with_verdicts(named, about, of_these)
    refused = _without(before.refused, about) | {
        face: words.rejected for face, words in of_these.items() if words.who_not
    }
    by_word = pairs_apart(
        beside,
        heard,
        verdicts.confirmed,
        before=before.apart,
        touched=about | {face for event in news.all for face in faces_in(event.word)},
    )
    apart = tuple(pair for pairs in by_word.values() for pair in pairs)
    truth = replace(
        verdicts,
        revisions=news.revisions,
        in_dispute=_in_dispute(verdicts.disputed, heard),
        rejected=all_rejected(refused, apart, verdicts.confirmed),
        together=tuple(word.faces for word in _said(FacesTogether, beside)),
        apart=apart,
        mixed=tuple(word.faces for word in _said(NotOnePerson, beside)),
        unsure=tuple((word.first, word.second) for word in _said(PairUnsure, beside)),
        same_photo_exceptions=frozenset(
            frozenset((word.first, word.second)) for word in _said(SamePhotoException, beside)
        ),
        turned=_turned(beside),
        standing=standing,
    )
    carried = replace(truth, carried=carried_in(truth, beside))
    places = {**before.places, **news.places}
    return Folded(carried, places, created, heard, refused, by_word)


def _said(kind: type[_Kind], standing: Iterable[Event]) -> Iterator[_Kind]:
    return (event.word for event in standing if isinstance(event.word, kind))


def _news(before: Folded, ordered: Sequence[Event]) -> _News:
    """What these events, in the order of their numbers, change."""
    said: dict[str, list[Event]] = defaultdict(list)
    anew: set[str] = set()
    revisions = dict(before.truth.revisions)
    for event in ordered:
        place, word = event.occasion.place, event.word
        if isinstance(word, Revised | Retracted):
            said[place].clear()
            anew.add(place)
            revisions.pop(place, None)
        if isinstance(word, Revised):
            revisions[place] = word.revision
        elif not isinstance(word, Retracted):
            said[place].append(event)
    stays = {place: () if place in anew else before.places.get(place, ()) for place in said}
    return _News(
        places={place: (*stays[place], *words) for place, words in said.items()},
        revisions=revisions,
        created=tuple(event for event in ordered if isinstance(event.word, PersonCreated)),
        come=[event for words in said.values() for event in words],
        gone=[event for place in sorted(anew) for event in before.places.get(place, ())],
    )


def _standing(before: Sequence[Event], news: _News) -> tuple[Event, ...]:
    """The events that were not taken back, in the order in which they were said."""
    gone = {event.number for event in news.gone}
    stays = [event for event in before if event.number not in gone] if gone else before
    come = sorted(news.come, key=lambda event: event.when)
    first = bisect_left(stays, come[0].when, key=lambda event: event.when) if come else len(stays)
    mingled = sorted([*stays[first:], *come], key=lambda event: event.when)
    return (*stays[:first], *mingled)


def _with_people(
    before: Truth, news: _News, created: Iterable[Event], beside: Iterable[Event]
) -> Truth:
    """The truth with everybody as they are called after the news."""
    if not news.created and not any(
        isinstance(event.word, PersonRenamed | PersonMerged) for event in news.all
    ):
        return before
    namings = namings_after(created, beside)
    people, merged_into = people_of(namings)
    names = known_as(namings)
    return replace(before, people=people, merged_into=merged_into, known_as=names)


def _faces_of(events: Iterable[Event]) -> frozenset[FaceId]:
    """The faces of which verdicts were said."""
    return frozenset(event.word.face for event in events if isinstance(event.word, FaceVerdict))


def _heard(
    about: AbstractSet[FaceId], standing: Iterable[Event], truth: Truth
) -> dict[FaceId, Heard]:
    """What counts of each of these faces."""
    verdicts = (
        event
        for event in standing
        if isinstance(event.word, FaceVerdict) and event.word.face in about
    )
    return heard_of_faces(verdicts, truth.resolve)


def _with_verdicts(
    truth: Truth, about: AbstractSet[FaceId], heard: Mapping[FaceId, Heard]
) -> Truth:
    """The truth with what the speakers of these faces agree on by now."""
    now = _verdicts(heard)
    return replace(
        truth,
        confirmed=_without(truth.confirmed, about) | dict(now.confirmed),
        strangers=(truth.strangers - about) | now.strangers,
        not_faces=(truth.not_faces - about) | now.not_faces,
        cannot_tell=(truth.cannot_tell - about) | now.cannot_tell,
        disputed=(truth.disputed - about) | now.disputed,
    )


def _without(there: Mapping[FaceId, _Value], faces: AbstractSet[FaceId]) -> dict[FaceId, _Value]:
    """A copy without these faces."""
    left = dict(there)
    for face in faces & left.keys():
        del left[face]
    return left


def _in_dispute(disputed: Iterable[FaceId], heard: Mapping[FaceId, Heard]) -> frozenset[PersonId]:
    """Who some say that these faces are."""
    told = (opinion for face in disputed for opinion in heard[face].told().values())
    return frozenset(opinion.person for opinion in told if opinion.person is not None)


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
    for face, words in heard.items():
        told = words.told()
        answers = {(opinion.verdict, opinion.person) for opinion in told.values()}
        if not answers:
            agreed[Verdict.CANNOT_TELL].update([face] if words.who else [])
            continue
        verdict, person = next(iter(answers))
        if len(answers) > 1 or person in words.rejected:
            disputed.add(face)
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
    )
