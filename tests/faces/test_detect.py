import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from faces.detect import Detector
from faces.detect_hog import HogDetector
from faces.detect_yunet import YunetDetector
from faces.pictures import resized
from faces.records import Box, Pixels


@pytest.fixture(scope="module", params=[HogDetector, lambda: YunetDetector(threads=1)])
def detector(request: pytest.FixtureRequest) -> Detector:
    made: Detector = request.param()
    return made


def test_each_portrait_of_a_page_is_found_where_it_is(
    detector: Detector, album_page: Pixels
) -> None:
    found = detector.find(album_page)
    centres = sorted(f.box.left + f.box.width / 2 for f in found)
    assert [round(centre / 280 - 0.55) for centre in centres] == [0, 1, 2]


def test_the_surest_comes_first(detector: Detector, album_page: Pixels) -> None:
    scores = [f.score for f in detector.find(album_page)]
    assert scores == sorted(scores, reverse=True)


def test_an_empty_page_holds_no_face(detector: Detector) -> None:
    assert detector.find(np.full((300, 300, 3), 200, dtype=np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5000, 3), (20, 20, 3), (3000, 2, 3)])
def test_a_photo_too_small_for_a_face_holds_none(
    detector: Detector, shape: tuple[int, int, int]
) -> None:
    assert detector.find(np.zeros(shape, dtype=np.uint8)) == []


def test_a_face_cut_off_by_the_edge_has_its_box_inside(
    detector: Detector, album_page: Pixels
) -> None:
    cut = album_page[100:290, 75:]
    for detection in detector.find(cut):
        box = detection.box
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= cut.shape[1]
        assert box.bottom <= cut.shape[0]


def test_in_a_very_large_photo_boxes_are_in_its_own_pixels(
    detector: Detector, album_page: Pixels
) -> None:
    strip = album_page[60:320, :300]
    small = detector.find(strip)[0].box
    wide = np.pad(strip, ((0, 0), (0, 2048 - 300), (0, 0)), mode="edge")
    large = detector.find(resized(wide, 4096, 520))[0].box
    doubled = Box(small.left * 2, small.top * 2, small.width * 2, small.height * 2)
    assert doubled.overlap(large) > 0.6


def test_several_threads_find_what_one_finds(detector: Detector, album_page: Pixels) -> None:
    pages = [album_page[:, shift : shift + 400] for shift in range(0, 60, 20)]
    alone = [detector.find(page) for page in pages]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(detector.find, pages)) == alone


def test_both_detectors_draw_the_same_kind_of_box(album_page: Pixels) -> None:
    theirs = HogDetector().find(album_page)
    for ours in YunetDetector(threads=1).find(album_page):
        assert max(ours.box.overlap(other.box) for other in theirs) > 0.7


@pytest.mark.parametrize("module", ["faces.detect_hog", "faces.detect_yunet"])
def test_importing_a_detector_loads_no_network(module: str) -> None:
    check = (
        f"import sys, {module}; assert not {{'onnx', 'onnxruntime', 'sklearn'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
