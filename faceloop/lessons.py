"""What the notebooks share: a small album in a folder of its own, read, named and learned from.

Each step finds it done if an earlier notebook did it, so every notebook runs from an empty folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw

from faceloop.demo_album import Album, AlbumFace, make_album
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict, Word
from faces.identify import CurrentModel, Identifier
from faces.media import Media
from faces.montage import draw_montage, lay_out
from faces.records import NETWORK, Box, Encodings, Face, FaceId, FloatRows, PersonId, Pixels
from faces.settings import Settings
from faces.store import log, photos
from faces.store.database import Store
from serve.lettering import font_for, plain_font
from sync.ingest import Ingested, ingest_folder

PEOPLE = 10
STRANGERS = 2
"""So many of them are named by nobody, as happens in albums."""
_LINE, _PLATE, _LETTERS = (45, 212, 191), (15, 106, 100), (255, 255, 255)
_SMALLEST_PX = 12


@dataclass(frozen=True)
class Lesson:
    """The album, and what faceloop knows of it so far."""

    album: Album
    store: Store
    media: Media
    models: Path

    @property
    def named(self) -> frozenset[int]:
        """The numbers of the people who are named; the others of the album stay strangers."""
        numbers = {face.person for faces in self.album.truth.values() for face in faces}
        return frozenset(sorted(numbers)[: len(numbers) - STRANGERS])


def open_lesson(folder: Path) -> Lesson:
    """The album in this folder, made if it is not there, and an empty store beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    album = make_album(folder / "album", people=PEOPLE)
    store = Store(f"sqlite:///{folder / 'faceloop.sqlite3'}")
    store.migrate(lock=folder / "migrate.lock")
    media = Media(media=folder / "media", workspace=folder)
    return Lesson(album, store, media, folder / "models")


def read_photos(lesson: Lesson) -> Ingested:
    """Find and encode the faces of the album; what was read already is not read again."""
    return ingest_folder(
        lesson.store,
        lesson.album.photos,
        media=lesson.media,
        jobs=1,
        now=datetime.now(UTC),
        on_progress=lambda _done, _total: None,
    )


def who_is_who(lesson: Lesson) -> dict[FaceId, AlbumFace]:
    """The truth about every face that was found: whose portrait it is in."""
    with lesson.store.read() as connection:
        found = photos.faces(connection)
        paths = photos.paths_of_photos(connection)
    prints = {page.name: faces for page, faces in lesson.album.truth.items()}
    told = {face.id: _print_of(face, prints[Path(paths[face.photo]).name]) for face in found}
    return {face: one for face, one in told.items() if one is not None}


def confirm(lesson: Lesson, truth: Mapping[FaceId, AlbumFace]) -> int:
    """Say of every face who it is, as people do in Label Studio; how many were named now."""
    with lesson.store.read() as connection:
        known = log.truth(connection)
    new = [face for face in sorted(truth) if face not in known.settled]
    people = {truth[face].person: truth[face].name for face in new}
    created = [
        PersonCreated(_person(number), name)
        for number, name in sorted(people.items())
        if number in lesson.named and _person(number) not in known.people
    ]
    _say(lesson, created)
    _say(lesson, [_verdict(face, truth[face].person, lesson.named) for face in new])
    return len(new)


def train(lesson: Lesson, report: Callable[[str], None] = lambda _line: None) -> Identifier:
    """Learn from what was said; what names faces from then on.

    Raises:
        NotEnoughToLearn: nobody has said enough yet.
    """
    from training.retrain import retrain  # torch and fastai take seconds

    retrain(
        lesson.store,
        lesson.models,
        network=NETWORK,
        now=datetime.now(UTC),
        strangers_accepted=Settings.model_fields["strangers_accepted"].default,
        report=report,
    )
    identifier = CurrentModel(lesson.models).snapshot()
    if identifier is None:
        raise RuntimeError("a version was learned and is not in use")
    return identifier


def trained(folder: Path) -> tuple[Lesson, Identifier]:
    """Everything that the first two notebooks do, if they have not done it."""
    lesson = open_lesson(folder)
    identifier = CurrentModel(lesson.models).snapshot()
    if identifier is None:
        read_photos(lesson)
        confirm(lesson, who_is_who(lesson))
        identifier = train(lesson)
    return lesson, identifier


def encodings_of(plain: FloatRows, mirrored: FloatRows) -> Encodings:
    """The encodings of faces that are in no store, under their numbers."""
    faces = tuple(FaceId(str(number)) for number in range(len(plain)))
    return Encodings(NETWORK, faces, plain, mirrored)


def montage(lesson: Lesson, faces: Sequence[FaceId]) -> Image.Image:
    """Faces side by side, as Label Studio shows them."""
    crops = [lesson.media.crop(face) for face in faces]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "montage.jpg"
        draw_montage(lay_out([faces]), crops, place)
        with Image.open(place) as picture:
            return picture.copy()


def boxed(pixels: Pixels, boxes: Iterable[Box], words: Iterable[str] = ()) -> Image.Image:
    """A picture with these boxes, and a word at each if there are any."""
    picture = Image.fromarray(pixels)
    pen = ImageDraw.Draw(picture)
    line_px = max(2, picture.width // 400)
    places = list(boxes)
    for box in places:
        corners = (box.left, box.top, box.right, box.bottom)
        pen.rectangle(corners, outline=_LINE, width=line_px)
    for box, word in zip(places, words, strict=False):
        size_px = max(_SMALLEST_PX, round(box.height / 8))
        font = font_for(word, size_px) or plain_font(size_px)
        place = (box.left, box.top - 2)
        pen.rectangle(pen.textbbox(place, word, font=font, anchor="lb"), fill=_PLATE)
        pen.text(place, word, font=font, anchor="lb", fill=_LETTERS)
    return picture


def _print_of(face: Face, prints: Sequence[AlbumFace]) -> AlbumFace | None:
    """The portrait that the middle of a face is in."""
    across, down = face.box.left + face.box.width / 2, face.box.top + face.box.height / 2
    inside = (
        one
        for one in prints
        if one.box.left < across < one.box.right and one.box.top < down < one.box.bottom
    )
    return next(inside, None)


def _person(number: int) -> PersonId:
    return PersonId(f"person-{number}")


def _verdict(face: FaceId, number: int, named: frozenset[int]) -> FaceVerdict:
    if number not in named:
        return FaceVerdict(face, Verdict.STRANGER)
    return FaceVerdict(face, Verdict.IS, _person(number))


def _say(lesson: Lesson, words: Sequence[Word]) -> None:
    with lesson.store.write() as connection:
        log.append(connection, Occasion("you", datetime.now(UTC), "notebook"), words)
