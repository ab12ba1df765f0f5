import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from faces import adopting as module
from faces.adopting import GivenPhoto, adopting, face_there, sweep_given
from faces.errors import Busy, SetupError
from faces.media import Media
from faces.records import (
    NETWORK,
    Box,
    Encodings,
    Face,
    FaceId,
    Photo,
    PhotoFile,
    PhotoId,
    ReadPhoto,
    face_id_of_box,
)
from faces.store import files, given, owing, photos
from faces.store.database import Store
from faces.turning import turned_face, turned_photo

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BOXES = (Box(10, 20, 40, 50), Box(200, 20, 40, 50))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    store.migrate(lock=tmp_path / "migrate.lock")
    return store


@pytest.fixture
def media(tmp_path: Path) -> Media:
    return Media(media=tmp_path / "media", workspace=tmp_path)


@pytest.fixture
def picture(tmp_path: Path) -> GivenPhoto:
    return a_picture(tmp_path, b"a picture")


def a_picture(folder: Path, content: bytes, name: str = "party.jpg") -> GivenPhoto:
    photo = Photo(PhotoId(hashlib.sha256(content).hexdigest()), 400, 300)
    shown = tuple(
        Face(face_id_of_box(photo.id, box), photo.id, box, 2.0, detector="yunet") for box in BOXES
    )
    rows = np.eye(2, 128, dtype=np.float32)
    encodings = Encodings(NETWORK, tuple(face.id for face in shown), rows, rows)
    place = folder / f"upload-{photo.id[:8]}"
    place.write_bytes(content)
    crops = {face.id: b"crop " + face.id.encode() for face in shown}
    read = ReadPhoto(photo, shown, encodings)
    return GivenPhoto(name, place, read, b"preview", crops)


def adopt(store: Store, media: Media, *pictures: GivenPhoto) -> tuple[int, int]:
    with adopting(store, pictures, media=media, now=NOW) as adopted:
        return len(adopted.added), len(adopted.known)


