import dataclasses
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.confirmations import (
    Event,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    Occasion,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    Retracted,
    Revised,
    SamePhotoException,
    Truth,
    Verdict,
    Word,
    fold,
)
from faces.records import FaceId, PersonId
from tests.faces.words import START, logs, numbered, places, takings_back

FACE, OTHER = FaceId("f1"), FaceId("f2")
ANNA, ZOE = PersonId("p-anna"), PersonId("p-zoe")
CREATED: list[tuple[str, str, Word]] = [
    ("Ada", "people", PersonCreated(ANNA, "Anna")),
    ("Ada", "people", PersonCreated(ZOE, "Zoë")),
]


def is_(person: PersonId, face: FaceId = FACE) -> FaceVerdict:
    return FaceVerdict(face, Verdict.IS, person)


def is_not(person: PersonId, face: FaceId = FACE) -> FaceVerdict:
    return FaceVerdict(face, Verdict.IS_NOT, person)


def said(*words: tuple[str, str, Word]) -> Truth:
    return fold(numbered([*CREATED, *words]))


def test_nothing_said_is_nothing_known() -> None:
    assert fold([]) == Truth()


def test_a_word_on_a_face_confirms_it() -> None:
    truth = said(("Ada", "a", is_(ANNA)))
    confirmation = truth.confirmed[FACE]
    assert (confirmation.person, confirmation.speakers) == (ANNA, ("Ada",))
    assert confirmation.at.tzinfo is not None
    assert truth.settled == truth.spoken_of == {FACE}


def test_of_one_speaker_the_newest_word_counts() -> None:
    truth = said(("Ada", "a", is_(ANNA)), ("Ada", "b", is_(ZOE)))
    assert truth.confirmed[FACE].person == ZOE
    assert said(("Ada", "a", is_(ANNA)), ("Ada", "b", FaceVerdict(FACE, Verdict.STRANGER))) == said(
        ("Eve", "c", is_(ZOE, OTHER)),
        ("Ada", "b", FaceVerdict(FACE, Verdict.STRANGER)),
        ("Eve", "c", Retracted()),
    )


def test_two_speakers_who_agree_confirm_together() -> None:
    truth = said(("Bob", "a", is_(ANNA)), ("Ada", "b", is_(ANNA)))
    assert truth.confirmed[FACE].speakers == ("Ada", "Bob")


@pytest.mark.parametrize(
    "word",
    [is_(ZOE), is_not(ANNA), FaceVerdict(FACE, Verdict.STRANGER)],
)
def test_two_speakers_who_disagree_make_a_dispute(word: Word) -> None:
    for order in ((0, 1), (1, 0)):
        both = [("Ada", "a", is_(ANNA)), ("Bob", "b", word)]
        truth = said(*(both[place] for place in order))
        assert truth.disputed == {FACE}
        assert FACE not in truth.settled
        assert FACE in truth.spoken_of


def test_who_cannot_tell_disputes_nothing() -> None:
    cannot = FaceVerdict(FACE, Verdict.CANNOT_TELL)
    assert said(("Ada", "a", is_(ANNA)), ("Bob", "b", cannot)).confirmed[FACE].speakers == ("Ada",)
    alone = said(("Bob", "b", cannot))
    assert alone.cannot_tell == alone.settled == {FACE}


def test_a_rejection_is_remembered_and_names_nobody() -> None:
    truth = said(("Ada", "a", is_not(ANNA)))
    assert truth.rejected == {FACE: {ANNA}}
    assert truth.settled == frozenset()
    assert truth.spoken_of == {FACE}


def test_is_then_is_not_by_one_speaker_leaves_the_rejection() -> None:
    truth = said(("Ada", "a", is_(ANNA)), ("Ada", "b", is_not(ANNA)))
    assert truth.confirmed == {}
    assert truth.rejected == {FACE: {ANNA}}
    assert truth.disputed == truth.cannot_tell == frozenset()


def test_is_not_then_is_by_one_speaker_confirms() -> None:
    truth = said(("Ada", "a", is_not(ANNA)), ("Ada", "b", is_(ANNA)))
    assert truth.confirmed[FACE].person == ANNA
    assert truth.rejected == {}


def test_not_one_person_but_another() -> None:
    truth = said(("Ada", "a", is_not(ANNA)), ("Ada", "a", is_(ZOE)))
    assert truth.confirmed[FACE].person == ZOE
    assert truth.rejected == {FACE: {ANNA}}


