from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faces.errors import AlbumGone, Busy
from serve.album import Progress
from serve.albums import Albums
from serve.limits import Limits
from tests.serve.conftest import BEGAN, Clock
from tests.serve.pictures import BOXES, Portraits, album_of, given_in, picture


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "albums"


@pytest.fixture
def albums(place: Path, portraits: Portraits, clock: Clock) -> Iterator[Albums]:
    with opened(place, portraits, Limits(), clock) as albums:
        yield albums


def opened(place: Path, portraits: Portraits, limits: Limits, clock: Clock) -> Albums:
    return Albums(place, portraits, limits, now=clock, threads=2)  # type: ignore[arg-type]


def test_whoever_looks_alike_is_one_cluster_and_whoever_is_alone_is_apart(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    album = albums.make(given_in(tmp_path, album_of(portraits)))
    assert [cluster.number for cluster in album.clusters] == [1, 2]
    assert [len(cluster.faces) for cluster in album.clusters] == [6, 6]
    assert sorted(cluster.faces[0].box.left for cluster in album.clusters) == [10, 120]
    assert [(face.picture.name, face.box) for face in album.alone] == [("party 0.jpg", BOXES[2])]
    assert album.faces == 13
    for cluster in album.clusters:
        assert cluster.confidence is not None
        assert len({face.picture.number for face in cluster.faces}) == 6
        assert len({face.box for face in cluster.faces}) == 1


def test_no_picture_no_face_and_one_face_make_an_album_without_clusters(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    assert albums.make([]).faces == 0
    nobody = albums.make(given_in(tmp_path / "nobody", [("a.jpg", picture(1))]))
    assert (len(nobody.pictures), nobody.faces, nobody.clusters) == (1, 0, ())
    content = portraits.show(picture(2), (1,))
    one = albums.make(given_in(tmp_path / "one", [("a.jpg", content)]))
    assert (one.clusters, len(one.alone)) == ((), 1)


def test_a_broken_file_is_refused_with_its_reason_and_the_others_go_on(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    good = album_of(portraits)
    given = given_in(tmp_path, [*good[:3], ("notes.jpg", b"no picture"), *good[3:]])
    album = albums.make(given)
    assert [refused.called for refused in album.refused] == ["notes.jpg"]
    assert "notes.jpg is no picture that can be opened" in album.refused[0].reason
    assert (len(album.pictures), len(album.clusters)) == (6, 2)


def test_a_picture_that_is_there_twice_counts_once(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    good = album_of(portraits)
    album = albums.make(given_in(tmp_path, [*good, ("copy.jpg", good[0][1])]))
    assert [(one.called, one.reason) for one in album.refused] == [
        ("copy.jpg", "it is the same picture as party 0.jpg")
    ]
    assert album.faces == 13


@pytest.mark.parametrize(
    ("limits", "refused", "reason"),
    [
        (Limits(pictures=4), 2, "at most 4 pictures are taken at once"),
        (Limits(album_mb=0), 6, "at most 0 MB are taken at once"),
        (Limits(picture_mb=0), 6, "is larger than 0 MB; make it smaller"),
        (Limits(megapixels=0), 6, "megapixels, more than 0; shrink it"),
        (Limits(seconds=-1), 6, "there was no time left for it; give fewer pictures at once"),
    ],
)
def test_what_is_more_than_the_limits_is_refused_in_one_line(
    place: Path,
    portraits: Portraits,
    clock: Clock,
    tmp_path: Path,
    limits: Limits,
    refused: int,
    reason: str,
) -> None:
    with opened(place, portraits, limits, clock) as albums:
        album = albums.make(given_in(tmp_path, album_of(portraits)))
    assert len(album.refused) == refused
    assert len(album.pictures) == 6 - refused
    for one in album.refused:
        assert reason in one.reason
        assert len(one.reason.splitlines()) == 1


def test_a_full_disk_is_told_kindly(
    albums: Albums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.keeping._FREE_BYTES", 1 << 60)
    with pytest.raises(Busy, match="no room for these pictures now; try again"):
        albums.make(given_in(tmp_path, [("a.jpg", picture(1))]))


def test_progress_is_told_with_the_time_that_is_left(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    told: list[Progress] = []
    albums.make(given_in(tmp_path, album_of(portraits)), tell=told.append)
    assert [(one.done, one.total) for one in told] == [(done, 6) for done in range(7)]
    assert told[0].seconds_left is None
    assert all(one.seconds_left is not None and one.seconds_left >= 0 for one in told[1:])
    assert told[-1].seconds_left == 0


def test_an_album_whose_visitor_leaves_is_not_kept(
    albums: Albums, portraits: Portraits, place: Path, tmp_path: Path
) -> None:
    def leave(now: Progress) -> None:
        if now.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        albums.make(given_in(tmp_path, album_of(portraits)), tell=leave)
    assert list(place.iterdir()) == []


def test_an_album_is_kept_for_its_time_and_then_gone_with_all_its_files(
    albums: Albums, portraits: Portraits, place: Path, clock: Clock, tmp_path: Path
) -> None:
    album = albums.make(given_in(tmp_path, album_of(portraits)))
    assert album.until == BEGAN + timedelta(minutes=60)
    with albums.open(album.id) as there:
        assert there.album == album
    clock.now = album.until
    with pytest.raises(AlbumGone, match="kept for 60 minutes; give them again"), ExitStack() as now:
        now.enter_context(albums.open(album.id))
    albums.sweep()
    assert list(place.iterdir()) == []


def test_an_album_whose_time_is_over_stays_until_it_is_no_longer_read(
    albums: Albums, portraits: Portraits, place: Path, clock: Clock, tmp_path: Path
) -> None:
    album = albums.make(given_in(tmp_path, album_of(portraits)))
    with albums.open(album.id) as there:
        clock.now = album.until
        albums.sweep()
        assert there.files.picture(1).exists()
    assert list(place.iterdir()) == []


def test_what_a_visitor_no_longer_wants_goes_at_once(
    albums: Albums, portraits: Portraits, place: Path, tmp_path: Path
) -> None:
    album = albums.make(given_in(tmp_path, album_of(portraits)))
    albums.remove(album.id)
    albums.remove(album.id)
    assert list(place.iterdir()) == []


def test_nothing_is_left_at_the_start_or_at_the_end(
    place: Path, portraits: Portraits, clock: Clock, tmp_path: Path
) -> None:
    (place / "left").mkdir(parents=True)
    with opened(place, portraits, Limits(), clock) as albums:
        assert list(place.iterdir()) == []
        albums.make(given_in(tmp_path, album_of(portraits)))
        with albums.incoming() as coming:
            assert coming.parent == place
        assert len(list(place.iterdir())) == 1
    assert not place.exists()


def test_only_the_owner_looks_into_the_folders(
    albums: Albums, portraits: Portraits, place: Path, tmp_path: Path
) -> None:
    albums.make(given_in(tmp_path, album_of(portraits)))
    with albums.incoming():
        folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_what_is_not_an_id_opens_no_album(albums: Albums, place: Path) -> None:
    (place / "somebody").mkdir()
    for guess in ("", ".", "..", "somebody", "../albums", "a" * 43):
        with pytest.raises(AlbumGone), ExitStack() as now:
            now.enter_context(albums.open(guess))


def test_the_files_that_were_given_stay_where_they_are(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    given = given_in(tmp_path, album_of(portraits))
    album = albums.make(given)
    albums.remove(album.id)
    assert [one.path.read_bytes() for one in given] == [c for _, c in album_of(portraits)]


def test_nothing_that_is_made_of_a_picture_says_where_it_was_taken(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    given = given_in(tmp_path, album_of(portraits))
    with Image.open(given[0].path) as original:
        assert original.getexif().get_ifd(0x8825)
    album = albums.make(given)
    with albums.open(album.id) as there:
        files = there.files
        made = [files.crop(face.id) for cluster in album.clusters for face in cluster.faces]
        made += [files.preview(one.number) for one in album.pictures]
        made += [files.montage("face-1", album.clusters[0].faces)]
        for path in made:
            with Image.open(path) as image:
                assert not image.getexif()
                assert "icc_profile" not in image.info


def test_a_picture_is_shown_with_a_box_around_each_face_of_the_cluster_alone(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    album = albums.make(given_in(tmp_path, album_of(portraits)))
    first = album.clusters[0]
    with albums.open(album.id) as there:
        drawn = there.files.drawn(first.pictures[0], first.faces)
    scale = drawn.shape[1] / 320
    plain = drawn[2, 2].astype(int)
    for box in BOXES:
        edge = drawn[round((box.top + 30) * scale), round((box.left + 0.7) * scale)].astype(int)
        is_drawn = bool(np.abs(edge - plain).max() > 60)
        assert is_drawn == (box == first.faces[0].box)


def test_ten_albums_at_once_are_each_right_and_few_pictures_are_in_hand(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    several = [
        given_in(tmp_path / str(turn), album_of(portraits, first_shade=10 * turn))
        for turn in range(10)
    ]
    together = threading.Barrier(10)

    def make(turn: int) -> list[int]:
        together.wait()
        album = albums.make(several[turn], here=turn == 3)
        assert {one.called for one in album.pictures} == {f"party {n}.jpg" for n in range(6)}
        with albums.open(album.id) as there:
            contents = {there.files.picture(n).read_bytes() for n in range(1, 7)}
        assert contents == {one.path.read_bytes() for one in several[turn]}
        return [len(cluster.faces) for cluster in album.clusters]

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(make, range(10))) == [[6, 6]] * 10
    assert portraits.most_at_once <= 2


def test_the_latest_album_is_that_of_this_machine(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    with pytest.raises(AlbumGone):
        albums.latest_here()
    given = given_in(tmp_path, album_of(portraits))
    mine = albums.make(given, here=True)
    assert albums.make(given).id != mine.id
    assert albums.latest_here() == mine.id


def test_ids_are_long_and_never_the_same(albums: Albums) -> None:
    ids = {albums.make([]).id for _ in range(20)}
    assert len(ids) == 20
    assert {len(one) for one in ids} == {43}
