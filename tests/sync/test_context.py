from datetime import UTC, datetime

import pytest

from faces.records import Box, Face, FaceId, Photo, PhotoFile, PhotoId
from sync.context import Places, when

PHOTO = Photo(PhotoId("a" * 64), 400, 200, datetime(2019, 7, 3, 23, 59, 59))
UNDATED = Photo(PHOTO.id, 400, 200)
FACE = Face(FaceId("f1"), PHOTO.id, Box(1, 2, 3, 4), 1.0)
SAVED_NS = int(datetime(2021, 12, 31, 12, tzinfo=UTC).timestamp() * 1e9)


@pytest.mark.parametrize(
    ("photo", "modified_ns", "said"),
    [
        (PHOTO, SAVED_NS, "3 July 2019"),
        (UNDATED, SAVED_NS, "file of 31 December 2021"),
        (UNDATED, -1, ""),
    ],
)
def test_the_camera_knows_when_and_else_the_file(photo: Photo, modified_ns: int, said: str) -> None:
    assert when(photo, PhotoFile("/photos", "a.jpg", 1, modified_ns)) == said


@pytest.mark.parametrize(
    ("root", "path", "folder"),
    [
        ("/home/me/Pictures", "a.jpg", "Pictures"),
        ("/home/me/Pictures", "beach/2019/a.jpg", "Pictures/beach/2019"),
        ("s3://bucket/photos", "beach/a.jpg", "photos/beach"),
    ],
)
def test_a_face_was_seen_in_a_file_of_a_folder(root: str, path: str, folder: str) -> None:
    places = Places({PHOTO.id: PHOTO}, {FACE.id: FACE}, {PHOTO.id: [PhotoFile(root, path, 1, 1)]})
    (seen,) = places.sightings([FACE.id])
    assert (seen.file, seen.folder, seen.when) == ("a.jpg", folder, "3 July 2019")
    assert (seen.photo, seen.box) == (PHOTO, FACE.box)


def test_where_not_all_is_known_nothing_is_told() -> None:
    assert Places().sightings([FACE.id]) == ()
