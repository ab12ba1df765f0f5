from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces.errors import AlbumGone
from faces.versions import ModelVersion
from serve.album import Progress
from serve.limits import Limits
from serve.namer import Namer
from serve.namings import Namings
from tests.serve.conftest import BEGAN, Clock
from tests.serve.pictures import BOXES, Portraits, given_in, picture

Learn = Callable[..., ModelVersion]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "named"


@pytest.fixture
def namings(
    place: Path, models: Any, portraits: Portraits, clock: Clock, learn: Learn
) -> Iterator[Namings]:
    """Namings by a version that knows the people with the numbers 1 and 2."""
    learn(Anna=np.eye(128)[1], Ida=np.eye(128)[2])
    reader: Any = portraits
    with Namings(place, Namer(models, reader, None), Limits(pictures=3), now=clock) as namings:
        yield namings


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_faces_are_named_and_a_file_that_is_no_picture_is_told_of(
    namings: Namings, portraits: Portraits, tmp_path: Path
) -> None:
    group = portraits.show(picture(1), (2, 3, 1))
    given = given_in(tmp_path, [("a.jpg", group), ("b.jpg", b"no picture")])
    told: list[Progress] = []
    naming = namings.name(given, tell=told.append)
    [named] = naming.pictures
    assert [face.name for face in named.faces] == ["Ida", None, "Anna"]
    assert (named.number, named.name, named.largest) == (1, "a.jpg", 2)
    assert [refused.called for refused in naming.refused] == ["b.jpg"]
    assert [(now.done, now.total) for now in told] == [(0, 2), (1, 2)]


def test_each_face_is_kept_with_its_id_and_its_encoding(
    namings: Namings, portraits: Portraits, tmp_path: Path
) -> None:
    group = portraits.show(picture(1), (2, 1))
    [named] = namings.name(given_in(tmp_path, [("a.jpg", group)])).pictures
    for number, face in enumerate(named.faces):
        found = next(one for one in named.read.faces if one.id == face.id)
        assert found.box == face.box == BOXES[number]
        row = named.read.encodings.plain[named.read.encodings.faces.index(found.id)]
        assert np.argmax(row) == (2, 1)[number]


def test_what_is_shown_of_a_picture_has_no_gps_and_the_picture_itself_stays_as_it_came(
    namings: Namings, portraits: Portraits, tmp_path: Path
) -> None:
    content = portraits.show(picture(1, gps=True), (1, 2))
    naming = namings.name(given_in(tmp_path, [("a.jpg", content)]))
    with namings.open(naming.id) as opened:
        assert opened.files.picture(1).read_bytes() == content
        for shown in (opened.files.drawn(1), opened.files.crop(1, 1), opened.files.crop(1, 2)):
            with Image.open(shown) as image:
                assert not image.getexif()


def test_pictures_are_gone_after_their_time_and_when_they_are_removed(
    namings: Namings, portraits: Portraits, tmp_path: Path, place: Path, clock: Clock
) -> None:
    given = given_in(tmp_path, [("a.jpg", portraits.show(picture(1), (1,)))])
    first, second = namings.name(given), namings.name(given)
    assert first.until == BEGAN + timedelta(minutes=60)
    namings.remove(second.id)
    with pytest.raises(AlbumGone), namings.open(second.id):
        pass
    with namings.open(first.id):
        clock.now = first.until
    assert files_in(place) == []
    with pytest.raises(AlbumGone, match="kept for 60 minutes"), namings.open(first.id):
        pass


def test_pictures_beyond_the_most_are_left_out(
    namings: Namings, portraits: Portraits, tmp_path: Path
) -> None:
    given = [(f"{n}.jpg", portraits.show(picture(n), (1,))) for n in range(5)]
    naming = namings.name(given_in(tmp_path, given))
    assert [one.called for one in naming.pictures] == ["0.jpg", "1.jpg", "2.jpg"]
    assert [one.called for one in naming.refused] == ["3.jpg", "4.jpg"]


def test_nothing_stays_of_what_could_not_be_named(
    namings: Namings, portraits: Portraits, tmp_path: Path, place: Path
) -> None:
    def leave(_now: Progress) -> None:
        raise KeyboardInterrupt

    given = given_in(tmp_path, [("a.jpg", portraits.show(picture(1), (1,)))])
    with pytest.raises(KeyboardInterrupt):
        namings.name(given, tell=leave)
    assert list(place.iterdir()) == []
