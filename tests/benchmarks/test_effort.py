"""The simulated annotator, the rivals' ways, and the whole benchmark in small."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import effort
from benchmarks.effort_annotator import Annotator
from benchmarks.effort_data import Collection, as_collages, collection_of
from benchmarks.effort_desk import worked
from benchmarks.effort_rivals import cluster_and_merge, one_by_one
from benchmarks.people_encodings import PeopleEncodings
from faces.desk_tasks import DeskRow, DeskTask, Kind
from faces.records import FaceId, PersonId
from faces.studio_format import ClusterVerdict, Tile
from faces.studio_rows import PeopleAnswer

A, B, C, D = (FaceId(name) for name in ("Ann/1", "Ann/2", "Ned/1", "Zoe/1"))
PERSON_OF = {A: "Ann", B: "Ann", C: "Ned"}
ANN, NED = PersonId("p1"), PersonId("p2")
NAMES = {ANN: "Ann", NED: "Ned"}


def people_of(*sizes: int, noise: float = 0.01) -> PeopleEncodings:
    """People with so many photos each, who lie far apart."""
    rng = np.random.default_rng(0)
    middles = np.repeat(rng.normal(size=(len(sizes), 128)) / np.sqrt(128), sizes, axis=0)
    rows = (middles + rng.normal(scale=noise, size=middles.shape)).astype(np.float32)
    names = [f"P{who:02}/{n}" for who, size in enumerate(sizes) for n in range(size)]
    found = np.ones(len(names), dtype=bool)
    return PeopleEncodings(tuple(names), rows, rows, found, found.astype(np.float64))


def answered(
    *rows: DeskRow, kind: Kind = Kind.SEVERAL, overlooks: float = 0.0
) -> tuple[list[PeopleAnswer], Counter[str]]:
    annotator = Annotator(PERSON_OF, overlooks=overlooks)
    answers = annotator.answer(DeskTask(kind, rows, 1.0), NAMES)
    return answers, annotator.price.clicks


def test_a_right_proposal_costs_only_the_submit() -> None:
    (answer,), clicks = answered(DeskRow((A, B), people=(ANN,), chosen=ANN, chance=0.9))
    assert (answer.name, set(answer.tiles.values())) == ("Ann", {Tile.SAME_PERSON})
    assert clicks == {"submit": 1}


def test_a_wrong_proposal_costs_one_choice_and_a_wrong_tile_one_mark() -> None:
    row = DeskRow((A, B, C), people=(NED, ANN), chosen=NED, chance=0.9)
    (answer,), clicks = answered(row)
    assert (answer.name, answer.tiles[C], answer.typed) == ("Ann", Tile.SOMEONE_ELSE, False)
    assert clicks == {"choose": 1, "mark": 1, "submit": 1}


def test_a_name_that_is_not_on_offer_is_typed_letter_by_letter() -> None:
    annotator = Annotator(PERSON_OF)
    (answer,) = annotator.answer(DeskTask(Kind.NAME, (DeskRow((A, B)),), 1.0), NAMES)
    assert (answer.name, answer.typed) == ("Ann", True)
    assert (annotator.price.actions, annotator.price.keys, annotator.price.tiles) == (2, 4, 2)


def test_one_submit_serves_all_rows_and_a_row_of_strangers_is_passed_over() -> None:
    answers, clicks = answered(DeskRow((A, B)), DeskRow((C,)), DeskRow((D,)))
    assert [answer.name for answer in answers] == ["Ann", "Ned", None]
    assert clicks == {"type": 2, "submit": 1}


def test_a_stranger_with_a_name_chosen_is_called_so() -> None:
    (answer,), clicks = answered(DeskRow((D,), people=(ANN,), chosen=ANN, chance=0.9))
    assert answer.verdict is ClusterVerdict.STRANGER
    assert clicks == {"choose": 1, "submit": 1}


def test_a_group_with_many_wrong_faces_is_called_mixed() -> None:
    strangers = tuple(FaceId(f"S{n}/1") for n in range(3))
    (answer,), _ = answered(DeskRow((A, B, *strangers)))
    assert answer.verdict is ClusterVerdict.MIXED


def test_who_overlooks_everything_leaves_all_as_it_was_proposed() -> None:
    row = DeskRow((A, B, C), people=(NED,), chosen=NED, chance=0.9)
    (answer,), clicks = answered(row, overlooks=1.0)
    assert (answer.name, set(answer.tiles.values())) == ("Ned", {Tile.SAME_PERSON})
    assert clicks == {"submit": 1}


def test_people_with_one_photo_are_strangers_and_a_slice_leaves_them_out() -> None:
    people = people_of(3, 1, 2)
    everybody = collection_of(people)
    assert (len(everybody.faces), everybody.people) == (6, 2)
    assert FaceId("P01/0") not in everybody.person_of
    assert collection_of(people, fewest=3).people == 1


def test_collages_show_two_or_three_people_and_nobody_twice() -> None:
    collages = as_collages(collection_of(people_of(4, 4, 4, 1)), rng=np.random.default_rng(0))
    pages: dict[str, list[str]] = {}
    for face, photo in collages.photo_of.items():
        pages.setdefault(photo, []).append(face.partition("/")[0])
    assert sum(map(len, pages.values())) == 13
    assert all(len(page) == len(set(page)) <= 3 for page in pages.values())


def a_small_collection() -> tuple[Collection, np.ndarray]:
    """Ann's four faces in two clusters, one with Ned's and a stranger's beside them."""
    collection = collection_of(people_of(4, 2, 1))
    return collection, np.array([0, 0, 0, 1, 0, 2, 3])


