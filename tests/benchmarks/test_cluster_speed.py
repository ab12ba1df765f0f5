import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cluster_speed, cluster_speed_dbscan
from benchmarks.cluster_speed import make_faces, measure
from benchmarks.convention import whole_number


@pytest.mark.slow
def test_both_sides_are_timed_and_scored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"N": "300", "ROUNDS": "1", "DATA": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["cluster_speed"])
    cluster_speed.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    rival = told["rivals"]["dbscan"]
    assert told["faces"] == 300
    assert 0 < told["people"] < 300
    assert (told["theirs_s"], told["theirs_mb"]) == (rival["seconds"], rival["peak_mb"])
    assert told["peak_mb"] > 0
    stages = told["cut_s"] + told["rows_s"] + told["grouping_s"]
    assert stages == pytest.approx(told["seconds"], rel=1e-3)
    for side in (told, rival):
        assert 0.5 < side["pairwise_f"] <= 1
        assert 0.5 < side["bcubed_f"] <= 1


@pytest.mark.slow
def test_a_rival_that_runs_out_of_memory_has_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster_speed, "_FEW", 100)
    monkeypatch.setattr(cluster_speed, "MOST_GB", 0)
    people = make_faces(tmp_path, 300)
    ours, theirs = measure(tmp_path, people, rounds=1)
    assert theirs is None
    assert ours["clusters"] > 1
    assert "dbscan: none with 0 GB" in capfd.readouterr().err


def test_so_many_faces_are_not_given_to_a_rival_that_keeps_all_pairs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def never() -> dict[str, float]:
        raise AssertionError

    assert cluster_speed._tried(never, 1_000_000) == {}
    assert "not tried with 1000000 faces" in capsys.readouterr().err


def test_figures_that_a_rival_lacks_are_null(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"N": "40", "DATA": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["cluster_speed"])
    monkeypatch.setattr(cluster_speed, "measure", lambda *_of, **_rounds: ({"seconds": 1.5}, None))
    cluster_speed.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["theirs_s"] is told["theirs_mb"] is told["rivals"]["dbscan"] is None
    assert told["seconds"] == 1.5


def test_the_rival_gives_noise_groups_of_one(tmp_path: Path) -> None:
    people = make_faces(tmp_path, 200)
    cluster_speed_dbscan.run(tmp_path, eps=0.4, min_samples=4)
    labels = np.load(tmp_path / "labels.npy")
    assert labels.shape == people.shape
    _, sizes = np.unique(labels, return_counts=True)
    assert 1 in sizes
    assert sizes.max() > 30


@pytest.mark.parametrize("told", ["0", "-3", "many", "1e5"])
def test_how_many_faces_is_a_whole_number_from_one_on(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N", told)
    with pytest.raises(SystemExit, match="N is a whole number from 1 on"):
        whole_number("N", 10, least=1)
    monkeypatch.delenv("N")
    assert whole_number("N", 10, least=1) == 10
