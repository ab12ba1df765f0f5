import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.confirmations import (
    Carried,
    Decided,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    NotOnePerson,
    PairUnsure,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    PhotoTurned,
    Truth,
    Verdict,
    Word,
    faces_in,
)
from faces.fold import fold
from faces.name_book import NameBook
from faces.records import (
    Box,
    Face,
    FaceId,
    PersonId,
    PhotoId,
    face_id_of_region,
)
from faces.studio_answers import BoxAnswer, PhotoAnswer
from faces.studio_format import BoxVerdict, ClusterVerdict, Tile
from faces.studio_people import SameVerdict
from faces.studio_rows import PageAnswer, PeopleAnswer, read_page_answer, rows_of_task
from sync.answers import (
    Said,
    words_of_page_answer,
    words_of_people_answer,
    words_of_photo_answer,
)
from tests.faces.test_studio_rows import PAGES, Item, Page, any_annotations
from tests.faces.words import numbered

ANNA = PersonId("p-anna")
PHOTO = PhotoId("a" * 64)
F1, F2, F3 = FaceId("f1"), FaceId("f2"), FaceId("f3")
TILES = {F1: Tile.SAME_PERSON, F2: Tile.SOMEONE_ELSE, F3: Tile.NOT_A_FACE}
GREY = FaceVerdict(F3, Verdict.NOT_A_FACE)
BOX = Box(10, 10, 40, 40)
KNOWN = {F1: Face(F1, PHOTO, BOX, 2.0), F2: Face(F2, PHOTO, Box(100, 10, 40, 40), 3.0)}


@pytest.fixture
def names() -> NameBook:
    """A book that knows Anna; new people are p-1, p-2 and so on."""
    numbers = itertools.count(1)
    truth = fold(numbered([("Ada", "a", PersonCreated(ANNA, "Anna"))]))
    return NameBook(truth, lambda: PersonId(f"p-{next(numbers)}"))


def people(
    name: str | None = None,
    verdict: ClusterVerdict | None = None,
    tiles: dict[FaceId, Tile] | None = None,
) -> PeopleAnswer:
    return PeopleAnswer(name, verdict, TILES if tiles is None else tiles)


def test_a_known_name_is_said_of_the_tiles_left_and_denied_of_the_red(names: NameBook) -> None:
    assert words_of_people_answer(people("anna"), names).words == (
        FaceVerdict(F1, Verdict.IS, ANNA),
        FaceVerdict(F2, Verdict.IS_NOT, ANNA),
        GREY,
    )


def test_a_new_name_makes_a_person_first(names: NameBook) -> None:
    words = words_of_people_answer(people("  Zoe\u0308 "), names).words
    assert words[0] == PersonCreated(PersonId("p-1"), "Zoë")
    assert words[1] == FaceVerdict(F1, Verdict.IS, PersonId("p-1"))


def test_the_same_new_name_is_one_person(names: NameBook) -> None:
    words_of_people_answer(people("Zoë"), names)
    words = words_of_people_answer(people("ZOË"), names).words
    assert words[0] == FaceVerdict(F1, Verdict.IS, PersonId("p-1"))


def test_an_old_name_is_the_person_who_had_it() -> None:
    renamed = [("Ada", "a", PersonCreated(ANNA, "Anna")), ("Ada", "a", PersonRenamed(ANNA, "Anne"))]
    book = NameBook(fold(numbered(renamed)), lambda: PersonId("nobody"))
    assert book.person("Anna") == (ANNA, [])


ANNE = PersonId("p-anne")
CHANGED_HANDS: list[tuple[str, str, Word]] = [
    ("Ada", "a", PersonCreated(ANNA, "Anna")),
    ("Ada", "a", PersonRenamed(ANNA, "Anni")),
    ("Ada", "b", PersonCreated(ANNE, "Anna")),
]