def test_one_by_one_pays_a_submit_for_each_photo_and_a_choice_for_each_wrong_proposal() -> None:
    named = one_by_one(*a_small_collection())
    assert named.figures()["share_right"] == 1
    assert dict(named.price.clicks) == {"type": 2, "choose": 2, "submit": 7}


def test_clusters_are_named_and_wrong_faces_moved_one_at_a_time() -> None:
    named = cluster_and_merge(*a_small_collection())
    assert named.figures()["share_right"] == 1
    assert dict(named.price.clicks) == {"type": 2, "submit": 2, "mark": 2}
    assert named.curve[-1][1] == 7


@pytest.mark.parametrize("lag", [0, 1])
def test_at_the_desk_everybody_gets_a_name_with_far_fewer_actions(lag: int) -> None:
    collection = collection_of(people_of(*[12] * 12, 1, 1, 1))
    session = worked(collection, lag=lag)
    figures = session.figures()
    assert figures["share_right"] == 1
    assert figures["confirmed"] + figures["carried"] == 144
    assert figures["actions_per_face"] < 0.12
    assert session.curve[-1] == (figures["actions"], 147)


@pytest.mark.slow
def test_the_benchmark_tells_all_sides_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATA", raising=False)
    monkeypatch.setenv("SLICE", "10")
    people = people_of(*[12] * 12, 1)
    np.savez(
        tmp_path / "p.npz", names=np.array(people.names), enc=people.plain, mirrored=people.plain
    )
    monkeypatch.setattr("sys.argv", ["effort", str(tmp_path / "p.npz")])
    effort.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["faces"], told["people"], told["share_right"]) == (144, 12, 1)
    assert set(told["rivals"]) == {"one_by_one", "cluster_and_merge"}
    assert told["actions"] < min(rival["actions"] for rival in told["rivals"].values())
    assert set(told["curves"]) == {"faceloop", "one_by_one", "cluster_and_merge"}
    assert told["collages_share_right"] == 1


def test_an_unknown_slice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLICE", "seven")
    np.savez(
        tmp_path / "p.npz",
        names=np.array(["A/1"]),
        enc=np.ones((1, 128)),
        mirrored=np.ones((1, 128)),
    )
    monkeypatch.setattr("sys.argv", ["effort", str(tmp_path / "p.npz")])
    with pytest.raises(SystemExit, match="SLICE is one of"):
        effort.main()
