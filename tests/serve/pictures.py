"""Pictures without anybody in them, and a reader that finds in each the faces it was told of."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from faces.pictures import OpenPhoto, open_bytes
from faces.records import (
    NETWORK,
    Box,
    Detection,
    Encodings,
    Face,
    FloatRows,
    PhotoId,
    Pixels,
    ReadPhoto,
    face_id_of_box,
)
from serve.album import Given

GPS = 0x8825
BOXES = (Box(10, 10, 60, 60), Box(120, 20, 70, 70), Box(220, 30, 60, 60))


def picture(shade: int, *, gps: bool = False) -> bytes:
    """A JPEG of 320 x 120 of one shade, like no other; with `gps` it says where it was taken."""
    exif = Image.Exif()
    if gps:
        exif.get_ifd(GPS)[2] = (48.0, 51.0, 24.0)
    content = io.BytesIO()
    plain = Image.new("RGB", (320, 120), (shade, 90, 200))
    plain.save(content, format="JPEG", exif=exif, comment=f"number {shade}")
    return content.getvalue()


class Portraits:
    """Finds people, by number, in pictures that it was shown before; others have nobody in them."""

    def __init__(self) -> None:
        self._people: dict[PhotoId, tuple[int, ...]] = {}
        self._rng = np.random.default_rng(7)
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def show(self, content: bytes, people: Iterable[int]) -> bytes:
        """From now on these people are in this picture, from left to right."""
        self._people[open_bytes(content, name="a picture").photo.id] = tuple(people)
        return content

    def read(self, opened: OpenPhoto) -> ReadPhoto:
        """What a real reader would give."""
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            people = self._people.get(opened.photo.id, ())
            rows = [self._row(one) for one in people]
        faces = tuple(
            Face(face_id_of_box(opened.photo.id, box), opened.photo.id, box, 1.0)
            for box in BOXES[: len(people)]
        )
        plain = np.array(rows, dtype=np.float32).reshape(-1, 128)
        encodings = Encodings(NETWORK, tuple(face.id for face in faces), plain, plain)
        with self._lock:
            self.at_once -= 1
        return ReadPhoto(opened.photo, faces, encodings)

    def find(self, _pixels: Pixels) -> list[Detection]:
        """Nobody is in a picture that was not shown as a file."""
        return []

    def _row(self, person: int) -> FloatRows:
        """A row near the person's own direction, (128,)."""
        row = np.eye(128)[person] + self._rng.normal(0, 0.01, 128)
        return np.asarray(row, dtype=np.float32)


def given_in(folder: Path, contents: Iterable[tuple[str, bytes]]) -> list[Given]:
    """Files as a visitor gives them."""
    return list(_given(folder, contents))


def _given(folder: Path, contents: Iterable[tuple[str, bytes]]) -> Iterator[Given]:
    folder.mkdir(parents=True, exist_ok=True)
    for number, (called, content) in enumerate(contents):
        path = folder / f"given-{number}"
        path.write_bytes(content)
        yield Given(called, path)


def album_of(portraits: Portraits, *, first_shade: int = 0) -> list[tuple[str, bytes]]:
    """Six pictures: two people in all of them, a third in the first only."""
    return [
        (
            f"party {number}.jpg",
            portraits.show(
                picture(first_shade + number, gps=True), (1, 2, 3) if number == 0 else (1, 2)
            ),
        )
        for number in range(6)
    ]
