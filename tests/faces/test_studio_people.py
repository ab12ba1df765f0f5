from collections.abc import Sequence
from typing import Any

import pytest

from faces.names import RESERVED, compared
from faces.records import Box, FaceId, PersonId
from faces.studio_configs import PEOPLE_CONFIG
from faces.studio_format import UNKNOWN, ShownTile
from faces.studio_people import Asks, ShownRow, people_prediction, people_task
from faces.studio_validator import Validator

NAMES = [f"Person {number}" for number in range(1, 13)]
SIZE = {"width_px": 2000, "height_px": 200}


def row(numbers: Sequence[int], name: str | None = None, *, hidden: int = 0) -> ShownRow:
    tiles = tuple(ShownTile(FaceId(f"f{n}"), Box(10 + 20 * n, 10, 16, 16)) for n in numbers)
    return ShownRow(tiles, name, tuple(FaceId(f"h{n}") for n in range(hidden)))


def data(asks: Asks, *rows: ShownRow, people: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    given = {"montage_url": "/m.jpg", "people": people, "photos": 3}
    return people_task(asks=asks, rows=rows, **given, **more)


def labels(asks: Asks, *rows: ShownRow) -> list[str]:
    prediction = people_prediction(asks=asks, rows=rows, score=0.5, **SIZE)
    assert Validator(PEOPLE_CONFIG).problems(prediction) == []
    tiles = [one for one in prediction["result"] if one["from_name"] == "face"]
    return [tile["value"]["rectanglelabels"][0] for tile in tiles]


def keys(offered: list[dict[str, str]]) -> dict[str, str]:
    return {one["hotkey"]: one["value"] for one in offered}


def test_a_row_alone_is_marked_with_three_keys_and_judged_with_four() -> None:
    page = data(Asks.NAME, row(range(3)), people=["Anna", "Zoë"])
    assert page["asks"] == "name"
    assert keys(page["labels"]) == {"q": "Same person", "w": "Someone else", "e": "Not a face"}
    assert keys(page["verdicts"]) == {
        "x": "Stranger",
        "n": "Not faces",
        "s": "Mixed",
        "c": "Cannot tell",
    }
    assert page["people"] == [{"value": "Anna"}, {"value": "Zoë"}]
    assert "rows" not in page


def test_a_name_proposed_for_a_row_alone_is_chosen_for_all() -> None:
    prediction = people_prediction(asks=Asks.NAME, rows=[row(range(2), "Anna")], score=0.5, **SIZE)
    assert Validator(PEOPLE_CONFIG).problems(prediction) == []
    assert prediction["result"][-1]["value"] == {"choices": ["Anna"]}
    assert labels(Asks.NAME, row(range(2), "Anna")) == ["Same person"] * 2


def test_tiles_of_several_rows_can_be_called_by_name_and_each_label_has_a_key_and_a_colour() -> (
    None
):
    page = data(Asks.SEVERAL, row([0, 1]), row([2], "Zoë"), people=["Anna", "Zoë", "Ben"])
    assert keys(page["labels"]) == {
        "q": "Same person",
        "w": "Someone else",
        "e": "Not a face",
        "x": "Stranger",
        "s": "Mixed",
        "c": "Cannot tell",
        "0": "Unknown",
        "1": "Zoë",
        "2": "Anna",
        "3": "Ben",
    }
    assert keys(page["verdicts"]) == {"d": "The rest are strangers"}
    assert page["people"] == []
    full = data(Asks.SEVERAL, row([0]), people=NAMES)["labels"]
    assert len({label["background"] for label in full}) == len(full) == 16


def test_several_rows_are_told_with_what_each_hides() -> None:
    page = data(Asks.SEVERAL, row([0, 1]), row([2], hidden=2))
    assert page["faces"] == ["f0", "f1", "f2"]
    assert page["rows"] == [["f0", "f1"], ["f2"]]
    assert page["carried_rows"] == [[], ["h0", "h1"]]
    assert "carried" not in page
    assert "carried_rows" not in data(Asks.SEVERAL, row([0]), row([1]))


def test_the_first_tile_of_a_row_says_who_it_may_be() -> None:
    rows = row([0, 1], "Anna"), row([2]), row([3, 4, 5], "Zoë")
    assert labels(Asks.SEVERAL, *rows) == [
        *("Anna", "Same person"),
        UNKNOWN,
        *("Zoë", "Same person", "Same person"),
    ]


def test_no_tile_is_called_by_a_name_that_has_no_button() -> None:
    rows = [row([number], name) for number, name in enumerate(NAMES)]
    page = data(Asks.SEVERAL, *rows, people=reversed(NAMES))
    offered = {label["value"] for label in page["labels"]}
    said = labels(Asks.SEVERAL, *rows)
    assert set(said) <= offered
    assert said == [*NAMES[:9], UNKNOWN, UNKNOWN, UNKNOWN]


def test_two_rows_are_one_person_or_two() -> None:
    rows = row([0, 1], "Anna"), row([2])
    page = data(Asks.SAME, *rows, people=["Anna"])
    assert page["title"] == "Same person?"
    assert page["rows"] == [["f0", "f1"], ["f2"]]
    assert keys(page["verdicts"]) == {"1": "One person", "2": "Two people", "c": "Cannot tell"}
    assert keys(page["labels"]) == {"q": "Same person", "w": "Someone else", "e": "Not a face"}
    assert page["people"] == []
    assert labels(Asks.SAME, *rows) == ["Same person"] * 3


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([row([0]), row([1, 2])], "Who are these?  2 groups, 3 faces"),
        ([row([0, 1])], "Who are these?  1 group, 2 faces"),
        ([row([0]), row([1], "Anna")], "Loose faces: who are these 2?"),
        ([row([0], "Anna"), row([1, 2], "Zoë")], "Right?  2 groups, 3 faces"),
        ([row([0], "Anna"), row([1], "Zoë")], "Right?  2 faces"),
    ],
)
def test_a_page_of_several_rows_says_what_is_on_it(rows: list[ShownRow], title: str) -> None:
    assert data(Asks.SEVERAL, *rows)["title"] == title


def test_a_page_about_which_people_disagree_says_so() -> None:
    page = data(Asks.SEVERAL, row([0]), row([1]), disputed=[FaceId("f0")])
    assert page["title"] == "People disagree: who are these 2?"
    assert page["disputed"] == ["f0"]


@pytest.mark.parametrize(
    ("faces", "photos", "hidden", "title"),
    [
        (1, 1, 0, "Who is this?  1 face in 1 photo"),
        (3, 2, 1240, "Who is this?  3 faces in 2 photos, and 1,240 more like these"),
    ],
)
def test_a_page_of_one_row_says_what_is_on_it(
    faces: int, photos: int, hidden: int, title: str
) -> None:
    shown = row(range(faces), hidden=hidden)
    page = people_task(asks=Asks.NAME, rows=[shown], montage_url="/m", people=[], photos=photos)
    assert page["title"] == title
    assert page.get("carried", []) == list(shown.carried)


def test_a_page_tells_whom_each_name_means() -> None:
    page = data(Asks.SEVERAL, row([0], "Anna"), ids={"Anna": PersonId("p1")})
    assert page["people_ids"] == {"Anna": "p1"}


@pytest.mark.parametrize("asks", Asks)
def test_nobody_can_be_called_like_what_a_page_says(asks: Asks) -> None:
    page = data(asks, row([0]), row([1]))
    said = [one["value"] for one in [*page["labels"], *page["verdicts"]]]
    assert {compared(one) for one in said} <= RESERVED
