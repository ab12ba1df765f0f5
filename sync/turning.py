"""Photos that people turned are read again, upright that way; so are those turned back.

What is to be done is what the log says of photos and the store does not show yet, so whatever was
cut off, or could not be read, is done by a later look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from faces.confirmations import Turned
from faces.errors import BadPhoto
from faces.matching import FoundAgain, find_again
from faces.media import Media
from faces.pictures import CROP_PX, OpenPhoto, face_crop, jpeg_bytes
from faces.reading import FaceReader, ReadingOptions, face_reader
from faces.records import NETWORK, Encodings, Face, FaceId, Photo, PhotoId, ReadPhoto
from faces.store import files, log, photos, turnings
from faces.store.database import Connection, Store
from faces.store.owing import owe_push
from faces.turning import turned_face
from sync.opening import open_again
from sync.readings import Reading, look_at
from sync.saving import save_pictures
from sync.storage import place_shown

_AS_ITS_FILE = Turned(0, "")
"""How a photo lies of which nobody spoke."""


@dataclass(frozen=True)
class TurnedNow:
    """How many photos were turned, and why others were not."""

    photos: int = 0
    problems: tuple[str, ...] = ()


def plan_turns(
    said: Mapping[PhotoId, Turned], stored: Mapping[PhotoId, Turned]
) -> dict[PhotoId, Turned]:
    """The photos that lie otherwise than people say, or so by another's word, and how they should.

    What nobody says any more lies as its file has it.
    """
    spoken_of = sorted({*said, *stored})
    wanted = {photo: said.get(photo, _AS_ITS_FILE) for photo in spoken_of}
    return {
        photo: turned
        for photo, turned in wanted.items()
        if _plain(turned) != _plain(stored.get(photo, _AS_ITS_FILE))
    }


def turns_due(store: Store) -> dict[PhotoId, Turned]:
    """The photos that are to be turned now, of those that were ever read."""
    with store.read() as connection:
        plan = plan_turns(log.truth(connection).turned, turnings.turned_photos(connection))
        return {
            photo: turned for photo, turned in plan.items() if photos.has_photo(connection, photo)
        }


def turn_photos(store: Store, *, media: Media, options: ReadingOptions) -> TurnedNow:
    """Read each photo that is to be turned as it shall lie; one that cannot be read stays as it is.

    Faces keep their ids by their boxes, turned, and one that anybody spoke of stays. Nobody else
    may read photos or group faces meanwhile.

    Raises:
        SetupError: the networks cannot be loaded, or pictures not be written.
    """
    reader: FaceReader | None = None
    problems: list[str] = []
    done = 0
    for photo_id, turned in turns_due(store).items():
        before = _Before.of(store, photo_id)
        if before.photo.turned == turned.quarters:
            with store.write() as connection:
                turnings.note_turned(connection, photo_id, turned)
                owe_push(connection)
            done += 1
            continue
        try:
            opened = before.open(turned.quarters)
        except BadPhoto as reason:
            problems.append(f"{before.called} is not turned yet: {reason}; it is tried again")
            continue
        reader = reader or face_reader(options)
        again = _read(before, opened, reader)
        with store.write() as connection:
            again.save(connection, media, by=turned.place)
            owe_push(connection)
        for face in again.found.gone:
            media.crop(face).unlink(missing_ok=True)
        done += 1
    return TurnedNow(done, tuple(problems))


@dataclass(frozen=True)
class _Before:
    """A photo as it lies until now, its faces, and those of them that anybody ever spoke of."""

    photo: Photo
    faces: tuple[Face, ...]
    spoken_of: frozenset[FaceId]
    files: tuple[photos.KnownFile, ...]

    @classmethod
    def of(cls, store: Store, photo_id: PhotoId) -> _Before:
        with store.read() as connection:
            photo = photos.photo(connection, photo_id)
            if photo is None:
                raise ValueError(f"the photo {photo_id} is not in the store")
            return cls(
                photo,
                tuple(photos.faces(connection, photo_id)),
                log.faces_spoken_of(connection),
                tuple(files.files_ever(connection, photo_id)),
            )

    @property
    def called(self) -> str:
        """What people know the photo by."""
        return place_shown(self.files[0].file) if self.files else f"the photo {self.photo.id[:12]}"

    def open(self, quarters: int) -> OpenPhoto:
        """The photo as it shall lie.

        Raises:
            BadPhoto: none of its files can be read.
        """
        there = [known.file for known in self.files if not known.removed]
        return open_again(self.photo, there).turned(quarters - self.photo.turned)


@dataclass(frozen=True)
class _Again:
    """A photo that was read as it shall lie; `before` are its old faces, with their boxes turned.

    `kept` are encodings of those that stay though they were not found; `pictures` has the crops of
    all faces under their ids.
    """

    read: ReadPhoto
    before: tuple[Face, ...]
    found: FoundAgain
    kept: Encodings
    pictures: Reading

    def save(self, connection: Connection, media: Media, *, by: str) -> None:
        """Rows and pictures, or neither."""
        turnings.turn_photo(connection, self.read, self.before, self.found, kept=self.kept, by=by)
        save_pictures(media, self.pictures, {face: face for face in self.pictures.crops})


def _read(before: _Before, opened: OpenPhoto, reader: FaceReader) -> _Again:
    reading = look_at(before.files[0].file, opened, reader)
    if reading.read is None:
        raise ValueError(f"{before.called} was opened and not read")
    quarters = opened.photo.turned - before.photo.turned
    faces = tuple(turned_face(face, quarters, before.photo) for face in before.faces)
    found = find_again(faces, reading.read.faces, spoken_of=before.spoken_of)
    left = {*found.gone, *(face.id for face in found.renewed)}
    stay = [face for face in faces if face.id not in left]
    plain, mirrored = reader.encode_boxes(opened.pixels, [face.box for face in stay])
    kept = Encodings(NETWORK, tuple(face.id for face in stay), plain, mirrored)
    crops = {found.ids[face]: crop for face, crop in reading.crops.items() if face in found.ids}
    for face in stay:
        crops[face.id] = jpeg_bytes(face_crop(opened.pixels, face.box, size_px=CROP_PX))
    return _Again(reading.read, faces, found, kept, replace(reading, crops=crops))


def _plain(turned: Turned) -> tuple[int, str]:
    return turned.quarters, turned.place