def test_a_chosen_name_is_whom_it_meant_when_it_was_offered() -> None:
    book = NameBook(fold(numbered(CHANGED_HANDS)), lambda: PersonId("nobody"))
    for meant, person in ((ANNA, ANNA), (None, ANNE), (PersonId("forgotten"), ANNE)):
        answer = replace(people("Anna"), meant=meant)
        first, *_ = words_of_people_answer(answer, book).words
        assert first == FaceVerdict(F1, Verdict.IS, person)
        chosen = BoxAnswer(F1, BOX, "Anna", None, meant)
        (word,) = words_of_photo_answer(PhotoAnswer(PHOTO, (chosen,), ()), KNOWN, book).words
        assert word == FaceVerdict(F1, Verdict.IS, person)


def test_a_chosen_name_follows_a_merge() -> None:
    merged = [*CHANGED_HANDS, ("Ada", "c", PersonMerged(ANNA, ANNE))]
    book = NameBook(fold(numbered(merged)), lambda: PersonId("nobody"))
    assert book.person("Anni", ANNA) == (ANNE, [])


def test_what_is_said_of_a_face_that_people_disagree_on_decides(names: NameBook) -> None:
    disputed = replace(people("Anna"), disputed=frozenset({F1, F3}))
    assert words_of_people_answer(disputed, names).words == (
        Decided(F1, Verdict.IS, ANNA),
        FaceVerdict(F2, Verdict.IS_NOT, ANNA),
        Decided(F3, Verdict.NOT_A_FACE),
    )


REST = (FaceId("f8"), FaceId("f9"))
GREEN = dict.fromkeys((F1, F2), Tile.SAME_PERSON)


def test_a_name_is_carried_to_the_rest_of_a_group_if_all_that_is_shown_has_it(
    names: NameBook,
) -> None:
    answer = replace(people("Anna", tiles=GREEN), carried=REST)
    *shown, carried = words_of_people_answer(answer, names).words
    assert shown == [FaceVerdict(face, Verdict.IS, ANNA) for face in GREEN]
    assert carried == Carried(REST, ANNA, (F1, F2))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(people("Anna"), id="a tile is red"),
        pytest.param(people("Anna", tiles={**GREEN, F3: Tile.NOT_A_FACE}), id="a tile is grey"),
        pytest.param(people(verdict=ClusterVerdict.STRANGER, tiles=GREEN), id="no name"),
        pytest.param(people("Unknown", tiles=GREEN), id="no name that can be"),
        pytest.param(people("Anna", tiles={}), id="no tile is left"),
    ],
)
def test_a_name_is_not_carried_if(answer: PeopleAnswer, names: NameBook) -> None:
    words = words_of_people_answer(replace(answer, carried=REST), names).words
    assert not any(isinstance(word, Carried) for word in words)


def test_names_that_are_spelled_nearly_alike_are_found() -> None:
    said: list[tuple[str, str, Word]] = [
        ("Ada", "a", PersonCreated(ANNA, "Annika")),
        ("Ada", "a", FaceVerdict(F1, Verdict.IS, ANNA)),
        ("Ada", "a", PersonCreated(ANNE, "Monika")),
    ]
    book = NameBook(fold(numbered(said)), lambda: PersonId("new"))
    assert book.nearly("Anika") == ["Annika"]
    assert book.nearly("Annika") == []
    assert book.nearly("Monica") == [], "nobody has the name Monika on a face"
    book.person("Anika")
    assert book.nearly("Anicka") == ["Anika"]


APART = FacesApart(F2, (F1,))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (None, (APART, GREY)),
        (ClusterVerdict.STRANGER, (FaceVerdict(F1, Verdict.STRANGER), APART, GREY)),
        (ClusterVerdict.CANNOT_TELL, (FaceVerdict(F1, Verdict.CANNOT_TELL), APART, GREY)),
        (ClusterVerdict.MIXED, (APART, GREY)),
        (
            ClusterVerdict.NOT_FACES,
            tuple(FaceVerdict(face, Verdict.NOT_A_FACE) for face in (F1, F2, F3)),
        ),
    ],
)
def test_a_verdict_without_a_name(
    names: NameBook, verdict: ClusterVerdict | None, words: tuple[Word, ...]
) -> None:
    assert words_of_people_answer(people(verdict=verdict), names).words == words


