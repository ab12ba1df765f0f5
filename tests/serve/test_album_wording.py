from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from faces.records import Box, FaceId
from serve.album import Album, AlbumCluster, AlbumFace, AlbumId, Picture, Progress, Refused
from serve.album_wording import album_cards, kept_for, progress, time_left
from serve.downloads import Links

NASTY = '<img src=x onerror="alert(1)">'
BOX = Box(1, 1, 50, 50)


def face(number: int, picture: int, *, name: str = "") -> AlbumFace:
    called = name or f"{picture}.jpg"
    return AlbumFace(FaceId(f"f{number}"), Picture(picture, called, called, 300, 200), BOX)


def album(*sizes: int, alone: int = 0, refused: tuple[Refused, ...] = ()) -> Album:
    """Clusters with so many faces, each face in a picture of its own."""
    clusters = tuple(
        AlbumCluster(n, tuple(face(10 * n + k, k + 1) for k in range(size)), 0.987)
        for n, size in enumerate(sizes, start=1)
    )
    others = tuple(face(k, k + 1) for k in range(alone))
    pictures = tuple(face(0, n + 1).picture for n in range(max((*sizes, alone), default=0)))
    until = datetime(2026, 3, 1, tzinfo=UTC)
    return Album(AlbumId("secret"), pictures, clusters, others, refused, until)


def cards(shown: Album) -> str:
    return album_cards(shown, Links(shown), minutes_kept=60)


def test_each_cluster_is_a_card_with_its_size_how_sure_it_is_and_its_zip() -> None:
    shown = cards(album(3, 2))
    assert shown.count("<article") == 2
    assert "3 faces in 3 pictures · 98% sure" in shown
    assert "/download/zip_face%231.zip?album=secret" in shown
    assert "/download/montage_face%232.jpg?album=secret" in shown
    assert "/download/zip_all.zip?album=secret" in shown


def test_a_card_has_every_picture_of_its_cluster_with_its_box() -> None:
    pictures = re.findall(r'<img loading="lazy" src="([^"]*)"', cards(album(3)))
    assert [one.partition("?")[0] for one in pictures] == [
        f"/download/picture_face%231_{number}.jpg" for number in (1, 2, 3)
    ]


def test_faces_in_no_cluster_are_apart_and_last() -> None:
    shown = cards(album(2, alone=1))
    assert shown.index("Face 1") < shown.index("In no group")
    assert "/download/zip_in-no-group.zip" in shown


def test_the_people_are_counted_and_it_is_said_how_long_the_pictures_are_kept() -> None:
    assert "<strong>2 people</strong> in 3 pictures with 5 faces." in cards(album(3, 2))
    assert "stay on this machine for 60 minutes" in cards(album(3, 2))
    assert "for 1 minute and" in kept_for(1)


def test_refused_files_are_told_with_their_reasons_each_name_once() -> None:
    refused = (
        Refused("a.jpg", "a.jpg is no picture that can be opened"),
        Refused("b.jpg", "it is the same picture as c.jpg"),
    )
    shown = cards(album(2, refused=refused))
    assert "2 files were left out:" in shown
    assert "<li>a.jpg is no picture that can be opened</li>" in shown
    assert "<li>b.jpg: it is the same picture as c.jpg</li>" in shown


def test_without_a_picture_a_face_or_two_alike_the_page_says_so_and_offers_no_empty_zip() -> None:
    nothing = cards(album(refused=(Refused("a.txt", "no picture"),)))
    assert "None of these files is a picture" in nothing
    assert "zip" not in nothing
    empty = album()
    no_faces = Album(empty.id, album(2).pictures, (), (), (), empty.until)
    assert "No face was found in 2 pictures" in cards(no_faces)
    assert "no two of them are surely one person" in cards(album(alone=2))


def test_no_name_of_a_file_can_carry_html() -> None:
    nasty = (face(1, 1, name=NASTY), face(2, 2, name=NASTY))
    given = album(2, refused=(Refused(NASTY, NASTY),))
    bad = Album(given.id, given.pictures, (AlbumCluster(1, nasty, None),), nasty, (), given.until)
    for shown in (cards(bad), cards(given)):
        assert "<img src=x" not in shown
        assert "&lt;img src=x" in shown


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "about 1 second left"),
        (7.2, "about 8 seconds left"),
        (99.5, "about 2 minutes left"),
        (130.0, "about 3 minutes left"),
    ],
)
def test_time_left_is_told_as_people_say_it_and_never_too_short(seconds: float, told: str) -> None:
    assert time_left(seconds) == told


def test_progress_says_how_many_are_done_and_then_that_they_are_grouped() -> None:
    assert "0 of 9 pictures read<" in progress(Progress(0, 9, None))
    assert "3 of 9 pictures read, about 6 seconds left" in progress(Progress(3, 9, 6.0))
    assert "9 pictures read; grouping the faces" in progress(Progress(9, 9, 0.0))
