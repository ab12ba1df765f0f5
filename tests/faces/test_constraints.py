import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.confirmations import (
    Decided,
    Event,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    NotOnePerson,
    PersonCreated,
    Retracted,
    SamePhotoException,
    Truth,
    Verdict,
    Word,
    together_in,
)
from faces.constraints import Constraints, constraints_of
from faces.fold import fold
from faces.records import NOBODY, STRANGER, FaceId, PersonId, PhotoId
from tests.faces.words import faces as some_face
from tests.faces.words import numbered, some_faces, verdicts

A, B, C, D = FACES = [FaceId(f"f{number}") for number in range(4)]
ANNA, ZOE = PersonId("p0"), PersonId("p1")
SIDE_BY_SIDE = PhotoId("1" * 64)
ALONE = {face: PhotoId(f"{number:064}") for number, face in enumerate(FACES)}
TOGETHER_IN_ONE = {**ALONE, A: SIDE_BY_SIDE, B: SIDE_BY_SIDE}
CALLED = {SIDE_BY_SIDE: "party.jpg", **{ALONE[face]: f"{face}.jpg" for face in FACES}}
Said = tuple[str, Word]


def is_(face: FaceId, person: PersonId) -> Word:
    return FaceVerdict(face, Verdict.IS, person)


def is_not(face: FaceId, person: PersonId) -> Word:
    return FaceVerdict(face, Verdict.IS_NOT, person)


def stranger(face: FaceId) -> Word:
    return FaceVerdict(face, Verdict.STRANGER)


def truth_of(*said: Said) -> Truth:
    """Each word in an annotation of its own, from 1."""
    people = [
        ("Eve", "app", PersonCreated(ANNA, "Anna")),
        ("Eve", "app", PersonCreated(ZOE, "Zoë")),
    ]
    words = [
        (speaker, f"annotation:{number} of 2026-01-01", word)
        for number, (speaker, word) in enumerate(said, start=1)
    ]
    return fold(numbered([*people, *words]))


def constraints(
    *said: Said, photo_of: dict[FaceId, PhotoId] = ALONE, faces: list[FaceId] = FACES
) -> Constraints:
    return constraints_of(faces, photo_of, truth_of(*said), called=CALLED)


def pairs(array: np.ndarray, faces: list[FaceId] = FACES) -> set[frozenset[FaceId]]:
    return {frozenset((faces[first], faces[second])) for first, second in array.tolist()}


def messages(found: Constraints) -> list[str]:
    return [contradiction.message for contradiction in found.contradictions]


def test_no_faces_and_no_words_make_no_constraints() -> None:
    found = constraints_of([], {}, Truth())
    assert found.people.shape == (0,)
    assert found.together.shape == found.apart.shape == (0, 2)
    assert (found.persons, found.contradictions) == ((), ())


def test_one_face_alone_is_apart_from_nobody() -> None:
    found = constraints(("Ada", is_(A, ANNA)), faces=[A])
    assert found.people.tolist() == [0]
    assert found.persons == (ANNA,)
    assert found.apart.shape == (0, 2)


def test_a_face_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        constraints_of([A, A], ALONE, Truth())


def test_faces_of_one_photo_are_apart() -> None:
    group = dict.fromkeys((A, B, C), SIDE_BY_SIDE)
    found = constraints(photo_of={**ALONE, **group})
    assert found.apart.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert (found.people == NOBODY).all()
    assert found.contradictions == ()


def test_people_are_numbers_and_not_pairs() -> None:
    found = constraints(("Ada", is_(A, ZOE)), ("Ada", is_(B, ANNA)), ("Bob", is_(C, ZOE)))
    assert [found.persons[number] for number in found.people[:3]] == [ZOE, ANNA, ZOE]
    assert found.people[3] == NOBODY
    assert len(found.apart) == len(found.together) == 0


def test_a_word_taken_back_constrains_nothing() -> None:
    taken_back = [*numbered([("Ada", "a", FacesTogether((A, B))), ("Ada", "a", Retracted())])]
    assert len(constraints_of(FACES, ALONE, fold(taken_back)).together) == 0


