"""What was read goes into the store in batches, with previews and crops beside it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Self

from faces.errors import SetupError
from faces.matching import FoundAgain, find_again
from faces.media import Media, save_picture
from faces.records import FaceId, PhotoId
from faces.store import files, log, photos, rereading
from faces.store.database import Connection, Store
from faces.store.photos import KnownFile, ReadPhoto
from sync.changes import FolderPlan
from sync.readings import Reading

BATCH_S = 0.5
"""What is read within this time is kept together; a run that is killed reads it again."""
_MOST_IN_BATCH = 64


class Saver:
    """Takes readings and keeps them, in batches; what is left is kept at the end, whatever ends it.

    `done` counts files by what became of them, `faces` those found, `without_faces` photos that
    have none; `moved` are photos that were known from files that are gone.
    """

    def __init__(self, store: Store, media: Media, plan: FolderPlan, *, now: datetime) -> None:
        """Nothing is written yet."""
        self.done: Counter[str] = Counter()
        self.faces = 0
        self.without_faces = 0
        self.moved: set[PhotoId] = set()
        self._store = store
        self._media = media
        self._plan = plan
        self._gone = frozenset(plan.gone.values())
        self._now = now
        self._batch: list[Reading] = []
        self._began = 0.0
        self._faces_gone: list[FaceId] = []
        self._spoken_of: frozenset[FaceId] = frozenset()
        self._heard = 0

    def __enter__(self) -> Self:
        """Ready at once."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Keep what was read before an interruption, too."""
        self.flush()

    def add(self, reading: Reading) -> None:
        """Keep a reading, together with others if they come quickly."""
        if not self._batch:
            self._began = time.monotonic()
        self._batch.append(reading)
        waited_s = time.monotonic() - self._began
        if waited_s >= BATCH_S or len(self._batch) >= _MOST_IN_BATCH:
            self.flush()

    def flush(self) -> None:
        """Keep all readings taken so far: pictures and rows, or neither.

        Raises:
            SetupError: the pictures cannot be written.
        """
        batch, self._batch = self._batch, []
        if not batch:
            return
        with self._store.write() as connection:
            there = {f.photo for f in files.files_there(connection, _photos_in(batch))}
            new = self._save_photos(connection, self._of_each_photo(batch))
            photos.save_files(connection, map(self._known_now, batch))
        for face in self._faces_gone:
            self._media.crop(face).unlink(missing_ok=True)
        self._faces_gone.clear()
        for reading in batch:
            became = self._became(reading, is_new=reading.photo in new, was=reading.photo in there)
            self.done[became] += 1

    def _known_now(self, reading: Reading) -> KnownFile:
        """What is known of a file now; one read again in vain keeps its photo."""
        photo, path = reading.photo, reading.file.path
        if photo is None and path in self._plan.again:
            photo = self._plan.before[path].photo
        return KnownFile(reading.file, photo, reading.refused)

    def _of_each_photo(self, batch: list[Reading]) -> dict[PhotoId, tuple[Reading, ReadPhoto]]:
        """What was read of each photo, once; that of a file to be read again goes first."""
        chosen: dict[PhotoId, tuple[Reading, ReadPhoto]] = {}
        for one in batch:
            if one.read is None:
                continue
            if one.file.path in self._plan.again or one.read.photo.id not in chosen:
                chosen[one.read.photo.id] = (one, one.read)
        return chosen

    def _save_photos(
        self, connection: Connection, read: Mapping[PhotoId, tuple[Reading, ReadPhoto]]
    ) -> frozenset[PhotoId]:
        """Save photos that are new, renew those that were read again; returns the new ones."""
        new = photos.save_photos(connection, [one for _, one in read.values()], now=self._now)
        for photo, (reading, one) in read.items():
            is_again = reading.file.path in self._plan.again
            ids: Mapping[FaceId, FaceId] = {face.id: face.id for face in one.faces}
            if photo not in new:
                if not _lies_so(connection, one):
                    continue
                found = self._found_again(connection, one)
                ids = found.ids
                if is_again:
                    rereading.renew_photo(connection, one, found)
                    self._faces_gone += found.gone
            save_pictures(self._media, reading, ids)
            if is_again or photo in new:
                self.faces += len(one.faces)
                self.without_faces += not one.faces
        return new

    def _found_again(self, connection: Connection, read: ReadPhoto) -> FoundAgain:
        before = photos.faces(connection, read.photo.id)
        return find_again(before, read.faces, spoken_of=self._heard_of(connection))

    def _heard_of(self, connection: Connection) -> frozenset[FaceId]:
        """All faces that anybody spoke of until now; only what was said since is looked at."""
        last = log.last_number(connection)
        if last != self._heard:
            news = log.faces_spoken_of(connection, after=self._heard)
            self._spoken_of, self._heard = self._spoken_of | news, last
        return self._spoken_of

    def _became(self, reading: Reading, *, is_new: bool, was: bool) -> str:
        """What became of a file, as one of the counts; `was`: its photo had a file before."""
        photo, path = reading.photo, reading.file.path
        if photo is None:
            return "refused"
        if path in self._plan.again:
            return "again"
        before = self._plan.before.get(path)
        if before is not None and before.photo is not None and not before.removed:
            return "unchanged" if before.photo == photo else "changed"
        if not is_new and photo in self._gone:
            self.moved.add(photo)
            return "moved"
        return "added" if is_new or was else "returned"


def save_pictures(media: Media, reading: Reading, ids: Mapping[FaceId, FaceId]) -> None:
    """Write a photo's preview, and the crops of its faces under the ids that they have.

    Raises:
        SetupError: they cannot be written.
    """
    try:
        if reading.read is not None and reading.preview is not None:
            photo = reading.read.photo
            save_picture(reading.preview, media.preview(photo.id, photo.turned))
        for face, crop in reading.crops.items():
            if face in ids:
                save_picture(crop, media.crop(ids[face]))
    except OSError as error:
        raise SetupError(
            f"{error.filename or media.previews} cannot be written: {error.strerror}; "
            "make room and run again: what was read before is kept"
        ) from error


def _lies_so(connection: Connection, read: ReadPhoto) -> bool:
    """Whether a photo was read as it lies now; one that was turned meanwhile was read then."""
    known = photos.photo(connection, read.photo.id)
    return known is None or known.turned == read.photo.turned


def _photos_in(batch: list[Reading]) -> list[PhotoId]:
    return [reading.photo for reading in batch if reading.photo is not None]
