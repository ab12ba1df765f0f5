from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceloop import demo_album
from faceloop.demo_album import Album, make_album, plan_pages
from faceloop.demo_names import NAMES
from faceloop.demo_page import PAGE_PX
from faces.detect_yunet import YunetDetector
from faces.errors import SetupError
from faces.names import clean_name
from faces.pictures import open_photo

PEOPLE = st.integers(3, 40)
SEEDS = st.integers(0, 2**32)
BLANK = Image.new("RGB", (8, 8))


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
    """Three people: ten pages with all of them."""
    return make_album(tmp_path_factory.mktemp("demo") / "ORL", people=3)


@settings(max_examples=25, deadline=None)
@given(PEOPLE, SEEDS)
def test_every_portrait_is_on_one_page_and_nobody_twice_on_a_page(people: int, seed: int) -> None:
    pages = plan_pages(people, seed=seed)
    takes = [(one.person, one.take) for page in pages for one in page.prints]
    assert sorted(takes) == [(p, take) for p in range(1, people + 1) for take in range(1, 11)]
    for page in pages:
        assert 3 <= len(page.prints) <= 5
        assert len({one.person for one in page.prints}) == len(page.prints)


@settings(max_examples=25, deadline=None)
@given(PEOPLE, SEEDS)
def test_most_portraits_are_in_the_album_and_two_of_each_person_are_new(
    people: int, seed: int
) -> None:
    in_folder: dict[str, Counter[int]] = defaultdict(Counter)
    for page in plan_pages(people, seed=seed):
        in_folder[page.file.split("/")[0]].update(one.person for one in page.prints)
    everybody = range(1, people + 1)
    assert in_folder == {
        "album": Counter(dict.fromkeys(everybody, 8)),
        "new-photos": Counter(dict.fromkeys(everybody, 2)),
    }


@settings(max_examples=25, deadline=None)
@given(PEOPLE, SEEDS)
def test_prints_lie_on_the_page_beside_each_other(people: int, seed: int) -> None:
    for page in plan_pages(people, seed=seed):
        boxes = [one.box for one in page.prints]
        assert all(box.left > 0 and box.top > 0 for box in boxes)
        assert all(box.right < PAGE_PX[0] and box.bottom < PAGE_PX[1] for box in boxes)
        assert all(a.overlap(b) == 0 for a, b in combinations(boxes, 2))
        assert all(abs(one.turned_deg) <= 3 for one in page.prints)


def test_a_person_has_one_name_and_one_name_has_two_people() -> None:
    people = defaultdict(set)
    for page in plan_pages(40, seed=0):
        for one in page.prints:
            people[one.name].add(one.person)
    assert sorted(len(numbers) for numbers in people.values()) == [1] * 38 + [2]
    assert sum(len(numbers) for numbers in people.values()) == 40


def test_names_are_as_faceloop_keeps_them_and_some_have_accents() -> None:
    assert all(clean_name(name) == name for name in NAMES)
    assert sum(not name.isascii() for name in NAMES) >= 8


def test_each_page_of_the_truth_is_a_photo_and_no_other_is_there(album: Album) -> None:
    assert set(album.truth) == {*album.photos.iterdir(), *album.new_photos.iterdir()}
    assert [len(list(f.iterdir())) for f in (album.photos, album.new_photos)] == [8, 2]
    for path in album.truth:
        with Image.open(path) as page:
            assert (page.format, page.size) == ("JPEG", PAGE_PX)


def test_faces_are_found_where_the_truth_says(album: Album) -> None:
    detector = YunetDetector()
    for path in sorted(album.truth)[:1]:
        found = [detection.box for detection in detector.find(open_photo(path).pixels)]
        middles = [(box.left + box.width / 2, box.top + box.height / 2) for box in found]
        for face in album.truth[path]:
            box = face.box
            inside = [box.left < x < box.right and box.top < y < box.bottom for x, y in middles]
            assert inside.count(True) == 1, face.name
        assert len(found) == 3


def test_names_are_on_the_pages_and_in_no_file_beside_them(album: Album) -> None:
    told = (album.folder / "ABOUT.txt").read_text()
    assert "AT&T Laboratories Cambridge" in told
    names = {face.name for faces in album.truth.values() for face in faces}
    assert not [name for name in names if name in told]
    assert {path.name for path in album.folder.iterdir()} == {"ABOUT.txt", "album", "new-photos"}


def test_the_same_seed_gives_the_same_bytes(album: Album, tmp_path: Path) -> None:
    again = make_album(tmp_path / "again", people=3)
    assert [p.read_bytes() for p in again.truth] == [p.read_bytes() for p in album.truth]
    assert list(again.truth.values()) == list(album.truth.values())


def test_another_seed_gives_another_album() -> None:
    assert plan_pages(3, seed=0) != plan_pages(3, seed=1)


def test_an_album_that_is_there_is_not_touched(album: Album) -> None:
    def state() -> list[tuple[str, int, int]]:
        found = sorted(album.folder.rglob("*"))
        return [(str(p), p.stat().st_mtime_ns, p.stat().st_ino) for p in found]

    before = state()
    with patch.object(demo_album, "find_spec", return_value=None):
        again = make_album(album.folder, people=3)
    assert again == album
    assert state() == before


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    with patch.object(demo_album, "draw_page", return_value=BLANK):
        assert len(list(make_album(tmp_path, people=3).photos.iterdir())) == 8


@pytest.mark.parametrize("holds", ["letter.txt", "album/mine.jpg", "ABOUT.txt"])
def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path: Path, holds: str) -> None:
    mine = tmp_path / holds
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(SetupError, match=r"something else.*give a new folder"):
        make_album(tmp_path, people=3)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


def test_the_album_of_another_seed_is_refused(album: Album) -> None:
    with pytest.raises(SetupError, match="something else"):
        make_album(album.folder, people=3, seed=1)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="file"):
        make_album(tmp_path / "file", people=3)
    with pytest.raises(SetupError, match="cannot be written"):
        make_album(tmp_path / "file" / "album", people=3)


@pytest.mark.parametrize("people", [-1, 0, 2, 41])
def test_too_few_or_too_many_people_are_refused(tmp_path: Path, people: int) -> None:
    with pytest.raises(SetupError, match="3 to 40 people"):
        make_album(tmp_path / "demo", people=people)


def test_without_the_portraits_a_line_says_what_to_run(tmp_path: Path) -> None:
    with (
        patch.object(demo_album, "find_spec", return_value=None),
        pytest.raises(SetupError, match="make setup"),
    ):
        make_album(tmp_path / "demo", people=3)


def test_stopped_half_way_nothing_is_left(tmp_path: Path) -> None:
    with (
        patch.object(demo_album, "draw_page", side_effect=[BLANK, KeyboardInterrupt]),
        pytest.raises(KeyboardInterrupt),
    ):
        make_album(tmp_path / "demo", people=3)
    assert list(tmp_path.iterdir()) == []


def test_of_two_at_once_the_second_leaves_what_the_first_made(tmp_path: Path) -> None:
    (tmp_path / "page").touch()
    with (
        patch.object(demo_album, "_stands", side_effect=[False, True]),
        patch.object(demo_album, "draw_page", return_value=BLANK),
    ):
        make_album(tmp_path, people=3)
    assert [path.name for path in tmp_path.iterdir()] == ["page"]