def test_tiles_left_as_they_were_say_nothing_by_themselves(names: NameBook) -> None:
    untouched = people(tiles=dict.fromkeys((F1, F2, F3), Tile.SAME_PERSON))
    assert words_of_people_answer(untouched, names) == Said(())


def test_mixed_says_that_the_green_tiles_are_not_one_person(names: NameBook) -> None:
    two_green = {F1: Tile.SAME_PERSON, F2: Tile.SAME_PERSON, F3: Tile.NOT_A_FACE}
    mixed = words_of_people_answer(people(verdict=ClusterVerdict.MIXED, tiles=two_green), names)
    assert mixed == Said((NotOnePerson((F1, F2)), GREY))


@pytest.mark.parametrize("verdict", ClusterVerdict)
def test_a_typed_name_and_a_verdict_contradict_each_other(
    names: NameBook, verdict: ClusterVerdict
) -> None:
    answer = replace(people("Anna", verdict), typed=True)
    said = words_of_people_answer(answer, names)
    assert said.words == ()
    assert said.problems == (f"{verdict} and Anna contradict each other",)


@pytest.mark.parametrize("verdict", ClusterVerdict)
def test_a_verdict_beats_a_name_that_was_only_chosen(
    names: NameBook, verdict: ClusterVerdict
) -> None:
    chosen, alone = people("Anna", verdict), people(verdict=verdict)
    assert words_of_people_answer(chosen, names) == words_of_people_answer(alone, names)


def test_a_page_without_tiles_says_nothing(names: NameBook) -> None:
    for answer in (people("Zoë", tiles={}), people(verdict=ClusterVerdict.STRANGER, tiles={})):
        assert words_of_people_answer(answer, names) == Said(())


def test_only_red_tiles_without_a_name_say_nothing(names: NameBook) -> None:
    alone = people(tiles={F1: Tile.SOMEONE_ELSE, F2: Tile.SOMEONE_ELSE})
    assert words_of_people_answer(alone, names) == Said(())


def test_a_name_that_cannot_be_is_a_problem_and_the_tiles_still_speak(names: NameBook) -> None:
    said = words_of_people_answer(people("Stranger"), names)
    assert said.words == (APART, GREY)
    assert len(said.problems) == 1


def box(
    region: str,
    where: Box = BOX,
    name: str | None = None,
    verdict: BoxVerdict | None = None,
) -> BoxAnswer:
    return BoxAnswer(region, where, name, verdict)


def photo(names: NameBook, *boxes: BoxAnswer, deleted: tuple[FaceId, ...] = ()) -> Said:
    return words_of_photo_answer(PhotoAnswer(PHOTO, boxes, deleted), KNOWN, names)


def test_a_named_box_is_that_person(names: NameBook) -> None:
    assert photo(names, box(F1, name="Anna")) == Said((FaceVerdict(F1, Verdict.IS, ANNA),))


def test_an_unknown_box_says_nothing(names: NameBook) -> None:
    assert photo(names, box(F1)) == Said(())


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (BoxVerdict.STRANGER, Verdict.STRANGER),
        (BoxVerdict.NOT_A_FACE, Verdict.NOT_A_FACE),
        (BoxVerdict.CANNOT_TELL, Verdict.CANNOT_TELL),
    ],
)
def test_a_verdict_on_a_box(names: NameBook, verdict: BoxVerdict, said: Verdict) -> None:
    assert photo(names, box(F1, verdict=verdict)) == Said((FaceVerdict(F1, said),))


