"""The page that `faceloop cluster --report` writes, on a workspace with synthetic faces."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from faceloop import report
from faceloop.report import write_report
from faceloop.report_map import MOST_FACES, FaceMap, lay_out, sample
from faceloop.report_page import Known, Report, report_of
from faceloop.report_tiles import Tiles
from faceloop.workspace import prepare, settings_for
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict, Word
from faces.cut import Cut
from faces.errors import SetupError
from faces.media import media_of
from faces.pictures import CROP_PX, jpeg_bytes
from faces.records import (
    ENCODING_LENGTH,
    NETWORK,
    Box,
    Cluster,
    ClusterId,
    Encodings,
    Face,
    FaceId,
    LooseFace,
    MergeCandidate,
    PersonId,
    Photo,
    PhotoFile,
    PhotoId,
    ReadPhoto,
)
from faces.settings import Settings
from faces.store import clusters, log, photos
from faces.store.database import Store
from tests.faceloop.pages import HOSTILE, Elements

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CUT = Cut(
    np.eye(ENCODING_LENGTH, 80, dtype=np.float32), reach=0.03, single=0.06, growth=0.01, faces=7
)
CROP = jpeg_bytes(np.full((CROP_PX, CROP_PX, 3), 90, np.uint8))


@dataclass
class Workspace:
    """A store, and short ways to fill it."""

    settings: Settings
    store: Store
    page: Path

    def add(self, count: int, *, first: int = 0, folder: str = "trip") -> tuple[FaceId, ...]:
        """Photos with a face each, with crops."""
        numbers = range(first, first + count)
        found = [FaceId(f"f{number:016x}") for number in numbers]
        with self.store.write() as connection:
            for number, face in zip(numbers, found, strict=True):
                photos.save_photo(connection, _photo(number, face), now=NOW)
                file = PhotoFile("/photos", f"{folder}/{number}.jpg", 10, 10)
                photos.save_file(connection, file, photo=PhotoId(f"{number:064x}"))
                self.crop(face).parent.mkdir(parents=True, exist_ok=True)
                self.crop(face).write_bytes(CROP)
        return tuple(found)

    def crop(self, face: FaceId) -> Path:
        return media_of(self.settings).crop(face)

    def group(
        self,
        *found: Cluster,
        near: tuple[MergeCandidate, ...] = (),
        loose: tuple[LooseFace, ...] = (),
    ) -> None:
        with self.store.write() as connection:
            clusters.save_cut(connection, "cut-1", CUT.to_json(), network=NETWORK, now=NOW)
            clusters.save_run(
                connection, "people-1", found, near=near, loose=loose, how={}, now=NOW
            )

    def say(self, *words: Word, place: str = "annotation:1") -> None:
        with self.store.write() as connection:
            log.append(connection, Occasion("Ada", NOW, place), words)

    def report(self) -> str:
        write_report(self.settings, self.store, self.page)
        return self.page.read_text(encoding="utf-8")


def _photo(number: int, face: FaceId) -> ReadPhoto:
    photo = Photo(PhotoId(f"{number:064x}"), 400, 300)
    found = Face(face, photo.id, Box(10, 10, 90, 90), 0.9, detector="yunet", sharpness=1.0)
    row = np.random.default_rng(number).normal(size=(1, ENCODING_LENGTH)).astype(np.float32)
    return ReadPhoto(photo, (found,), Encodings(NETWORK, (face,), row, row), "yunet")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    settings = settings_for(tmp_path / "workspace")
    return Workspace(settings, prepare(settings), tmp_path / "groups.html")


def cluster(name: str, faces: tuple[FaceId, ...], confidence: float = 0.97) -> Cluster:
    places = tuple(np.linspace(1, 0.2, len(faces)).tolist())
    return Cluster(ClusterId(name), faces, confidence, places)


def shown(*found: Cluster) -> Report:
    """What is shown of these groups, without any crops."""
    files = {face: f"{face[1:]}.jpg" for one in found for face in one.faces}
    known = Known(found, (), (), (), 0, len(files), {}, files, None, "people-1", ())
    return report_of(known, FaceMap((), (), 0), Tiles(lambda face: Path("nowhere") / face))


def test_an_empty_workspace_has_a_page_that_says_what_to_do(workspace: Workspace) -> None:
    words = Elements(workspace.report()).words
    assert "No faces yet" in words
    assert "This page holds faces" in words


def test_one_face_is_counted_and_in_no_group(workspace: Workspace) -> None:
    workspace.add(1)
    page = Elements(workspace.report())
    assert "1 face 0 groups 1 in no group" in page.words
    assert page.faces() == []


def test_groups_stand_the_largest_first_with_names_and_trust(workspace: Workspace) -> None:
    many, few = workspace.add(5), workspace.add(2, first=5)
    workspace.group(cluster("c1", many), cluster("c2", few, 0.3))
    anna = PersonId("p1")
    workspace.say(PersonCreated(anna, "Anna"), FaceVerdict(many[0], Verdict.IS, anna))
    page = Elements(workspace.report())
    assert "Anna group 1, 5 faces, 1 confirmed 97 % sure" in page.words
    assert "Group 2 2 faces 30 % sure" in page.words
    assert page.words.index("Anna group 1") < page.words.index("Group 2 2 faces")
    assert len(page.faces()) == 5 + 2 + 2  # the doubtful group stands in its own section, too
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.faces())


def test_faces_stand_typical_first_whatever_their_order_in_the_store(workspace: Workspace) -> None:
    first, second, third = workspace.add(3)
    workspace.group(Cluster(ClusterId("c1"), (first, second, third), 0.9, (0.2, 1.0, 0.6)))
    titles = [seen.get("title") for tag, seen in Elements(workspace.report()).seen if tag == "img"]
    assert titles == ["1.jpg", "2.jpg", "0.jpg"]


def test_of_a_large_group_the_middle_is_counted() -> None:
    faces = tuple(FaceId(f"f{number}") for number in range(50))
    [group] = shown(cluster("c1", faces)).groups
    titles = [tile.title for tile in (*group.first, *group.last)]
    assert titles == [f"{number}.jpg" for number in (*range(30), *range(40, 50))]
    assert group.more == 10


def test_of_many_groups_the_small_ones_are_counted() -> None:
    faces = [FaceId(f"f{number:03}") for number in range(320)]
    pairs = [cluster(f"c{n:03}", (faces[2 * n], faces[2 * n + 1])) for n in range(160)]
    found = shown(*pairs)
    assert len(found.groups) == 150
    assert (found.groups_in_all, found.left_out) == (160, 10)
    assert [(bar.label, bar.groups, bar.faces) for bar in found.bars] == [("2", 160, 320)]


def test_pairs_that_may_be_one_person_stand_side_by_side(workspace: Workspace) -> None:
    faces = workspace.add(8)
    near = MergeCandidate(ClusterId("c1"), ClusterId("c2"), 0.42)
    workspace.group(cluster("c1", faces[:4]), cluster("c2", faces[4:]), near=(near,))
    page = Elements(workspace.report())
    assert "Group 1 4 faces 42 % likely" in page.words
    assert len(page.faces()) == 8 + 3 + 3


def test_a_single_face_stands_beside_the_group_it_may_be_of_the_likeliest_pair_first(
    workspace: Workspace,
) -> None:
    faces = workspace.add(9)
    near = MergeCandidate(ClusterId("c1"), ClusterId("c2"), 0.42)
    loose = LooseFace(faces[8], ClusterId("c2"), 0.61)
    found = cluster("c1", faces[:4]), cluster("c2", faces[4:8])
    workspace.group(*found, near=(near,), loose=(loose,))
    page = Elements(workspace.report())
    assert "2 pairs that may be one person" in page.words
    likelier, other = page.words.index("61 % likely"), page.words.index("42 % likely")
    assert likelier < other
    assert "Group 2 4 faces 61 % likely In no group 1 face" in page.words


def test_names_and_file_names_are_text_and_never_markup(workspace: Workspace) -> None:
    faces = workspace.add(3, folder=HOSTILE.replace("/", "\u2044"))
    evil = workspace.add(1, first=3)[0]
    workspace.group(cluster("c1", (*faces, evil)))
    workspace.say(
        PersonCreated(PersonId("p1"), HOSTILE), FaceVerdict(evil, Verdict.IS, PersonId("p1"))
    )
    page = Elements(workspace.report())
    assert HOSTILE in page.words
    assert "script" not in {tag for tag, _ in page.seen}
    assert not any(name.startswith("on") for _, seen in page.seen for name in seen)


def test_the_page_asks_nothing_of_any_other_host(workspace: Workspace) -> None:
    workspace.group(cluster("c1", workspace.add(6)))
    page = workspace.report()
    asked = [
        seen[name] or ""
        for _, seen in Elements(page).seen
        for name in ("src", "href", "srcset", "action", "data")
        if name in seen
    ]
    assert asked
    assert all(address.startswith(("data:", "#")) for address in asked)
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_a_crop_that_is_gone_or_broken_leaves_an_empty_tile(workspace: Workspace) -> None:
    faces = workspace.add(4)
    workspace.crop(faces[0]).unlink()
    workspace.crop(faces[1]).write_bytes(b"no picture")
    workspace.group(cluster("c1", faces))
    page = Elements(workspace.report())
    assert len(page.faces()) == 2
    assert page.words.count("gone") == 2


def test_groups_that_tell_nothing_of_trust_are_shown_all_the_same(workspace: Workspace) -> None:
    faces = workspace.add(3)
    with workspace.store.write() as connection:
        found = [Cluster(ClusterId("c1"), faces)]
        clusters.save_run(connection, "dbscan-1", found, how={}, now=NOW)
    page = Elements(workspace.report())
    assert "Group 1 3 faces" in page.words
    assert "% sure" not in page.words
    assert "plain DBSCAN" in page.words


def test_only_the_owner_may_read_the_page(workspace: Workspace) -> None:
    workspace.page.write_text("before")
    workspace.page.chmod(0o644)
    workspace.report()
    assert stat.S_IMODE(workspace.page.stat().st_mode) == 0o600


def test_where_the_page_cannot_be_put_nothing_is_left_behind(workspace: Workspace) -> None:
    (workspace.page / "something").mkdir(parents=True)
    beside = sorted(workspace.page.parent.iterdir())
    with pytest.raises(SetupError, match="cannot be written"):
        workspace.report()
    assert sorted(workspace.page.parent.iterdir()) == beside


def test_a_page_that_fails_half_way_leaves_the_one_before(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.page.write_text("before")
    monkeypatch.setattr(report, "render", lambda *_, **__: b"not a text")
    with pytest.raises(TypeError):
        workspace.report()
    assert workspace.page.read_text() == "before"
    assert len([path for path in workspace.page.parent.iterdir() if path.is_file()]) == 1


def test_a_page_that_cannot_be_written_is_said_in_a_line(workspace: Workspace) -> None:
    workspace.page = workspace.page.parent / "nowhere" / "groups.html"
    with pytest.raises(SetupError, match="cannot be written"):
        workspace.report()


def test_the_map_keeps_neighbours_together() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(4), 12)
    rows = np.eye(8, dtype=np.float32)[person] + rng.normal(scale=0.05, size=(48, 8))
    places = lay_out(rows.astype(np.float32))
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(48)
    assert (person[distances.argmin(axis=1)] == person).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 40])
def test_the_map_has_a_place_for_each_of_any_number_of_faces(count: int) -> None:
    same = lay_out(np.ones((count, 8), np.float32))
    different = lay_out(np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32))
    assert same.shape == different.shape == (count, 2)
    assert np.isfinite(same).all()
    assert np.isfinite(different).all()


def test_of_too_many_faces_the_map_shows_the_same_ones_each_time() -> None:
    faces = [FaceId(f"f{number}") for number in range(MOST_FACES + 10)]
    assert sample(faces) == sample(faces[::-1])
    assert len(sample(faces)) == MOST_FACES