def test_faces_said_to_be_together_are_a_chain() -> None:
    found = constraints(("Ada", FacesTogether((D, A))), ("Bob", FacesTogether((C, D))))
    assert pairs(found.together) == {frozenset((A, C)), frozenset((C, D))}


def test_faces_together_with_a_person_are_that_person() -> None:
    found = constraints(("Ada", FacesTogether((A, B))), ("Bob", is_(B, ANNA)))
    assert found.people.tolist() == [0, 0, NOBODY, NOBODY]
    assert len(found.together) == 0


def test_a_chain_holds_across_a_face_that_has_no_row() -> None:
    said = (("Ada", FacesTogether((A, B))), ("Ada", FacesTogether((B, C))))
    assert constraints(*said, faces=[A, C]).together.tolist() == [[0, 1]]
    found = constraints(("Ada", FacesTogether((A, B))), ("Bob", is_(B, ANNA)), faces=[A, C])
    assert found.people.tolist() == [0, NOBODY]
    found = constraints(*said, ("Bob", FacesApart(D, (B,))), faces=[A, C, D])
    assert found.apart.tolist() == [[0, 2]]


def test_a_rejected_face_is_apart_from_the_person() -> None:
    found = constraints(("Ada", is_(A, ANNA)), ("Ada", is_(B, ANNA)), ("Bob", is_not(C, ANNA)))
    assert pairs(found.apart) == {frozenset((A, C))}
    assert found.people.tolist() == [0, 0, NOBODY, NOBODY]


def test_a_rejection_of_somebody_without_faces_says_nothing_yet() -> None:
    assert len(constraints(("Bob", is_not(C, ANNA))).apart) == 0


def test_a_face_thrown_out_is_apart_from_all_others_of_the_tile() -> None:
    found = constraints(("Ada", FacesApart(A, (B, C))))
    assert pairs(found.apart) == {frozenset((A, B)), frozenset((A, C))}


def test_a_stranger_is_apart_from_people_but_not_from_strangers() -> None:
    found = constraints(("Ada", stranger(A)), ("Ada", stranger(B)), ("Ada", is_(C, ANNA)))
    assert found.people.tolist() == [STRANGER, STRANGER, 0, NOBODY]
    assert len(found.together) == len(found.apart) == 0


def test_a_disputed_face_is_with_nobody_but_keeps_its_photo() -> None:
    found = constraints(
        ("Ada", is_(A, ANNA)),
        ("Bob", is_(A, ZOE)),
        ("Cy", FacesTogether((A, C))),
        ("Cy", is_(D, ANNA)),
        photo_of=TOGETHER_IN_ONE,
    )
    assert found.people.tolist() == [NOBODY, NOBODY, NOBODY, 0]
    assert len(found.together) == 0
    assert found.apart.tolist() == [[0, 1]]
    assert messages(found) == [
        "A face of party.jpg: Anna, says Ada (annotation 1); Zoë, says Bob (annotation 2). It "
        "counts for nobody. Look at it again and change the answer that is wrong."
    ]


def test_a_dispute_over_a_rejection_names_both_sides() -> None:
    found = constraints(("Ada", is_(A, ANNA)), ("Bob", is_not(A, ANNA)), ("Bob", is_not(A, ZOE)))
    (message,) = messages(found)
    assert "Anna, says Ada (annotation 1); not Anna, says Bob (annotation 2)." in message


def test_an_exception_lets_two_faces_of_a_photo_be_one_person() -> None:
    found = constraints(("Ada", SamePhotoException(B, A)), photo_of=TOGETHER_IN_ONE)
    assert len(found.apart) == 0
    assert found.together.tolist() == [[0, 1]]
    assert found.contradictions == ()
    named = constraints(
        *(("Ada", SamePhotoException(A, B)), ("Ada", is_(A, ANNA)), ("Ada", is_(B, ANNA))),
        photo_of=TOGETHER_IN_ONE,
    )
    assert len(named.apart) == 0
    assert named.contradictions == ()


