import dataclasses
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces import fold as fold_module
from faces.confirmations import (
    Carried,
    Decided,
    Event,
    FacesApart,
    FacesTogether,
    FaceVerdict,
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
    Verdict,
    Word,
)
from faces.fold import Folded, fold, grown
from faces.names import compared
from faces.records import FaceId, PersonId, PhotoId
from tests.faces.words import (
    START,
    about_people,
    logs,
    numbered,
    places,
    speakers,
    statements,
    takings_back,
)

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


@given(logs, st.randoms(use_true_random=False))
def test_events_may_be_given_in_any_order(events: list[Event], rng: random.Random) -> None:
    shuffled = list(events)
    rng.shuffle(shuffled)
    assert fold(shuffled) == fold(events)


@given(logs, places, takings_back)
def test_taking_a_place_back_is_as_if_it_had_never_spoken(
    events: list[Event], place: str, taking_back: Word
) -> None:
    """But for who was created: people outlive the answer that named them."""
    silent = [
        event
        for event in events
        if event.occasion.place != place or isinstance(event.word, PersonCreated)
    ]
    last = Event(1000, Occasion("Ada", START, place), taking_back)
    undone, never = fold([*events, last]), fold(silent)
    assert dataclasses.replace(undone, revisions={}) == dataclasses.replace(never, revisions={})
    assert (place in undone.revisions) == isinstance(taking_back, Revised)


@given(logs, st.lists(statements | about_people, max_size=6), speakers)
def test_an_answer_that_is_taken_back_leaves_everything_as_it_was(
    events: list[Event], answer: list[Word], speaker: str
) -> None:
    occasion = Occasion(speaker, START + timedelta(days=1), "the answer")
    said = [Event(1000 + n, occasion, word) for n, word in enumerate(answer)]
    back = Event(2000, dataclasses.replace(occasion, speaker="label-studio"), Retracted())
    created = [event for event in said if isinstance(event.word, PersonCreated)]
    assert fold([*events, *said, back]) == fold([*events, *created])


@given(logs, places, st.lists(statements | about_people, max_size=4), speakers)
def test_a_new_revision_is_taking_back_and_saying_the_new_words(
    events: list[Event], place: str, answer: list[Word], speaker: str
) -> None:
    occasion = Occasion(speaker, START + timedelta(days=1), place)
    said = [Event(1001 + n, occasion, word) for n, word in enumerate(answer)]
    revised = fold([*events, Event(1000, occasion, Revised("2")), *said])
    anew = fold([*events, Event(1000, occasion, Retracted()), *said])
    assert dataclasses.replace(revised, revisions={}) == dataclasses.replace(anew, revisions={})


@given(logs, st.permutations(range(4)))
def test_which_place_was_read_first_does_not_matter(
    events: list[Event], order: tuple[int, ...]
) -> None:
    """No two events of `logs` have the same time, so that time tells their order."""
    rank = {f"annotation:{number}": place for number, place in enumerate(order)}
    by_place = sorted(events, key=lambda event: (rank[event.occasion.place], event.number))
    read = [dataclasses.replace(event, number=n) for n, event in enumerate(by_place, start=1)]
    assert fold(read) == fold(events)


@given(logs)
def test_what_is_known_of_a_face_never_contradicts_itself(events: list[Event]) -> None:
    truth = fold(events)
    parts = [
        frozenset(truth.confirmed),
        truth.strangers,
        truth.not_faces,
        truth.cannot_tell,
        truth.disputed,
        frozenset(truth.carried),
    ]
    assert sum(map(len, parts)) == len(frozenset().union(*parts))
    for face, confirmation in truth.confirmed.items():
        assert confirmation.person not in truth.rejected.get(face, ())
        assert truth.resolve(confirmation.person) == confirmation.person
    for face, person in truth.carried.items():
        assert person not in truth.rejected.get(face, ())
        assert truth.resolve(person) == person
    for person in truth.people:
        assert truth.resolve(person) == person
    assert truth.settled <= truth.spoken_of


@given(logs)
def test_no_two_people_have_one_name(events: list[Event]) -> None:
    named = [compared(person.name) for person in fold(events).people.values()]
    assert len(set(named)) == len(named)


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


THIRD = FaceId("f3")
PAGE: list[tuple[str, str, Word]] = [
    ("Ada", "page", is_(ANNA)),
    ("Ada", "page", is_(ANNA, OTHER)),
    ("Ada", "page", Carried((THIRD,), ANNA, (FACE, OTHER))),
]


