import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from faces.errors import StoreError
from faces.matching import find_again
from faces.records import (
    Box,
    Cluster,
    ClusterId,
    Encodings,
    Face,
    FaceId,
    LooseFace,
    Photo,
    PhotoFile,
    PhotoId,
    Proposal,
)
from faces.store import chunks, clusters, files, photos, rereading
from faces.store.database import Store
from faces.store.photos import KnownFile, ReadPhoto

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PHOTO = Photo(PhotoId("a" * 64), 400, 300, datetime(2019, 7, 3, 14, 5, 11))
LEFT = Face(
    FaceId("f2"), PHOTO.id, Box(10, 20, 30, 40), 3.5, detector="hog", sharpness=0.5, pose=0.25
)
RIGHT = Face(FaceId("f1"), PHOTO.id, Box(200.5, 20, 30, 40), 2.5, detector="hog")


def rows(*values: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array([[value] * 128 for value in values], np.float32).reshape(-1, 128)


READ = ReadPhoto(
    PHOTO, (RIGHT, LEFT), Encodings("net", (RIGHT.id, LEFT.id), rows(1, 2), rows(-1, -2))
)


def test_a_photo_comes_back_as_it_was_saved(store: Store) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
    with store.read() as connection:
        assert photos.photos(connection) == [PHOTO]
        assert photos.photo(connection, PHOTO.id) == PHOTO
        assert photos.photo(connection, PhotoId("b" * 64)) is None
        assert photos.has_photo(connection, PHOTO.id)
        assert photos.faces(connection) == [LEFT, RIGHT], "from left to right"
        assert photos.faces(connection, PhotoId("b" * 64)) == []
        found = photos.encodings(connection, "net")
    assert found.faces == (RIGHT.id, LEFT.id), "in the order of face ids"
    np.testing.assert_array_equal(found.plain, rows(1, 2))
    np.testing.assert_array_equal(found.mirrored, rows(-1, -2))
    assert found.plain.dtype == np.float32
    assert found.plain.flags.writeable


def test_a_photo_saved_twice_stays_as_it_is(store: Store) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        moved = Face(LEFT.id, PHOTO.id, Box(0, 0, 5, 5), 9.0)
        again = ReadPhoto(PHOTO, (moved,), Encodings("net", (LEFT.id,), rows(7), rows(7)))
        photos.save_photo(connection, again, now=NOW)
    with store.read() as connection:
        assert photos.faces(connection) == [LEFT, RIGHT]
        np.testing.assert_array_equal(photos.encodings(connection, "net").plain, rows(1, 2))


def test_an_empty_store_has_no_encodings(store: Store) -> None:
    with store.read() as connection:
        none = photos.encodings(connection, "net")
        assert photos.encodings(connection, "net", only=[]).faces == ()
    assert none.faces == ()
    assert none.plain.shape == (0, 128)


def test_encodings_can_be_asked_for_by_face_and_network(store: Store) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.save_encodings(connection, Encodings("other", (LEFT.id,), rows(5), rows(6)))
    with store.read() as connection:
        assert photos.encodings(connection, "net", only=[LEFT.id, FaceId("f9")]).faces == (LEFT.id,)
        assert photos.encodings(connection, "other").faces == (LEFT.id,)


def test_encodings_of_many_faces_can_be_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 2)
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
    with store.read() as connection:
        asked = [LEFT.id, *(FaceId(f"n{number}") for number in range(5)), RIGHT.id]
        found = photos.encodings(connection, "net", only=asked)
    assert found.faces == (RIGHT.id, LEFT.id)
    np.testing.assert_array_equal(found.plain, rows(1, 2))


def test_saving_encodings_again_renews_them(store: Store) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.save_encodings(connection, Encodings("net", (LEFT.id,), rows(5), rows(6)))
    with store.read() as connection:
        np.testing.assert_array_equal(photos.encodings(connection, "net").plain, rows(1, 5))


def test_adding_a_face_that_is_there_moves_its_box_and_nothing_else(store: Store) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.add_face(connection, Face(LEFT.id, PHOTO.id, Box(1, 2, 3, 4), 0.0, drawn=True))
    with store.read() as connection:
        (face,) = [face for face in photos.faces(connection) if face.id == LEFT.id]
    assert face == Face(LEFT.id, PHOTO.id, Box(1, 2, 3, 4), LEFT.score), "no detector put it there"


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        (LEFT.box, True),
        (Box(10.9, 20, 30, 39.5), True),
        (Box(11.5, 20, 30, 40), False),
        (Box(10, 20, 30, 42), False),
    ],
)
def test_a_face_whose_box_really_moved_has_no_encoding(store: Store, box: Box, kept: bool) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.add_face(connection, Face(LEFT.id, PHOTO.id, box, 0.0))
        encoded = photos.encodings(connection, "net").faces
        missing = photos.faces_without_encoding(connection, "net")
    assert (LEFT.id in encoded) == kept
    assert [face.id for face in missing] == ([] if kept else [LEFT.id])
    assert RIGHT.id in encoded


