from collections.abc import Mapping
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.records import Box, Photo, PhotoId
from faces.studio_context import Sighting, context_html, said_html
from faces.studio_people import Asks

PHOTO = Photo(PhotoId("a" * 64), 400, 200)
BEACH = Sighting(PHOTO, Box(100, 50, 40, 50), "IMG_1.jpg", "beach", "3 July 2019")
TILES = (Box(6, 6, 160, 160), Box(172, 6, 160, 160))


def context(*seen: Sighting, addresses: Mapping[PhotoId, str]) -> str:
    tiles = TILES[: len(seen)]
    return context_html(seen, tiles, addresses, width_px=338, height_px=172)


class Tags(HTMLParser):
    """What an HTML text holds: its tags, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_each_tile_has_a_button_that_tells_its_photo_and_marks_the_face() -> None:
    page = Tags(context(BEACH, BEACH, addresses={PHOTO.id: "/data/a.jpg"}))
    assert len(page.all("details")) == len(page.all("summary")) == 2
    assert [image["src"] for image in page.all("img")] == ["/data/a.jpg"] * 2
    assert {image["loading"] for image in page.all("img")} == {"lazy"}
    assert page.text.count("IMG_1.jpg · beach · 3 July 2019") == 2
    assert [mark["style"] for mark in page.all("i")] == [
        "left:25.00%;top:25.00%;width:10.00%;height:25.00%"
    ] * 2
    assert [button["style"] for button in page.all("summary")] == [
        "left:1.775%;top:3.488%",
        "left:50.888%;top:3.488%",
    ]


def test_a_photo_that_cannot_be_opened_has_no_button_and_others_keep_their_number() -> None:
    other = Sighting(Photo(PhotoId("b" * 64), 10, 10), Box(1, 1, 5, 5), "b.jpg", "", "")
    page = Tags(context(BEACH, other, addresses={other.photo.id: "/data/b.jpg"}))
    assert len(page.all("summary")) == 1
    assert page.text == "22 b.jpg"
    assert context(BEACH, addresses={}) == ""


@given(st.text(), st.text(), st.text())
def test_no_name_of_a_file_becomes_html(file: str, folder: str, when: str) -> None:
    seen = Sighting(PHOTO, BEACH.box, file, folder, when)
    text = context(seen, addresses={PHOTO.id: f"/data/{file}"})
    plain = Tags(context(BEACH, addresses={PHOTO.id: "/data/a.jpg"}))
    assert [tag for tag, _ in Tags(text).tags] == [tag for tag, _ in plain.tags]
    assert len(text.splitlines()) == 1, "a blank line would end the HTML"


@given(st.text())
def test_a_question_is_text_on_one_line(text: str) -> None:
    said = said_html(text)
    assert [tag for tag, _ in Tags(said).tags] == (["div"] if text else [])
    assert len(said.splitlines()) <= 1


def captioned(*said: str, asks: Asks = Asks.SEVERAL) -> str:
    return context_html(
        [], [], {}, width_px=338, height_px=172, asks=asks, captions=said, places=TILES[: len(said)]
    )


def test_what_is_said_of_a_row_stands_on_the_lower_edge_of_its_place() -> None:
    page = Tags(captioned("Anna?", "Anna or Ben?"))
    assert page.text == "Anna?Anna or Ben?"
    assert [one["style"] for one in page.all("div") if one["class"] == "fl-caption"] == [
        "left:1.775%;top:96.512%;max-width:47.337%",
        "left:50.888%;top:96.512%;max-width:47.337%",
    ]


def test_a_row_of_which_nothing_is_said_has_no_caption() -> None:
    assert [one["class"] for one in Tags(captioned("", "")).all("div")] == ["fl-photos fl-several"]


@pytest.mark.parametrize("asks", [Asks.SEVERAL, Asks.SAME])
def test_pages_of_several_rows_are_told_apart_though_nothing_lies_over_them(asks: Asks) -> None:
    (page,) = Tags(captioned(asks=asks)).all("div")
    assert str(page["class"]).split() == ["fl-photos", f"fl-{asks}"]


@given(st.text(min_size=1))
def test_no_name_of_a_person_becomes_html(name: str) -> None:
    said = captioned(name)
    assert [tag for tag, _ in Tags(said).tags] == ["div", "div"]
    assert len(said.splitlines()) == 1