def test_a_name_is_carried_to_faces_that_nobody_looked_at() -> None:
    truth = said(*PAGE)
    assert truth.carried == {THIRD: ANNA}
    assert set(truth.confirmed) == truth.looked_at == {FACE, OTHER}
    assert truth.settled == truth.spoken_of == {FACE, OTHER, THIRD}


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(is_not(ANNA, OTHER), id="a shown face is thrown out"),
        pytest.param(is_(ZOE, OTHER), id="a shown face is somebody else"),
        pytest.param(FaceVerdict(OTHER, Verdict.NOT_A_FACE), id="a shown face is none"),
        pytest.param(is_not(ANNA, THIRD), id="the face is not this person"),
        pytest.param(FacesApart(THIRD, (FACE,)), id="the face is apart from a shown one"),
        pytest.param(is_(ANNA, THIRD), id="the face is confirmed"),
        pytest.param(FaceVerdict(THIRD, Verdict.STRANGER), id="the face is a stranger"),
        pytest.param(FaceVerdict(THIRD, Verdict.CANNOT_TELL), id="somebody could not tell"),
        pytest.param(Retracted(), id="the answer is taken back"),
    ],
)
@pytest.mark.parametrize("speaker", ["Ada", "Bob"])
def test_a_name_is_carried_no_longer_when(later: Word, speaker: str) -> None:
    place = "page" if isinstance(later, Retracted) else "later"
    truth = said(*PAGE, (speaker, place, later))
    assert truth.carried == {}
    if place == "later":
        assert said(*PAGE, (speaker, place, later), (speaker, place, Retracted())) == said(*PAGE)


def test_a_carried_name_follows_a_merge() -> None:
    truth = said(*PAGE, ("Ada", "m", PersonMerged(ANNA, ZOE)))
    assert truth.carried == {THIRD: ZOE}


def test_of_two_names_carried_by_one_speaker_the_newer_counts() -> None:
    fourth = FaceId("f4")
    again: list[tuple[str, str, Word]] = [
        ("Ada", "again", is_(ZOE, fourth)),
        ("Ada", "again", Carried((THIRD,), ZOE, (fourth,))),
    ]
    assert said(*PAGE, *again).carried == {THIRD: ZOE}
    bobs = [("Bob", place, word) for _, place, word in again]
    assert said(*PAGE, *bobs).carried == {}


def test_mixed_faces_and_unsure_pairs_stand_until_taken_back() -> None:
    mixed, unsure = NotOnePerson((FACE, OTHER)), PairUnsure((FACE,), (OTHER, THIRD))
    truth = said(("Ada", "a", mixed), ("Ada", "b", unsure))
    assert truth.mixed == ((FACE, OTHER),)
    assert truth.unsure == (((FACE,), (OTHER, THIRD)),)
    assert truth.apart == ()
    assert truth.settled == frozenset()
    assert truth.spoken_of == {FACE, OTHER, THIRD}
    assert said(("Ada", "a", mixed), ("Ada", "a", Retracted())).mixed == ()


DISPUTE: list[tuple[str, str, Word]] = [("Ada", "a", is_(ANNA)), ("Bob", "b", is_(ZOE))]


def test_a_third_person_settles_a_dispute() -> None:
    eve = PersonId("p-eve")
    assert said(*DISPUTE, ("Eve", "c", is_(ANNA))).disputed == {FACE}
    for decision in (ANNA, ZOE, eve):
        truth = said(*DISPUTE, ("Eve", "c", Decided(FACE, Verdict.IS, decision)))
        assert truth.disputed == frozenset()
        assert truth.confirmed[FACE].person == decision
        agreeing = {ANNA: ("Ada", "Eve"), ZOE: ("Bob", "Eve"), eve: ("Eve",)}
        assert truth.confirmed[FACE].speakers == agreeing[decision]


def test_a_decision_overrules_who_said_that_it_is_not_this_person() -> None:
    words = [("Ada", "a", is_(ANNA)), ("Bob", "b", is_not(ANNA)), ("Bob", "b", is_not(ZOE))]
    truth = said(*words, ("Eve", "c", Decided(FACE, Verdict.IS, ANNA)))
    assert truth.confirmed[FACE].person == ANNA
    assert truth.rejected == {FACE: {ZOE}}


def test_a_decision_that_it_is_not_one_leaves_it_to_who_said_the_other() -> None:
    truth = said(*DISPUTE, ("Eve", "c", Decided(FACE, Verdict.IS_NOT, ANNA)))
    assert (truth.confirmed[FACE].person, truth.confirmed[FACE].speakers) == (ZOE, ("Bob",))


def test_a_decision_that_it_is_neither_leaves_the_face_open() -> None:
    neither = [("Eve", "c", Decided(FACE, Verdict.IS_NOT, person)) for person in (ANNA, ZOE)]
    truth = said(*DISPUTE, *neither)
    assert truth.disputed == truth.settled == frozenset()
    assert truth.rejected == {FACE: {ANNA, ZOE}}


def test_a_decision_taken_back_leaves_the_dispute_as_it_was() -> None:
    decided: Word = Decided(FACE, Verdict.STRANGER)
    assert said(*DISPUTE, ("Eve", "c", decided)).strangers == {FACE}
    assert said(*DISPUTE, ("Eve", "c", decided), ("Eve", "c", Retracted())) == said(*DISPUTE)


def test_whoever_speaks_after_a_decision_is_heard() -> None:
    decided: Word = Decided(FACE, Verdict.IS, ZOE)
    assert said(*DISPUTE, ("Eve", "c", decided), ("Ada", "d", is_(ANNA))).disputed == {FACE}
    neither: Word = Decided(FACE, Verdict.STRANGER)
    changed = said(*DISPUTE, ("Eve", "c", neither), ("Eve", "d", is_(ANNA)))
    assert changed.confirmed[FACE].person == ANNA


