"""Where the pictures of a naming lie, in a folder that only its owner can look into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from faces.pictures import face_crop, jpeg_bytes
from serve.album_files import link_or_copy, make_private
from serve.answers import NamedPicture
from serve.drawing import draw

_CROP_PX = 320


@dataclass(frozen=True, slots=True)
class NamingFiles:
    """The files of a naming: pictures as they came, and what was made of them without GPS."""

    folder: Path

    def make(self) -> None:
        """Make the folders."""
        make_private(self.folder)
        for part in ("pictures", "drawn", "crops"):
            make_private(self.folder / part)

    def picture(self, number: int) -> Path:
        """A picture as it came."""
        return self.folder / "pictures" / str(number)

    def drawn(self, number: int) -> Path:
        """A picture with boxes and names, for the screen, as JPEG."""
        return self.folder / "drawn" / f"{number}.jpg"

    def crop(self, number: int, face: int) -> Path:
        """A face of a picture cut out, by its number."""
        return self.folder / "crops" / f"{number}-{face}.jpg"

    def keep(self, number: int, given: Path, named: NamedPicture) -> None:
        """Keep a picture, and make what is shown of it."""
        link_or_copy(given, self.picture(number))
        self.drawn(number).write_bytes(jpeg_bytes(draw(named)))
        for face, one in enumerate(named.faces, start=1):
            crop = face_crop(named.pixels, one.box, size_px=_CROP_PX)
            self.crop(number, face).write_bytes(jpeg_bytes(crop))
