"""The benchmark of adding people, in small."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import grow
from benchmarks.grow_data import drawn, of_encodings, without
from benchmarks.people_encodings import PeopleEncodings, read_npz
from training import growing
from training.dataset import Part


@pytest.fixture
def people(tmp_path: Path) -> PeopleEncodings:
    """Three people with six photos each, one with two, and eight with one."""
    counts = [6, 6, 6, 2, *[1] * 8]
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(len(counts), 128)), counts, axis=0).astype("f4")
    names = [f"P{who:02d}/{number}" for who, count in enumerate(counts) for number in range(count)]
    place = tmp_path / "people.npz"
    np.savez(place, names=np.array(names), enc=rows, mirrored=rows)
    return read_npz(place)


@pytest.mark.slow
def test_both_versions_are_measured_and_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growing, "WORTH_KEEPING", 0)
    monkeypatch.setattr("sys.argv", ["grow"])
    for name, value in {
        "PEOPLE": "40",
        "FACES": "200",
        "ADDED": "2",
        "DRAWS": "2",
        "DATA": "",
    }.items():
        monkeypatch.setenv(name, value)
    grow.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["people"], told["faces"], told["added"], told["draws"]) == (40, 240, 2, 2)
    assert told["grow_s"] > 0
    assert told["from_scratch_s"] > 0
    assert told["rank1"] > 0.9
    assert set(told["rivals"]["from_scratch"]) < set(told)


def test_of_several_draws_the_median_of_each_figure_is_told() -> None:
    draws = [{"rank1": 0.9, "ece": 0.3}, {"rank1": 0.8, "ece": 0.1}, {"rank1": 1.0, "ece": 0.2}]
    assert grow.medians(draws) == {"rank1": 0.9, "ece": 0.2}


def test_few_people_cannot_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["grow"])
    for name, value in {"PEOPLE": "3", "FACES": "15", "ADDED": "2", "DATA": ""}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="of 3 people 2 cannot be added"):
        grow.main()


def test_half_of_the_strangers_are_met_and_everybody_is_learned(people: PeopleEncodings) -> None:
    data = of_encodings(people, seed=0)
    assert len(data.people) == 3
    assert [data.samples(part).count for part in Part] == [3 * 4 + 2, 3 + 2, 3 * 1 + 4]
    for part in Part:
        assert set(data.samples(part).labels) == {0, 1, 2, 3}


def test_whoever_is_not_there_yet_leaves_the_others_as_they_are() -> None:
    data = drawn(4, 20, seed=0)
    fewer = without(data, [1])
    assert [person.name for person in fewer.people] == ["Person 0", "Person 2", "Person 3"]
    assert np.bincount(fewer.labels).tolist() == [5, 5, 5, 4]
    of_last = data.labels == 3
    assert np.array_equal(fewer.rows[fewer.labels == 2], data.rows[of_last])
