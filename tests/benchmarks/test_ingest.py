from pathlib import Path

import pytest
from PIL import Image, ImageFile

from benchmarks import ingest, ingest_ours
from benchmarks.face_recognition_photos import encodings_of
from benchmarks.ingest_pages import HEIGHT_PX, WIDTH_PX, make_pages, portraits_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages with four portraits each."""
    folder = tmp_path_factory.mktemp("pages")
    make_pages(portraits_in(None)[::50], folder, photos=2)
    return folder


def test_pages_are_made_the_same_each_time(pages: Path, tmp_path: Path) -> None:
    make_pages(portraits_in(None)[::50], tmp_path, photos=2)
    made = [path.read_bytes() for path in sorted(pages.iterdir())]
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == made
    assert len(set(made)) == 2
    with Image.open(pages / "page-00000.jpg") as page:
        assert page.size == (WIDTH_PX, HEIGHT_PX)


def test_there_are_pages_for_few_portraits_too(tmp_path: Path) -> None:
    make_pages(portraits_in(None)[:3], tmp_path, photos=2)
    assert len(list(tmp_path.iterdir())) == 2


def test_our_side_finds_the_four_faces_of_each_page(pages: Path, tmp_path: Path) -> None:
    assert ingest_ours.run(pages, tmp_path, processes=1) == {"photos": 2, "faces": 8}


def test_the_rival_finds_faces_and_passes_over_what_is_no_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("face_recognition_models")
    # The rival's import lets Pillow open half pictures: it is as before once the test is over.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", ImageFile.LOAD_TRUNCATED_IMAGES)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    assert encodings_of(tmp_path / "broken.jpg") is None
    with Image.open(portraits_in(None)[0]) as portrait:
        portrait.resize((184, 224)).convert("RGB").save(tmp_path / "one.jpg")
    found = encodings_of(tmp_path / "one.jpg")
    assert found is not None
    assert [rows.shape for rows in found] == [(128,)]


@pytest.mark.parametrize("wrong", ["0", "-1", "many"])
def test_photos_that_are_no_number_are_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS", wrong)
    with pytest.raises(SystemExit, match=f"and not {wrong}"):
        ingest.photos_asked()


def test_a_thousand_photos_are_made_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHOTOS", raising=False)
    assert ingest.photos_asked() == 1000
    monkeypatch.setenv("PHOTOS", "7")
    assert ingest.photos_asked() == 7


def test_a_folder_without_portraits_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no portrait in"):
        portraits_in(tmp_path)
