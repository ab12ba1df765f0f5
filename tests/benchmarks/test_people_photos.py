import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks import people_photos
from benchmarks.people_photos import photos_of_people, read_people
from faces.pictures import save_jpeg
from faces.quality import ENOUGH
from faces.reading import FaceReader
from tests.faces.conftest import Portrait

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, portrait: Portrait) -> Path:
    """Two photos of Ann; one of Bo, a grey one and one that cannot be opened."""
    people = tmp_path / "people"
    for number in (1, 2):
        save_jpeg(portrait(1, number), people / "Ann" / f"{number}.jpg")
    save_jpeg(portrait(12, 1), people / "Bo" / "1.jpg")
    save_jpeg(np.full((200, 200, 3), 128, dtype=np.uint8), people / "Bo" / "grey.jpg")
    (people / "Bo" / "broken.jpg").write_text("no picture")
    (people / "Bo" / "notes.txt").write_text("not looked at")
    (people / "Bo" / ".hidden.jpg").write_text("not looked at")
    (people / "list.jpg").write_text("nobody's")
    return people


def test_every_photo_of_people_counts_with_or_without_a_face(folder: Path, tmp_path: Path) -> None:
    read = read_people(folder, keep_in=tmp_path / "cache")
    names = ("Ann/1.jpg", "Ann/2.jpg", "Bo/1.jpg", "Bo/broken.jpg", "Bo/grey.jpg")
    assert read.names == names
    assert read.found.tolist() == [True, True, True, False, False]
    assert (read.quality[read.found] >= ENOUGH).all()
    assert not read.quality[~read.found].any()
    assert not read.plain[~read.found].any()
    assert np.linalg.norm(read.plain[0] - read.plain[1]) < 0.6
    assert np.linalg.norm(read.plain[0] - read.plain[2]) > 0.6


def test_photos_are_read_once_and_again_when_they_change(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = read_people(folder, keep_in=cache)
    reads: list[Path] = []
    read_one = people_photos._read_one

    def counted(reader: FaceReader, photo: Path) -> object:
        reads.append(photo)
        return read_one(reader, photo)

    monkeypatch.setattr(people_photos, "_read_one", counted)
    again = read_people(folder, keep_in=cache)
    assert not reads
    assert (again.plain == first.plain).all()
    assert (again.mirrored == first.mirrored).all()
    assert (again.quality == first.quality).all()
    os.utime(folder / "Bo" / "1.jpg", ns=(0, 0))
    read_people(folder, keep_in=cache)
    assert len(reads) == 5


def test_a_kept_file_that_is_broken_is_made_anew(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = read_people(folder, keep_in=cache)
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    assert (read_people(folder, keep_in=cache).plain == first.plain).all()
    assert [file.read_bytes() for file in cache.iterdir()] == [whole]


def test_nothing_is_written_beside_the_photos(folder: Path, tmp_path: Path) -> None:
    before = sorted(folder.rglob("*"))
    read_people(folder, keep_in=tmp_path / "cache")
    assert sorted(folder.rglob("*")) == before


def test_without_a_place_to_keep_it_the_result_still_comes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    assert read_people(folder, keep_in=tmp_path / "cache").found.sum() == 3
    assert "could not be kept" in capsys.readouterr().err


def test_a_folder_without_people_is_said_in_one_line(tmp_path: Path) -> None:
    save_jpeg(np.zeros((50, 50, 3), dtype=np.uint8), tmp_path / "loose.jpg")
    assert photos_of_people(tmp_path) == []
    with pytest.raises(SystemExit, match="there are no photos"):
        read_people(tmp_path, keep_in=tmp_path)
