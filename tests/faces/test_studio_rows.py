"""What an annotation of a People task says of each of its rows: the table of meanings."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.records import Box, FaceId, PersonId
from faces.studio_format import UNKNOWN, ClusterVerdict, ShownTile, Tile
from faces.studio_people import (
    REST_ARE_STRANGERS,
    Asks,
    SameVerdict,
    ShownRow,
    people_prediction,
    people_task,
)
from faces.studio_rows import (
    PageAnswer,
    PeopleAnswer,
    passed_of_skipped,
    read_page_answer,
    rows_of_task,
)

ANNA, BEA = PersonId("p-anna"), PersonId("p-bea")
GREEN, RED, GREY = Tile.SAME_PERSON, Tile.SOMEONE_ELSE, Tile.NOT_A_FACE

Item = dict[str, Any]


def faces(*names: str) -> tuple[FaceId, ...]:
    return tuple(FaceId(name) for name in names)


def shown_row(*names: str, name: str | None = None, carried: Sequence[str] = ()) -> ShownRow:
    tiles = tuple(ShownTile(face, Box(10, 10, 160, 160)) for face in faces(*names))
    return ShownRow(tiles, name, faces(*carried))


class Page:
    """A task and its prediction, and ways to answer it as an annotator does."""

    def __init__(self, asks: Asks, *rows: ShownRow, disputed: Sequence[str] = ()) -> None:
        self.data = people_task(
            asks=asks,
            rows=rows,
            montage_url="/m.jpg",
            people=("Anna", "Bea"),
            photos=2,
            ids={"Anna": ANNA, "Bea": BEA},
            disputed=faces(*disputed),
        )
        predicted = people_prediction(asks=asks, rows=rows, width_px=1030, height_px=180, score=0.5)
        self.tiles: list[Item] = predicted["result"]

    def read(
        self,
        *said: Item,
        labels: dict[str, str] | None = None,
        deleted: Sequence[str] = (),
        empty: bool = False,
    ) -> PageAnswer:
        """What is said with these labels instead of those that were predicted."""
        items = [] if empty else copy.deepcopy(self.tiles)
        for item in items:
            if item.get("id") in (labels or {}):
                item["value"]["rectanglelabels"] = [(labels or {})[item["id"]]]
        kept = [item for item in items if item.get("id") not in deleted]
        return read_page_answer({"result": [*kept, *said]}, self.data, from_prediction=not empty)


def choice(control: str, value: str) -> Item:
    return {"from_name": control, "type": "choices", "value": {"choices": [value]}}


def typed(name: str, face: str | None = None) -> Item:
    """A name typed for the whole page, or for a tile."""
    item: Item = {"type": "textarea", "value": {"text": [name]}}
    return item | ({"from_name": "new_name"} if face is None else tile("tile_name", face))


def picked(name: str, face: str | None = None) -> Item:
    """A name picked from the list of everyone, for the whole page, or for a tile."""
    item: Item = {"type": "taxonomy", "value": {"taxonomy": [[name]]}}
    return item | ({"from_name": "everyone"} if face is None else tile("tile_everyone", face))


def field(row: int, name: str) -> Item:
    """A name typed in the field of a row."""
    return typed(name) | {"from_name": f"row_{row}"}


def tile(control: str, face: str) -> Item:
    return {"from_name": control, "id": face}


REST = choice("verdict", REST_ARE_STRANGERS)


@pytest.fixture
def several() -> Page:
    """A row for which Anna is proposed, one for which nobody is, and a face alone."""
    return Page(
        Asks.SEVERAL,
        shown_row("a1", "a2", "a3", name="Anna", carried=("a8", "a9")),
        shown_row("b1", "b2"),
        shown_row("c1"),
    )


def said_of(answer: PageAnswer) -> list[str | ClusterVerdict | None]:
    """The name or verdict of each row."""
    return [row.name or row.verdict for row in answer.rows]


# One row


@pytest.fixture
def alone() -> Page:
    """One row for which Anna is chosen beforehand."""
    return Page(Asks.NAME, shown_row("a1", "a2", name="Anna", carried=("a9",)))


def test_a_row_alone_left_as_it_was_has_the_name_that_was_chosen(alone: Page) -> None:
    (row,) = alone.read().rows
    assert row == PeopleAnswer(
        "Anna", None, {FaceId("a1"): GREEN, FaceId("a2"): GREEN}, meant=ANNA, carried=faces("a9")
    )


@pytest.mark.parametrize("other", [typed(" Zoë "), picked("Zoë")])
def test_what_is_typed_or_picked_for_a_row_alone_beats_what_is_chosen(
    alone: Page, other: Item
) -> None:
    (row,) = alone.read(other).rows
    assert (row.name, row.typed, row.meant) == ("Zoë", True, None)


@pytest.mark.parametrize("verdict", ClusterVerdict)
def test_a_row_alone_has_one_verdict(alone: Page, verdict: ClusterVerdict) -> None:
    (row,) = alone.read(choice("verdict", verdict)).rows
    assert row.verdict is verdict


def test_a_row_alone_of_which_nothing_is_said_is_passed_with_what_it_counts() -> None:
    page = Page(Asks.NAME, shown_row("a1", "a2", carried=("a9",)))
    assert page.read().passed == set(faces("a1", "a2", "a9"))
    assert page.read(typed("Anna")).passed == frozenset()
    assert page.read(labels={"a1": GREY}).passed == frozenset()


def test_a_task_of_an_earlier_version_is_one_row() -> None:
    data = {"faces": ["f1", "f2"], "carried": ["f9"]}
    answer = read_page_answer({"result": [typed("Zoë")]}, data, from_prediction=False)
    assert rows_of_task(data) == (faces("f1", "f2"),)
    assert answer.rows == (
        PeopleAnswer(
            "Zoë", None, dict.fromkeys(faces("f1", "f2"), GREEN), typed=True, carried=faces("f9")
        ),
    )


# Several rows


def test_rows_left_as_they_were_have_the_names_proposed_and_the_others_are_passed(
    several: Page,
) -> None:
    answer = several.read()
    assert said_of(answer) == ["Anna", None, None]
    assert (answer.rows[0].meant, answer.rows[0].typed) == (ANNA, False)
    assert answer.rows[0].tiles == dict.fromkeys(faces("a1", "a2", "a3"), GREEN)
    assert answer.rows[0].carried == faces("a8", "a9")
    assert answer.passed == set(faces("b1", "b2", "c1"))


@pytest.mark.parametrize("face", ["b1", "b2"])
def test_a_name_on_any_tile_is_that_of_its_row(several: Page, face: str) -> None:
    row = several.read(labels={face: "Bea"}).rows[1]
    assert (row.name, row.meant, row.typed) == ("Bea", BEA, False)
    assert row.tiles == dict.fromkeys(faces("b1", "b2"), GREEN)


@pytest.mark.parametrize("other", [typed(" Zoë ", "b2"), picked("Zoë", "b2")])
def test_a_name_typed_for_a_tile_or_picked_from_the_list_is_that_of_its_row(
    several: Page, other: Item
) -> None:
    row = several.read(other).rows[1]
    assert (row.name, row.meant, row.typed) == ("Zoë", None, True)


@pytest.mark.parametrize("other", [typed("Zoë", "a1"), picked("Zoë", "a1")])
def test_what_is_typed_or_picked_for_a_tile_beats_its_label(several: Page, other: Item) -> None:
    row = several.read(other).rows[0]
    assert (row.name, row.typed, row.contradiction) == ("Zoë", True, ())


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_typed_for_a_tile_beats_what_is_picked(several: Page, order: int) -> None:
    both = [typed("Zoë", "b1"), picked("Ida", "b1")][::order]
    assert several.read(*both).rows[1].name == "Zoë"


@pytest.mark.parametrize("empty", [False, True])
def test_what_is_typed_in_the_field_of_a_row_is_its_name(several: Page, empty: bool) -> None:
    answer = several.read(field(2, " Zoë "), empty=empty)
    assert (answer.rows[1].name, answer.rows[1].typed, answer.rows[1].meant) == ("Zoë", True, None)
    assert [row.name for row in answer.rows[::2]] == [None if empty else "Anna", None]


def test_the_field_of_a_row_and_its_tiles_have_to_say_the_same(several: Page) -> None:
    same = several.read(field(2, "bea"), labels={"b2": "Bea"}).rows[1]
    assert (same.name, same.typed, same.contradiction) == ("bea", True, ())
    other = several.read(field(2, "Zoë"), labels={"b2": "Bea"}).rows[1]
    assert (other.name, other.contradiction) == (None, ("Zoë", "Bea"))


def test_two_ways_of_writing_one_name_are_one_name(several: Page) -> None:
    row = several.read(typed("anna ", "a2")).rows[0]
    assert (row.name, row.typed, row.contradiction) == ("Anna", True, ())


def test_two_different_names_in_one_row_contradict_each_other(several: Page) -> None:
    row = several.read(labels={"a2": "Bea"}).rows[0]
    assert (row.name, row.verdict, row.contradiction) == (None, None, ("Anna", "Bea"))
    assert several.read(labels={"a2": "Bea"}).passed.isdisjoint(faces("a1", "a2", "a3"))


@pytest.mark.parametrize("verdict", ["Stranger", "Mixed", "Cannot tell"])
def test_a_name_and_a_verdict_in_one_row_contradict_each_other(several: Page, verdict: str) -> None:
    row = several.read(labels={"a3": verdict}).rows[0]
    assert (row.name, row.verdict, row.contradiction) == (None, None, ("Anna", verdict))


def test_what_contradicts_in_one_row_leaves_the_others_alone(several: Page) -> None:
    answer = several.read(labels={"a2": "Bea", "c1": "Bea"})
    assert said_of(answer) == [None, None, "Bea"]
    assert answer.passed == set(faces("b1", "b2"))


@pytest.mark.parametrize("verdict", ["Stranger", "Mixed", "Cannot tell"])
def test_a_verdict_on_a_tile_is_that_of_its_row(several: Page, verdict: str) -> None:
    row = several.read(labels={"b2": verdict}).rows[1]
    assert (row.verdict, row.name) == (ClusterVerdict(verdict), None)
    assert row.tiles == dict.fromkeys(faces("b1", "b2"), GREEN)


@pytest.mark.parametrize("mark", [RED, GREY])
def test_a_first_tile_that_is_marked_leaves_the_proposed_name_to_the_others(
    several: Page, mark: Tile
) -> None:
    row = several.read(labels={"a1": mark}).rows[0]
    assert (row.name, row.meant) == ("Anna", ANNA)
    assert row.tiles == {FaceId("a1"): mark, FaceId("a2"): GREEN, FaceId("a3"): GREEN}


def test_another_name_on_a_tile_beats_the_proposed_one_where_the_first_tile_is_marked(
    several: Page,
) -> None:
    row = several.read(labels={"a1": RED, "a2": "Bea"}).rows[0]
    assert (row.name, row.tiles[FaceId("a1")]) == ("Bea", RED)


def test_unknown_on_the_first_tile_withdraws_the_proposed_name(several: Page) -> None:
    answer = several.read(labels={"a1": UNKNOWN})
    assert said_of(answer) == [None, None, None]
    assert set(faces("a1", "a2", "a3", "a8", "a9")) <= answer.passed


def test_a_face_alone_that_is_marked_is_not_who_was_proposed() -> None:
    page = Page(Asks.SEVERAL, shown_row("a1", name="Anna"), shown_row("b1"))
    row = page.read(labels={"a1": RED}).rows[0]
    assert (row.name, row.tiles) == ("Anna", {FaceId("a1"): RED})


def test_faces_of_which_only_is_said_that_they_are_someone_else_are_passed(several: Page) -> None:
    """Without a name and without others in their row that says nothing."""
    answer = several.read(labels={"c1": RED, "b1": RED, "b2": RED})
    assert answer.passed == set(faces("b1", "b2", "c1"))
    assert several.read(labels={"b1": RED}).passed == set(faces("c1"))


def test_the_rest_are_strangers_is_said_of_the_rows_that_nothing_else_is_said_of(
    several: Page,
) -> None:
    answer = several.read(REST, labels={"c1": "Bea"})
    assert said_of(answer) == ["Anna", ClusterVerdict.STRANGER, "Bea"]
    assert answer.passed == frozenset()
    withdrawn = several.read(REST, labels={"a1": UNKNOWN})
    assert said_of(withdrawn) == [ClusterVerdict.STRANGER] * 3


def test_the_rest_are_strangers_leaves_what_contradicts(several: Page) -> None:
    answer = several.read(REST, labels={"a2": "Bea"})
    assert answer.rows[0].contradiction == ("Anna", "Bea")
    assert said_of(answer)[1:] == [ClusterVerdict.STRANGER] * 2


def test_a_tile_that_was_deleted_says_nothing_and_the_others_of_its_row_do(several: Page) -> None:
    row = several.read(deleted=["a2"]).rows[0]
    assert (row.name, row.tiles) == ("Anna", dict.fromkeys(faces("a1", "a3"), GREEN))


def test_a_name_goes_with_its_tile_when_that_is_deleted(several: Page) -> None:
    answer = several.read(deleted=["a1"])
    assert said_of(answer) == [None, None, None]


def test_a_row_whose_tiles_were_all_deleted_is_passed(several: Page) -> None:
    answer = several.read(REST, deleted=["b1", "b2"])
    assert answer.rows[1].tiles == {}
    assert answer.passed == set(faces("b1", "b2"))


def test_a_page_of_several_that_was_opened_empty_names_nobody(several: Page) -> None:
    """No tile had the proposed name, so that nobody left it there."""
    answer = several.read(empty=True)
    assert said_of(answer) == [None, None, None]
    assert answer.passed == set(faces("a1", "a2", "a3", "a8", "a9", "b1", "b2", "c1"))
    assert said_of(several.read(REST, empty=True)) == [ClusterVerdict.STRANGER] * 3


def test_each_row_has_those_of_its_faces_that_people_disagree_on() -> None:
    page = Page(Asks.SEVERAL, shown_row("d1"), shown_row("d2"), disputed=["d1", "d2"])
    answer = page.read(labels={"d1": "Anna"})
    assert [row.disputed for row in answer.rows] == [set(faces("d1")), set(faces("d2"))]
    assert answer.rows[0].name == "Anna"


def test_each_row_carries_its_own() -> None:
    page = Page(
        Asks.SEVERAL, shown_row("a1", name="Anna", carried=["a9"]), shown_row("b1", carried=["b9"])
    )
    assert [row.carried for row in page.read().rows] == [faces("a9"), faces("b9")]
    assert page.read().passed == set(faces("b1", "b9"))


def test_boxes_that_were_drawn_are_counted_and_are_nobody(several: Page) -> None:
    drawn = {**several.tiles[0], "id": "drawn"}
    answer = several.read(drawn)
    assert (answer.drawn, replace(answer, drawn=0)) == (1, several.read())


# Two rows


@pytest.fixture
def pair() -> Page:
    """Two rows that may be one person."""
    return Page(Asks.SAME, shown_row("a1", "a2"), shown_row("b1"))


@pytest.mark.parametrize("verdict", SameVerdict)
@pytest.mark.parametrize("empty", [False, True])
def test_a_pair_is_one_person_two_or_unsure(pair: Page, verdict: SameVerdict, empty: bool) -> None:
    answer = pair.read(choice("verdict", verdict), empty=empty)
    assert (answer.pair, answer.passed) == (verdict, frozenset())
    assert [set(row.tiles) for row in answer.rows] == [set(faces("a1", "a2")), set(faces("b1"))]
    assert said_of(answer) == [None, None]


@pytest.mark.parametrize("verdict", [None, SameVerdict.ONE_PERSON])
@pytest.mark.parametrize("name", [typed("Zoë"), picked("Zoë")])
def test_a_name_for_a_pair_is_that_of_both(
    pair: Page, name: Item, verdict: SameVerdict | None
) -> None:
    said = [name] if verdict is None else [name, choice("verdict", verdict)]
    answer = pair.read(*said)
    assert [(row.name, row.typed, row.contradiction) for row in answer.rows] == [
        ("Zoë", True, ())
    ] * 2


@pytest.mark.parametrize("verdict", [SameVerdict.TWO_PEOPLE, SameVerdict.CANNOT_TELL])
def test_one_name_for_two_people_contradicts(pair: Page, verdict: SameVerdict) -> None:
    answer = pair.read(typed("Zoë"), choice("verdict", verdict))
    assert [row.contradiction for row in answer.rows] == [("Zoë", verdict)] * 2


def test_tiles_of_a_pair_are_marked_like_all_others(pair: Page) -> None:
    answer = pair.read(choice("verdict", SameVerdict.ONE_PERSON), labels={"a2": RED, "b1": GREY})
    assert answer.rows[0].tiles == {FaceId("a1"): GREEN, FaceId("a2"): RED}
    assert answer.rows[1].tiles == {FaceId("b1"): GREY}


def test_a_skipped_page_passes_all_but_a_pair(several: Page, pair: Page, alone: Page) -> None:
    counted = set(faces("a8", "a9"))
    assert passed_of_skipped(several.data) == {*several.data["faces"], *counted}
    assert passed_of_skipped(alone.data) == set(faces("a1", "a2", "a9"))
    assert passed_of_skipped(pair.data) == frozenset()


# Whatever

ids = st.sampled_from(["a1", "a2", "b1", "c1", "drawn"])
labels = st.sampled_from([*Tile, *ClusterVerdict, UNKNOWN, "Anna", "Bea", "anna", "", " "])
controls = st.sampled_from(
    [
        *("face", "name", "new_name", "everyone", "verdict", "tile_name", "tile_everyone"),
        *("row_1", "row_2", "row_x", "whatever"),
    ]
)
verdicts = st.sampled_from([REST_ARE_STRANGERS, *SameVerdict, *ClusterVerdict])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
values = st.fixed_dictionaries(
    {},
    optional={
        "rectanglelabels": st.lists(labels, max_size=2) | anything,
        "choices": st.lists(labels | verdicts, max_size=2) | anything,
        "text": st.lists(labels | st.text(max_size=5), max_size=2) | anything,
        "taxonomy": st.lists(st.lists(labels, max_size=2), max_size=2) | anything,
    },
)
items = st.fixed_dictionaries(
    {},
    optional={
        "id": ids | anything,
        "from_name": controls | anything,
        "value": values | anything,
    },
)
any_annotations = st.fixed_dictionaries(
    {}, optional={"result": st.lists(items | anything, max_size=8) | anything}
)
PAGES = [
    Page(
        asks,
        shown_row("a1", "a2", name=name, carried=["a9"] if asks is not Asks.SAME else ()),
        *(() if asks is Asks.NAME else [shown_row("b1")]),
        *([shown_row("c1")] if asks is Asks.SEVERAL else ()),
    )
    for asks in Asks
    for name in (None, "Anna")
]


@given(st.sampled_from(PAGES), any_annotations, st.booleans())
def test_whatever_an_annotation_holds_it_is_read_and_speaks_of_the_faces_of_its_task(
    page: Page, annotation: Item, from_prediction: bool
) -> None:
    answer = read_page_answer(annotation, page.data, from_prediction=from_prediction)
    assert [row.carried for row in answer.rows] == [
        faces("a9") if number == 0 and page.data["asks"] != Asks.SAME else ()
        for number in range(len(answer.rows))
    ]
    for row, shown in zip(answer.rows, rows_of_task(page.data), strict=True):
        assert set(row.tiles) <= set(shown)
        assert row.name is None or not row.contradiction
        told = {*shown, *row.carried} & answer.passed
        assert told in (set(), {*shown, *row.carried}), "a row is passed whole or not at all"
        assert not told or not row.contradiction
