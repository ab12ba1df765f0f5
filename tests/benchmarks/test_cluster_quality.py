import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cluster_curve, cluster_quality
from benchmarks.cluster_quality import Draw, figures, over
from benchmarks.clustering_ours import ours
from benchmarks.clustering_rivals import RIVALS
from benchmarks.clustering_scores import Labels
from benchmarks.people_encodings import PeopleEncodings, read_npz

pytestmark = pytest.mark.slow

SCORES = {f"{kind}_{part}" for kind in ("pairwise", "bcubed") for part in "prf"}
PEOPLE, EACH = 6, 5


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Encodings of six people that lie well apart, five photos each."""
    for name in ("DATA", "PEOPLE", "SEED", "SEEDS"):
        monkeypatch.delenv(name, raising=False)
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(PEOPLE, 128)) / np.sqrt(128) * 1.3
    rows = np.repeat(middles, EACH, axis=0) + rng.normal(scale=0.02, size=(PEOPLE * EACH, 128))
    names = [f"P{person}/{number}" for person in range(PEOPLE) for number in range(EACH)]
    place = tmp_path / "people.npz"
    np.savez(place, names=np.array(names), enc=rows.astype("f4"), mirrored=rows.astype("f4"))
    return place


def _last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    told: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def test_all_sides_are_scored_and_told_in_one_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cluster_quality", str(file)])
    cluster_quality.main()
    told = _last_line(capsys)
    assert (told["faces"], told["people"], told["without_face"]) == (30, 6, 0)
    assert (told["pairwise_f"], told["bcubed_f"], told["clusters"]) == (1, 1, 6)
    assert told["behind_pairwise_f"] == told["behind_bcubed_f"] == 0
    rivals = told["rivals"]
    assert isinstance(rivals, dict)
    assert set(rivals) == set(RIVALS)
    settings = {"pairwise_f_setting", "bcubed_f_setting"}
    assert all(set(best) >= SCORES | settings for best in rivals.values())
    assert rivals["dbscan"]["pairwise_f_min_samples"] in (2, 3, 4, 5)


def test_some_people_are_drawn_as_often_as_asked(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cluster_quality", str(file)])
    for name, value in {"PEOPLE": "2", "SEED": "4", "SEEDS": "3"}.items():
        monkeypatch.setenv(name, value)
    cluster_quality.main()
    told, noted = capsys.readouterr()
    assert json.loads(told.splitlines()[-1])["people"] == 2
    assert [line.split(":")[0] for line in noted.splitlines() if "photos" in line] == [
        "seed 4",
        "seed 5",
        "seed 6",
    ]


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (False, {}, "whose faces"),
        (True, {"PEOPLE": "many"}, "PEOPLE is a whole number, not 'many'"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    arguments: bool,
    environment: dict[str, str],
    says: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["cluster_quality", *([str(file)] if arguments else [])])
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=says):
        cluster_quality.main()


def test_how_far_ours_is_behind_the_best_rival_is_told(file: Path) -> None:
    def all_together(people: PeopleEncodings) -> Labels:
        return np.zeros(len(people.names), dtype=np.intp)

    told = figures(read_npz(file), all_together).ours
    assert told["behind_pairwise_f"] == pytest.approx(1 - told["pairwise_f"])
    assert told["behind_bcubed_f"] == pytest.approx(1 - told["bcubed_f"])


def test_a_face_that_is_poor_or_missing_is_a_cluster_of_one_of_ours(file: Path) -> None:
    people = read_npz(file)
    found, quality = people.found.copy(), people.quality.copy()
    found[0], quality[0], quality[1] = False, 0, 0.1
    labels = ours(PeopleEncodings(people.names, people.plain, people.mirrored, found, quality))
    assert len(set(labels.tolist())) == PEOPLE + 2
    assert len(set(labels[2:EACH].tolist())) == 1


def test_over_many_draws_medians_count_and_the_worst_distance_behind() -> None:
    rivals = {"one": {"pairwise_f": 0.9}, "two": None}
    draws = [Draw({"pairwise_f": f, "behind_pairwise_f": 0.9 - f}, rivals) for f in (0.7, 0.9, 0.8)]
    told, told_rivals = over(draws)
    assert told == {"pairwise_f": 0.8, "behind_pairwise_f": pytest.approx(0.2)}
    assert told_rivals == rivals


def test_the_curves_have_both_scores_at_each_cut(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cluster_curve", str(file)])
    cluster_curve.main()
    told = _last_line(capsys)
    assert told["shipped"] == {"pairwise_f": 1, "bcubed_f": 1}
    for side in (told["dbscan"], told["ours"]):
        assert isinstance(side, dict)
        assert set(side) == {"cut", "pairwise_f", "bcubed_f"}
        assert len(side["cut"]) == len(side["pairwise_f"]) == len(side["bcubed_f"]) > 40
        assert max(side["pairwise_f"]) == 1
