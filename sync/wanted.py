"""Which tasks Label Studio should hold now, and what each should show: plain values, no input."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from faces.carrying import split_off
from faces.confirmations import FaceVerdict, Truth
from faces.records import Cluster, ClusterId, Face, FaceId, PersonId, Photo, PhotoId
from faces.showing import name_of, shown_face
from faces.store.ledger import Shown
from faces.studio_context import Sighting, context_html, said_html
from faces.studio_format import (
    PEOPLE_VERSION,
    UNKNOWN,
    WORTH,
    Kind,
    ShownFace,
    photo_prediction,
    photo_task,
    place_of_task,
)
from faces.studio_people import Asks, ShownRow, people_prediction, people_task
from sync.context import Places
from sync.montage import DRAWING, lay_out
from sync.pages import agreed, likeliest_of_all, open_pages, outsiders, said_to_be_several
from sync.proposing import OFFERED_PEOPLE, Guesses
from sync.worth import worth_of_page

MOST_NAMES = 12
"""Names on offer in a photo; longer lists hide the picture."""


class Wanted(Protocol):
    """A task that should be there."""

    @property
    def key(self) -> str:
        """What the task is about; stays the same when only its names change."""

    def data(self, picture_url: str) -> dict[str, Any]:
        """The task's data."""

    def seen(self) -> object:
        """Of the data, what makes a task worth rewriting."""

    def prediction(self, version: str) -> dict[str, Any]:
        """The task's prediction."""


@dataclass(frozen=True)
class WantedPhoto:
    """A photo with all its faces."""

    photo: Photo
    caption: str
    people: tuple[str, ...]
    shown: tuple[ShownFace, ...]
    ids: Mapping[str, PersonId] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The photo's id."""
        return self.photo.id

    def data(self, picture_url: str) -> dict[str, Any]:
        """The task's data."""
        return photo_task(
            self.photo.id,
            image_url=picture_url,
            caption=self.caption,
            people=self.people,
            faces=[face.face for face in self.shown],
            ids=self.ids,
        )

    def seen(self) -> list[object]:
        """Of the data, what makes a task worth rewriting: all but the names that it only offers.

        Every new name would change those in every photo; they wait until a name shown here
        changes or changes hands, or for the next round.
        """
        shown = {face.name: self.ids.get(face.name, "") for face in self.shown}
        return [replace(self, people=(), ids={}).data(""), shown]

    def prediction(self, version: str) -> dict[str, Any]:
        """The task's prediction."""
        size = {"width_px": self.photo.width_px, "height_px": self.photo.height_px}
        return photo_prediction(self.shown, **size, version=version)


@dataclass(frozen=True)
class WantedPage:
    """A page of a cluster: who are these faces?

    Those in `carried` are of the same cluster, counted and not shown; they get its name with an
    answer that throws none out. Of the faces in `disputed` people disagree; it has the numbers of
    what they said. `worth` says how early it is to be answered, `queue` by whom: the number of an
    annotator. `sightings` tell of each face where it was seen; they may be unknown. A page that is
    `asked` again stands beside the tasks that asked before, and `question` says why.
    """

    cluster: ClusterId
    faces: tuple[FaceId, ...]
    photos: int
    people: tuple[str, ...]
    name: str | None
    score: float
    ids: Mapping[str, PersonId] = field(default_factory=dict)
    carried: tuple[FaceId, ...] = ()
    disputed: Mapping[FaceId, Sequence[int]] = field(default_factory=dict)
    worth: float = 0.0
    queue: int = 1
    sightings: tuple[Sighting, ...] = ()
    asked: int = 0
    question: str = ""

    @property
    def montage(self) -> str:
        """A digest of the faces, in their order, and of how they are drawn: the picture's name."""
        return f"page-{_digest([DRAWING, *self.faces])}"

    @property
    def key(self) -> str:
        """The picture's name, with what is disputed and how often it was asked before: a page on
        which people came to disagree, or whose answer contradicted itself, is asked anew.
        """
        key = f"page-{_digest([self.montage, self.disputed])}" if self.disputed else self.montage
        return f"{key}~{self.asked}" if self.asked else key

    @property
    def kind(self) -> Kind:
        """What it asks."""
        return Kind.DOUBTFUL if self.disputed else Kind.NAME

    def data(
        self, picture_url: str, previews: Mapping[PhotoId, str] | None = None
    ) -> dict[str, Any]:
        """The task's data; `previews` are the addresses of the photos that it can open."""
        layout = lay_out([self.faces])
        return people_task(
            asks=Asks.NAME,
            rows=[ShownRow(layout.tiles, self.name, self.carried)],
            cluster=self.cluster,
            montage_url=picture_url,
            people=self.people,
            photos=self.photos,
            ids=self.ids,
            disputed=list(self.disputed),
            question=said_html(self.question),
            context=context_html(
                self.sightings,
                [tile.box for tile in layout.tiles[: len(self.sightings)]],
                previews or {},
                width_px=layout.width_px,
                height_px=layout.height_px,
            ),
        ) | place_of_task(self.kind, worth=self.worth, queue=self.queue)

    def seen(self) -> object:
        """Of the data, what makes a task worth rewriting: all but its worth, renewed by itself, and
        whatever the addresses.
        """
        seen = {key: value for key, value in self.data("").items() if key != WORTH}
        return [seen, [asdict(sighting) for sighting in self.sightings]]

    def prediction(self, version: str) -> dict[str, Any]:
        """The task's prediction; People has one version for ever."""
        if version != PEOPLE_VERSION:
            raise ValueError(f"the People project shows {PEOPLE_VERSION} only, not {version}")
        layout = lay_out([self.faces])
        return people_prediction(
            asks=Asks.NAME,
            rows=[ShownRow(layout.tiles, self.name)],
            width_px=layout.width_px,
            height_px=layout.height_px,
            score=self.score,
        )


