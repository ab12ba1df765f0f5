import json
from pathlib import Path

import pytest

from benchmarks.convention import OURS
from benchmarks.detect import THEIRS, Truth, figures, finders, matched, read_truths
from faces.pictures import save_jpeg
from faces.records import Box
from tests.faces.conftest import Portrait

pytestmark = pytest.mark.slow

FACE = Box(100, 100, 100, 100)


@pytest.fixture
def folder(tmp_path: Path, portrait: Portrait) -> Path:
    """Two portraits, one with a true box and one with a nose, and one without a truth."""
    for name, person in (("box.jpg", 1), ("nose.jpg", 12), ("untold.jpg", 5)):
        save_jpeg(portrait(person, 1), tmp_path / "portraits" / name)
    box = {"left": 4, "top": 51, "width": 168, "height": 168}
    told = {"portraits": {"box.jpg": {"boxes": [box]}, "nose.jpg": {"noses_xy": [[90, 130]]}}}
    (tmp_path / "truth.json").write_text(json.dumps(told))
    return tmp_path


def test_detectors_are_measured_on_the_photos_with_a_truth(folder: Path) -> None:
    quick = {name: find for name, find in finders().items() if "CNN" not in name}
    ours, rivals = figures(read_truths(folder), quick, rounds=1)
    assert ours["photos"] == ours["faces"] == 2
    assert ours["ours_recall"] == 1
    assert ours["ours_false"] == 0
    assert ours["theirs_recall"] >= 0.5
    assert ours["ratio"] == pytest.approx(ours["theirs_ms"] / ours["ours_ms"])
    assert rivals[THEIRS]["recall"] == ours["theirs_recall"]
    assert OURS not in rivals
    assert all(found["ms"] > 0 for found in rivals.values())


def test_a_true_box_is_found_once() -> None:
    near = Box(110, 105, 100, 100)
    assert matched([FACE, near], Truth(boxes=(FACE,))) == 1
    assert matched([near], Truth(boxes=(FACE, near))) == 1
    assert matched([near, FACE], Truth(boxes=(FACE, near))) == 2
    assert matched([Box(190, 190, 100, 100)], Truth(boxes=(FACE,))) == 0
    assert matched([], Truth(boxes=(FACE,))) == 0


def test_a_nose_is_found_in_the_middle_half_of_a_box() -> None:
    assert matched([FACE], Truth(noses=((174, 126),))) == 1
    assert matched([FACE], Truth(noses=((176, 150),))) == 0
    assert matched([FACE], Truth(noses=((150, 150), (151, 150)))) == 1


def test_without_a_truth_nothing_can_be_measured(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no truth"):
        read_truths(tmp_path)
