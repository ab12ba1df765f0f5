"""The workspace of `bench-backend`: a team's store, a model version, photos for its tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from benchmarks.backend_pages import TWO_MEGAPIXELS_PX, Page, camera_widths, draw_pages
from benchmarks.convention import note, note_progress
from benchmarks.given_versions import given_version, put_into_use
from benchmarks.sync_store import fill
from faceloop.demo_album import make_album
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict, Word
from faces.learned import SCALE, THRESHOLD, UNKNOWN_COSINE
from faces.pictures import open_photo
from faces.reading import ReadingOptions, face_reader
from faces.records import (
    NETWORK,
    Face,
    FaceId,
    FloatRows,
    Person,
    PersonId,
    PhotoId,
    ReadPhoto,
    identity_rows,
    unit_rows,
)
from faces.settings import Settings
from faces.store import log, photos
from faces.store.database import Store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FACES_ALONE = 3
"""So many faces has a photo by which one annotator alone is measured."""
_ALONE = 25


@dataclass(frozen=True)
class KnownPage:
    """A page whose faces are in the store, and whose they are."""

    page: Page
    photo: PhotoId
    people: dict[FaceId, PersonId]


@dataclass(frozen=True)
class Tasks:
    """What annotators open: known photos again and again, each new one once."""

    known: tuple[KnownPage, ...]
    new: tuple[Page, ...]
    alone: tuple[Page, ...]


def make_tasks(
    store: Store, settings: Settings, *, photos_in_store: int, known: int, new: int
) -> Tasks:
    """Fill an empty workspace so that a backend can answer in it: every second known page is named
    by people, the others by a model version.
    """
    rng = np.random.default_rng(0)
    note(f"a store with {photos_in_store} photos")
    fill(store, settings, tasks=photos_in_store)
    note("drawing photos")
    album = make_album(settings.workspace / "album")
    pictures = settings.media / "previews"
    pictures.mkdir(parents=True, exist_ok=True)
    pages = draw_pages(album, pictures, camera_widths(known, rng=rng), seed=1)
    of_new = draw_pages(album, pictures, camera_widths(new, rng=rng), seed=2)
    widths = [TWO_MEGAPIXELS_PX] * _ALONE
    alone = draw_pages(album, pictures, widths, faces=FACES_ALONE, seed=3)
    read, of_known = zip(*_read(pages), strict=True)
    with store.write() as connection:
        photos.save_photos(connection, read, now=NOW)
        log.append(connection, Occasion("annotator:ann", NOW, "annotation:1"), _names(of_known))
    _learn(store, settings)
    return Tasks(of_known, tuple(of_new), tuple(alone))


def _read(pages: Sequence[Page]) -> Iterator[tuple[ReadPhoto, KnownPage]]:
    """Read photos as they are read into a workspace."""
    reader, progress = face_reader(ReadingOptions()), note_progress("photos read")
    for done, page in enumerate(pages, start=1):
        read = reader.read(open_photo(page.file))
        whose = {face.id: _whose(face, page) for face in read.faces}
        people = {face: person for face, person in whose.items() if person is not None}
        yield read, KnownPage(page, read.photo.id, people)
        progress(done, len(pages))


def _whose(face: Face, page: Page) -> PersonId | None:
    """By the portrait in which the face's middle lies."""
    across, down = face.box.left + face.box.width / 2, face.box.top + face.box.height / 2
    for portrait in page.faces:
        box = portrait.box
        if box.left < across < box.right and box.top < down < box.bottom:
            return PersonId(f"album{portrait.person}")
    return None


def _names(known: Sequence[KnownPage]) -> Iterator[Word]:
    everybody = {person for one in known for person in one.people.values()}
    for person in sorted(everybody):
        yield PersonCreated(person, f"Somebody {person}")
    for one in known[::2]:
        for face, person in one.people.items():
            yield FaceVerdict(face, Verdict.IS, person)


def _learn(store: Store, settings: Settings) -> None:
    """Make a model version current that knows everybody by the mean of their confirmed faces."""
    with store.read() as connection:
        truth = log.truth(connection)
        found = photos.encodings(connection, NETWORK, only=list(truth.confirmed))
    sums: dict[PersonId, list[FloatRows]] = defaultdict(list)
    for face, row in zip(found.faces, identity_rows(found), strict=True):
        sums[truth.confirmed[face].person].append(row)
    people = sorted(sums)
    draft = given_version(
        [Person(person, truth.people[person].name) for person in people],
        unit_rows(np.array([np.mean(sums[person], axis=0) for person in people])),
        scale=SCALE,
        unknown_cosine=UNKNOWN_COSINE,
        threshold=THRESHOLD,
    )
    put_into_use(settings.models, draft)
