"""Probabilities that mean what they say, and the threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.records import unit_rows
from training.calibrate import Meetings, calibrated, hidden, threshold, unseen_meetings
from training.dataset import Samples
from training.evaluate import measured
from training.head import Head, class_mean_head, without_itself

NETWORK = "dlib-resnet-v1"
PEOPLE = 6


def faces_of(looks, each: int, *, strangers: int = 0, seed: int = 0) -> Samples:
    """`each` faces of six people, then strangers."""
    rows = [looks(who, each, seed=seed) for who in range(PEOPLE)]
    rows += [looks(1000 * (seed + 1) + who, 1, seed=seed) for who in range(strangers)]
    labels = np.repeat(np.arange(PEOPLE + 1), [each] * PEOPLE + [strangers])
    return Samples(unit_rows(np.vstack(rows)), labels, PEOPLE)


def log_loss(head: Head, meetings: Meetings) -> float:
    """Known faces and others weighing the same."""
    scores = head.probabilities(meetings.alike)
    known = meetings.known
    own = scores[known, meetings.labels[known]]
    return float(-np.log(own).mean() - np.log(1 - scores[~known].sum(axis=1)).mean())


def test_class_means_name_everybody_and_calibration_makes_them_sure(looks) -> None:
    learning, unseen = faces_of(looks, 4), faces_of(looks, 5, strangers=30, seed=1)
    start = class_mean_head(learning, NETWORK)
    meetings = unseen_meetings(start, start, learning, faces_of(looks, 2, strangers=5, seed=2))
    head = calibrated(start, meetings)
    found = measured(head, threshold(head, meetings), unseen)
    assert found["rank1"] == 1.0
    assert found["named_right"] > 0.9
    assert found["named_wrong"] == 0.0
    assert found["strangers_accepted"] < 0.05
    assert found["hidden_accepted"] < 0.05


def test_a_network_that_was_never_measured_is_calibrated_from_the_faces(looks) -> None:
    learning, unseen = faces_of(looks, 8), faces_of(looks, 5, strangers=30, seed=1)
    start = class_mean_head(learning, "another-v1")
    meetings = unseen_meetings(start, start, learning, faces_of(looks, 3, strangers=5, seed=2))
    head = calibrated(start, meetings)
    found = measured(head, threshold(head, meetings), unseen)
    assert found["named_right"] > 0.9
    assert found["strangers_accepted"] < 0.1


def test_calibration_lowers_the_loss_and_renames_nobody(looks) -> None:
    learning = faces_of(looks, 20, strangers=50)
    start = replace(class_mean_head(learning, NETWORK), scale=60.0, unknown_cosine=0.88)
    meetings = unseen_meetings(start, start, learning, faces_of(looks, 10, strangers=50, seed=2))
    head = calibrated(start, meetings)
    assert log_loss(head, meetings) < 0.5 * log_loss(start, meetings)
    assert np.array_equal(head.weights, start.weights)


def test_without_any_faces_calibration_changes_nothing(looks) -> None:
    start = class_mean_head(faces_of(looks, 1), NETWORK)
    nothing = faces_of(looks, 0)
    meetings = unseen_meetings(start, start, faces_of(looks, 1), nothing)
    assert len(meetings.labels) == 0, "nobody has a second face to be measured by"
    head = calibrated(start, meetings)
    assert (head.scale, head.unknown_cosine) == (start.scale, start.unknown_cosine)
    assert threshold(head, meetings) == 0.9


def test_a_learning_face_never_meets_a_mean_that_it_is_part_of(looks) -> None:
    learning = faces_of(looks, 2)
    start = class_mean_head(learning, NETWORK)
    meetings = unseen_meetings(start, start, learning, faces_of(looks, 0))
    own = meetings.alike[np.arange(12), meetings.labels[:12]]
    partner = np.arange(12) ^ 1
    alike = (learning.rows * learning.rows[partner]).sum(axis=1)
    assert own == pytest.approx(alike, abs=1e-5)


def test_the_mean_without_an_only_face_is_not_used(looks) -> None:
    rows = np.vstack([looks(0, 2), looks(1, 1), looks(2, 1)])
    learning = Samples(unit_rows(rows), np.array([0, 0, 1, 2]), 2)
    means, there_is_one = without_itself(learning)
    assert there_is_one.tolist() == [True, True, False, False]
    assert means[0] == pytest.approx(learning.rows[1], abs=1e-6)
    assert np.isfinite(means).all()


def test_a_hidden_person_is_never_found() -> None:
    alike = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.4]])
    found = hidden(alike, np.array([0, 1, 2]))
    assert found.tolist() == [[-np.inf, 0.1], [0.2, -np.inf]]
    assert alike[0, 0] == 0.9


@given(st.integers(0, 500), st.integers(0, 2**32 - 1))
def test_the_threshold_lets_few_strangers_pass_and_stays_within_reason(
    strangers: int, seed: int
) -> None:
    alike = np.random.default_rng(seed).normal(0.8, 0.05, size=(strangers, 3))
    meetings = Meetings(alike, np.full(strangers, 3))
    head = Head(np.eye(3, 128, dtype=np.float32), scale=50.0, unknown_cosine=0.9)
    found = threshold(head, meetings)
    assert 0.5 <= found <= 0.9
    accepted = head.probabilities(alike).max(axis=1) > found
    assert found == 0.9 or accepted.sum() <= max(0.05 * strangers, 3)


def test_what_has_no_faces_is_not_measured(looks) -> None:
    head = class_mean_head(faces_of(looks, 2), NETWORK)
    assert measured(head, 0.5, faces_of(looks, 0)) == {}
    only_strangers = measured(head, 0.5, faces_of(looks, 0, strangers=4))
    assert set(only_strangers) == {"strangers_accepted"}
