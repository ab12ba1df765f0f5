"""Probabilities that mean what they say, and the threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.likeness import class_means
from faces.records import Person, PersonId, unit_rows
from training.calibrate import calibrated, threshold
from training.dataset import Samples
from training.evaluate import measured
from training.head import (
    Head,
    class_mean_head,
    nearest_centroid,
    person_sums,
    without_itself,
)
from training.meetings import (
    Meetings,
    as_if_left_out,
    hidden,
    taken_for_each_other,
    unseen_meetings,
)

NETWORK = "dlib-resnet-v1"
PEOPLE = 6
THREE = Head(np.eye(3, 128, dtype=np.float32), scale=50.0, unknown_cosine=0.9)


def faces_of(looks, each: int, *, strangers: int = 0, seed: int = 0) -> Samples:
    """`each` faces of six people, then strangers."""
    rows = [looks(who, each, seed=seed) for who in range(PEOPLE)]
    rows += [looks(1000 * (seed + 1) + who, 1, seed=seed) for who in range(strangers)]
    labels = np.repeat(np.arange(PEOPLE + 1), [each] * PEOPLE + [strangers])
    return Samples(unit_rows(np.vstack(rows)), labels, PEOPLE)


def log_loss(head: Head, meetings: Meetings) -> float:
    """Known faces and others weighing the same."""
    known, alike, crowding = meetings.known, meetings.alike, meetings.crowding
    own = head.probabilities(alike, crowding)[known, meetings.labels[known]]
    nameless = np.vstack([alike[~known], hidden(alike, meetings.labels)])
    theirs = np.concatenate([crowding[~known], crowding[known]])
    somebody = head.probabilities(nameless, theirs).sum(axis=1)
    return float(-np.log(own).mean() - np.log(1 - somebody).mean())


def test_class_means_name_everybody_and_calibration_makes_them_sure(looks) -> None:
    learning, unseen = faces_of(looks, 4), faces_of(looks, 5, strangers=30, seed=1)
    start = class_mean_head(learning, NETWORK)
    meetings = unseen_meetings(start, start, learning, faces_of(looks, 2, strangers=5, seed=2))
    head = calibrated(start, meetings)
    found = measured(head, threshold(head, meetings, 0.01), unseen)
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
    found = measured(head, threshold(head, meetings, 0.01), unseen)
    assert found["named_right"] > 0.9
    assert found["strangers_accepted"] < 0.1


def test_calibration_lowers_the_loss_and_renames_nobody(looks) -> None:
    learning = faces_of(looks, 20, strangers=50)
    start = replace(class_mean_head(learning, NETWORK), scale=60.0, unknown_cosine=0.88)
    meetings = unseen_meetings(start, start, learning, faces_of(looks, 10, strangers=50, seed=2))
    head = calibrated(start, meetings)
    assert log_loss(head, meetings) < 0.5 * log_loss(start, meetings)
    assert np.array_equal(head.weights, start.weights)


@pytest.mark.parametrize("scale", [60.0, 240.0, 800.0])
@pytest.mark.parametrize("unknown_cosine", [0.8, 0.93, 0.99])
def test_calibration_finds_the_same_from_wherever_it_starts(
    looks, scale: float, unknown_cosine: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.calibration_fit._PRIOR_FACES", 1e-6)
    monkeypatch.setattr("training.calibration_fit._SMALLEST_FACTOR", 1e-6)
    learning = faces_of(looks, 6, strangers=60)
    start = class_mean_head(learning, NETWORK)
    meetings = unseen_meetings(start, start, learning, faces_of(looks, 4, strangers=60, seed=2))
    found = calibrated(start, meetings)
    elsewhere = calibrated(replace(start, scale=scale, unknown_cosine=unknown_cosine), meetings)
    assert log_loss(elsewhere, meetings) == pytest.approx(log_loss(found, meetings), abs=0.01)


def test_without_any_faces_calibration_changes_nothing(looks) -> None:
    start = class_mean_head(faces_of(looks, 1), NETWORK)
    nothing = faces_of(looks, 0)
    meetings = unseen_meetings(start, start, faces_of(looks, 1), nothing)
    assert len(meetings.labels) == 0, "nobody has a second face to be measured by"
    head = calibrated(start, meetings)
    assert (head.scale, head.unknown_cosine) == (start.scale, start.unknown_cosine)
    assert threshold(head, meetings, 0.01) == 0.9


def test_a_learning_face_never_meets_a_mean_that_it_is_part_of(looks) -> None:
    learning = faces_of(looks, 2)
    start = nearest_centroid(class_mean_head(learning, NETWORK))
    left_out, _ = as_if_left_out(start, start, learning)
    own = left_out[np.arange(12), learning.labels]
    partner = np.arange(12) ^ 1
    alike = (learning.rows * learning.rows[partner]).sum(axis=1)
    assert own == pytest.approx(alike, abs=1e-5)


def test_a_mean_without_a_face_is_as_near_to_it_as_the_whole_mean_to_an_unseen_one(looks) -> None:
    learning, unseen = faces_of(looks, 2), faces_of(looks, 40, seed=3)
    head = replace(class_mean_head(learning, NETWORK), same_person=0.97)
    weights = class_means(*person_sums(learning), 0.97)
    means, _ = without_itself(learning, head.same_person)
    left_out = (learning.rows * means).sum(axis=1)
    met = (unseen.rows * weights[unseen.labels]).sum(axis=1)
    assert left_out.mean() == pytest.approx(met.mean(), abs=0.002)


@pytest.mark.parametrize("each", [2, 3])
def test_faces_left_out_spread_more_like_unseen_ones_for_calibration(looks, each: int) -> None:
    people = 100
    learning, unseen = (
        Samples(
            unit_rows(np.vstack([looks(who, count, seed=seed) for who in range(people)])),
            np.repeat(np.arange(people), count),
            people,
        )
        for count, seed in ((each, 0), (10, 3))
    )
    start = class_mean_head(learning, NETWORK)
    met = start.cosines(unseen)[np.arange(unseen.count), unseen.labels]
    there = np.arange(learning.count), learning.labels
    left_out = as_if_left_out(start, start, learning)[0][there]
    own = unseen_meetings(start, start, learning, faces_of(looks, 0)).alike[there]
    assert own.mean() == pytest.approx(left_out.mean())
    assert abs(own.std() - met.std()) < abs(left_out.std() - met.std())
    narrower = ((1 + 1 / each) / (1 + 1 / (each - 1))) ** 0.5
    assert own.std() == pytest.approx(narrower * left_out.std())


def test_a_known_stranger_speaks_against_a_name_for_who_looks_alike(looks) -> None:
    told = looks(1000, 1)
    learning, with_it = faces_of(looks, 3), faces_of(looks, 3, strangers=1)
    assert np.array_equal(with_it.rows[-1:], unit_rows(told))
    again = Samples(unit_rows(looks(1000, 4, seed=7)), np.full(4, PEOPLE), PEOPLE)
    other = Samples(unit_rows(looks(2000, 4, seed=7)), np.full(4, PEOPLE), PEOPLE)
    crowded = class_mean_head(with_it, NETWORK).strangers
    assert (crowded.crowding(again.rows) > 0.01).all()
    assert (crowded.crowding(other.rows) < 0.001).all()
    assert not class_mean_head(learning, NETWORK).strangers.crowding(again.rows).any()


def test_no_stranger_is_crowded_by_what_may_be_the_same_stranger(looks) -> None:
    learning = faces_of(looks, 3, strangers=40)
    head = class_mean_head(learning, NETWORK)
    again = Samples(unit_rows(looks(1000, 4, seed=7)), np.full(4, PEOPLE), PEOPLE)
    assert (head.crowding(again) < 0.001).all()
    assert (head.crowding(learning) < 0.001).all()


def test_of_too_many_strangers_those_are_kept_who_look_like_somebody(
    looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.head.MOST_STRANGERS", 2)
    learning = faces_of(looks, 3)
    near = unit_rows(looks(1, 2, seed=8))
    far = unit_rows(looks(3000, 2))
    rows = np.vstack([far[:1], near[:1], far[1:], near[1:]])
    both = Samples(
        np.vstack([learning.rows, rows]),
        np.concatenate([learning.labels, np.full(4, PEOPLE)]),
        PEOPLE,
    )
    assert np.array_equal(class_mean_head(both, NETWORK).strangers.rows, near)


def test_the_mean_without_an_only_face_is_not_used(looks) -> None:
    rows = np.vstack([looks(0, 2), looks(1, 1), looks(2, 1)])
    learning = Samples(unit_rows(rows), np.array([0, 0, 1, 2]), 2)
    means, there_is_one = without_itself(learning, 1.0)
    assert there_is_one.tolist() == [True, True, False, False]
    assert means[0] == pytest.approx(learning.rows[1], abs=1e-6)
    assert np.isfinite(means).all()


@pytest.mark.parametrize(
    ("labels", "nearest", "found"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], []),
        ([0, 0, 1, 1], [0, 1, 1, 1], []),
        ([0, 0, 1, 1], [1, 1, 1, 1], [("p0", "p1")]),
        ([0, 0, 1, 1], [1, 0, 0, 1], [("p0", "p1")]),
        ([0, 0, 1, 1], [1, 2, 1, 1], []),
        ([0, 0, 3, 3], [0, 0, 1, 1], []),
        ([0] * 50 + [1] * 50, [1] * 2 + [0] * 48 + [1] * 50, []),
        ([0] * 50 + [2] * 20, [2] * 2 + [0] * 48 + [2] * 20, [("p0", "p2")]),
    ],
)
def test_people_whose_faces_are_often_likelier_the_other_are_taken_for_each_other(
    labels: list[int], nearest: list[int], found: list[tuple[str, str]]
) -> None:
    people = [Person(PersonId(f"p{who}"), f"Name {who}") for who in range(3)]
    alike = 0.8 + 0.1 * np.eye(3)[nearest]
    met = Meetings(alike, np.zeros(len(labels)), np.array(labels))
    assert taken_for_each_other(met, people) == found


def test_a_hidden_person_is_never_found() -> None:
    alike = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.4]])
    found = hidden(alike, np.array([0, 1, 2]))
    assert found.tolist() == [[-np.inf, 0.1], [0.2, -np.inf]]
    assert alike[0, 0] == 0.9


@given(st.integers(0, 298), st.integers(0, 2**32 - 1))
def test_of_few_strangers_the_threshold_lets_few_pass_and_stays_within_reason(
    strangers: int, seed: int
) -> None:
    meetings = strangers_met(strangers, seed)
    found = threshold(THREE, meetings, 0.01)
    assert 0.5 <= found <= 0.9
    accepted = scores_of(meetings) > found
    at_most = strangers / (1 + 2.32**2)  # so far from their mean, of whatever numbers (Cantelli)
    assert found == 0.9 or accepted.sum() <= at_most


def test_of_few_strangers_about_as_many_pass_as_are_asked_for() -> None:
    shares = []
    for seed in range(100):
        found = threshold(THREE, strangers_met(100, seed), 0.05)
        others = scores_of(strangers_met(1000, seed + 1000))
        shares.append((others >= found).mean())
    assert 0.02 < np.mean(shares) < 0.08


@given(st.integers(60, 800), st.integers(0, 2**32 - 1), st.sampled_from([0.05, 0.1, 0.2]))
def test_of_many_strangers_the_threshold_lets_as_many_pass_as_are_asked_for(
    strangers: int, seed: int, asked: float
) -> None:
    meetings = strangers_met(strangers, seed)
    found = threshold(THREE, meetings, asked)
    accepted = (scores_of(meetings) >= found).sum()
    assert accepted <= asked * (strangers + 1)
    assert found == 0.25 or accepted > asked * (strangers + 1) - 1


def test_people_who_are_hidden_do_not_count_where_strangers_do() -> None:
    strangers = strangers_met(400, 0)
    known = np.full((400, 3), 0.99)
    labels = np.repeat([3, 0], 400)
    both = Meetings(np.vstack([strangers.alike, known]), np.zeros(800), labels)
    assert threshold(THREE, both, 0.05) == threshold(THREE, strangers, 0.05)
    some = Meetings(both.alike[380:], np.zeros(420), labels[380:])
    few = Meetings(both.alike[380:400], np.zeros(20), labels[380:400])
    assert threshold(THREE, some, 0.05) > threshold(THREE, few, 0.05) + 0.1


def scores_of(meetings: Meetings) -> np.ndarray:
    """How likely everybody's likeliest person is."""
    return THREE.probabilities(meetings.alike, meetings.crowding).max(axis=1)


def strangers_met(count: int, seed: int) -> Meetings:
    alike = np.random.default_rng(seed).normal(0.8, 0.05, size=(count, 3))
    return Meetings(alike, np.zeros(count), np.full(count, 3))


def test_what_has_no_faces_is_not_measured(looks) -> None:
    head = class_mean_head(faces_of(looks, 2), NETWORK)
    assert measured(head, 0.5, faces_of(looks, 0)) == {}
    only_strangers = measured(head, 0.5, faces_of(looks, 0, strangers=4))
    assert set(only_strangers) == {"strangers_accepted"}
