"""Pictures that visitors gave, as the project takes them: of an album, or one that was named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faces.adopting import GivenPhoto
from faces.pictures import CROP_PX, face_crop, jpeg_bytes, open_bytes, preview
from faces.reading import FaceReader
from faces.records import ReadPhoto
from serve.albums import OpenAlbum


@dataclass(frozen=True)
class SeenPicture:
    """A picture that was read: its file as it came, and a name that is safe for one."""

    name: str
    content: Path
    read: ReadPhoto


def pictures_of_album(opened: OpenAlbum) -> Iterator[GivenPhoto]:
    """The pictures of an album, one after the other; what is shown of them was made before."""
    album, files = opened.album, opened.files
    for picture in album.pictures:
        read = album.read[picture.number]
        yield GivenPhoto(
            picture.name,
            files.picture(picture.number),
            read,
            files.preview(picture.number).read_bytes(),
            {face.id: files.crop(face.id).read_bytes() for face in read.faces},
        )


def picture_seen(seen: SeenPicture, reader: FaceReader) -> GivenPhoto:
    """One picture, with what the project shows of a photo.

    A model version may have brought a network of its own; photos are kept as the one reads them
    that every installation has.

    Raises:
        BadPhoto: its file is gone, or no picture.
    """
    opened = open_bytes(seen.content.read_bytes(), name=seen.name)
    read = seen.read
    if read.encodings.network != reader.network:
        read = reader.read(opened)
    crops = {
        face.id: jpeg_bytes(face_crop(opened.pixels, face.box, size_px=CROP_PX))
        for face in read.faces
    }
    return GivenPhoto(seen.name, seen.content, read, jpeg_bytes(preview(opened.pixels)), crops)