def test_faces_without_an_encoding_are_told_by_network(store: Store) -> None:
    with store.write() as connection:
        assert photos.faces_without_encoding(connection, "net") == []
        photos.save_photo(connection, READ, now=NOW)
        photos.save_encodings(connection, Encodings("other", (LEFT.id,), rows(5), rows(6)))
        assert photos.faces_without_encoding(connection, "net") == []
        assert photos.faces_without_encoding(connection, "other") == [RIGHT]


def test_a_face_without_its_photo_is_refused(store: Store) -> None:
    with pytest.raises(StoreError), store.write() as connection:
        photos.add_face(connection, LEFT)


def test_files_are_remembered_with_what_was_in_them(store: Store) -> None:
    first, second = PhotoFile("/a", "1.jpg", 5, 6), PhotoFile("/a", "2.jpg", 5, 6)
    elsewhere = PhotoFile("/b", "1.jpg", 5, 7)
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.save_file(connection, second, refused="no photo")
        photos.save_file(connection, first, photo=PHOTO.id)
        photos.save_file(connection, elsewhere, photo=PHOTO.id)
    with store.read() as connection:
        assert photos.known_files(connection, "/a") == [
            KnownFile(first, PHOTO.id, None),
            KnownFile(second, None, "no photo"),
        ]
        assert photos.files_of_photos(connection) == {PHOTO.id: [first, elsewhere]}


def test_a_file_read_again_holds_what_was_read_last(store: Store) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.save_file(connection, PhotoFile("/a", "1.jpg", 5, 6), refused="no photo")
        photos.save_file(connection, PhotoFile("/a", "1.jpg", 7, 8), photo=PHOTO.id)
    with store.read() as connection:
        assert photos.known_files(connection) == [
            KnownFile(PhotoFile("/a", "1.jpg", 7, 8), PHOTO.id, None)
        ]


def test_forgetting_a_file_keeps_its_photo(store: Store) -> None:
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.save_file(connection, PhotoFile("/a", "1.jpg", 5, 6), photo=PHOTO.id)
        files.forget_files(connection, "/a", ["1.jpg", "never there"])
    with store.read() as connection:
        assert photos.known_files(connection) == []
        assert photos.photos(connection) == [PHOTO]


def test_many_photos_are_saved_at_once_and_those_that_were_new_are_told(store: Store) -> None:
    other = Photo(PhotoId("b" * 64), 4, 3)
    faceless = ReadPhoto(other, (), Encodings("net", (), rows(), rows()), "hog")
    with store.write() as connection:
        assert photos.save_photos(connection, [], now=NOW) == frozenset()
        assert photos.save_photos(connection, [READ], now=NOW) == {PHOTO.id}
        assert photos.save_photos(connection, [READ, faceless, faceless], now=NOW) == {other.id}
    with store.read() as connection:
        assert photos.photos(connection) == [PHOTO, other]
        assert len(photos.faces(connection)) == 2
        assert rereading.photos_read_otherwise(connection, "hog") == frozenset()
        assert rereading.photos_read_otherwise(connection, "yunet") == {PHOTO.id, other.id}


FILE, COPY = PhotoFile("/a", "1.jpg", 5, 6), PhotoFile("/a", "2.jpg", 5, 7)


@pytest.fixture
def with_files(store: Store) -> Store:
    """A photo with two files, and one that was refused."""
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        photos.save_file(connection, FILE, photo=PHOTO.id)
        photos.save_file(connection, COPY, photo=PHOTO.id)
        photos.save_file(connection, PhotoFile("/a", "3.jpg", 0, 0), refused="no photo")
    return store


def test_a_photo_is_there_as_long_as_one_of_its_files_is(with_files: Store) -> None:
    with with_files.write() as connection:
        files.remove_files(connection, "/a", ["1.jpg"], now=NOW)
        assert photos.photos_there(connection) == [PHOTO]
        assert photos.files_of_photos(connection) == {PHOTO.id: [COPY]}
        files.remove_files(connection, "/a", ["2.jpg"], now=NOW)
        assert photos.photos_there(connection) == []
        assert (photos.count_photos(connection), photos.photos(connection)) == (0, [PHOTO])
        assert photos.files_of_photos(connection) == {}
        assert files.files_there(connection, [PHOTO.id]) == []
        assert files.photos_of_size(connection, 5, most=9) == [PHOTO.id], "it may return elsewhere"
        assert files.photos_of_size(connection, 5, most=0) == []
        assert [known.removed for known in photos.known_files(connection)] == [True, True, False]
        files.return_files(connection, "/a", ["1.jpg"])
        assert photos.count_photos(connection) == 1
        photos.save_file(connection, COPY, photo=PHOTO.id)
        assert len(files.files_there(connection, [PHOTO.id])) == 2, "saved, it is back"