def test_a_deleted_box_is_no_face(names: NameBook) -> None:
    said = photo(names, box(F1), deleted=(F2, FaceId("never known")))
    assert said == Said((FaceVerdict(F2, Verdict.NOT_A_FACE),))


def test_a_moved_box_is_the_same_face_elsewhere(names: NameBook) -> None:
    moved = Box(300, 300, 20, 20)
    said = photo(names, box(F1, moved, name="Anna"))
    assert said.words == (FaceVerdict(F1, Verdict.IS, ANNA),)
    assert said.drawn == (Face(F1, PHOTO, moved, 2.0),)


def test_rounding_moves_no_box(names: NameBook) -> None:
    assert photo(names, box(F1, Box(10.4, 9.8, 40.1, 39.9))).drawn == ()


def test_a_new_box_is_a_new_face(names: NameBook) -> None:
    where = Box(200, 200, 50, 50)
    said = photo(names, box("r1", where, name="Anna"))
    face = face_id_of_region(PHOTO, "r1")
    assert said.words == (FaceVerdict(face, Verdict.IS, ANNA),)
    assert said.drawn == (Face(face, PHOTO, where, 1.0, drawn=True),)


def test_a_box_redrawn_over_a_deleted_one_is_the_same_face(names: NameBook) -> None:
    said = photo(names, box("r1", Box(12, 12, 40, 40), name="Anna"), deleted=(F1,))
    assert said.words == (FaceVerdict(F1, Verdict.IS, ANNA),)
    assert said.drawn == (Face(F1, PHOTO, Box(12, 12, 40, 40), 2.0),)


def test_a_box_drawn_away_from_a_deleted_one_is_another_face(names: NameBook) -> None:
    said = photo(names, box("r1", Box(45, 45, 40, 40)), deleted=(F1,))
    assert said.words == (FaceVerdict(F1, Verdict.NOT_A_FACE),)
    assert said.drawn[0].id == face_id_of_region(PHOTO, "r1")


def test_two_boxes_over_one_deleted_box_are_two_faces(names: NameBook) -> None:
    said = photo(
        names, box("r1", Box(13, 13, 40, 40)), box("r2", Box(14, 14, 40, 40)), deleted=(F1,)
    )
    assert [face.id for face in said.drawn] == [F1, face_id_of_region(PHOTO, "r2")]
    assert said.words == ()


UNTOUCHED = BoxAnswer(F1, BOX, "Anna", None, untouched=True)


def test_who_turns_a_photo_says_nothing_of_boxes_left_as_they_were(names: NameBook) -> None:
    answer = PhotoAnswer(PHOTO, (UNTOUCHED, box(F2, KNOWN[F2].box, name="Anna")), (), upright=3)
    said = words_of_photo_answer(answer, KNOWN, names)
    assert said.words == (FaceVerdict(F2, Verdict.IS, ANNA), PhotoTurned(PHOTO, 3))
    left = replace(answer, upright=None)
    assert FaceVerdict(F1, Verdict.IS, ANNA) in words_of_photo_answer(left, KNOWN, names).words


def test_a_face_that_is_gone_by_now_is_not_drawn_again_by_turning(names: NameBook) -> None:
    gone = replace(UNTOUCHED, region="f-gone")
    said = words_of_photo_answer(PhotoAnswer(PHOTO, (gone,), (), upright=1), KNOWN, names)
    assert said == Said((PhotoTurned(PHOTO, 1),))


def test_a_box_left_as_it_was_moves_no_face_that_was_read_again_since(names: NameBook) -> None:
    elsewhere = replace(UNTOUCHED, box=Box(300, 300, 20, 20))
    said = words_of_photo_answer(PhotoAnswer(PHOTO, (elsewhere,), ()), KNOWN, names)
    assert said == Said((FaceVerdict(F1, Verdict.IS, ANNA),))


def test_a_bad_name_is_a_problem_of_its_box_alone(names: NameBook) -> None:
    said = photo(names, box(F1, name="unknown"), box(F2, KNOWN[F2].box, name="Anna"))
    assert said.words == (FaceVerdict(F2, Verdict.IS, ANNA),)
    assert len(said.problems) == 1


