from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.verify import (
    best_threshold,
    cross_validated,
    figures,
    in_the_middle,
    main,
    ours,
    read_pairs,
    some,
    theirs,
)
from faces.pictures import save_jpeg
from faces.records import Box
from tests.faces.conftest import Portrait

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, portrait: Portrait) -> Path:
    """Two portraits of each of two people; the same as a pair list tells them."""
    for name, person in (("Ann", 1), ("Bo", 12)):
        for number in (1, 2):
            place = tmp_path / "people" / name / f"{name}_{number:04d}.jpg"
            save_jpeg(portrait(person, number), place)
    (tmp_path / "pairsDevTrain.txt").write_text("1\nAnn\t1\t2\nBo\t1\t2\nAnn\t1\tBo\t2\n")
    return tmp_path


def test_both_sides_are_measured_on_the_same_pairs(folder: Path) -> None:
    told = figures(read_pairs(folder), ours(), theirs())
    assert told["pairs"] == 3
    assert told["accuracy_default"] >= 2 / 3
    assert told["theirs_accuracy_default"] >= 2 / 3
    assert told["without_face"] == told["theirs_without_face"] == 0


def test_pairs_are_read_in_their_order(folder: Path) -> None:
    pairs = read_pairs(folder)
    assert [pair.same for pair in pairs] == [True, True, False]
    assert [path.name for path in (pairs[2].first, pairs[2].second)] == [
        "Ann_0001.jpg",
        "Bo_0002.jpg",
    ]
    assert some(pairs, 0) == pairs
    assert some(pairs, 1) == pairs[:1]


def test_without_a_list_there_are_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there are no pairs"):
        read_pairs(tmp_path)


def test_too_few_pairs_are_said_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["verify", str(folder)])
    with pytest.raises(SystemExit, match="3 pairs are too few"):
        main()


def test_the_face_in_the_middle_counts() -> None:
    photo = np.zeros((250, 250, 3), dtype=np.uint8)
    middle, aside = Box(80, 80, 90, 90), Box(0, 0, 120, 120)
    assert in_the_middle([aside, middle], photo) == middle
    assert in_the_middle([], photo) == Box(62.5, 62.5, 125, 125)


@given(st.lists(st.tuples(st.floats(0, 2), st.booleans()), min_size=20, max_size=60))
def test_accuracy_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    distances, same = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    assert 0 <= cross_validated(distances, same) <= 1


def test_pairs_that_can_be_told_apart_are_all_told_rightly() -> None:
    distances = np.concatenate([np.linspace(0.2, 0.5, 30), np.linspace(0.7, 1.2, 30)])
    same = np.arange(60) < 30
    assert cross_validated(distances, same) == 1
    assert 0.5 <= best_threshold(distances, same) <= 0.7