def test_refused_files_are_listed(with_files: Store) -> None:
    with with_files.read() as connection:
        (refused,) = photos.refused_files(connection)
        assert (refused.file.path, refused.refused) == ("3.jpg", "no photo")
        assert files.photos_of_size(connection, 0, most=9) == []


def test_photos_without_a_face_are_counted_as_long_as_they_are_there(with_files: Store) -> None:
    with with_files.write() as connection:
        assert photos.count_without_faces(connection) == 0
        for number in range(3):
            photo = Photo(PhotoId(f"{number:064}"), 4, 3)
            none = ReadPhoto(photo, (), Encodings("net", (), rows(), rows()))
            photos.save_photo(connection, none, now=NOW)
            photos.save_file(connection, PhotoFile("/a", f"x{number}", 1, 1), photo=photo.id)
        assert photos.count_without_faces(connection) == 3
        sample = photos.sample_without_faces(connection, 2)
        assert [known.file.path for known in sample] == ["x0", "x1"]
        files.remove_files(connection, "/a", ["x0"], now=NOW)
        assert photos.count_without_faces(connection) == 2
        sample = photos.sample_without_faces(connection, 2)
        assert [known.file.path for known in sample] == ["x1", "x2"]
        assert photos.sample_without_faces(connection, 0) == []


def test_photos_without_a_face_are_listed_however_many(store: Store) -> None:
    ids = [PhotoId(f"{number:064}") for number in range(30)]
    empty = Encodings("net", (), rows(), rows())
    with store.write() as connection:
        photos.save_photos(
            connection, [ReadPhoto(Photo(one, 4, 3), (), empty) for one in ids], now=NOW
        )
        for one in ids:
            photos.save_file(connection, PhotoFile("/p", f"{one}.jpg", 5, 6), photo=one)
    with store.read() as connection:
        if connection.dialect.name == "sqlite":  # which takes 32,766 values unless told otherwise
            driver = connection.connection.driver_connection
            driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 10)
        listed = photos.sample_without_faces(connection, 30)
        assert [entry.photo for entry in listed] == ids
        assert len(files.photos_of_size(connection, 5, most=7)) == 7


def test_a_photo_looked_through_again_has_what_was_found(store: Store) -> None:
    wider, new = Box(8, 20, 34, 40), Box(300, 200, 20, 20)
    found = tuple(
        Face(FaceId(name), PHOTO.id, box, 0.5, detector="yunet", sharpness=0.75)
        for name, box in (("new", new), ("seen", wider))
    )
    read = ReadPhoto(
        PHOTO,
        found,
        Encodings("net", (FaceId("new"), FaceId("seen")), rows(7, 8), rows(7, 8)),
        "yunet",
    )
    cluster = Cluster(ClusterId("c"), (LEFT.id, RIGHT.id))
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        loose = [LooseFace(face.id, cluster.id, 0.5) for face in (LEFT, RIGHT)]
        clusters.save_run(connection, "run", [cluster], loose=loose, how={}, now=NOW)
        proposals = [Proposal(face.id, None, 0.5, "run") for face in (LEFT, RIGHT)]
        clusters.replace_proposals(connection, proposals)
        photos.save_encodings(connection, Encodings("other", (LEFT.id,), rows(5), rows(5)))
        again = find_again(photos.faces(connection), found, spoken_of=())
        rereading.renew_photo(connection, read, again)
    with store.read() as connection:
        assert photos.faces(connection) == [replace(found[1], id=LEFT.id), found[0]]
        encoded = photos.encodings(connection, "net")
        assert encoded.faces == (LEFT.id, "new")
        np.testing.assert_array_equal(encoded.plain, rows(8, 7))
        assert photos.encodings(connection, "other").faces == (), "of another box"
        assert clusters.clusters(connection) == [Cluster(ClusterId("c"), (LEFT.id,))]
        assert clusters.loose_faces(connection) == loose[:1]
        assert clusters.proposals(connection).keys() == {LEFT.id}
        assert rereading.photos_read_otherwise(connection, "yunet") == frozenset()


def test_a_photo_read_before_dates_were_gets_its_date_when_it_is_read_again(store: Store) -> None:
    undated = replace(READ, photo=replace(PHOTO, taken_at=None))
    with store.write() as connection:
        photos.save_photo(connection, undated, now=NOW)
        assert photos.photos(connection) == [undated.photo]
        again = find_again(photos.faces(connection), READ.faces, spoken_of=())
        rereading.renew_photo(connection, READ, again)
        assert photos.photos(connection) == [PHOTO]


def test_looking_again_and_finding_nothing_keeps_what_somebody_spoke_of(store: Store) -> None:
    nothing = ReadPhoto(PHOTO, (), Encodings("net", (), rows(), rows()), "yunet")
    with store.write() as connection:
        photos.save_photo(connection, READ, now=NOW)
        again = find_again(photos.faces(connection), (), spoken_of={LEFT.id})
        rereading.renew_photo(connection, nothing, again)
        assert photos.faces(connection) == [LEFT]
        assert photos.encodings(connection, "net").faces == (LEFT.id,)