def test_a_revision_replaces_exactly_what_its_place_said() -> None:
    truth = said(
        ("Ada", "a", is_(ANNA)),
        ("Ada", "b", is_(ANNA, OTHER)),
        ("Ada", "a", Revised("2")),
        ("Ada", "a", is_(ZOE)),
    )
    assert truth.confirmed[FACE].person == ZOE
    assert truth.confirmed[OTHER].person == ANNA
    assert truth.revisions == {"a": "2"}


def test_a_retraction_uncovers_what_was_said_before_elsewhere() -> None:
    truth = said(("Ada", "a", is_(ANNA)), ("Ada", "b", is_(ZOE)), ("Ada", "b", Retracted()))
    assert truth.confirmed[FACE].person == ANNA
    assert truth.revisions == {}


def test_pairs_groups_and_exceptions_stand() -> None:
    truth = said(
        ("Ada", "a", FacesTogether((FACE, OTHER))),
        ("Ada", "a", SamePhotoException(OTHER, FACE)),
        ("Ada", "a", FacesApart(FACE, (OTHER, FaceId("f3")))),
    )
    assert truth.together == ((FACE, OTHER),)
    assert truth.apart == ((FACE, OTHER), (FACE, FaceId("f3")))
    assert truth.same_photo_exceptions == {frozenset((FACE, OTHER))}
    assert truth.spoken_of == {FACE, OTHER, FaceId("f3")}


def test_people_outlive_the_answer_that_named_them() -> None:
    truth = fold(numbered([("Ada", "a", PersonCreated(ANNA, "Anna")), ("Ada", "a", Retracted())]))
    assert truth.person_named("ANNA") == truth.people[ANNA]


def test_names_are_found_without_case_and_old_names_go_on_resolving() -> None:
    truth = said(("Ada", "a", PersonRenamed(ANNA, "Anne")))
    for name in ("anne", "ANNA"):
        assert truth.person_named(name) == truth.people[ANNA]
    assert truth.people[ANNA].name == "Anne"
    assert truth.person_named("Nobody") is None


def test_an_old_name_that_somebody_else_has_now_is_theirs() -> None:
    truth = said(
        ("Ada", "a", PersonRenamed(ANNA, "Anne")),
        ("Ada", "a", PersonCreated(PersonId("p3"), "Anna")),
        ("Ada", "a", PersonRenamed(ANNA, "Anni")),
    )
    assert truth.person_named("Anna") == truth.people[PersonId("p3")]
    assert truth.person_named("Anne") == truth.people[ANNA]


def test_a_merged_person_goes_on_as_the_other() -> None:
    truth = said(
        ("Ada", "a", is_(ANNA)),
        ("Ada", "a", is_not(ANNA, OTHER)),
        ("Ada", "b", PersonMerged(ANNA, ZOE)),
    )
    assert truth.confirmed[FACE].person == ZOE
    assert truth.rejected == {OTHER: {ZOE}}
    assert set(truth.people) == {ZOE}
    assert truth.person_named("Anna") == truth.people[ZOE]
    assert truth.resolve(ANNA) == ZOE


def test_two_speakers_agree_on_people_who_turned_out_to_be_one() -> None:
    truth = said(
        ("Ada", "a", is_(ANNA)), ("Bob", "b", is_(ZOE)), ("Ada", "c", PersonMerged(ANNA, ZOE))
    )
    assert truth.confirmed[FACE].person == ZOE
    assert truth.disputed == frozenset()


def test_merging_in_a_circle_keeps_one_person() -> None:
    there_and_back = said(
        ("Ada", "a", PersonMerged(ANNA, ZOE)), ("Ada", "a", PersonMerged(ZOE, ANNA))
    )
    assert set(there_and_back.people) == {ZOE}
    assert there_and_back.resolve(ANNA) == there_and_back.resolve(ZOE) == ZOE
    assert set(said(("Ada", "a", PersonMerged(ANNA, ANNA))).people) == {ANNA, ZOE}


def test_renaming_a_merged_person_renames_who_they_are_now() -> None:
    truth = said(("Ada", "a", PersonMerged(ANNA, ZOE)), ("Ada", "a", PersonRenamed(ANNA, "Ann")))
    assert {person: known.name for person, known in truth.people.items()} == {ZOE: "Ann"}


