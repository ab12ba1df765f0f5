from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from faces.errors import Busy
from serve.album import Album, Progress
from serve.albums import Albums
from serve.cluster_tab import making
from serve.limits import Limits
from tests.serve.pictures import Portraits, album_of, given_in


@pytest.fixture
def albums(tmp_path: Path, portraits: Portraits) -> Iterator[Albums]:
    with Albums(tmp_path / "albums", portraits, Limits(), threads=1) as albums:  # type: ignore[arg-type]  # finds what it was shown
        yield albums


def test_whoever_listens_hears_how_far_an_album_is_and_gets_it_at_last(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    given = given_in(tmp_path / "given", album_of(portraits))
    *progress, album = making(albums, given, here=True)
    assert isinstance(album, Album)
    assert len(album.clusters) == 2
    assert all(isinstance(now, Progress) for now in progress)
    assert albums.latest_here() == album.id


def test_an_album_that_nobody_waits_for_any_more_is_not_kept(
    albums: Albums, portraits: Portraits, tmp_path: Path
) -> None:
    given = given_in(tmp_path / "given", album_of(portraits))
    with closing(making(albums, given, here=True)) as news:
        assert isinstance(next(news), Progress)
    assert list((tmp_path / "albums").iterdir()) == []


def test_what_hinders_an_album_is_told_to_whoever_listens(
    albums: Albums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object, **_options: object) -> Album:
        raise Busy("there is no room")

    monkeypatch.setattr(albums, "make", full)
    with pytest.raises(Busy, match="no room"):
        list(making(albums, given_in(tmp_path / "given", []), here=False))