def rows_of(store: Store) -> tuple[list[Photo], list[Face], list[PhotoFile]]:
    with store.read() as connection:
        lying = [known.file for known in photos.known_files(connection) if not known.removed]
        return photos.photos_there(connection), photos.faces(connection), lying


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_picture_is_a_photo_of_the_project_with_all_that_reading_one_makes(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    assert adopt(store, media, picture) == (1, 0)
    there, shown, (file,) = rows_of(store)
    assert there == [picture.read.photo]
    assert shown == list(picture.read.faces)
    assert (Path(file.root) / file.path).read_bytes() == b"a picture", "as it came"
    assert file.path == f"{picture.read.photo.id[:16]}/party.jpg"
    assert media.preview(picture.read.photo.id).read_bytes() == b"preview"
    assert media.crop(shown[0].id).read_bytes() == b"crop " + shown[0].id.encode()
    with store.read() as connection:
        encoded = photos.encodings(connection, NETWORK)
        assert set(encoded.faces) == {face.id for face in shown}
        assert given.waits_to_be_grouped(connection)


def test_a_picture_that_is_given_twice_is_one_photo(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    adopt(store, media, picture)
    before = rows_of(store)
    assert adopt(store, media, replace(picture, name="again.jpg")) == (0, 1)
    assert rows_of(store) == before
    assert len(files_below(media.given)) == 1


def test_a_photo_of_the_project_is_not_doubled(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    with store.write() as connection:
        photos.save_photo(connection, picture.read, now=NOW)
        lying = PhotoFile("/photos", "mine.jpg", 9, 9)
        photos.save_file(connection, lying, photo=picture.read.photo.id)
    assert adopt(store, media, picture) == (0, 1)
    assert rows_of(store)[2] == [lying]
    assert not media.given.exists()
    with store.read() as connection:
        assert not given.waits_to_be_grouped(connection)


def test_a_photo_that_was_gone_is_back_as_it_was(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    with store.write() as connection:
        photos.save_photo(connection, picture.read, now=NOW)
        lying = PhotoFile("/photos", "mine.jpg", 9, 9)
        photos.save_file(connection, lying, photo=picture.read.photo.id)
        files.remove_files(connection, "/photos", ["mine.jpg"], now=NOW)
    assert adopt(store, media, picture) == (1, 0)
    there, shown, (file,) = rows_of(store)
    assert (there, shown) == ([picture.read.photo], list(picture.read.faces))
    assert Path(file.root) == media.given


def test_what_fails_leaves_neither_files_nor_rows(
    store: Store, media: Media, picture: GivenPhoto, tmp_path: Path
) -> None:
    other = a_picture(tmp_path, b"another")
    before = files_below(tmp_path / "media"), rows_of(store)
    with pytest.raises(ZeroDivisionError), adopting(store, [picture, other], media=media, now=NOW):
        raise ZeroDivisionError
    assert (files_below(tmp_path / "media"), rows_of(store)) == before
    assert files_below(media.given) == files_below(media.crops) == {}


def test_what_fails_takes_nothing_that_was_there_before(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    adopt(store, media, picture)
    before = files_below(media.given), files_below(media.crops), rows_of(store)
    with pytest.raises(ZeroDivisionError), adopting(store, [picture], media=media, now=NOW):
        raise ZeroDivisionError
    assert (files_below(media.given), files_below(media.crops), rows_of(store)) == before


def test_a_full_disk_is_told_and_nothing_is_kept(
    store: Store, media: Media, picture: GivenPhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FREE_BYTES", 1 << 62)
    with pytest.raises(Busy, match="no room"):
        adopt(store, media, picture)
    assert rows_of(store) == ([], [], [])
    assert files_below(media.given) == files_below(media.crops) == {}


def test_what_a_killed_process_left_is_removed_and_what_is_noted_or_new_stays(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    adopt(store, media, picture)
    left = media.given / "left" / "behind.jpg"
    left.parent.mkdir()
    left.write_bytes(b"nobody knows of it")
    written = datetime.fromtimestamp(left.stat().st_mtime, UTC)
    sweep_given(store, media, now=written + timedelta(minutes=30))
    assert left.exists()
    sweep_given(store, media, now=written + timedelta(hours=2))
    assert list(files_below(media.given).values()) == [b"a picture"]


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_kept(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    media.given.write_text("no folder")
    with pytest.raises(SetupError, match="cannot be written"):
        adopt(store, media, picture)
    assert rows_of(store) == ([], [], [])
    assert files_below(media.crops) == {}


@pytest.mark.parametrize("name", ["", ".hidden.jpg", "../up.jpg", "a\\b.jpg", "a\0.jpg"])
def test_a_name_that_is_not_safe_is_refused(picture: GivenPhoto, name: str) -> None:
    with pytest.raises(ValueError, match="no safe name"):
        replace(picture, name=name)


def test_a_push_is_owed_even_if_one_goes_on_meanwhile(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    owing.end_push(store, owing.begin_push(store), version=None)
    assert not owing.owes_push(store, version=None)
    begun = owing.begin_push(store)
    adopt(store, media, picture)
    owing.end_push(store, begun, version=None)
    assert owing.owes_push(store, version=None)
    owing.end_push(store, owing.begin_push(store), version=None)
    assert not owing.owes_push(store, version=None)


def test_photos_are_found_where_the_workspace_was_moved_to(
    store: Store, media: Media, picture: GivenPhoto, tmp_path: Path
) -> None:
    adopt(store, media, picture)
    with store.write() as connection:
        given.follow_folder(connection, tmp_path / "moved" / "given")
    (file,) = rows_of(store)[2]
    assert file.root == str(tmp_path / "moved" / "given")


def test_a_face_is_found_under_the_id_that_it_has(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    first, second = picture.read.faces
    moved = replace(first, id=FaceId("drawn"), box=Box(12, 22, 40, 50), drawn=True, detector="")
    with store.write() as connection:
        photos.save_photo(connection, replace(picture.read, faces=(), encodings=_none()), now=NOW)
        photos.save_faces(connection, [moved])
        assert face_there(connection, picture.read, first.id) == "drawn"
        added = face_there(connection, picture.read, second.id)
        assert added == second.id, "nobody had found this one"
        assert face_there(connection, picture.read, second.id) == added
        missing = photos.faces_without_encoding(connection, NETWORK)
        assert {face.id for face in missing} == {"drawn", added}, "the next pull encodes them"


def test_a_face_is_found_in_a_photo_that_was_turned(
    store: Store, media: Media, picture: GivenPhoto
) -> None:
    read = picture.read
    turned = tuple(
        replace(turned_face(face, 1, read.photo), id=FaceId(f"t{place}"))
        for place, face in enumerate(read.faces)
    )
    lying = ReadPhoto(turned_photo(read.photo, 1), turned, _none(), "yunet")
    with store.write() as connection:
        photos.save_photo(connection, lying, now=NOW)
        found = [face_there(connection, read, face.id) for face in read.faces]
    assert found == ["t0", "t1"]


def _none() -> Encodings:
    nothing = np.empty((0, 128), dtype=np.float32)
    return Encodings(NETWORK, (), nothing, nothing)