tiles = st.dictionaries(st.sampled_from([F1, F2, F3]), st.sampled_from(Tile))
answers = st.builds(
    PeopleAnswer,
    name=st.none() | st.sampled_from(["Anna", "Zoë", "Unknown"]),
    verdict=st.none() | st.sampled_from(ClusterVerdict),
    tiles=tiles,
).flatmap(
    lambda answer: st.builds(
        replace, st.just(answer), typed=st.booleans() if answer.name else st.just(False)
    )
)


@given(answers)
def test_an_answer_speaks_only_of_the_tiles_that_are_left(answer: PeopleAnswer) -> None:
    book = NameBook(Truth(), lambda: PersonId("p-new"))
    for word in words_of_people_answer(answer, book).words:
        if isinstance(word, FaceVerdict):
            assert word.face in answer.tiles
            grey = answer.tiles[word.face] is Tile.NOT_A_FACE
            assert grey <= (word.verdict is Verdict.NOT_A_FACE)
        elif isinstance(word, FacesApart):
            assert {word.face, *word.others} <= set(answer.tiles)
        elif isinstance(word, NotOnePerson):
            green = {face for face, tile in answer.tiles.items() if tile is Tile.SAME_PERSON}
            assert set(word.faces) == green
        else:
            assert isinstance(word, PersonCreated)
            assert set(answer.tiles.values()) != {Tile.NOT_A_FACE}


@given(answers)
def test_an_answer_is_silent_where_nothing_comes_of_it(answer: PeopleAnswer) -> None:
    said = words_of_people_answer(answer, NameBook(Truth(), lambda: PersonId("p-new")))
    assert answer.is_silent == (said == Said(()))


F4, F5 = FaceId("f4"), FaceId("f5")
RED = {F4: Tile.SOMEONE_ELSE}


def test_each_row_of_a_page_speaks_for_itself(names: NameBook) -> None:
    rows = people("Anna", tiles=GREEN), people("Zoë", tiles={F3: Tile.SAME_PERSON})
    stranger = people(verdict=ClusterVerdict.STRANGER, tiles={F4: Tile.SAME_PERSON})
    assert words_of_page_answer(PageAnswer((*rows, stranger)), names) == Said(
        (
            FaceVerdict(F1, Verdict.IS, ANNA),
            FaceVerdict(F2, Verdict.IS, ANNA),
            PersonCreated(PersonId("p-1"), "Zoë"),
            FaceVerdict(F3, Verdict.IS, PersonId("p-1")),
            FaceVerdict(F4, Verdict.STRANGER),
        )
    )


def test_a_new_name_on_two_rows_of_a_page_is_one_person(names: NameBook) -> None:
    rows = people("Zoë", tiles={F1: Tile.SAME_PERSON}), people("zoë", tiles={F2: Tile.SAME_PERSON})
    created, first, second = words_of_page_answer(PageAnswer(rows), names).words
    assert created == PersonCreated(PersonId("p-1"), "Zoë")
    assert (first, second) == tuple(
        FaceVerdict(face, Verdict.IS, PersonId("p-1")) for face in (F1, F2)
    )


def test_a_face_alone_that_is_marked_is_not_whom_its_row_was_proposed_as(names: NameBook) -> None:
    said = words_of_page_answer(PageAnswer((people("Anna", tiles=RED),)), names)
    assert said == Said((FaceVerdict(F4, Verdict.IS_NOT, ANNA),))


def test_two_names_for_one_row_say_nothing_and_are_asked_again(names: NameBook) -> None:
    twice = replace(people(tiles=GREEN), contradiction=("Anna", "Zoë"))
    other = people("Anna", tiles={F3: Tile.SAME_PERSON})
    said = words_of_page_answer(PageAnswer((twice, other)), names)
    assert said.words == (FaceVerdict(F3, Verdict.IS, ANNA),)
    assert said.problems == ("Anna and Zoë contradict each other",)
    assert said.question == "Last time this was answered Anna and Zoë: which?"


