"""What the annotators of `bench-backend` count as an error, and the photos that they open."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.backend_annotators import Desk, Wrong, open_alone
from benchmarks.backend_pages import Page, draw_pages
from benchmarks.backend_workspace import Tasks
from faceloop.demo_album import Album, AlbumFace
from faces.records import Box

PAGE = Page(Path("page.jpg"), 100, 75, (AlbumFace("Ada", 1, Box(10, 10, 20, 30)),))


class Answering:
    """Stands for a connection whose other side gives one answer to everything."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status, self.content = status, content

    def __call__(self, *_address: object, **_options: object) -> Answering:
        return self

    def request(self, *_asked: object, **_with: object) -> None:
        """Take a request."""

    def getresponse(self) -> Answering:
        return self

    def read(self) -> bytes:
        return self.content

    def close(self) -> None:
        """Nothing was opened."""


def desk() -> Desk:
    return Desk(1, "secret", Tasks((), (PAGE,), (PAGE,)), 0.0, lambda _known, _number: None)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b"{}"),
        (200, b"[]"),
        (200, b'{"results": []}'),
        (200, b'{"results": [{"result": [], "model_version": "v"}]}'),
        (200, b'{"results": [{"result": [{}, {}], "model_version": "v"}]}'),
    ],
)
def test_an_answer_that_label_studio_would_not_show_is_an_error(
    monkeypatch: pytest.MonkeyPatch, status: int, content: bytes
) -> None:
    monkeypatch.setattr(http.client, "HTTPConnection", Answering(status, content))
    alone: Any = desk()
    with pytest.raises(Wrong):
        open_alone(alone, PAGE, faces=1)
    assert alone.measured.errors.total() == 1


def test_an_answer_with_all_faces_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'{"results": [{"result": [{}], "model_version": "v"}]}'
    monkeypatch.setattr(http.client, "HTTPConnection", Answering(200, content))
    alone = desk()
    open_alone(alone, PAGE, faces=1)
    assert (alone.measured.requests, alone.measured.errors.total()) == (1, 0)
    assert alone.measured.p50_ms("predict_alone") == alone.measured.p99_ms("predict_alone")


def test_a_page_in_another_size_shows_its_portraits_where_they_are_said_to_be(
    tmp_path: Path,
) -> None:
    shown = Image.new("RGB", (1280, 960), "white")
    shown.paste("black", (320, 240, 640, 480))
    shown.save(tmp_path / "page.png")
    face = AlbumFace("Ada", 1, Box(320, 240, 320, 240))
    album = Album(tmp_path, {tmp_path / "page.png": (face,)})
    [page] = draw_pages(album, tmp_path, [1920], seed=0)
    [drawn] = page.faces
    assert (page.width_px, page.height_px, drawn.box) == (1920, 1440, Box(480, 360, 480, 360))
    with Image.open(page.file) as picture:
        grey = picture.convert("L")
        assert grey.getpixel((490, 370)) < 60
        assert grey.getpixel((470, 350)) > 190