def test_a_word_cannot_be_said_wrong() -> None:
    with pytest.raises(ValueError, match="do not fit together"):
        FaceVerdict(FACE, Verdict.IS)
    with pytest.raises(ValueError, match="do not fit together"):
        FaceVerdict(FACE, Verdict.STRANGER, ANNA)
    with pytest.raises(ValueError, match="needs a zone"):
        Occasion("Ada", datetime(2026, 1, 1), "a")


@given(logs, st.randoms(use_true_random=False))
def test_events_may_be_given_in_any_order(events: list[Event], rng: random.Random) -> None:
    shuffled = list(events)
    rng.shuffle(shuffled)
    assert fold(shuffled) == fold(events)


@given(logs, places, takings_back)
def test_taking_a_place_back_is_as_if_it_had_never_spoken(
    events: list[Event], place: str, taking_back: Word
) -> None:
    """People aside: they outlive the answer that named them."""
    people = [
        event
        for event in events
        if isinstance(event.word, PersonCreated | PersonRenamed | PersonMerged)
    ]
    silent = sorted(
        {*people, *(e for e in events if e.occasion.place != place)}, key=lambda e: e.number
    )
    last = Event(
        1000,
        Occasion("Ada", numbered([("Ada", place, taking_back)])[0].occasion.at, place),
        taking_back,
    )
    undone, never = fold([*events, last]), fold(silent)
    assert dataclasses.replace(undone, revisions={}) == dataclasses.replace(never, revisions={})
    assert (place in undone.revisions) == isinstance(taking_back, Revised)


@given(logs)
def test_what_is_known_of_a_face_never_contradicts_itself(events: list[Event]) -> None:
    truth = fold(events)
    parts = [
        frozenset(truth.confirmed),
        truth.strangers,
        truth.not_faces,
        truth.cannot_tell,
        truth.disputed,
    ]
    assert sum(map(len, parts)) == len(frozenset().union(*parts))
    for face, confirmation in truth.confirmed.items():
        assert confirmation.person not in truth.rejected.get(face, ())
        assert truth.resolve(confirmation.person) == confirmation.person
    for person in truth.people:
        assert truth.resolve(person) == person
    assert truth.settled <= truth.spoken_of


def test_what_was_said_last_counts_even_if_it_was_read_first() -> None:
    def heard(number: int, day: int, person: PersonId) -> Event:
        occasion = Occasion("Ada", datetime(2026, 1, day, tzinfo=UTC), f"annotation:{number}")
        return Event(number, occasion, FaceVerdict(FACE, Verdict.IS, person))

    late, early = PersonId("late"), PersonId("early")
    people = [
        Event(n, Occasion("Ada", START, "x"), PersonCreated(p, str(p)))
        for n, p in ((1, late), (2, early))
    ]
    truth = fold([*people, heard(3, 9, late), heard(4, 2, early)])
    assert truth.confirmed[FACE].person == late


def test_a_face_apart_from_one_that_gets_a_name_is_not_that_person() -> None:
    truth = said(
        ("Ada", "page", FacesApart(FACE, (OTHER,))),
        ("Ada", "photo", is_(ANNA, OTHER)),
    )
    assert truth.rejected == {FACE: frozenset({ANNA})}


def test_a_name_of_its_own_is_not_taken_from_a_face_that_was_once_apart() -> None:
    truth = said(
        ("Ada", "page", FacesApart(FACE, (OTHER,))),
        ("Ada", "photo", is_(ANNA, OTHER)),
        ("Ada", "again", is_(ANNA, FACE)),
    )
    assert truth.confirmed[FACE].person == ANNA
    assert truth.rejected == {}


@pytest.mark.parametrize(
    "later",
    [
        [FacesTogether((OTHER, FACE))],
        [SamePhotoException(FACE, OTHER)],
        [is_(ANNA, FACE), is_(ANNA, OTHER)],
    ],
)
def test_whoever_said_that_faces_are_two_people_can_say_later_that_they_are_one(
    later: list[Word],
) -> None:
    first = ("Ada", "page", FacesApart(FACE, (OTHER,)))
    assert said(first, *(("Ada", "later", word) for word in later)).apart == ()
    assert said(first, *(("Bob", "later", word) for word in later)).apart == ((FACE, OTHER),)
    assert said(*(("Ada", "earlier", word) for word in later), first).apart == ((FACE, OTHER),)


def test_what_stands_is_there_with_its_occasions() -> None:
    events = numbered([("Ada", "a", is_(ANNA)), ("Bob", "b", is_(ZOE)), ("Bob", "b", Retracted())])
    assert fold(events).standing == (events[0],)