def shown_digest(wanted: Wanted) -> Shown:
    """Digests of what a task shows, whatever its picture's address and version.

    The names that a task only offers count for a page, not for a photo (see `WantedPhoto.seen`).
    """
    version = PEOPLE_VERSION if isinstance(wanted, WantedPage) else ""
    return Shown(_digest(wanted.seen()), _digest(wanted.prediction(version)))


def wanted_photos(
    photos: Sequence[Photo],
    faces: Sequence[Face],
    captions: Mapping[PhotoId, str],
    truth: Truth,
    guesses: Guesses,
) -> list[WantedPhoto]:
    """A task for each photo that shows a face, with the names as they stand now."""
    of_photo: dict[PhotoId, list[Face]] = defaultdict(list)
    for face in faces:
        if face.id not in truth.not_faces:
            of_photo[face.photo].append(face)
    called = _ids_by_name(truth)
    return [
        WantedPhoto(
            photo,
            captions.get(photo.id, ""),
            names := _names_on_offer(of_photo[photo.id], truth, guesses),
            tuple(_shown(of_photo[photo.id], truth, guesses)),
            {name: called[name] for name in names},
        )
        for photo in photos
        if of_photo[photo.id]
    ]


def wanted_pages(
    clusters: Sequence[Cluster],
    photo_of: Mapping[FaceId, PhotoId],
    truth: Truth,
    guesses: Guesses,
    places: Places | None = None,
) -> list[WantedPage]:
    """A page for every cluster with faces that nobody has settled yet.

    Of a cluster of very many it shows some, unless these may not be one person: then there is a
    page for every thirty (`open_pages`). A face without a photo in `photo_of` is not shown: its
    photo is gone. A carried face is asked for when its cluster split.
    """
    pages: list[WantedPage] = []
    settled = truth.settled - split_off(truth, clusters)
    called = _ids_by_name(truth)
    disputes = _disputes(truth)
    doubted = disputes.keys() | said_to_be_several(truth)
    for cluster in clusters:
        left_out = settled | outsiders(cluster, truth)
        for faces, carried in open_pages(cluster, photo_of, left_out, doubted):
            person = agreed(faces, truth, guesses)
            likeliest = likeliest_of_all(faces, guesses)
            offered = [*([person] if person else []), *(p for p in likeliest if p != person)]
            names = _names(offered, truth)
            votes = [guesses.proposals[face] for face in faces if face in guesses.proposals]
            pages.append(
                WantedPage(
                    cluster.id,
                    faces,
                    len({photo_of[face] for face in faces}),
                    names,
                    None if person is None else name_of(person, truth),
                    min((vote.score for vote in votes), default=0.0),
                    {name: called[name] for name in names},
                    carried,
                    {face: disputes[face] for face in faces if face in disputes},
                    worth_of_page(cluster, faces, carried=carried, is_named=person is not None),
                    sightings=() if places is None else places.sightings(faces),
                )
            )
    return pages


def best_first(pages: Iterable[WantedPage]) -> list[WantedPage]:
    """The pages by what they are worth."""
    return sorted(pages, key=lambda page: (-page.worth, page.key))


def _ids_by_name(truth: Truth) -> dict[str, PersonId]:
    """Who is called what; nobody's name is another's."""
    return {person.name: person.id for person in truth.people.values()}


def _disputes(truth: Truth) -> dict[FaceId, list[int]]:
    """For each face on which people disagree the numbers of what stands of their words."""
    said: dict[FaceId, list[int]] = defaultdict(list)
    for event in truth.standing:
        if isinstance(event.word, FaceVerdict) and event.word.face in truth.disputed:
            said[event.word.face].append(event.number)
    return said


def _names(people: Sequence[PersonId], truth: Truth) -> tuple[str, ...]:
    """As many names as there are hotkeys; who is nobody any more is left out."""
    known = [person for person in people if person in truth.people]
    return tuple(truth.people[person].name for person in known[:OFFERED_PEOPLE])


def _shown(faces: Sequence[Face], truth: Truth, guesses: Guesses) -> list[ShownFace]:
    return [shown_face(face, guesses.proposals.get(face.id), truth) for face in faces]


def _names_on_offer(faces: Sequence[Face], truth: Truth, guesses: Guesses) -> tuple[str, ...]:
    """The names shown in a photo first, then the next likeliest of each face in turn."""
    shown = _shown(faces, truth, guesses)
    names = dict.fromkeys(face.name for face in shown if face.name != UNKNOWN)
    for place in range(OFFERED_PEOPLE):
        for face in faces:
            near = guesses.likeliest.get(face.id, ())
            if place < len(near) and near[place] in truth.people and len(names) < MOST_NAMES:
                names.setdefault(truth.people[near[place]].name)
    return tuple(names)


def _digest(value: object) -> str:
    told = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:24]
