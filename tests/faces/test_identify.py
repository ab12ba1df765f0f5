"""From encodings to names."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from faces.confirmations import Truth
from faces.errors import SetupError
from faces.identify import CurrentModel, Identifier, respecting
from faces.likeness import Strangers
from faces.records import Encodings, FaceId, FloatRows, Person, PersonId, Proposal, unit_rows
from faces.versions import ModelVersion, make_current, numbered, save_version

ANN, NED, ZOE = PersonId("ann"), PersonId("ned"), PersonId("zoe")
NETWORK = "dlib-resnet-v1"


def axes(*numbers: int) -> FloatRows:
    """Unit rows along these axes."""
    return np.eye(128, dtype=np.float32)[list(numbers)]


def a_version(*, threshold: float = 0.7, weights: FloatRows | None = None) -> ModelVersion:
    return ModelVersion(
        id="model-0001-00000000",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        network=NETWORK,
        people=(Person(ANN, "Ann"), Person(NED, "Ned"), Person(ZOE, "Zoe")),
        weights=axes(0, 1, 2) if weights is None else weights,
        scale=10.0,
        unknown_cosine=0.6,
        threshold=threshold,
        metrics={},
        data_hash="",
        parent=None,
        faceloop_version="0",
    )


def encoded(rows: FloatRows, *, network: str = NETWORK) -> Encodings:
    faces = tuple(FaceId(f"f{row}") for row in range(len(rows)))
    return Encodings(network, faces, rows, rows)


def test_a_face_like_somebody_gets_the_name_and_any_other_is_unknown() -> None:
    found = Identifier(a_version()).propose(encoded(axes(1, 7, 0)))
    assert [proposal.face for proposal in found] == ["f0", "f1", "f2"]
    assert [proposal.person for proposal in found] == [NED, None, ANN]
    assert all(proposal.source == "model-0001-00000000" for proposal in found)
    assert all(proposal.score > 0.9 for proposal in found)


def test_a_face_between_two_people_is_unknown() -> None:
    [found] = Identifier(a_version()).propose(encoded(unit_rows(axes(0) + axes(1))))
    assert found.person is None


def test_the_length_of_an_encoding_changes_nothing() -> None:
    identifier = Identifier(a_version())
    rows = np.random.default_rng(0).normal(size=(5, 128)).astype(np.float32)
    short, long = identifier.propose(encoded(rows)), identifier.propose(encoded(rows * 3))
    assert [p.person for p in short] == [p.person for p in long]
    assert [p.score for p in short] == pytest.approx([p.score for p in long], abs=1e-4)


def test_no_faces_get_no_proposals() -> None:
    assert Identifier(a_version()).propose(encoded(axes())) == []


def test_encodings_of_another_network_are_refused() -> None:
    with pytest.raises(SetupError, match="not those of other-v2; run `faceloop retrain`"):
        Identifier(a_version()).propose(encoded(axes(0), network="other-v2"))


def test_the_likeliest_people_come_first_and_never_more_than_there_are() -> None:
    row = unit_rows(axes(1) + 0.5 * axes(2) + 0.1 * axes(0))
    identifier = Identifier(a_version())
    [two], [all_of_them] = identifier.likeliest(row, 2), identifier.likeliest(row, 9)
    assert [person for person, _ in two] == [NED, ZOE]
    assert [person for person, _ in all_of_them] == [NED, ZOE, ANN]
    assert sum(score for _, score in all_of_them) < 1


def test_a_face_like_a_stranger_is_less_likely_anybody() -> None:
    row = unit_rows(axes(0) + 0.5 * axes(9))
    stranger = Strangers(unit_rows(axes(0) + 0.9 * axes(9)), start=0.8, scale=50.0)
    [[(_, alone)]] = Identifier(a_version()).likeliest(row, 1)
    [[(person, crowded)]] = Identifier(replace(a_version(), strangers=stranger)).likeliest(row, 1)
    assert person == ANN
    assert crowded < alone - 0.1


def test_a_rejected_name_is_not_proposed_again() -> None:
    proposals = [Proposal(FaceId("f1"), ANN, 0.9, "m"), Proposal(FaceId("f2"), ANN, 0.8, "m")]
    truth = Truth(rejected={FaceId("f1"): frozenset({ANN, NED})})
    assert respecting(proposals, truth, truth.look_alikes) == [
        Proposal(FaceId("f1"), None, 0.9, "m"),
        Proposal(FaceId("f2"), ANN, 0.8, "m"),
    ]


def test_what_was_said_of_the_merged_person_holds_for_the_old_id() -> None:
    proposals = [Proposal(FaceId("f1"), NED, 0.9, "m"), Proposal(FaceId("f2"), NED, 0.8, "m")]
    truth = Truth(merged_into={NED: ANN}, rejected={FaceId("f1"): frozenset({ANN})})
    assert [proposal.person for proposal in respecting(proposals, truth, truth.look_alikes)] == [
        None,
        ANN,
    ]


def test_an_unknown_face_stays_unknown() -> None:
    unknown = Proposal(FaceId("f1"), None, 0.9, "m")
    assert respecting([unknown], Truth(rejected={FaceId("f1"): frozenset({ANN})}), {}) == [unknown]
    assert respecting([], Truth(), {}) == []


def published(folder: Path, *, threshold: float) -> ModelVersion:
    version = numbered(folder, a_version(threshold=threshold))
    save_version(folder, version)
    make_current(folder, version.id)
    return version


def test_there_is_no_model_before_the_first_version(tmp_path: Path) -> None:
    model = CurrentModel(tmp_path / "models")
    assert model.snapshot() is None
    assert model.problem is None


def test_a_new_version_is_followed_without_a_restart(tmp_path: Path) -> None:
    model = CurrentModel(tmp_path)
    model.snapshot()
    used = []
    for threshold in (0.5, 0.6):
        version = published(tmp_path, threshold=threshold)
        snapshot = model.snapshot()
        assert snapshot is not None
        assert snapshot.version.id == version.id
        used.append(snapshot)
    assert used[0].version.threshold == 0.5, "an old snapshot goes on as it was"


def test_an_unchanged_pointer_loads_nothing_again(tmp_path: Path) -> None:
    published(tmp_path, threshold=0.5)
    model = CurrentModel(tmp_path)
    assert model.snapshot() is model.snapshot()


def test_a_broken_version_leaves_the_previous_one_in_use(tmp_path: Path) -> None:
    first = published(tmp_path, threshold=0.5)
    model = CurrentModel(tmp_path)
    model.snapshot()
    second = published(tmp_path, threshold=0.6)
    weights = tmp_path / second.id / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(b"")
    snapshot = model.snapshot()
    assert snapshot is not None
    assert snapshot.version.id == first.id
    assert model.problem is not None
    assert second.id in model.problem

    weights.write_bytes(whole)
    make_current(tmp_path, second.id)
    mended = model.snapshot()
    assert mended is not None
    assert (mended.version.id, model.problem) == (second.id, None)


def test_a_pointer_to_nothing_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("gone fishing")
    model = CurrentModel(tmp_path)
    assert model.snapshot() is None
    assert model.problem is not None


def test_a_pointer_that_cannot_be_read_leaves_the_model_in_use(tmp_path: Path) -> None:
    published(tmp_path, threshold=0.5)
    model = CurrentModel(tmp_path)
    before = model.snapshot()
    (tmp_path / "current").unlink()
    (tmp_path / "current").mkdir()
    assert model.snapshot() is before
    assert model.problem is not None
    assert "cannot read" in model.problem


def test_without_a_pointer_no_model_is_in_use(tmp_path: Path) -> None:
    published(tmp_path, threshold=0.5)
    model = CurrentModel(tmp_path)
    model.snapshot()
    (tmp_path / "current").unlink()
    assert model.snapshot() is None


def test_many_threads_see_one_model(tmp_path: Path) -> None:
    version = published(tmp_path, threshold=0.5)
    model, seen = CurrentModel(tmp_path), []
    threads = [threading.Thread(target=lambda: seen.append(model.snapshot())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(snapshot) for snapshot in seen} == {id(model.snapshot())}
    assert seen[0] is not None
    found = seen[0].version
    assert found == replace(version, weights=found.weights, strangers=found.strangers)
