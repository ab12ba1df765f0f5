import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest

from faces.errors import BadPhoto, SetupError
from faces.records import PhotoFile
from sync import storage
from sync.storage import content_of, is_address, listed, may_pass, place_shown

ROOT = "memory://album"


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """A storage that is no folder of this machine, with three files."""
    system = fsspec.filesystem("memory")
    system.pipe({"/album/b.jpg": b"bb", "/album/2019/a b.jpg": b"a", "/album/empty.jpg": b""})
    yield system
    system.rm("/album", recursive=True)


def _file(path: str, *, root: str = ROOT) -> PhotoFile:
    return PhotoFile(root, path, size_bytes=1, modified_ns=1)


def test_an_address_is_told_from_a_folder() -> None:
    assert is_address("s3://bucket/photos")
    assert not is_address("/home/ada/Pictures")


@pytest.mark.parametrize("root", [ROOT, ROOT + "/"])
def test_all_files_below_an_address_are_listed_with_size_and_time(
    memory: fsspec.AbstractFileSystem, root: str
) -> None:
    found = {path: (size, modified) for path, size, modified in listed(root)}
    assert {path: size for path, (size, _) in found.items()} == {
        "b.jpg": 2,
        "empty.jpg": 0,
        "2019/a b.jpg": 1,
    }
    now_ns = datetime.now(UTC).timestamp() * 1e9
    assert all(now_ns - 60e9 < modified <= now_ns for _, modified in found.values())
    assert list(listed(root)) == list(listed(root))


def test_a_file_is_read_through_its_address(memory: fsspec.AbstractFileSystem) -> None:
    assert content_of(_file("2019/a b.jpg")) == b"a"
    assert place_shown(_file("2019/a b.jpg")) == "memory://album/2019/a b.jpg"


def test_a_file_is_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    assert content_of(_file("a.jpg", root=str(tmp_path))) == b"a"


def test_a_folder_can_be_given_as_an_address_too(tmp_path: Path) -> None:
    (tmp_path / "2019").mkdir()
    (tmp_path / "2019" / "a.jpg").write_bytes(b"abc")
    os.utime(tmp_path / "2019" / "a.jpg", (0, 1_500_000_000.5))
    root = f"file://{tmp_path}"
    assert list(listed(root)) == [("2019/a.jpg", 3, 1_500_000_000_500_000_000)]
    assert content_of(_file("2019/a.jpg", root=root)) == b"abc"


@pytest.mark.parametrize("root", [ROOT, "here"])
def test_a_file_that_vanished_is_refused_by_its_name(
    memory: fsspec.AbstractFileSystem, tmp_path: Path, root: str
) -> None:
    file = _file("gone.jpg", root=str(tmp_path) if root == "here" else root)
    with pytest.raises(BadPhoto, match=r"gone\.jpg") as refused:
        content_of(file)
    assert may_pass(refused.value, file)


def test_a_file_that_is_too_large_is_refused(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LARGEST_FILE_BYTES", 1)
    with pytest.raises(BadPhoto, match="is larger than") as refused:
        content_of(_file("b.jpg"))
    assert not may_pass(refused.value, _file("b.jpg"))


def test_a_missing_address_is_named(memory: fsspec.AbstractFileSystem) -> None:
    with pytest.raises(SetupError, match="there is no folder memory://elsewhere"):
        list(listed("memory://elsewhere"))


def test_what_is_not_installed_or_unknown_is_said_in_one_line() -> None:
    with pytest.raises(SetupError, match="nowhere://x cannot be read"):
        list(listed("nowhere://x"))
    with pytest.raises(SetupError, match=r"dropbox://x cannot be read yet: .*dropbox"):
        list(listed("dropbox://x"))


@pytest.mark.parametrize("speaker", ["ada:secret", ":secret", "ada:a@secret", "ada@here:secret"])
def test_a_password_in_an_address_is_refused_and_not_repeated(speaker: str) -> None:
    with pytest.raises(SetupError, match="has a password in it") as refused:
        list(listed(f"sftp://{speaker}@nas/photos"))
    assert "secret" not in str(refused.value)
