"""Both learners on the same faces, and which of them wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest

from faces.records import FaceId, Person, PersonId, PhotoId, unit_rows
from faces.versions import ModelVersion, tuned_network_id
from training import tuning
from training.dataset import DataSet, Part
from training.drafting import learned
from training.promotion import Comparison
from training.tuning import (
    TUNED,
    Chips,
    better_learner,
    is_better,
)

PEOPLE, EACH, STRANGERS = 3, 30, 30
PARTS = (Part.LEARNING, Part.LEARNING, Part.LEARNING, Part.CALIBRATION, Part.TEST)


@pytest.fixture(scope="module")
def data(looks) -> DataSet:
    """Three people with thirty faces each, of which nobody can tell the last two well apart."""
    known = [looks(who, EACH) for who in range(PEOPLE - 1)]
    known.append(known[-1] + 0.1 * looks(8, EACH, seed=4))
    strangers = np.vstack([looks(1000 + who, 1) for who in range(STRANGERS)])
    labels = np.repeat(np.arange(PEOPLE + 1), [EACH] * PEOPLE + [STRANGERS])
    return data_set(unit_rows(np.vstack([*known, strangers])), labels)


@pytest.fixture(scope="module")
def told_apart(data: DataSet, looks) -> DataSet:
    """The same faces in the encodings of a network that tells everybody apart."""
    rows = [looks(50 + who, EACH) for who in range(PEOPLE)]
    rows += [looks(2000 + who, 1) for who in range(STRANGERS)]
    return replace(
        data,
        rows=unit_rows(np.vstack(rows)),
        network=tuned_network_id(b"onnx"),
        onnx=b"onnx",
    )


@pytest.fixture(scope="module")
def head_alone(data: DataSet) -> ModelVersion:
    return learn(data)


def data_set(rows, labels) -> DataSet:
    count = len(labels)
    return DataSet(
        network="dlib-resnet-v1",
        people=tuple(Person(PersonId(str(who)), f"P{who}") for who in range(PEOPLE)),
        left_out=(),
        faces=tuple(FaceId(f"f{number:03d}") for number in range(count)),
        photos=tuple(PhotoId(str(number)) for number in range(count)),
        parts=tuple(PARTS[number % len(PARTS)] for number in range(count)),
        rows=rows,
        labels=labels.astype(np.int64),
    )


learn = partial(
    learned,
    now=datetime(2026, 1, 2, tzinfo=UTC),
    parent=None,
    seed=0,
    strangers_accepted=0.01,
    report=lambda _: None,
)


def chips_of(faces: Sequence[FaceId]) -> Chips:
    return Chips(tuple(faces), np.zeros((len(faces), 1, 1, 3), dtype=np.uint8))


def chosen(
    head_alone: ModelVersion,
    data: DataSet,
    found: DataSet | None,
    monkeypatch: pytest.MonkeyPatch,
    *,
    chips: Chips | None = None,
    said: list[str] | None = None,
) -> ModelVersion:
    monkeypatch.setattr(tuning, "tuned_network", lambda *_, **__: found)
    report = (said if said is not None else []).append
    chips = chips or chips_of(data.faces)
    return better_learner(head_alone, data, chips, learn=learn, seed=0, report=report)


def test_a_network_that_tells_people_apart_better_wins_with_the_figures_of_both(
    head_alone: ModelVersion,
    data: DataSet,
    told_apart: DataSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    won = chosen(head_alone, data, told_apart, monkeypatch)
    assert won.onnx == b"onnx"
    assert won.network == told_apart.network
    assert won.data_hash == head_alone.data_hash, "the same was confirmed"
    assert won.metrics[TUNED] == 1
    assert won.metrics["network_named_right"] > won.metrics["head_named_right"]
    assert won.metrics["network_rank1"] == won.metrics["rank1"]


def test_a_network_that_is_not_better_is_not_used_but_told(
    head_alone: ModelVersion, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = replace(data, network=tuned_network_id(b"onnx"), onnx=b"onnx")
    kept = chosen(head_alone, data, same, monkeypatch)
    assert (kept.onnx, kept.network) == (b"", data.network)
    assert kept.metrics[TUNED] == 1
    assert {"head_named_right", "network_named_right"} <= set(kept.metrics)


def test_where_no_epoch_helped_only_the_head_has_figures(
    head_alone: ModelVersion, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = chosen(head_alone, data, None, monkeypatch)
    assert kept.metrics[TUNED] == 0
    assert kept.metrics["head_rank1"] == head_alone.metrics["rank1"]
    assert not [name for name in kept.metrics if name.startswith("network_r")]


def test_somebody_without_any_photo_left_means_that_nothing_is_tuned(
    head_alone: ModelVersion, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    chips = chips_of([f for f, label in zip(data.faces, data.labels, strict=True) if label != 1])
    said: list[str] = []
    kept = chosen(head_alone, data, None, monkeypatch, chips=chips, said=said)
    assert kept is head_alone
    assert "no photo left" in said[0]


def test_faces_that_a_network_learned_say_nothing_of_unseen_ones(
    data: DataSet, told_apart: DataSet
) -> None:
    assert data.unseen().count == data.samples(Part.LEARNING).count
    assert told_apart.unseen().count == 0


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        (Comparison(50, 0.1, 0.05, 0.15), True),
        (Comparison(9, 0.1, 0.05, 0.15), False),
        (Comparison(50, 0.02, 0.0, 0.06), False),
        (Comparison(50, 0.02, -0.01, 0.06), False),
    ],
)
def test_a_network_has_to_be_better_beyond_doubt(beside: Comparison, expected: bool) -> None:
    assert is_better(beside) is expected