def test_a_question_that_two_rows_have_is_asked_once(names: NameBook) -> None:
    twice = replace(people(tiles=GREEN), contradiction=("Anna", "Zoë"))
    bad = people("unknown", tiles={F3: Tile.SAME_PERSON})
    said = words_of_page_answer(PageAnswer((twice, twice, bad)), names)
    assert len(said.problems) == 2
    assert said.question.count("which?") == 1
    assert said.question.count("Last time") == 2


def test_each_row_carries_its_name_by_itself(names: NameBook) -> None:
    named = replace(people("Anna", tiles=GREEN), carried=REST)
    marked = replace(people("Anna", tiles={F3: Tile.SAME_PERSON, **RED}), carried=(F5,))
    words = words_of_page_answer(PageAnswer((named, marked)), names).words
    assert [word for word in words if isinstance(word, Carried)] == [Carried(REST, ANNA, (F1, F2))]


def test_what_is_said_of_disputed_rows_decides(names: NameBook) -> None:
    rows = [
        replace(people("Anna", tiles={F1: Tile.SAME_PERSON}), disputed=frozenset({F1})),
        people("Anna", tiles={F2: Tile.SAME_PERSON}),
    ]
    assert words_of_page_answer(PageAnswer(tuple(rows)), names).words == (
        Decided(F1, Verdict.IS, ANNA),
        FaceVerdict(F2, Verdict.IS, ANNA),
    )


@pytest.mark.parametrize(("drawn", "told"), [(1, "1 box was drawn"), (2, "2 boxes were drawn")])
def test_boxes_drawn_on_a_page_are_a_problem_and_say_nothing(
    names: NameBook, drawn: int, told: str
) -> None:
    page = PageAnswer((people("Anna", tiles=GREEN),), drawn=drawn)
    said = words_of_page_answer(page, names)
    assert said.words == words_of_page_answer(replace(page, drawn=0), names).words
    (problem,) = said.problems
    assert problem.startswith(told)
    assert said.question == "", "nothing needs to be asked again"


def pair(
    verdict: SameVerdict | None, name: str | None = None, **parts: dict[FaceId, Tile]
) -> PageAnswer:
    one, other = parts.get("one", GREEN), parts.get("other", {F3: Tile.SAME_PERSON})
    rows = tuple(replace(people(name, tiles=tiles), typed=bool(name)) for tiles in (one, other))
    return PageAnswer(rows, verdict)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (None, ()),
        (SameVerdict.ONE_PERSON, (FacesTogether((F1, F2, F3)),)),
        (SameVerdict.TWO_PEOPLE, (FacesApart(F1, (F3,)), FacesApart(F2, (F3,)))),
        (SameVerdict.CANNOT_TELL, (PairUnsure((F1, F2), (F3,)),)),
    ],
)
def test_a_pair_is_one_person_or_two_or_cannot_be_told(
    names: NameBook, verdict: SameVerdict | None, words: tuple[Word, ...]
) -> None:
    assert words_of_page_answer(pair(verdict), names) == Said(words)


@pytest.mark.parametrize("verdict", [None, SameVerdict.ONE_PERSON])
def test_a_name_says_that_a_pair_is_one_person(
    names: NameBook, verdict: SameVerdict | None
) -> None:
    said = words_of_page_answer(pair(verdict, "Anna"), names)
    assert said == Said(tuple(FaceVerdict(face, Verdict.IS, ANNA) for face in (F1, F2, F3)))