def test_a_name_beats_the_photo_and_is_told() -> None:
    found = constraints(("Ada", is_(A, ANNA)), ("Bob", is_(B, ANNA)), photo_of=TOGETHER_IN_ONE)
    assert len(found.apart) == 0
    (contradiction,) = found.contradictions
    assert contradiction.message == (
        "party.jpg: Anna twice, say Ada (annotation 1) and Bob (annotation 2). Two faces of one "
        "photo are two people, but people's word counts. Unless it shows a mirror, a picture on a "
        "wall or a collage, change the answer that is wrong."
    )
    assert contradiction.faces == (A, B)
    assert contradiction.photos == (SIDE_BY_SIDE,)
    assert contradiction.speakers == ("Ada", "Bob")
    assert contradiction.places == ("annotation:1 of 2026-01-01", "annotation:2 of 2026-01-01")


def test_a_chain_beats_the_photo_and_is_told() -> None:
    said = (("Ada", FacesTogether((A, C))), ("Bob", FacesTogether((C, B))))
    found = constraints(*said, photo_of=TOGETHER_IN_ONE)
    assert len(found.apart) == 0
    (message,) = messages(found)
    assert message.startswith(
        "party.jpg: one person twice, say Ada (annotation 1) and Bob (annotation 2)."
    )


def test_apart_beats_together_and_is_told() -> None:
    found = constraints(("Ada", FacesTogether((A, B, C))), ("Bob", FacesApart(C, (A, B))))
    assert len(found.together) == 0
    assert pairs(found.apart) == {frozenset((A, C)), frozenset((B, C))}
    assert messages(found) == [
        "3 faces of f0.jpg, f1.jpg and f2.jpg: one person, says Ada (annotation 1); two people, "
        "says Bob (annotation 2). They are kept apart. Look at them again and change the answer "
        "that is wrong."
    ]


def test_a_chain_between_faces_that_are_apart_is_let_go_and_nothing_else() -> None:
    found = constraints(
        ("Ada", FacesTogether((A, B))),
        ("Ada", FacesTogether((B, C))),
        ("Ada", FacesTogether((C, D))),
        ("Bob", FacesApart(A, (C,))),
    )
    assert pairs(found.together) == {frozenset((C, D))}
    assert pairs(found.apart) == {frozenset((A, C))}
    (contradiction,) = found.contradictions
    assert contradiction.faces == (A, C)
    assert [place.split()[0] for place in contradiction.places] == [
        "annotation:1",
        "annotation:2",
        "annotation:4",
    ]


def test_two_names_beat_together_and_are_told() -> None:
    said = (("Ada", FacesTogether((A, B))), ("Bob", is_(A, ANNA)), ("Cy", is_(B, ZOE)))
    found = constraints(*said)
    assert found.people.tolist() == [0, 1, NOBODY, NOBODY]
    (message,) = messages(found)
    assert "one person, says Ada (annotation 1); Anna and Zoë, say Bob" in message


def test_a_rejection_beats_together_and_is_told() -> None:
    said = (("Ada", FacesTogether((A, B))), ("Bob", is_(A, ANNA)), ("Cy", is_not(B, ANNA)))
    found = constraints(*said)
    assert found.people.tolist() == [0, NOBODY, NOBODY, NOBODY]
    assert found.apart.tolist() == [[0, 1]]
    (message,) = messages(found)
    assert "one Anna, says Bob (annotation 2); one not Anna, says Cy (annotation 3)." in message


def test_a_stranger_beats_together_with_a_person_and_is_told() -> None:
    found = constraints(("Ada", FacesTogether((A, B))), ("Bob", is_(A, ANNA)), ("Cy", stranger(B)))
    assert found.people.tolist() == [0, STRANGER, NOBODY, NOBODY]
    (message,) = messages(found)
    assert "Anna and a stranger, say Bob (annotation 2) and Cy (annotation 3)." in message


def test_a_face_apart_from_its_namesakes_is_grouped_without_them_and_told() -> None:
    found = constraints(
        ("Bob", FacesApart(A, (B, C))),
        *(("Ada", is_(face, ANNA)) for face in (A, B, C)),
    )
    assert found.people.tolist() == [0, 1, 1, NOBODY]
    assert found.persons == (ANNA, ANNA), "a number of its own, so it meets no other name either"
    assert found.apart.tolist() == [[0, 1]]
    assert messages(found) == [
        "A face of f0.jpg: Anna like 2 other faces, says Ada (annotation 2, annotation 3 and "
        "annotation 4); another person than those, says Bob (annotation 1). It keeps its name, but "
        "is grouped apart from Anna. Look at it again and change the answer that is wrong."
    ]


