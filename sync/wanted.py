"""What tasks Label Studio should hold now, and those of Photos: plain values, no input."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from faces.confirmations import Truth, Turned
from faces.desk_tasks import OFFERED_PEOPLE
from faces.proposing import Guesses
from faces.records import Face, PersonId, Photo, PhotoId
from faces.showing import shown_face
from faces.store.ledger import Shown
from faces.studio_format import (
    UNKNOWN,
    ShownFace,
    photo_prediction,
    photo_task,
)

MOST_NAMES = 12
"""Names on offer in a photo; longer lists hide the picture."""


_NONE_TURNED: Mapping[PhotoId, Turned] = MappingProxyType({})


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

    def predicted(self) -> object:
        """The prediction, whatever its version."""


@dataclass(frozen=True)
class WantedPhoto:
    """A photo with all its faces.

    `turned_by` is the place whose word turned it, empty for one that lies as its file has it. The
    task in which it was turned stays as it is, with the answer; the photo has a new one.
    """

    photo: Photo
    caption: str
    people: tuple[str, ...]
    shown: tuple[ShownFace, ...]
    ids: Mapping[str, PersonId] = field(default_factory=dict)
    turned_by: str = ""

    @property
    def key(self) -> str:
        """The photo's id; once somebody turned it, another for each place that did and each way."""
        if not self.turned_by:
            return self.photo.id
        return f"{self.photo.id[:32]}~{digest([self.photo.turned, self.turned_by])}"

    def data(self, picture_url: str) -> dict[str, Any]:
        """The task's data."""
        return photo_task(
            self.photo.id,
            image_url=picture_url,
            caption=self.caption,
            people=self.people,
            faces=[face.face for face in self.shown],
            ids=self.ids,
            turned=self.photo.turned,
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

    def predicted(self) -> object:
        """The prediction, whatever its version."""
        return self.prediction("")


def shown_digest(wanted: Wanted) -> Shown:
    """Digests of what a task shows, whatever its picture's address and version.

    The names that a task only offers count for a page, not for a photo (see `WantedPhoto.seen`).
    """
    return Shown(digest(wanted.seen()), digest(wanted.predicted()))


def wanted_photos(
    photos: Sequence[Photo],
    faces: Sequence[Face],
    captions: Mapping[PhotoId, str],
    truth: Truth,
    guesses: Guesses,
    turned: Mapping[PhotoId, Turned] = _NONE_TURNED,
) -> list[WantedPhoto]:
    """A task for each photo that shows a face, with the names as they stand now.

    A photo that somebody `turned` has one even if it shows none: it may have been turned wrongly.
    """
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
            turned[photo.id].place if photo.id in turned else "",
        )
        for photo in photos
        if of_photo[photo.id] or photo.id in turned
    ]


def _ids_by_name(truth: Truth) -> dict[str, PersonId]:
    """Who is called what; nobody's name is another's."""
    return {person.name: person.id for person in truth.people.values()}


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


def digest(value: object) -> str:
    """A digest of plain values."""
    told = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:24]