@pytest.mark.parametrize("verdict", SameVerdict)
def test_tiles_of_a_pair_that_are_marked_are_left_out_of_it(
    names: NameBook, verdict: SameVerdict
) -> None:
    marked = {**GREEN, F4: Tile.SOMEONE_ELSE, F5: Tile.NOT_A_FACE}
    *marks, last = words_of_page_answer(pair(verdict, one=marked), names).words
    expected = words_of_page_answer(pair(verdict), names).words
    assert expected[-1] == last
    assert {FacesApart(F4, (F1, F2)), FaceVerdict(F5, Verdict.NOT_A_FACE)} <= set(marks)
    assert FacesTogether not in map(type, marks)


@pytest.mark.parametrize("verdict", SameVerdict)
def test_a_pair_of_which_one_row_is_gone_says_nothing(
    names: NameBook, verdict: SameVerdict
) -> None:
    for tiles in ({}, {F3: Tile.SOMEONE_ELSE}):
        assert words_of_page_answer(pair(verdict, other=tiles), names) == Said(())


def test_what_contradicts_in_a_pair_says_nothing_of_it(names: NameBook) -> None:
    """A name for two people; a name that cannot be anybody's."""
    two = pair(SameVerdict.TWO_PEOPLE, "Anna")
    rows = tuple(replace(row, contradiction=("Anna", "Two people")) for row in two.rows)
    said = words_of_page_answer(replace(two, rows=rows), names)
    assert (said.words, said.problems) == ((), ("Anna and Two people contradict each other",))
    bad = words_of_page_answer(pair(SameVerdict.ONE_PERSON, "Stranger"), names)
    assert (bad.words, len(bad.problems)) == ((), 1)


@given(st.sampled_from(PAGES), any_annotations, st.booleans())
def test_whatever_is_answered_no_word_is_of_a_face_that_was_not_asked_about_or_was_passed(
    page: Page, annotation: Item, from_prediction: bool
) -> None:
    answer = read_page_answer(annotation, page.data, from_prediction=from_prediction)
    said = words_of_page_answer(answer, NameBook(Truth(), lambda: PersonId("p-new")))
    spoken = {face for word in said.words for face in faces_in(word)}
    shown = {face for row in rows_of_task(page.data) for face in row}
    carried = {face for row in answer.rows for face in row.carried}
    assert spoken <= shown | carried
    assert answer.passed <= shown | carried
    assert answer.passed.isdisjoint(spoken)
    assert bool(said.question) <= bool(said.problems)


@given(
    st.sampled_from(PAGES),
    st.lists(st.sampled_from([*Tile, "Anna", "Bea", "Stranger", "Mixed", "Unknown", None])),
    st.sampled_from([None, "Anna", *ClusterVerdict, *SameVerdict, "The rest are strangers"]),
)
def test_each_row_of_an_answer_speaks_is_passed_or_is_asked_again(
    page: Page, labels: list[str | None], choice: str | None
) -> None:
    """As annotators answer: each tile gets a label or is deleted, and something is chosen."""
    given_labels = dict(zip(page.data["faces"], labels, strict=False))
    control = "name" if choice == "Anna" else "verdict"
    chosen = (
        []
        if choice is None
        else [{"from_name": control, "type": "choices", "value": {"choices": [choice]}}]
    )
    answer = page.read(
        *chosen,
        labels={face: label for face, label in given_labels.items() if label is not None},
        deleted=[face for face, label in given_labels.items() if label is None],
    )
    said = words_of_page_answer(answer, NameBook(Truth(), lambda: PersonId("p-new")))
    spoken = {face for word in said.words for face in faces_in(word)}
    if answer.pair is None and page.data["asks"] != "same":
        for row, shown in zip(answer.rows, rows_of_task(page.data), strict=True):
            asked_again = bool(row.contradiction)
            passed = set(shown) <= answer.passed
            assert (not spoken.isdisjoint(shown)) + asked_again + passed == 1


def test_a_box_drawn_over_a_known_face_without_a_box_is_that_face(names: NameBook) -> None:
    said = photo(names, box("r1", Box(13, 13, 40, 40)))
    assert [face.id for face in said.drawn] == [F1]
