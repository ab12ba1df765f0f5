"""The files of an album by their names: ZIPs, montages, and pictures with boxes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from faces.errors import AlbumGone
from faces.pictures import jpeg_bytes
from serve.album import Album, AlbumCluster, AlbumFace
from serve.albums import Albums, OpenAlbum
from serve.file_answers import file_answer, told_of
from serve.taking_home import IN_NO_GROUP, part_name, zip_of_all, zip_of_alone, zip_of_cluster

_WHO = rf"(?:face#(?P<face>[1-9][0-9]{{0,5}})|{IN_NO_GROUP})"
_ZIP = re.compile(rf"zip_(?:(?P<all>all)|{_WHO})\.zip")
_MONTAGE = re.compile(rf"montage_{_WHO}\.jpg")
_PICTURE = re.compile(rf"picture_{_WHO}_(?P<picture>[1-9][0-9]{{0,5}})\.jpg")
_NOT_THERE = "there is no such file; the answer to an upload has the links"

Make = Callable[[OpenAlbum], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of files of an album; whoever has one sees the file.

    A cluster is told by its number, the faces in none by None.
    """

    album: Album
    root: str = ""

    def zip_of_all(self) -> str:
        """Everything."""
        return self._to("zip_all.zip")

    def zip_of(self, cluster: int | None) -> str:
        """The pictures and faces of one person."""
        return self._to(f"zip_{_who(cluster)}.zip")

    def montage(self, cluster: int | None) -> str:
        """The faces side by side."""
        return self._to(f"montage_{_who(cluster)}.jpg")

    def picture(self, cluster: int | None, number: int) -> str:
        """A picture with a box around the face."""
        return self._to(f"picture_{_who(cluster)}_{number}.jpg")

    def _to(self, file_name: str) -> str:
        return f"{self.root}/download/{quote(file_name)}?album={self.album.id}"


def download_of(albums: Albums, album_id: str, file_name: str) -> Response:
    """A file of an album, to be sent.

    Raises:
        AlbumGone: there is no such album, or no such file in it.
    """
    with albums.open(album_id) as opened:
        if wanted := _ZIP.fullmatch(file_name):
            make = zip_of_all if wanted["all"] else _zip(opened.album, wanted["face"])
            return _streamed(albums, album_id, make, file_name)
        if wanted := _MONTAGE.fullmatch(file_name):
            faces = _faces(opened.album, wanted["face"])
            name = part_name(int(wanted["face"])) if wanted["face"] else IN_NO_GROUP
            return file_answer(opened.files.montage(name, faces).read_bytes(), file_name)
        if wanted := _PICTURE.fullmatch(file_name):
            faces = _faces(opened.album, wanted["face"])
            number = int(wanted["picture"])
            there = {face.picture.number: face.picture for face in faces}
            if number in there:
                drawn = opened.files.drawn(there[number], faces)
                return file_answer(jpeg_bytes(drawn), file_name)
    raise AlbumGone(_NOT_THERE)


def _who(cluster: int | None) -> str:
    return IN_NO_GROUP if cluster is None else f"face#{cluster}"


def _zip(album: Album, face: str | None) -> Make:
    """What makes the ZIP of a person, or of the faces in no cluster.

    Raises:
        AlbumGone: there is none.
    """
    if face is None:
        _faces(album, None)
        return zip_of_alone
    cluster = _cluster(album, face)
    return lambda opened: zip_of_cluster(opened, cluster)


def _faces(album: Album, face: str | None) -> tuple[AlbumFace, ...]:
    """The faces of a person, or those in no cluster.

    Raises:
        AlbumGone: there are none.
    """
    faces = album.alone if face is None else _cluster(album, face).faces
    if not faces:
        raise AlbumGone(_NOT_THERE)
    return faces


def _cluster(album: Album, face: str) -> AlbumCluster:
    number = int(face)
    if number > len(album.clusters):
        raise AlbumGone(_NOT_THERE)
    return album.clusters[number - 1]


def _streamed(albums: Albums, album_id: str, make: Make, file_name: str) -> Response:
    """A ZIP that is made while it is sent; the album's files stay as long."""

    def blocks() -> Iterator[bytes]:
        with albums.open(album_id) as opened:
            yield from make(opened)

    headers = told_of("attachment", file_name)
    return StreamingResponse(blocks(), media_type="application/zip", headers=headers)
