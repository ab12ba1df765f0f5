"""The benchmark of a retrain, in small."""

import json

import numpy as np
import pytest

from benchmarks import retrain
from benchmarks.retrain_ours import drawn_faces
from training.dataset import Part


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_all_parts_are_measured_and_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["retrain"])
    for name, value in {"PEOPLE": "3", "FACES": "15", "DATA": "", "ROUNDS": "1"}.items():
        monkeypatch.setenv(name, value)
    retrain.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["people"], told["faces"], told["rivals"]) == (3, 15, {})
    seconds = {"head_s", "tune_s", "load_s", "load_tuned_s"}
    assert all(told[name] > 0 for name in seconds)
    assert told["load_s"] < told["load_tuned_s"]
    assert told["peak_mb"] >= told["head_peak_mb"] > 50


@pytest.mark.parametrize(("people", "faces"), [("x", "100"), ("1", "100"), ("10", "49")])
def test_what_cannot_be_measured_is_refused_in_one_line(
    people: str, faces: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["retrain"])
    for name, value in {"PEOPLE": people, "FACES": faces, "DATA": "", "ROUNDS": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=r"PEOPLE is a whole number|need 50 faces"):
        retrain.main()


def test_everybody_is_learned_calibrated_and_tested() -> None:
    data = drawn_faces(7, 35)
    for part in Part:
        assert set(data.samples(part).labels) == set(range(7))
    assert np.bincount(data.labels).tolist() == [5] * 7
