import os
from pathlib import Path

import pytest

from faces.errors import SetupError
from faces.records import PhotoFile
from faces.store.photos import KnownFile
from sync.folder import find_photo_files, place_of, plan_folder


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


def file(path: str, *, size: int = 1, modified: int = 1) -> PhotoFile:
    return PhotoFile("/photos", path, size, modified)


def test_new_and_changed_files_are_read_and_gone_ones_named() -> None:
    known = [
        KnownFile(file("same.jpg"), None, "refused once"),
        KnownFile(file("changed.jpg"), None, None),
        KnownFile(file("touched.jpg"), None, None),
        KnownFile(file("gone.jpg"), None, None),
    ]
    found = [
        file("same.jpg"),
        file("changed.jpg", size=2),
        file("touched.jpg", modified=2),
        file("new.jpg"),
    ]
    plan = plan_folder(found, known)
    assert [f.path for f in plan.to_read] == ["changed.jpg", "touched.jpg", "new.jpg"]
    assert (plan.unchanged, plan.gone) == (1, ("gone.jpg",))


def test_a_folder_read_a_moment_ago_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    os.utime(tmp_path / "a.jpg", ns=(5, 5))
    found = find_photo_files(tmp_path)
    plan = plan_folder(found, [KnownFile(f, None, None) for f in found])
    assert (plan.to_read, plan.unchanged, plan.gone) == ((), 1, ())
