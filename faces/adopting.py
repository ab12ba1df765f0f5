"""A picture that a visitor of the app gave becomes a photo of the project, as if it had been read.

Files come first and rows last, in one transaction: a picture is there whole or not at all.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from faces.errors import Busy, SetupError
from faces.matching import free_id, match_boxes
from faces.media import Media, save_picture
from faces.records import FaceId, Photo, PhotoFile, PhotoId, ReadPhoto
from faces.store import files, photos
from faces.store.database import Connection, Store
from faces.store.given import follow_folder, note_given
from faces.store.owing import owe_push
from faces.store.photos import KnownFile
from faces.turning import turned_face

_FREE_BYTES = 1 << 29
"""So much of the disk is left to others."""
_ON_ITS_WAY_S = 3600.0
_ENOUGH_OF_ID = 16
"""So many digits of a photo's id tell it from all others."""


@dataclass(frozen=True)
class GivenPhoto:
    """A picture that was read: its file as it came, and what it is called, safe as a file's name.

    `preview` and `crops`, by the faces of `read`, are JPEGs as the project's photos have them.
    """

    name: str
    content: Path
    read: ReadPhoto
    preview: bytes
    crops: Mapping[FaceId, bytes]

    def __post_init__(self) -> None:
        """Refuse a name that leads elsewhere or is not seen."""
        if not self.name or self.name.startswith(".") or set(self.name) & set("/\\\0"):
            raise ValueError(f"{self.name!r} is no safe name of a file")


@dataclass(frozen=True)
class Adopted:
    """What came of it, while the transaction is still open.

    `added` came now; `known` were photos of the project before, and are not doubled.
    """

    connection: Connection
    added: tuple[PhotoId, ...]
    known: tuple[PhotoId, ...]


@contextmanager
def adopting(
    store: Store, given: Iterable[GivenPhoto], *, media: Media, now: datetime
) -> Iterator[Adopted]:
    """Take pictures into the project; what is said of their faces meanwhile is part of it.

    If that fails, or whoever uses this, nothing stays behind: neither files nor rows.

    Raises:
        Busy: there is no room on the disk.
        SetupError: files cannot be written.
    """
    written = _Written(media)
    try:
        read = {one.read.photo.id: _with_files(store, one, written) for one in given}
        with store.write() as connection:
            new = photos.save_photos(connection, [one for one, _ in read.values()], now=now)
            follow_folder(connection, written.root)
            there = {known.photo for known in files.files_there(connection, read)}
            came = [(photo, file) for photo, (_, file) in read.items() if photo not in there]
            noted = (KnownFile(file, photo, None) for photo, file in came if file is not None)
            photos.save_files(connection, noted)
            added = tuple(photo for photo in read if photo in new or photo not in there)
            if added:
                note_given(connection, len(added))
                owe_push(connection)
            yield Adopted(connection, added, tuple(photo for photo in read if photo not in added))
    except BaseException:
        written.remove()
        raise


def face_there(connection: Connection, read: ReadPhoto, face: FaceId) -> FaceId:
    """Under which id a face that was read is in the store, whatever became of it there.

    The photo may have been turned, its boxes moved, or been read by another detector; a face that
    is not there is added, and the next look at the photo encodes it.
    """
    photo = photos.photo(connection, read.photo.id)
    if photo is None:
        raise ValueError(f"the photo {read.photo.id} is not in the store")
    before = photos.faces(connection, photo.id)
    found = [turned_face(one, photo.turned - read.photo.turned, read.photo) for one in read.faces]
    row = [one.id for one in read.faces].index(face)
    pairs = match_boxes([one.box for one in before], [one.box for one in found])
    if row in pairs:
        return before[pairs[row]].id
    new = replace(found[row], id=free_id(found[row], {one.id for one in before}))
    photos.save_faces(connection, [new])
    return new.id


def sweep_given(store: Store, media: Media, *, now: datetime) -> None:
    """Remove pictures that a process which was killed wrote down and did not take into the project.

    What is younger than an hour may just be on its way.
    """
    with store.read() as connection:
        root = str(media.given.resolve())
        noted = {Path(root, known.file.path) for known in photos.known_files(connection, root)}
    for place in media.given.resolve().glob("*/*"):
        is_old = now.timestamp() - place.stat().st_mtime > _ON_ITS_WAY_S
        if is_old and place not in noted:
            place.unlink(missing_ok=True)


@dataclass
class _Written:
    """The files that were made, to be removed if it comes to nothing."""

    media: Media
    places: list[Path] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Where pictures as they came lie, as the store has it."""
        return self.media.given.resolve()

    def picture(self, jpeg: bytes, place: Path) -> None:
        if place.exists():
            return
        self.places.append(place)
        try:
            save_picture(jpeg, place)
        except FileNotFoundError:  # somebody swept it away as if its writing had been cut off
            save_picture(jpeg, place)

    def original(self, given: GivenPhoto) -> PhotoFile:
        """The file as it came, under its hash, by the name that people know it by."""
        root = self.root
        path = f"{given.read.photo.id[:_ENOUGH_OF_ID]}/{given.name}"
        place = root / path
        if not place.exists():
            self._refuse_without_room(given.content)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
            self.places.append(place)
            try:
                shutil.copyfile(given.content, beside)
                beside.replace(place)
            finally:
                beside.unlink(missing_ok=True)
        status = place.stat()
        return PhotoFile(str(root), path, status.st_size, status.st_mtime_ns)

    def remove(self) -> None:
        for place in self.places:
            place.unlink(missing_ok=True)
            of_given = place.is_relative_to(self.root) and place.parent.exists()
            if of_given and not any(place.parent.iterdir()):
                place.parent.rmdir()

    def _refuse_without_room(self, content: Path) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self.root).free < content.stat().st_size + _FREE_BYTES:
            raise Busy("there is no room for this picture in the project; make room on its disk")


def _with_files(
    store: Store, given: GivenPhoto, written: _Written
) -> tuple[ReadPhoto, PhotoFile | None]:
    """What was read of a picture, and the file that the project has of it now.

    None for a photo that has a file there already.

    Raises:
        Busy: there is no room on the disk.
        SetupError: files cannot be written.
    """
    photo = given.read.photo
    with store.read() as connection:
        known = photos.photo(connection, photo.id)
        has_file = bool(files.files_there(connection, [photo.id]))
    if known is not None and has_file:
        return given.read, None
    try:
        _write_pictures(given, known, written)
        return given.read, written.original(given)
    except OSError as error:
        raise SetupError(
            f"{error.filename or given.name} cannot be written: {error.strerror}; make room and "
            "try again"
        ) from error


def _write_pictures(given: GivenPhoto, known: Photo | None, written: _Written) -> None:
    """A photo that was there before and is back has its own pictures, turned as people said."""
    if known is not None and known.turned:
        return
    written.picture(given.preview, written.media.preview(given.read.photo.id))
    for face, crop in given.crops.items():
        written.picture(crop, written.media.crop(face))
