from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from serve.albums import Albums, OpenAlbum
from serve.limits import Limits
from serve.taking_home import harmless_cell, zip_of_all, zip_of_alone, zip_of_cluster
from tests.serve.pictures import Portraits, album_of, given_in

NASTY = "<img src=x onerror=alert(1)>.jpg"
RUNS = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenAlbum]:
    """Two people in six pictures, and somebody alone; the names are as bad as can be."""
    portraits = Portraits()
    bad = ["../../out.jpg", NASTY, "=cmd|' /C calc'!A0.jpg", "@SUM(A1).jpg", "100% #1?.jpg", "a&b"]
    contents = zip(bad, (content for _, content in album_of(portraits)), strict=True)
    reader = portraits
    with Albums(tmp_path / "albums", reader, Limits(), threads=2) as albums:  # type: ignore[arg-type]
        album = albums.make(given_in(tmp_path / "given", contents))
        with albums.open(album.id) as there:
            yield there


def unpacked(blocks: Iterator[bytes]) -> zipfile.ZipFile:
    packed = zipfile.ZipFile(io.BytesIO(b"".join(blocks)))
    assert packed.testzip() is None
    return packed


def links_in(page: str) -> set[str]:
    """All that a page refers to, as paths."""
    found: set[str] = set()

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"script", "iframe", "object", "link", "base"}
            found.update(unquote(value or "") for name, value in attrs if name in {"src", "href"})
            assert not [name for name, _ in attrs if name.startswith("on")]

    Links().feed(page)
    return found


def test_the_zip_of_all_has_every_picture_once_and_every_face(opened: OpenAlbum) -> None:
    names = unpacked(zip_of_all(opened)).namelist()
    assert len(names) == len(set(names))
    assert len([name for name in names if name.startswith("pictures/")]) == 6
    assert len([name for name in names if name.startswith("faces/face-1/")]) == 6
    assert len([name for name in names if name.startswith("faces/in-no-group/")]) == 1
    assert {"index.html", "faces.csv", "montages/face-1.jpg", "montages/in-no-group.jpg"} < {*names}


def test_a_person_s_zip_has_that_person_s_faces_and_pictures_alone(opened: OpenAlbum) -> None:
    names = unpacked(zip_of_cluster(opened, opened.album.clusters[1])).namelist()
    folders = {name.rpartition("/")[0] for name in names}
    assert folders == {"", "montages", "faces/face-2", "pictures"}
    alone = unpacked(zip_of_alone(opened)).namelist()
    assert len([name for name in alone if name.startswith("pictures/")]) == 1


def test_nothing_in_a_zip_leaves_the_folder_it_is_unpacked_in(
    opened: OpenAlbum, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    packed = unpacked(zip_of_all(opened))
    packed.extractall(home)
    out = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert out == set(packed.namelist())


def test_pictures_come_home_as_they_were_given(opened: OpenAlbum) -> None:
    packed = unpacked(zip_of_all(opened))
    for picture in opened.album.pictures:
        given = opened.files.picture(picture.number).read_bytes()
        assert packed.read(f"pictures/{picture.name}") == given


def test_faces_come_home_without_where_they_were_taken(opened: OpenAlbum) -> None:
    packed = unpacked(zip_of_all(opened))
    for name in packed.namelist():
        if name.startswith(("faces/", "montages/")):
            with Image.open(io.BytesIO(packed.read(name))) as image:
                assert not image.getexif()


def test_the_page_opens_from_disk_and_asks_nobody_else(opened: OpenAlbum) -> None:
    packed = unpacked(zip_of_all(opened))
    page = packed.read("index.html").decode()
    assert links_in(page) <= set(packed.namelist())
    assert links_in(page) > {"faces.csv", "pictures/100% #1_.jpg"}
    assert "//" not in page
    assert "url(" not in page


def test_no_name_can_carry_html_into_the_page(opened: OpenAlbum) -> None:
    page = unpacked(zip_of_all(opened)).read("index.html").decode()
    assert "<img src=x" not in page
    assert "a&amp;b" in page


def test_the_table_has_a_line_for_each_face_and_no_cell_that_runs(opened: OpenAlbum) -> None:
    packed = unpacked(zip_of_all(opened))
    rows = list(csv.DictReader(io.StringIO(packed.read("faces.csv").decode("utf-8-sig"))))
    assert len(rows) == 13
    assert [row["group"] for row in rows].count("Face 1") == 6
    assert [row["picture"] for row in rows if not row["group"]] == ["out.jpg"]
    assert "'@SUM(A1).jpg" in {row["picture"] for row in rows}
    for row in rows:
        assert not [cell for cell in row.values() if cell.startswith(RUNS)]
        assert row["face"] in packed.namelist()


@given(st.text())
def test_a_cell_never_begins_a_formula_and_loses_nothing(told: str) -> None:
    cell = harmless_cell(told)
    assert not cell.lstrip(" ").startswith(RUNS)
    assert cell in {told, f"'{told}"}
