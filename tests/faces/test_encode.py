import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numpy as np
import onnx
import pytest

from faces.detect_hog import HogDetector
from faces.dlib_network import FaceNetwork, read_face_network
from faces.encode import Encoder
from faces.onnx_graph import face_network_model
from faces.pictures import resized
from faces.records import Box, Pixels
from faces.reference import face_recognition_itself
from faces.weights import Weights, weights_file

Portrait = Callable[[int, int], Pixels]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(threads=1)


@pytest.fixture(scope="module")
def boxes(album_page: Pixels) -> list[Box]:
    return [detection.box for detection in HogDetector().find(album_page)]


@pytest.fixture(scope="module")
def network() -> FaceNetwork:
    return read_face_network(weights_file(Weights.ENCODER).read_bytes())


@pytest.fixture(scope="module")
def face_recognition() -> ModuleType:
    pytest.importorskip("face_recognition_models", exc_type=ImportError)
    return face_recognition_itself()


def css(box: Box) -> tuple[int, int, int, int]:
    """The box as face_recognition writes it: top, right, bottom, left, all of them inside."""
    return int(box.top), int(box.right) - 1, int(box.bottom) - 1, int(box.left)


def test_encodings_are_those_of_face_recognition(
    encoder: Encoder, face_recognition: ModuleType, album_page: Pixels, boxes: list[Box]
) -> None:
    plain, mirrored = encoder.encode(album_page, boxes)
    theirs = face_recognition.face_encodings(album_page, [css(box) for box in boxes])
    assert len(boxes) == 3
    assert plain.dtype == mirrored.dtype == np.float32
    np.testing.assert_allclose(plain, np.array(theirs), atol=1e-5, rtol=0)


def test_in_a_large_photo_they_are_too(
    encoder: Encoder, face_recognition: ModuleType, album_page: Pixels, boxes: list[Box]
) -> None:
    """dlib takes the chip of a large face out of a smaller picture that it makes first."""
    page = resized(album_page, 3600, 1600)
    box = Box(
        *(
            round(4 * side)
            for side in (boxes[0].left, boxes[0].top, boxes[0].width, boxes[0].height)
        )
    )
    plain, _ = encoder.encode(page, [box])
    theirs = face_recognition.face_encodings(page, [css(box)])
    np.testing.assert_allclose(plain, np.array(theirs), atol=1e-5, rtol=0)


def test_boxes_are_those_of_face_recognition(
    face_recognition: ModuleType, album_page: Pixels, boxes: list[Box]
) -> None:
    assert {css(box) for box in boxes} == set(face_recognition.face_locations(album_page))


def test_the_mirrored_row_is_near_the_plain_one_but_another(
    encoder: Encoder, album_page: Pixels, boxes: list[Box]
) -> None:
    plain, mirrored = encoder.encode(album_page, boxes)
    distances = np.linalg.norm(plain - mirrored, axis=1)
    assert (distances > 0.01).all()
    assert (distances < 0.4).all()


def test_two_portraits_of_one_person_are_nearer_than_those_of_two(
    encoder: Encoder, portrait: Portrait
) -> None:
    pictures = [portrait(1, 1), portrait(1, 3), portrait(12, 1)]
    rows = [encoder.encode(picture, [Box(20, 45, 145, 145)])[0][0] for picture in pictures]
    one, again, other = rows
    assert np.linalg.norm(one - again) < np.linalg.norm(one - other)


def test_no_face_gives_no_row(encoder: Encoder, album_page: Pixels) -> None:
    plain, mirrored = encoder.encode(album_page, [])
    assert plain.shape == mirrored.shape == (0, 128)
    assert plain.dtype == mirrored.dtype == np.float32


def test_rows_do_not_depend_on_company(
    encoder: Encoder, album_page: Pixels, boxes: list[Box]
) -> None:
    """With their mirror images, 21 faces go through the network in more than one batch."""
    alone, _ = encoder.encode(album_page, [boxes[1]])
    among, _ = encoder.encode(album_page, [boxes[0]] * 20 + [boxes[1]])
    np.testing.assert_allclose(among[20], alone[0], atol=1e-5)
    np.testing.assert_allclose(among[:20], np.repeat(among[:1], 20, axis=0), atol=1e-5)


@pytest.mark.parametrize(
    "box", [Box(-40, -40, 90, 90), Box(0, 0, 0.2, 0.2), Box(890, 390, 500, 500)]
)
def test_any_box_that_somebody_draws_can_be_encoded(
    encoder: Encoder, album_page: Pixels, box: Box
) -> None:
    plain, _ = encoder.encode(album_page, [box])
    assert np.isfinite(plain).all()


def test_several_threads_share_one_encoder(album_page: Pixels, boxes: list[Box]) -> None:
    encoder = Encoder(threads=1)
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda box: encoder.encode(album_page, [box])[0], boxes * 2))
    alone = np.concatenate([encoder.encode(album_page, [box])[0] for box in boxes * 2])
    np.testing.assert_allclose(np.concatenate(answers), alone, atol=1e-5)


def test_the_network_is_the_one_that_dlib_describes(network: FaceNetwork) -> None:
    blocks = network.blocks
    assert network.side_px == 150
    assert [len(block.second.filters) for block in blocks] == [
        *([32] * 3),
        *([64] * 4),
        *([128] * 3),
        *([256] * 4),
    ]
    convolutions = [network.stem, *(c for b in blocks for c in (b.first, b.second))]
    parameters = sum(c.filters.size + c.biases.size for c in convolutions)
    assert parameters + network.projection.size == 5_607_488


def test_the_model_is_valid_onnx(network: FaceNetwork) -> None:
    onnx.checker.check_model(onnx.load_from_string(face_network_model(network)), full_check=True)


@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "other"])
def test_a_file_that_is_not_the_network_is_refused(damage: str) -> None:
    whole = weights_file(Weights.ENCODER).read_bytes()
    content = {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "longer": whole + b"\0",
        "other": whole.replace(b"affine_", b"affinx_", 1),
    }[damage]
    with pytest.raises(ValueError, match="network"):
        read_face_network(content)


def test_importing_the_encoder_loads_neither_weights_nor_torch() -> None:
    check = (
        "import sys, faces.encode, faces.weights as w;"
        "assert w.weights_file.cache_info().currsize == 0;"
        "assert not {'torch', 'sklearn', 'face_recognition_models'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
