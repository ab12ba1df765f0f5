import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import identify
from benchmarks.identify_draws import draws, halves
from benchmarks.identify_rivals import RIVALS
from benchmarks.identify_scores import Answers, calibration_error, figures, named_right, together
from benchmarks.people_encodings import PeopleEncodings, read_npz
from faces.pictures import save_jpeg
from tests.faces.conftest import Portrait

KNOWN, EACH, STRANGERS = 4, 12, 30


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four people with twelve photos each, one with two, and thirty with one."""
    for name in ("DATA", "SHOTS", "DRAWS", "RIVALS"):
        monkeypatch.delenv(name, raising=False)
    rng = np.random.default_rng(0)
    counts = [EACH] * KNOWN + [2] + [1] * STRANGERS
    middles = 3 * rng.normal(size=128) + rng.normal(size=(len(counts), 128))
    rows = np.repeat(middles, counts, axis=0)
    rows = (rows + rng.normal(scale=0.4, size=rows.shape)).astype("f4") / 25
    names = [f"P{who:02d}/{number}" for who, count in enumerate(counts) for number in range(count)]
    place = tmp_path / "people.npz"
    np.savez(place, names=np.array(names), enc=rows, mirrored=rows)
    return place


@pytest.mark.slow
def test_all_sides_are_measured_and_told_in_one_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["identify", str(file)])
    for name, value in {"SHOTS": "2", "DRAWS": "2", "RIVALS": "all"}.items():
        monkeypatch.setenv(name, value)
    identify.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["people"], told["strangers"]) == (KNOWN, STRANGERS)
    assert (told["faces_met"], told["shots"], told["draws"]) == (KNOWN * (EACH - 2), 2, 2)
    assert told["rank1"] == 1
    assert told["dir_at_1"] > 0.9
    assert told["ece"] < 0.1
    assert told["strangers_accepted"] < 0.1
    rivals = told["rivals"]
    assert rivals.pop("resnet18") is None, "an .npz has no photos to learn from"
    assert set(rivals) == set(RIVALS)
    assert all(set(found) == {"rank1", "dir_at_1", "dir_at_01"} for found in rivals.values())
    assert rivals["centroid"]["rank1"] == 1


@pytest.mark.slow
def test_a_whole_network_can_be_trained_on_the_photos(
    tmp_path: Path,
    portrait: Portrait,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for who, count in enumerate((10, 10, 1, 1)):
        for number in range(1, count + 1):
            place = tmp_path / "people" / f"P{who}" / f"{number}.jpg"
            save_jpeg(portrait(who + 1, number), place)
    monkeypatch.setattr("benchmarks.identify_network._EPOCHS", 1)
    monkeypatch.setattr(
        "benchmarks.people_photos.platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path)
    )
    monkeypatch.setattr("sys.argv", ["identify", str(tmp_path / "people")])
    for name, value in {"SHOTS": "2", "DRAWS": "1", "RIVALS": "all"}.items():
        monkeypatch.setenv(name, value)
    identify.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["rank1"] == 1
    assert 0 <= told["rivals"]["resnet18"]["rank1"] <= 1


def test_nobody_is_met_who_was_learned_from(file: Path) -> None:
    people = read_npz(file)
    first, second = draws(people, shots=3, count=2)
    for draw in (first, second):
        everybody = np.concatenate([draw.learning, draw.met])
        assert sorted(everybody) == list(range(KNOWN * EACH))
        assert people.people[draw.learning].tolist() == draw.learning_labels.tolist()
        assert people.people[draw.met].tolist() == draw.met_labels.tolist()
        assert np.bincount(draw.learning_labels).tolist() == [3] * KNOWN
    assert first.learning.tolist() != second.learning.tolist()


def test_every_stranger_is_met_once_by_who_does_not_know_them(file: Path) -> None:
    [draw] = draws(read_npz(file), shots=3, count=1)
    assert len(draw.strangers_met) == STRANGERS
    for half in halves(draw):
        both = np.concatenate([half.strangers_known, half.strangers_met])
        assert sorted(both) == sorted(draw.strangers_met)
        assert len(half.strangers_known) == STRANGERS // 2
    first, second = halves(draw)
    assert first.strangers_known.tolist() == second.strangers_met.tolist()


def test_a_photo_without_a_face_is_not_counted(file: Path) -> None:
    people = read_npz(file)
    found = people.found.copy()
    found[[0, 1, 2, KNOWN * EACH, len(found) - 1]] = False
    seen = PeopleEncodings(people.names, people.plain, people.mirrored, found, people.quality)
    [draw] = draws(seen, shots=3, count=1)
    assert draw.people == KNOWN - 1, "one has nine photos left"
    strangers = draw.strangers_met.tolist()
    assert strangers == list(range(KNOWN * EACH + 1, len(found) - 1)), "of two photos one is left"


@pytest.mark.parametrize(("shots", "count"), [(0, 1), (10, 1), (3, 0)])
def test_what_cannot_be_drawn_is_refused(file: Path, shots: int, count: int) -> None:
    with pytest.raises(SystemExit, match=r"SHOTS is 1 to 9|DRAWS is 1 or more"):
        draws(read_npz(file), shots=shots, count=count)


def test_too_few_people_are_told_in_one_line(file: Path) -> None:
    people = read_npz(file)
    few = people.of_some_people(2, rng=np.random.default_rng(0))
    with pytest.raises(SystemExit, match="are too few: two of each will do"):
        draws(few, shots=3, count=1)


def test_without_data_it_asks_for_some(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["identify"])
    with pytest.raises(SystemExit, match="whose faces"):
        identify.main()


def some_answers(right: Sequence[bool], scores: Sequence[float], strangers: Sequence[float]):
    return Answers(np.array(right), np.array(scores), np.array(strangers))


def test_a_name_counts_only_above_the_strangers_who_may_not_get_one() -> None:
    strangers = np.arange(100) / 100
    answers = some_answers([True, True, False], [0.985, 0.97, 0.99], strangers)
    assert named_right(answers, 0.01) == pytest.approx(1 / 3), "one stranger, at 0.99, may get one"
    assert named_right(answers, 0.02) == pytest.approx(1 / 3)
    assert named_right(answers, 0.03) == pytest.approx(2 / 3)
    assert named_right(answers, 0.001) == 0


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.floats(0, 1),
)
def test_no_more_strangers_than_allowed_are_above_what_counts(
    scores: list[float], strangers: list[float], accepted: float
) -> None:
    answers = some_answers([True] * len(scores), scores, strangers)
    share = named_right(answers, accepted)
    assert 0 <= share <= named_right(answers, 1.0) <= 1
    named = [
        score for score in scores if share and score >= sorted(scores)[-round(share * len(scores))]
    ]
    above = [stranger for stranger in strangers if named and stranger >= min(named)]
    assert len(above) <= accepted * len(strangers)


def test_scores_that_mean_what_they_say_have_no_error() -> None:
    right = np.arange(1000) % 5 < 3
    sure = Answers(right, np.full(1000, 0.6), np.zeros(500))
    assert calibration_error(sure) == pytest.approx(0, abs=1e-9)
    over = Answers(right, np.full(1000, 0.8), np.full(500, 0.1))
    assert calibration_error(over) == pytest.approx(0.5 * 0.2 + 0.5 * 0.1)


def test_only_who_has_a_threshold_is_told_what_passes_it() -> None:
    plain = some_answers([True], [0.5], [0.4])
    assert set(figures(plain)) == {"rank1", "dir_at_1", "dir_at_01"}
    shipped = Answers(plain.right, plain.scores, plain.of_strangers, np.array([True]))
    assert figures(shipped)["strangers_accepted"] == 1
    both = together([shipped, shipped])
    assert (len(both.scores), len(both.of_strangers)) == (2, 2)
    assert together([shipped, plain]).accepted is None