@pytest.mark.parametrize(
    "said",
    [
        (FacesTogether((A, B)), FacesApart(A, (B,))),
        (FacesTogether((A, B)), is_(A, ANNA), is_(B, ZOE)),
        (FacesApart(A, (B,)), FacesTogether((A, B))),
        (FacesApart(A, (B,)), SamePhotoException(B, A)),
        (FacesApart(A, (B,)), is_(A, ANNA), is_(B, ANNA)),
        (is_(B, ANNA), FacesApart(A, (B,)), is_(A, ANNA)),
    ],
)
def test_who_changes_their_mind_contradicts_nobody(said: tuple[Word, ...]) -> None:
    found = constraints(*(("Ada", word) for word in said))
    assert found.contradictions == ()
    meant_one = not isinstance(said[0], FacesTogether)
    assert joined(found)[A] == joined(found)[B] if meant_one else may_not_meet(found, A, B)


def test_several_people_who_all_have_one_name_are_told() -> None:
    mixed = ("Bob", NotOnePerson((A, B)))
    found = constraints(("Ada", is_(A, ANNA)), ("Ada", is_(B, ANNA)), mixed)
    (message,) = messages(found)
    assert "Anna, says Ada (annotation 1 and annotation 2); not one person, says Bob" in message
    assert messages(constraints(("Ada", is_(A, ANNA)), mixed)) == []
    assert messages(constraints(("Ada", is_(A, ANNA)), ("Ada", is_(B, ZOE)), mixed)) == []


def test_whoever_names_all_faces_after_calling_them_mixed_thought_again() -> None:
    named = [("Ada", is_(A, ANNA)), ("Ada", is_(B, ANNA))]
    assert messages(constraints(("Ada", NotOnePerson((A, B))), *named)) == []
    assert len(messages(constraints(*named, ("Ada", NotOnePerson((A, B)))))) == 1


def test_a_decision_ends_the_contradiction() -> None:
    dispute = [("Ada", is_(A, ANNA)), ("Bob", is_(A, ZOE))]
    assert len(messages(constraints(*dispute))) == 1
    assert messages(constraints(*dispute, ("Eve", Decided(A, Verdict.IS, ZOE)))) == []


def test_a_long_list_of_answers_is_told_in_short() -> None:
    bob, *others = [f"{name}" for name in ("Bob", "Cy", "Dan", "Eli", "Fay", "Gus")]
    said = [(name, FacesApart(A, (B,))) for name in others]
    (message,) = messages(constraints((bob, FacesTogether((A, B))), *said))
    assert "say Cy (annotation 2), Dan (annotation 3), Eli (annotation 4) and 2 more." in message


def joined(found: Constraints, faces: list[FaceId] = FACES) -> dict[FaceId, int]:
    """For each face the lowest row that links and people hold together with it."""
    owner = list(range(len(faces)))
    same = [
        (first, second)
        for first in range(len(faces))
        for second in range(first)
        if found.people[first] == found.people[second] >= 0
    ]
    for first, second in [*found.together.tolist(), *same]:
        low, high = sorted((owner[first], owner[second]))
        owner = [low if each == high else each for each in owner]
    return dict(zip(faces, owner, strict=True))


def test_a_face_apart_from_its_namesakes_meets_neither_another_name_nor_who_is_not_of_its_own() -> (
    None
):
    """Its name binds nobody, but it is still said of it."""
    cast_out = (("Bob", FacesApart(A, (B,))), ("Ada", is_(A, ANNA)), ("Ada", is_(B, ANNA)))
    found = constraints(*cast_out, ("Bob", FacesTogether((A, C))), ("Ada", is_(C, ZOE)))
    assert may_not_meet(found, A, C)
    assert any("one person, says Bob (annotation 4); Anna and Zoë" in m for m in messages(found))
    found = constraints(*cast_out, ("Bob", FacesTogether((A, C))), ("Eve", is_not(C, ANNA)))
    assert may_not_meet(found, A, C)
    assert any(
        "one person, says Bob (annotation 4); one Anna, says Ada (annotation 2); "
        "one not Anna, says Eve (annotation 5)" in message
        for message in messages(found)
    )


