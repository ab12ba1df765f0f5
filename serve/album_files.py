"""Where the pictures of an album lie, in a folder that only its owner can look into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from faces.errors import SetupError
from faces.montage import PAGE_TILES, draw_montage, lay_out
from faces.pictures import CROP_PX, OpenPhoto, face_crop, jpeg_bytes, preview
from faces.records import Box, Face, FaceId, Pixels
from serve.album import AlbumFace, Picture, boxes_in
from serve.answers import NamedFace, NamedPicture
from serve.drawing import draw

_OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True)
class AlbumFiles:
    """The files of an album: pictures as they came, and what was made of them without GPS."""

    folder: Path

    def make(self) -> None:
        """Make the folders."""
        make_private(self.folder)
        for part in ("pictures", "previews", "crops", "montages"):
            make_private(self.folder / part)

    def picture(self, number: int) -> Path:
        """A picture as it came."""
        return self.folder / "pictures" / str(number)

    def preview(self, number: int) -> Path:
        """A picture for the screen, as JPEG."""
        return self.folder / "previews" / f"{number}.jpg"

    def crop(self, face: FaceId) -> Path:
        """A face cut out."""
        return self.folder / "crops" / f"{face}.jpg"

    def keep(self, number: int, given: Path, opened: OpenPhoto, faces: Sequence[Face]) -> None:
        """Keep a picture that was read, and make what is shown of it."""
        link_or_copy(given, self.picture(number))
        self.preview(number).write_bytes(jpeg_bytes(preview(opened.pixels)))
        for face in faces:
            crop = face_crop(opened.pixels, face.box, size_px=CROP_PX)
            self.crop(face.id).write_bytes(jpeg_bytes(crop))

    def montage(self, name: str, faces: Sequence[AlbumFace]) -> Path:
        """The first faces side by side, as many as fit a page; drawn when first asked for."""
        place = self.folder / "montages" / f"{name}.jpg"
        if not place.exists():
            shown = [face.id for face in faces[:PAGE_TILES]]
            draw_montage(lay_out([shown]), [self.crop(face) for face in shown], place)
        return place

    def drawn(self, picture: Picture, faces: Sequence[AlbumFace]) -> Pixels:
        """A picture for the screen with a box around each of these faces that is in it."""
        with Image.open(self.preview(picture.number), formats=["JPEG"]) as image:
            pixels = np.array(image.convert("RGB"))
        scale = pixels.shape[1] / picture.width_px
        boxed = tuple(
            NamedFace(_scaled(box, scale), picture.name, 1.0) for box in boxes_in(faces, picture)
        )
        return draw(NamedPicture(pixels, boxed, version=None))


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can look into.

    Raises:
        SetupError: it cannot be made.
    """
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True)
    except OSError as error:
        raise SetupError(f"cannot make the folder {folder}: {error.strerror}") from error


def link_or_copy(given: Path, place: Path) -> None:
    """Have the file here too: without copying it, where both lie on one disk."""
    try:
        os.link(given, place)
    except OSError:
        shutil.copyfile(given, place)


def _scaled(box: Box, scale: float) -> Box:
    return Box(box.left * scale, box.top * scale, box.width * scale, box.height * scale)
