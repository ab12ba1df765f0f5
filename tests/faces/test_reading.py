from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from faces.detect_yunet import YunetDetector
from faces.dlib_network import read_face_network
from faces.encode import Encoder
from faces.onnx_graph import face_network_model
from faces.pictures import OpenPhoto
from faces.quality import ENOUGH, quality
from faces.reading import (
    FaceReader,
    ReadingOptions,
    VersionReaders,
    detector_named,
    face_reader,
    one_box_a_face,
)
from faces.records import (
    NETWORK,
    Box,
    Detection,
    Photo,
    PhotoId,
    Pixels,
    face_id_of_box,
)
from faces.settings import Settings
from faces.turning import turned_box
from faces.versions import tuned_network_id
from faces.weights import Weights, weights_file
from tests.model_versions import a_version

PHOTO = PhotoId("a" * 64)


def as_photo(pixels: Pixels) -> OpenPhoto:
    return OpenPhoto(Photo(PHOTO, pixels.shape[1], pixels.shape[0]), pixels)


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return FaceReader(YunetDetector(threads=1), Encoder(threads=1))


def test_every_face_of_a_photo_has_its_box_and_its_encoding(
    reader: FaceReader, album_page: Pixels
) -> None:
    read = reader.read(as_photo(album_page))
    assert read.photo.id == PHOTO
    assert len(read.faces) == 3
    assert read.encodings.network == NETWORK
    assert read.encodings.faces == tuple(face.id for face in read.faces)
    for row, face in enumerate(read.faces):
        assert face.photo == PHOTO
        assert face.id == face_id_of_box(PHOTO, face.box)
        assert not face.drawn
        assert face.detector == YunetDetector.name
        assert quality(face) > ENOUGH
        again, _ = reader.encode_boxes(album_page, [face.box])
        np.testing.assert_allclose(read.encodings.plain[row], again[0], atol=1e-5)


def test_reading_a_photo_again_gives_the_same_faces(reader: FaceReader, album_page: Pixels) -> None:
    first, second = reader.read(as_photo(album_page)), reader.read(as_photo(album_page))
    assert first.faces == second.faces


def test_a_photo_without_faces_is_read_too(reader: FaceReader) -> None:
    read = reader.read(as_photo(np.full((200, 200, 3), 90, dtype=np.uint8)))
    assert read.faces == ()
    assert read.encodings.plain.shape == (0, 128)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_lies_is_read_as_if_it_stood(album_page: Pixels, quarters: int) -> None:
    reader = face_reader(ReadingOptions(rotations=True), threads=1)
    upright = reader.read(as_photo(album_page))
    lying = as_photo(np.ascontiguousarray(np.rot90(album_page, -quarters)))
    read = reader.read(lying)
    height_px, width_px, _ = album_page.shape
    expected = [turned_box(face.box, quarters, width_px, height_px) for face in upright.faces]
    assert [face.box for face in read.faces] == expected
    np.testing.assert_allclose(read.encodings.plain, upright.encodings.plain, atol=1e-5)


@pytest.mark.parametrize("detector", ["yunet", "hog", "cnn"])
@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (31, 33)])
def test_a_photo_of_one_row_or_column_can_be_turned(
    detector: Literal["yunet", "hog", "cnn"], size: tuple[int, int]
) -> None:
    turning = face_reader(ReadingOptions(detector, rotations=True), threads=1)
    assert turning.read(as_photo(np.full((*size, 3), 90, dtype=np.uint8))).faces == ()


def test_an_upright_photo_is_not_turned(album_page: Pixels) -> None:
    turning = face_reader(ReadingOptions(rotations=True), threads=1)
    assert turning.read(as_photo(album_page)).faces == (
        face_reader(ReadingOptions(), threads=1).read(as_photo(album_page)).faces
    )


def test_without_the_option_no_photo_is_turned(reader: FaceReader, album_page: Pixels) -> None:
    lying = as_photo(np.ascontiguousarray(np.rot90(album_page)))
    assert len(reader.read(lying).faces) < 3


def test_a_photo_without_faces_stays_so_however_it_is_turned() -> None:
    reader = face_reader(ReadingOptions(rotations=True), threads=1)
    assert reader.read(as_photo(np.full((90, 200, 3), 90, dtype=np.uint8))).faces == ()


@pytest.mark.parametrize("name", ["yunet", "hog", "cnn"])
def test_each_detector_has_its_name(name: Literal["yunet", "hog", "cnn"]) -> None:
    assert name in detector_named(name).name


def test_options_are_those_of_the_settings() -> None:
    settings = Settings(detector="hog", rotations=True, engine="reference")
    assert ReadingOptions.of(settings) == ReadingOptions("hog", True, "reference")
    assert ReadingOptions.of(Settings()) == ReadingOptions()


def test_of_two_boxes_on_one_face_the_surer_stays() -> None:
    sure, unsure = Detection(Box(10, 10, 100, 100), 0.9), Detection(Box(20, 15, 100, 100), 0.4)
    neighbour = Detection(Box(90, 10, 100, 100), 0.5)
    assert one_box_a_face([unsure, neighbour, sure]) == [sure, neighbour]
    assert one_box_a_face([sure, sure]) == [sure]
    assert one_box_a_face([]) == []


def test_the_reader_of_a_tuned_network_gives_its_encodings_under_its_name(
    reader: FaceReader, album_page: Pixels
) -> None:
    network = read_face_network(weights_file(Weights.ENCODER).read_bytes())
    onnx = face_network_model(replace(network, projection=2 * network.projection))
    readers = VersionReaders(reader)
    own = readers.of(a_version(tuned_network_id(onnx), onnx))
    read, usual = own.read(as_photo(album_page)), reader.read(as_photo(album_page))
    assert read.encodings.network == tuned_network_id(onnx) != NETWORK
    np.testing.assert_allclose(read.encodings.plain, 2 * usual.encodings.plain, atol=1e-4)
    assert readers.of(a_version(tuned_network_id(onnx), onnx)) is own
    assert readers.of(None) is reader
    assert readers.of(a_version(NETWORK)) is reader