def may_not_meet(found: Constraints, one: FaceId, two: FaceId, faces: list[FaceId] = FACES) -> bool:
    """Whether a grouping that keeps the constraints keeps these two apart."""
    owner = joined(found, faces)
    groups = [[faces.index(face) for face in faces if owner[face] == owner[o]] for o in (one, two)]
    if owner[one] == owner[two]:
        return False
    apart = {tuple(pair) for pair in found.apart.tolist()}
    return any(
        tuple(sorted((first, second))) in apart
        or (
            found.people[first] != found.people[second]
            and NOBODY not in (found.people[first], found.people[second])
        )
        for first in groups[0]
        for second in groups[1]
    )


statements: st.SearchStrategy[Word] = st.one_of(
    verdicts(),
    st.builds(FacesTogether, some_faces(2)),
    st.builds(FacesTogether, some_faces(2)),
    st.builds(FacesApart, some_face, some_faces(1)),
    st.builds(SamePhotoException, some_face, some_face),
)
truths = st.lists(st.tuples(st.sampled_from(["Ada", "Bob", "Cy"]), statements), max_size=12).map(
    lambda said: truth_of(*said)
)
photos_of = st.lists(st.integers(0, 3), min_size=4, max_size=4).map(
    lambda numbers: {face: PhotoId(f"{n}" * 64) for face, n in zip(FACES, numbers, strict=True)}
)


@settings(max_examples=50)
@given(truths, photos_of)
def test_pairs_are_of_two_rows_each_once_and_in_order(
    truth: Truth, photo_of: dict[FaceId, PhotoId]
) -> None:
    found = constraints_of(FACES, photo_of, truth)
    for array in (found.together, found.apart):
        rows = [tuple(pair) for pair in array.tolist()]
        assert rows == sorted(set(rows))
        assert all(0 <= first < second < len(FACES) for first, second in rows)
    assert set(found.people.tolist()) <= {NOBODY, STRANGER, *range(len(found.persons))}


@settings(max_examples=50)
@given(truths, photos_of, st.permutations(FACES))
def test_the_order_of_faces_does_not_matter(
    truth: Truth, photo_of: dict[FaceId, PhotoId], shuffled: list[FaceId]
) -> None:
    one, two = (constraints_of(faces, photo_of, truth) for faces in (FACES, shuffled))
    assert pairs(one.together) == pairs(two.together, shuffled)
    assert pairs(one.apart) == pairs(two.apart, shuffled)
    assert one.persons == two.persons
    assert dict(zip(FACES, one.people.tolist(), strict=True)) == dict(
        zip(shuffled, two.people.tolist(), strict=True)
    )
    assert one.contradictions == two.contradictions


@given(truths, photos_of, st.sets(some_face))
def test_nothing_that_is_apart_is_together(
    truth: Truth, photo_of: dict[FaceId, PhotoId], there: set[FaceId]
) -> None:
    faces = sorted(there)
    found = constraints_of(faces, photo_of, truth)
    owner = joined(found, faces)
    for first, second in found.apart.tolist():
        assert owner[faces[first]] != owner[faces[second]]
    kinds: dict[int, set[int]] = {}
    for face, person in zip(faces, found.people.tolist(), strict=True):
        if person != NOBODY:
            kinds.setdefault(owner[face], set()).add(person)
    assert all(len(kind) == 1 for kind in kinds.values())


@given(truths, photos_of)
def test_whoever_was_rejected_or_thrown_out_stays_apart(
    truth: Truth, photo_of: dict[FaceId, PhotoId]
) -> None:
    found = constraints_of(FACES, photo_of, truth)
    named = {
        face: found.persons[number]
        for face, number in zip(FACES, found.people.tolist(), strict=True)
        if number >= 0
    }
    for face, other in truth.apart:
        assert face == other or may_not_meet(found, face, other)
    for face, people in truth.rejected.items():
        assert named.get(face) not in people
        assert all(
            may_not_meet(found, face, other)
            for other, word in truth.confirmed.items()
            if word.person in people
        )
    for face, one in truth.confirmed.items():
        for other, two in truth.confirmed.items():
            assert one.person == two.person or may_not_meet(found, face, other)
    for face in truth.strangers:
        assert all(may_not_meet(found, face, other) for other in named)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 5), max_size=30))
