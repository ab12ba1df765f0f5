import numpy as np
import pytest

from faces.detect_yunet import YunetDetector
from faces.encode import NETWORK, Encoder
from faces.pictures import OpenPhoto
from faces.reading import FaceReader, one_box_a_face
from faces.records import Box, Detection, Photo, PhotoId, Pixels, face_id_of_box

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
        again, _ = reader.encode_boxes(album_page, [face.box])
        np.testing.assert_allclose(read.encodings.plain[row], again[0], atol=1e-5)


def test_reading_a_photo_again_gives_the_same_faces(reader: FaceReader, album_page: Pixels) -> None:
    first, second = reader.read(as_photo(album_page)), reader.read(as_photo(album_page))
    assert first.faces == second.faces


def test_a_photo_without_faces_is_read_too(reader: FaceReader) -> None:
    read = reader.read(as_photo(np.full((200, 200, 3), 90, dtype=np.uint8)))
    assert read.faces == ()
    assert read.encodings.plain.shape == (0, 128)


def test_of_two_boxes_on_one_face_the_surer_stays() -> None:
    sure, unsure = Detection(Box(10, 10, 100, 100), 0.9), Detection(Box(20, 15, 100, 100), 0.4)
    neighbour = Detection(Box(90, 10, 100, 100), 0.5)
    assert one_box_a_face([unsure, neighbour, sure]) == [sure, neighbour]
    assert one_box_a_face([sure, sure]) == [sure]
    assert one_box_a_face([]) == []
