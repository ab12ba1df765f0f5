"""What tasks Label Studio should hold now, and those of Photos: plain values, no input."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from faces.confirmations import Truth, Turned
from faces.desk_tasks import OFFERED_PEOPLE
from faces.proposing import Guesses
from faces.records import Face, FaceId, PersonId, Photo, PhotoId
from faces.showing import shown_face
from faces.store.ledger import PushedTask, Shown
from faces.studio_format import (
    UNKNOWN,
    ShownFace,
    photo_prediction,
    photo_task,
)
from faces.suggestions import Suggestion

MOST_NAMES = 12
"""Names on offer in a photo; longer lists hide the picture."""


_NONE_TURNED: Mapping[PhotoId, Turned] = MappingProxyType({})
_NONE_SUGGESTED: Mapping[FaceId, Suggestion] = MappingProxyType({})


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
    `suggested` are the ids of what visitors suggest of it; one that was answered before
    `is_asked_again`.
    """

    photo: Photo
    caption: str
    people: tuple[str, ...]
    shown: tuple[ShownFace, ...]
    ids: Mapping[str, PersonId] = field(default_factory=dict)
    turned_by: str = ""
    suggested: tuple[str, ...] = ()
    is_asked_again: bool = False

    @property
    def key(self) -> str:
        """The photo's id; once somebody turned it, another for each place that did and each way.

        Where visitors suggest something of a photo that was answered, it has another for that.
        """
        whole: list[object] = [self.photo.turned, self.turned_by] if self.turned_by else []
        if self.is_asked_again:
            whole += self.suggested
        return f"{self.photo.id[:32]}~{digest(whole)}" if whole else self.photo.id

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
            suggested=self.suggested,
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
    suggested: Mapping[FaceId, Suggestion] = _NONE_SUGGESTED,
) -> list[WantedPhoto]:
    """A task for each photo that shows a face, with the names as they stand now.

    A photo that somebody `turned` has one even if it shows none: it may have been turned wrongly.
    What visitors `suggested` stands where a name is proposed, and in words beside the caption.
    """
    of_photo: dict[PhotoId, list[Face]] = defaultdict(list)
    for face in faces:
        if face.id not in truth.not_faces:
            of_photo[face.photo].append(face)
    called = _ids_by_name(truth)
    return [
        WantedPhoto(
            photo,
            _caption(captions.get(photo.id, ""), of_photo[photo.id], truth, suggested),
            names := _names_on_offer(of_photo[photo.id], truth, guesses, suggested),
            tuple(_shown(of_photo[photo.id], truth, guesses, suggested)),
            {name: called[name] for name in names},
            turned[photo.id].place if photo.id in turned else "",
            tuple(suggested[one.id].id for one in of_photo[photo.id] if one.id in suggested),
        )
        for photo in photos
        if of_photo[photo.id] or photo.id in turned
    ]


def _ids_by_name(truth: Truth) -> dict[str, PersonId]:
    """Who is called what; nobody's name is another's."""
    return {person.name: person.id for person in truth.people.values()}


def ask_again(wanted: Iterable[WantedPhoto], pushed: Mapping[str, PushedTask]) -> list[WantedPhoto]:
    """The same; what visitors suggest of a photo that was answered is asked in a new task.

    The task that was answered stays as it is, with its answer.
    """
    return [
        replace(one, is_asked_again=True)
        if one.suggested and one.key in pushed and pushed[one.key].annotated
        else one
        for one in wanted
    ]


def _caption(
    caption: str, faces: Sequence[Face], truth: Truth, suggested: Mapping[FaceId, Suggestion]
) -> str:
    """What a photo is called, and what visitors of the app say of its faces, left to right."""
    told = [
        f"face {number} from the left: {suggested[face.id].told(truth)}"
        for number, face in enumerate(faces, start=1)
        if face.id in suggested
    ]
    return f"{caption} · a visitor of the app says: {'; '.join(told)}" if told else caption


def _shown(
    faces: Sequence[Face],
    truth: Truth,
    guesses: Guesses,
    suggested: Mapping[FaceId, Suggestion],
) -> list[ShownFace]:
    return [
        shown_face(face, guesses.proposals.get(face.id), truth, suggested=suggested.get(face.id))
        for face in faces
    ]


def _names_on_offer(
    faces: Sequence[Face],
    truth: Truth,
    guesses: Guesses,
    suggested: Mapping[FaceId, Suggestion],
) -> tuple[str, ...]:
    """The names shown in a photo first, then the next likeliest of each face in turn."""
    shown = _shown(faces, truth, guesses, suggested)
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