def test_photos_of_any_sizes_give_every_pair_of_their_faces(numbers: list[int]) -> None:
    faces = [FaceId(f"f{number}") for number in range(len(numbers))]
    photo_of = {face: PhotoId(str(n)) for face, n in zip(faces, numbers, strict=True)}
    assert constraints_of(faces, photo_of, Truth()).apart.tolist() == [
        [first, second]
        for first in range(len(faces))
        for second in range(first + 1, len(faces))
        if numbers[first] == numbers[second]
    ]


@given(truths, photos_of)
def test_faces_of_a_photo_meet_only_if_people_said_so(
    truth: Truth, photo_of: dict[FaceId, PhotoId]
) -> None:
    found = constraints_of(FACES, photo_of, truth)
    owner = joined(found)
    told = [set(one.faces) for one in found.contradictions]
    for place, one in enumerate(FACES):
        for two in FACES[:place]:
            excepted = {one, two} in truth.same_photo_exceptions
            if photo_of[one] == photo_of[two] and not excepted:
                said = owner[one] == owner[two]
                assert said or may_not_meet(found, one, two)
                assert not said or any({one, two} <= faces for faces in told)


@given(truths, photos_of)
def test_faces_of_one_name_are_together_unless_thrown_out(
    truth: Truth, photo_of: dict[FaceId, PhotoId]
) -> None:
    found = constraints_of(FACES, photo_of, truth)
    thrown_out = {
        face
        for face, other in truth.apart
        if face in truth.confirmed
        and other in truth.confirmed
        and truth.confirmed[face].person == truth.confirmed[other].person
        and face != other
    }
    for face, confirmed in truth.confirmed.items():
        number = found.people[FACES.index(face)]
        if face not in thrown_out:
            assert found.persons[number] == confirmed.person
        else:
            assert any(face in one.faces for one in found.contradictions)


@given(st.lists(statements, max_size=8), photos_of)
def test_among_people_who_speak_once_what_does_not_bind_is_told(
    words: list[Word], photo_of: dict[FaceId, PhotoId]
) -> None:
    truth = truth_of(*((f"speaker {number}", word) for number, word in enumerate(words)))
    found = constraints_of(FACES, photo_of, truth)
    owner = joined(found)
    told = {occasion for one in found.contradictions for occasion in one.said}
    for event in truth.standing:
        bound = set(together_in(event.word)) - truth.disputed - truth.not_faces
        if len({owner[face] for face in bound}) > 1:
            assert event.occasion in told


@given(truths, photos_of)
def test_every_contradiction_says_who_and_where(
    truth: Truth, photo_of: dict[FaceId, PhotoId]
) -> None:
    standing = {event.occasion for event in truth.standing}
    found = constraints_of(FACES, photo_of, truth)
    for one in found.contradictions:
        assert one.faces == tuple(sorted(set(one.faces)))
        assert set(one.said) <= standing
        in_a_photo = len(one.faces) > 1 and len(one.photos) == 1
        assert len(one.places) >= (1 if in_a_photo else 2)
        for speaker in one.speakers:
            assert speaker in one.message
    assert len(set(messages(found))) == len(found.contradictions)


@settings(max_examples=50)
@given(truths, st.randoms(use_true_random=False))
def test_the_order_in_which_words_are_read_does_not_matter(
    truth: Truth, rng: random.Random
) -> None:
    def renumbered(events: list[Event]) -> Truth:
        return fold(
            Event(number, event.occasion, event.word) for number, event in enumerate(events, 1)
        )

    events = [event for event in truth.standing if event.occasion.place != "app"]
    people = [event for event in truth.standing if event.occasion.place == "app"]
    shuffled = rng.sample(events, len(events))
    one, two = (
        constraints_of(FACES, ALONE, renumbered([*people, *order])) for order in (events, shuffled)
    )
    assert one.apart.tolist() == two.apart.tolist()
    assert one.together.tolist() == two.together.tolist()
    assert one.people.tolist() == two.people.tolist()
    assert one.contradictions == two.contradictions
