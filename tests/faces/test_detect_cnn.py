import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import dlib
import numpy as np
import onnx
import pytest

from faces import detect_cnn
from faces.detect_cnn import CnnDetector
from faces.dlib_detector import read_detector_network
from faces.onnx_graph import detector_model
from faces.pictures import resized
from faces.records import Box, Pixels
from faces.weights import Weights, weights_file

Portrait = Callable[[int, int], Pixels]


@pytest.fixture(scope="module")
def detector() -> CnnDetector:
    return CnnDetector(threads=1)


@pytest.fixture(scope="module")
def theirs() -> dlib.cnn_face_detection_model_v1:
    return dlib.cnn_face_detection_model_v1(str(weights_file(Weights.CNN_DETECTOR)))


@pytest.fixture(scope="module")
def pair(portrait: Portrait) -> Pixels:
    """Two portraits beside each other, 220 x 134, one face cut by the edge."""
    return np.concatenate(
        [resized(portrait(5, 1), 110, 134), resized(portrait(12, 2), 110, 134)], axis=1
    )[:, 20:]


@pytest.mark.parametrize(
    ("upsamplings", "columns", "faces"), [(0, slice(0, 200), 2), (1, slice(70, 190), 1)]
)
def test_boxes_and_scores_are_those_of_dlib(
    theirs: dlib.cnn_face_detection_model_v1,
    pair: Pixels,
    upsamplings: int,
    columns: slice,
    faces: int,
) -> None:
    seen = np.ascontiguousarray(pair[:, columns])
    found = CnnDetector(upsamplings=upsamplings, threads=1).find(seen)
    expected = theirs(seen, upsamplings)
    assert len(found) == faces
    assert [f.box for f in found] == [inside(seen, e.rect) for e in expected]
    np.testing.assert_allclose(
        [f.score for f in found], [e.confidence for e in expected], atol=1e-4
    )


def inside(pixels: Pixels, rectangle: dlib.rectangle) -> Box:
    box = Box(rectangle.left(), rectangle.top(), rectangle.width(), rectangle.height())
    return box.clipped(pixels.shape[1], pixels.shape[0])


def test_the_surest_comes_first_and_every_box_lies_inside(
    detector: CnnDetector, album_page: Pixels
) -> None:
    found = detector.find(album_page)
    assert len(found) == 3
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    for box in (f.box for f in found):
        assert min(box.left, box.top) >= 0
        assert box.right <= album_page.shape[1]
        assert box.bottom <= album_page.shape[0]


def test_strips_of_a_large_photo_give_what_the_whole_gives(
    detector: CnnDetector, album_page: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = detector.find(album_page)
    monkeypatch.setattr(detect_cnn, "_STRIP_PX", 200_000)
    assert detector.find(album_page) == whole


def test_a_very_large_photo_is_looked_at_smaller(
    detector: CnnDetector, album_page: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = [f.box for f in detector.find(resized(album_page, 450, 200))]
    monkeypatch.setattr(detect_cnn, "_LONGEST_PX", 450)
    large = [f.box for f in detector.find(album_page)]
    assert large == [Box(b.left * 2, b.top * 2, b.width * 2, b.height * 2) for b in small]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (3000, 1, 3), (6, 8, 3), (90, 90, 3)])
def test_an_empty_photo_holds_no_face(detector: CnnDetector, shape: tuple[int, int, int]) -> None:
    assert detector.find(np.full(shape, 200, dtype=np.uint8)) == []


def test_several_threads_find_what_one_finds(album_page: Pixels) -> None:
    detector = CnnDetector(threads=1)
    pages = [album_page[:, shift : shift + 300] for shift in range(0, 60, 20)]
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(detector.find, pages))
    assert together == [detector.find(page) for page in pages]


def test_it_is_named_after_its_upsamplings() -> None:
    assert [CnnDetector(upsamplings=n).name for n in (0, 1)] == ["dlib-cnn-0", "dlib-cnn-1"]


def test_the_model_is_valid_onnx() -> None:
    network = read_detector_network(weights_file(Weights.CNN_DETECTOR).read_bytes())
    onnx.checker.check_model(onnx.load_from_string(detector_model(network)), full_check=True)


@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "other"])
def test_a_file_that_is_not_the_network_is_refused(damage: str) -> None:
    whole = weights_file(Weights.CNN_DETECTOR).read_bytes()
    content = {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "longer": whole + b"\0",
        "other": whole.replace(b"bn_con2", b"bn_con3", 1),
    }[damage]
    with pytest.raises(ValueError, match="network"):
        read_detector_network(content)


def test_importing_the_detector_loads_neither_weights_nor_networks() -> None:
    check = (
        "import sys, faces.detect_cnn, faces.weights as w;"
        "assert w.weights_file.cache_info().currsize == 0;"
        "assert not {'onnxruntime', 'torch', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
