"""The head, learned for real."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from faces.records import unit_rows
from training.dataset import Samples
from training.epochs import open_set_loss, open_set_score
from training.head import Head, class_mean_head
from training.learner import EPOCHS, CosineHead, learn, learn_some, those_who_stay

NETWORK = "dlib-resnet-v1"


def faces_of(looks, people: int, each: int, *, strangers: int = 0, seed: int = 0) -> Samples:
    rows = [looks(who, each, seed=seed) for who in range(people)]
    rows += [looks(1000 * (seed + 1) + who, 1, seed=seed) for who in range(strangers)]
    labels = np.repeat(np.arange(people + 1), [each] * people + [strangers])
    return Samples(unit_rows(np.vstack(rows)), labels, people)


def learned(start: Head, learning: Samples, calibration: Samples, *, seed: int = 0) -> Head:
    rng = np.random.default_rng(seed)
    return learn(start, learning, calibration, accepted=0.01, rng=rng, progress=lambda *_: None)


def logits_of(head: Head, faces: Samples) -> tuple[Tensor, Tensor]:
    unknown = head.unknown_cosine + head.crowding(faces)
    alike = np.hstack([head.cosines(faces), unknown[:, None]])
    return torch.tensor(head.scale * alike), torch.tensor(faces.labels)


def loss_of(head: Head, faces: Samples) -> float:
    return open_set_loss(*logits_of(head, faces)).item()


def score_of(head: Head, faces: Samples) -> float:
    return open_set_score(*logits_of(head, faces), accepted=0.01)


def test_learning_lowers_the_loss_on_faces_that_it_did_not_learn_from(looks) -> None:
    learning = faces_of(looks, 5, 6, strangers=6)
    calibration = faces_of(looks, 5, 4, strangers=6, seed=1)
    start = class_mean_head(learning, NETWORK)
    head = learned(start, learning, calibration)
    assert loss_of(head, calibration) < loss_of(start, calibration)
    unseen = faces_of(looks, 5, 10, strangers=20, seed=2)
    assert loss_of(head, unseen) < loss_of(start, unseen)
    lengths = np.linalg.norm(start.weights, axis=1)
    assert np.linalg.norm(head.weights, axis=1) == pytest.approx(lengths, abs=1e-5)


def test_what_was_learned_never_names_fewer_right_at_1_percent_of_strangers_than_before(
    looks,
) -> None:
    for seed in range(3):
        learning = faces_of(looks, 8, 2, seed=seed)
        calibration = faces_of(looks, 8, 4, strangers=100, seed=10 + seed)
        start = class_mean_head(learning, NETWORK)
        head = learned(start, learning, calibration, seed=seed)
        assert score_of(head, calibration) >= score_of(start, calibration)


def test_strangers_who_set_the_threshold_are_not_learned_from(looks) -> None:
    learning = faces_of(looks, 5, 6, strangers=6)
    calibration = faces_of(looks, 5, 4, strangers=6, seed=1)
    start = class_mean_head(learning, NETWORK)
    with_them, without = (
        learned(start, faces, calibration) for faces in (learning, learning.of_people())
    )
    assert not np.array_equal(with_them.weights, start.weights)
    assert np.array_equal(with_them.weights, without.weights)


def test_learning_ends_some_epochs_after_the_best_one(looks) -> None:
    told: list[tuple[int, int]] = []
    learning, calibration = faces_of(looks, 4, 6), faces_of(looks, 4, 4, seed=1)
    others = Samples(calibration.rows, (calibration.labels + 1) % 4, 4)  # all called otherwise
    start = class_mean_head(learning, NETWORK)
    head = learn(
        start,
        learning,
        others,
        accepted=0.01,
        rng=np.random.default_rng(0),
        progress=lambda done, epochs: told.append((done, epochs)),
    )
    assert head is start
    assert told == [(epoch + 1, EPOCHS) for epoch in range(10)]


def test_the_same_seed_gives_the_same_head(looks) -> None:
    learning, calibration = faces_of(looks, 3, 200), faces_of(looks, 3, 2, seed=1)
    start = class_mean_head(learning, NETWORK)
    first, second = (learned(start, learning, calibration, seed=7) for _ in range(2))
    assert np.array_equal(first.weights, second.weights)
    assert (first.scale, first.unknown_cosine) == (second.scale, second.unknown_cosine)


def test_no_global_random_state_plays_a_part(looks) -> None:
    learning = faces_of(looks, 2, 3)
    start = class_mean_head(learning, NETWORK)
    heads = []
    for state in (1, 2):
        random.seed(state)
        torch.manual_seed(state)
        heads.append(learned(start, learning, learning))
    assert np.array_equal(heads[0].weights, heads[1].weights)


def test_learning_gives_the_threads_back(looks) -> None:
    before = torch.get_num_threads()
    learning = faces_of(looks, 2, 2)
    learned(class_mean_head(learning, NETWORK), learning, learning)
    assert torch.get_num_threads() == before


def test_without_calibration_faces_the_class_means_stay(looks) -> None:
    learning = faces_of(looks, 2, 3)
    start = class_mean_head(learning, NETWORK)
    assert learned(start, learning, faces_of(looks, 2, 0)) is start


def test_one_face_each_can_be_learned_from(looks) -> None:
    learning = faces_of(looks, 2, 1)
    head = learned(class_mean_head(learning, NETWORK), learning, faces_of(looks, 2, 2, seed=1))
    assert np.isfinite(head.weights).all()


def test_some_people_are_learned_and_the_others_stay(looks) -> None:
    learning, calibration = faces_of(looks, 5, 6, strangers=6), faces_of(looks, 5, 4, seed=1)
    start, some = class_mean_head(learning, NETWORK), np.array([1, 4])
    weights = start.weights.copy()
    weights[some] = 0.95 * unit_rows(weights[some] + 0.6 * weights[[0, 2]])
    tilted = replace(start, weights=weights)
    head = learn_some(
        tilted,
        some,
        start,
        learning,
        calibration,
        accepted=0.01,
        rng=np.random.default_rng(0),
        progress=lambda *_: None,
    )
    is_same = (head.weights == tilted.weights).all(axis=1)
    assert is_same.tolist() == [True, False, True, True, False]
    assert (head.scale, head.unknown_cosine) == (start.scale, start.unknown_cosine)
    assert loss_of(head, calibration) < loss_of(tilted, calibration)


@pytest.mark.parametrize("some", [[0], [1, 4], [0, 1, 2, 3]])
def test_those_who_stay_weigh_the_same_together_as_each_by_itself(looks, some: list[int]) -> None:
    faces, columns = faces_of(looks, 5, 4, strangers=6, seed=1), np.array(some)
    start = class_mean_head(faces_of(looks, 5, 6, strangers=6), NETWORK)
    model = CosineHead(start, columns).eval()
    staying, labels = those_who_stay(start.scale, start.cosines(faces), faces.labels, columns)
    given = (faces.rows, start.crowding(faces).astype(np.float32), faces.rows, labels, staying)
    with torch.no_grad():
        loss = open_set_loss(model(*map(torch.tensor, given)), torch.tensor(labels)).item()
    assert loss == pytest.approx(loss_of(start, faces), rel=1e-3)


def test_each_epoch_is_told_once(looks) -> None:
    told = []
    learning = faces_of(looks, 2, 2)
    learn(
        class_mean_head(learning, NETWORK),
        learning,
        learning,
        accepted=0.01,
        rng=np.random.default_rng(0),
        progress=lambda done, epochs: told.append((done, epochs)),
        epochs=3,
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
