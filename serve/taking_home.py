"""Albums to take home: ZIPs of pictures and faces, with a page that opens from disk and a CSV."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from serve.album import Album, AlbumCluster, AlbumFace, pictures_of
from serve.albums import OpenAlbum
from serve.answers import percent

IN_NO_GROUP = "in-no-group"
"""What the files of faces in no cluster are called, where those of a cluster have its number."""
_BLOCK_BYTES = 1 << 18
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula, or passes over before one."""
_READABLE = 0o644 << 16
_COLUMNS = ("group", "picture", "left_px", "top_px", "width_px", "height_px", "typical", "face")


@dataclass(frozen=True, slots=True)
class _Part:
    """Faces that stand together on the page; `name` is their folder's and their montage's."""

    name: str
    title: str
    about: str
    faces: tuple[AlbumFace, ...]


@dataclass(frozen=True, slots=True)
class _Tile:
    """A face on the page, as paths inside the ZIP."""

    crop: str
    picture: str
    title: str


def part_name(cluster: int) -> str:
    """What the files of a cluster are called, by its number."""
    return f"face-{cluster}"


def zip_of_all(opened: OpenAlbum) -> Iterator[bytes]:
    """A ZIP of everything: all clusters, and the faces in none."""
    album = opened.album
    parts = [_of_cluster(one) for one in album.clusters] + list(_of_alone(album))
    return _zipped(opened, parts)


def zip_of_cluster(opened: OpenAlbum, cluster: AlbumCluster) -> Iterator[bytes]:
    """A ZIP of one person: the pictures, the faces, and the montage."""
    return _zipped(opened, [_of_cluster(cluster)])


def zip_of_alone(opened: OpenAlbum) -> Iterator[bytes]:
    """A ZIP of the faces in no cluster."""
    return _zipped(opened, list(_of_alone(opened.album)))


def harmless_cell(told: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that could be begins with an apostrophe.

    Spaces in front do not hide it, for some spreadsheets pass over them.
    """
    return f"'{told}" if told.lstrip(" ").startswith(_RUNS) else told


def _of_cluster(cluster: AlbumCluster) -> _Part:
    sure = "" if cluster.confidence is None else f", {percent(cluster.confidence)} sure"
    about = f"{_counted(len(cluster.faces), 'face')}{sure}"
    return _Part(part_name(cluster.number), f"Face {cluster.number}", about, cluster.faces)


def _of_alone(album: Album) -> Iterator[_Part]:
    if album.alone:
        about = _counted(len(album.alone), "face")
        yield _Part(IN_NO_GROUP, "In no group", about, album.alone)


def _zipped(opened: OpenAlbum, parts: Sequence[_Part]) -> Iterator[bytes]:
    """A ZIP with these parts, block by block; each picture is in it once."""
    page = _page(parts).encode()
    table = _table(parts).encode("utf-8-sig")  # so that Excel takes it for UTF-8
    made: list[tuple[str, Path | bytes]] = [("index.html", page), ("faces.csv", table)]
    for part in parts:
        made.append((_montage(part), opened.files.montage(part.name, part.faces)))
        made += [(_crop(part, n), opened.files.crop(one.id)) for n, one in _numbered(part)]
    shown = pictures_of([face for part in parts for face in part.faces])
    made += [(f"pictures/{one.name}", opened.files.picture(one.number)) for one in shown]
    return blocks_of(made)


class _Sink:
    """What a ZIP is written to, and read from again block by block."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, content: bytes, /) -> int:
        self._written += content
        return len(content)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is open here."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        content = bytes(self._written)
        self._written.clear()
        return content


def blocks_of(files: Iterable[tuple[str, Path | bytes]]) -> Iterator[bytes]:
    """The files as a ZIP, as they are: pictures do not get smaller by packing."""
    sink = _Sink()
    now = time.localtime()[:6]
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:
        for name, source in files:
            entry = zipfile.ZipInfo(name, now)
            entry.external_attr = _READABLE
            with packed.open(entry, "w", force_zip64=False) as place:
                for block in _read(source):
                    place.write(block)
                    yield sink.taken()
    yield sink.taken()


def _read(source: Path | bytes) -> Iterator[bytes]:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as content:
        while block := content.read(_BLOCK_BYTES):
            yield block


def _table(parts: Sequence[_Part]) -> str:
    """One line for each face; where a face is in no group, the group is empty."""
    told = io.StringIO(newline="")
    table = csv.writer(told)
    table.writerow(_COLUMNS)
    for part in parts:
        for number, face in _numbered(part):
            box = face.box
            pixels = [round(v) for v in (box.left, box.top, box.width, box.height)]
            typical = "" if face.place is None else f"{face.place:.3f}"
            group = "" if part.name == IN_NO_GROUP else part.title
            name = harmless_cell(face.picture.name)
            table.writerow((group, name, *pixels, typical, _crop(part, number)))
    return told.getvalue()


def _page(parts: Sequence[_Part]) -> str:
    environment = Environment(
        loader=PackageLoader("serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = [(part, _montage(part), list(_tiles(part))) for part in parts]
    pictures = len(pictures_of([face for part in parts for face in part.faces]))
    return environment.get_template("album.html").render(parts=shown, pictures=pictures)


def _tiles(part: _Part) -> Iterator[_Tile]:
    for number, face in _numbered(part):
        name = face.picture.name
        yield _Tile(_crop(part, number), f"pictures/{name}", name)


def _numbered(part: _Part) -> Iterator[tuple[int, AlbumFace]]:
    return enumerate(part.faces, start=1)


def _crop(part: _Part, number: int) -> str:
    return f"faces/{part.name}/{number:03}.jpg"


def _montage(part: _Part) -> str:
    return f"montages/{part.name}.jpg"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