def test_a_decision_joins_what_was_said_to_be_apart() -> None:
    apart = [("Bob", "b", FacesApart(FACE, (OTHER,))), ("Ada", "a", is_(ANNA, OTHER))]
    assert said(*apart, ("Eve", "c", is_(ANNA))).apart == ((FACE, OTHER),)
    assert said(*apart, ("Eve", "c", Decided(FACE, Verdict.IS, ANNA))).apart == ()
    assert said(("Eve", "c", Decided(FACE, Verdict.IS, ANNA)), *apart).apart == ((FACE, OTHER),)


def test_taking_a_merge_back_makes_two_people_of_one() -> None:
    before: list[tuple[str, str, Word]] = [("Ada", "a", is_(ANNA)), ("Ada", "a", is_(ZOE, OTHER))]
    merged = [*before, ("Ada", "m", PersonMerged(ANNA, ZOE)), ("Ada", "m", PersonRenamed(ZOE, "Z"))]
    assert said(*merged).confirmed[FACE].person == ZOE
    assert said(*merged, ("Ada", "m", Retracted())) == said(*before)


def test_two_people_who_have_one_name_after_an_undo_are_told_apart() -> None:
    truth = said(
        ("Ada", "m", PersonMerged(ANNA, ZOE)),
        ("Ada", "r", PersonRenamed(ZOE, "anna")),
        ("Ada", "m", Retracted()),
    )
    assert {person: known.name for person, known in truth.people.items()} == {
        ANNA: "Anna",
        ZOE: "anna (2)",
    }
    assert truth.person_named("Anna (2)") == truth.people[ZOE]


PHOTO = PhotoId("photo-1")


def turned(truth: Truth) -> int | None:
    return truth.turned[PHOTO].quarters if PHOTO in truth.turned else None


def test_of_all_who_turned_a_photo_the_last_counts_until_taken_back() -> None:
    right, over = ("Ada", "a", PhotoTurned(PHOTO, 1)), ("Bob", "b", PhotoTurned(PHOTO, 2))
    assert turned(said()) is None
    assert turned(said(right)) == 1
    assert turned(said(right, over)) == 2
    assert turned(said(right, over, ("Bob", "b", Retracted()))) == 1
    assert turned(said(right, over, ("Ada", "a", Retracted()))) == 2
    assert turned(said(right, ("Ada", "a", Revised("2")))) is None


def test_a_photo_is_turned_by_the_place_that_changed_how_it_lies() -> None:
    right, agrees = ("Ada", "a", PhotoTurned(PHOTO, 1)), ("Bob", "b", PhotoTurned(PHOTO, 1))
    assert said(right, agrees).turned[PHOTO].place == "a"
    assert said(agrees, right).turned[PHOTO].place == "b"
    other = ("Ada", "c", PhotoTurned(PHOTO, 3))
    assert said(right, agrees, other).turned[PHOTO].place == "c"


def test_turning_a_photo_says_nothing_of_a_face() -> None:
    truth = said(("Ada", "a", PhotoTurned(PHOTO, 1)))
    assert truth.spoken_of == truth.settled == frozenset()


@given(logs, st.lists(st.integers(0, 40), max_size=3))
def test_a_log_that_has_grown_is_folded_on_from_where_it_was(
    events: list[Event], ends: list[int]
) -> None:
    folded = Folded()
    for first, end in pairwise([0, *sorted(ends), len(events)]):
        folded = grown(folded, events[first:end])
        assert folded.truth == fold(events[:end])
        assert folded.truth.standing == fold(events[:end]).standing


def test_of_a_log_that_has_grown_only_the_faces_in_the_news_are_decided_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events = numbered(
        [
            *CREATED,
            *(("Ada", f"page {n}", is_(ANNA, FaceId(f"f{n}"))) for n in range(50)),
            ("Ada", "page 7", Revised("2")),
            ("Ada", "page 7", is_(ZOE, OTHER)),
        ]
    )
    folded = grown(Folded(), events[:-2])
    heard: list[Event] = []

    def listen(said: Iterable[Event], resolve: Callable[[PersonId], PersonId]) -> object:
        heard.extend(said)
        return {}

    monkeypatch.setattr(fold_module, "heard_of_faces", listen)
    grown(folded, events[-2:])
    assert {event.word.face for event in heard if isinstance(event.word, FaceVerdict)} == {OTHER}


def test_who_is_in_dispute_is_known_however_the_log_grew() -> None:
    both = [("Ada", "a", is_(ANNA)), ("Bob", "b", is_(ZOE))]
    events = numbered([*CREATED, *both, ("Bob", "c", is_(ANNA, OTHER)), ("Bob", "d", is_(ANNA))])
    folded, found = Folded(), []
    for event in events:
        folded = grown(folded, [event])
        found.append(folded.truth.in_dispute)
    assert found == [*[frozenset()] * 3, *[{ANNA, ZOE}] * 2, frozenset()]
