import os
import shutil
from pathlib import Path

import pytest

from faces.errors import SetupError
from sync.folder import Found, find_photo_files, look_through, noted, place_of


def test_photos_are_found_below_a_folder_by_path(tmp_path: Path) -> None:
    for name in (
        "b.JPG",
        "a/c.png",
        "a/é.jpeg",
        "notes.txt",
        ".hidden.jpg",
        ".git/d.jpg",
        "a.b/e.webp",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    found = find_photo_files(tmp_path)
    assert [file.path for file in found] == ["b.JPG", "a/c.png", "a/é.jpeg", "a.b/e.webp"]
    assert {file.root for file in found} == {str(tmp_path.resolve())}
    assert {file.size_bytes for file in found} == {5}


def test_the_same_folder_by_another_way_has_the_same_root(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    assert find_photo_files(tmp_path / "link") == find_photo_files(tmp_path / "photos")


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "photos"
    if kind == "file":
        folder.touch()
    with pytest.raises(SetupError, match=f"there is no folder {folder}"):
        find_photo_files(folder)


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert find_photo_files(tmp_path) == []


def test_a_link_to_nowhere_is_found_and_refused_later(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (file,) = find_photo_files(tmp_path)
    assert (file.size_bytes, file.modified_ns) == (0, 0)


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "self").symlink_to(tmp_path)
    assert [file.path for file in find_photo_files(tmp_path)] == ["a.jpg"]


def test_a_file_name_that_is_no_utf8_is_noted_as_text_and_found_again(tmp_path: Path) -> None:
    below = Path(os.fsdecode(b"f\xfcr %41/caf\xe9 \xc3\xb6.jpg"))
    (tmp_path / below).parent.mkdir()
    (tmp_path / below).write_bytes(b"12345")
    (noted,) = find_photo_files(tmp_path)
    assert noted.path == "./f%FCr%20%2541/caf%E9%20%C3%B6.jpg"
    assert place_of(noted).read_bytes() == b"12345"


def test_a_folder_name_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with pytest.raises(SetupError, match="caf\ufffd is no UTF-8; rename it"):
        find_photo_files(folder)


def test_a_name_that_is_utf8_is_noted_as_it_is() -> None:
    assert noted("Ö/é.jpg") == "Ö/é.jpg"


def make(folder: Path, *names: str) -> None:
    """Empty files, with the folders that they lie in; a name ending in / is a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(b"")


def paths(found: Found) -> list[str]:
    return [file.path for file in found.files]


def test_a_workspace_below_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "work/faceloop.sqlite3", "work/media/previews/b.jpg")
    assert paths(look_through(tmp_path)) == ["a.jpg"]


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.bin").write_bytes(b"12345")
    make(tmp_path, "photos/")
    (tmp_path / "photos" / "a.jpg").symlink_to(tmp_path / "elsewhere.bin")
    (file,) = look_through(tmp_path / "photos").files
    assert (file.path, file.size_bytes) == ("a.jpg", 5)


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    make(tmp_path, "photos/z/b.jpg", "disk/2024/a.jpg")
    (tmp_path / "photos" / "more").symlink_to(tmp_path / "disk")
    assert paths(look_through(tmp_path / "photos")) == ["z/b.jpg", "more/2024/a.jpg"]


@pytest.mark.parametrize("target", ["photos", "photos/2024", ".", "/"])
def test_a_link_into_the_folder_or_above_it_is_not_followed(tmp_path: Path, target: str) -> None:
    make(tmp_path, "photos/2024/a.jpg", "other.jpg")
    (tmp_path / "photos" / "more").symlink_to(tmp_path / target)
    assert paths(look_through(tmp_path / "photos")) == ["2024/a.jpg"]


def test_folders_that_link_to_each_other_are_read_once(tmp_path: Path) -> None:
    make(tmp_path, "photos/", "one/a.jpg", "two/b.jpg")
    (tmp_path / "photos" / "one").symlink_to(tmp_path / "one")
    (tmp_path / "photos" / "once more").symlink_to(tmp_path / "one")
    (tmp_path / "one" / "two").symlink_to(tmp_path / "two")
    (tmp_path / "two" / "one").symlink_to(tmp_path / "one")
    (tmp_path / "two" / "up").symlink_to(tmp_path)
    found = look_through(tmp_path / "photos")
    assert paths(found) == ["once more/a.jpg", "once more/two/b.jpg"]


def test_a_link_that_leads_to_itself_is_refused_later(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("a.jpg")
    (file,) = look_through(tmp_path).files
    assert (file.size_bytes, file.modified_ns) == (0, 0)


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one photo, and one below that may not be looked into, whoever we are."""
    make(tmp_path, "a.jpg", "locked/b.jpg")
    scandir = os.scandir

    def refusing(place: Path) -> object:
        if Path(place).name == "locked":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refusing)
    return tmp_path


def test_a_folder_that_may_not_be_looked_into_is_told_with_the_reason(locked: Path) -> None:
    found = look_through(locked)
    assert paths(found) == ["a.jpg"]
    assert found.unreadable == {"locked/": "cannot be looked into: Permission denied"}


def test_what_vanishes_while_it_is_looked_at_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.jpg", "b.jpg", "c/d.jpg")
    scandir = os.scandir

    class Vanishing:
        """Lists a folder whose b.jpg and c vanish at that moment."""

        def __init__(self, place: Path) -> None:
            self.entries = scandir(place)

        def __enter__(self) -> list[os.DirEntry[str]]:
            with self.entries as entries:
                listed = list(entries)
            for entry in listed:
                if entry.name == "b.jpg":
                    Path(entry.path).unlink()
                if entry.name == "c":
                    shutil.rmtree(entry.path)
            return listed

        def __exit__(self, *_: object) -> None:
            return

    monkeypatch.setattr(os, "scandir", Vanishing)
    found = look_through(tmp_path)
    assert (paths(found), found.unreadable) == (["a.jpg"], {})


def test_rules_keep_files_and_folders_out(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.jpg",
        "screen.png",
        "keep.png",
        "private/b.jpg",
        "x/private/c.jpg",
        "x/top.jpg",
        "top.jpg",
    )
    rules = "# ours\n\nprivate/\n*.png\n!keep.png\n/top.jpg\r\n"
    (tmp_path / ".faceloopignore").write_bytes(b"\xef\xbb\xbf" + rules.encode())
    found = look_through(tmp_path)
    assert paths(found) == ["a.jpg", "keep.png", "x/top.jpg"]
    assert found.kept_out == {"screen.png", "private/", "x/private/", "top.jpg"}


def test_rules_further_down_win(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b/a.jpg", "b/c.jpg", "d/a.jpg")
    (tmp_path / ".faceloopignore").write_text("a.jpg")
    (tmp_path / "b" / ".faceloopignore").write_text("!a.jpg\nc.jpg")
    found = look_through(tmp_path)
    assert paths(found) == ["b/a.jpg"]
    assert found.kept_out == {"a.jpg", "b/c.jpg", "d/a.jpg"}


@pytest.mark.parametrize("rules", ["", "\n  \n", "# keep out"])
def test_rules_that_name_nothing_keep_their_folder_out(tmp_path: Path, rules: str) -> None:
    make(tmp_path, "a.jpg", "private/b.jpg", "private/c/d.jpg")
    (tmp_path / "private" / ".faceloopignore").write_text(rules)
    found = look_through(tmp_path)
    assert (paths(found), found.kept_out) == (["a.jpg"], {"private/"})


@pytest.mark.parametrize("rules", ["!", "[z-a].jpg"])
def test_a_folder_whose_rules_cannot_be_understood_is_not_looked_into(
    tmp_path: Path, rules: str
) -> None:
    make(tmp_path, "a.jpg", "b/c.jpg")
    (tmp_path / "b" / ".faceloopignore").write_text(rules)
    found = look_through(tmp_path)
    assert paths(found) == ["a.jpg"]
    assert "no pattern" in found.unreadable["b/"]


def test_behind_an_address_the_same_is_left_out_as_in_a_folder(tmp_path: Path) -> None:
    import fsspec

    from sync.address import look_through_address

    rules = {
        "keep/.faceloopignore": "",
        ".faceloopignore": "*.png\n/out/",
        "in/.faceloopignore": "!a.png",
        "bad/.faceloopignore": "!",
    }
    make(
        tmp_path,
        *("a.jpg", "a.png", "notes.txt", "out/b.jpg", "in/a.png", "in/b.png", "in/out/c.jpg"),
        *("keep/d.jpg", "bad/e.jpg", ".hidden/f.jpg", "w/faceloop.sqlite3", "w/media/g.jpg"),
    )
    for name, text in rules.items():
        (tmp_path / name).write_text(text)
    memory = fsspec.filesystem("memory")
    memory.put(f"{tmp_path}/", "/same/", recursive=True)
    try:
        found, here = look_through_address("memory://same"), look_through(tmp_path)
    finally:
        memory.store.clear()
    assert sorted(paths(found)) == sorted(paths(here)) == ["a.jpg", "in/a.png", "in/out/c.jpg"]
    assert found.kept_out == here.kept_out == {"a.png", "out/", "in/b.png", "keep/"}
    assert found.unreadable == here.unreadable
    assert list(found.unreadable) == ["bad/"]
