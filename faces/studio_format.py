"""Records to Label Studio's JSON and back; percent and region types exist only here.

The labeling configs stand beside it in `faces.studio_configs`, what the People project shows in
`faces.studio_people`, what people answered in `faces.studio_answers`. A region's id is its FaceId.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from faces.records import Box, FaceId, PersonId, PhotoId
from faces.turning import QUARTERS

UNKNOWN = "Unknown"
"""The label of a face for which no name is proposed."""
PEOPLE_VERSION = "faceloop-people"
"""The one model version of the People project."""
WORTH = "worth"
"""The key of a People task's data that tabs order by."""


class Tile(StrEnum):
    """What an annotator says of one tile of a montage."""

    SAME_PERSON = "Same person"
    SOMEONE_ELSE = "Someone else"
    NOT_A_FACE = "Not a face"


class ClusterVerdict(StrEnum):
    """What an annotator says of all tiles of a montage at once."""

    STRANGER = "Stranger"
    NOT_FACES = "Not faces"
    MIXED = "Mixed"
    CANNOT_TELL = "Cannot tell"


class Kind(StrEnum):
    """What a People task asks, as its data says for tabs to go by."""

    NAME = "name"
    SAME = "same"
    DOUBTFUL = "doubtful"
    CONFIRM = "confirm"


class BoxVerdict(StrEnum):
    """What an annotator says of one box in a photo, other than a name."""

    STRANGER = "Stranger"
    NOT_A_FACE = "Not a face"
    CANNOT_TELL = "Cannot tell"


class Turn(StrEnum):
    """How a photo has to be turned to be upright, as an annotator sees it."""

    LEFT = "Turn left"
    RIGHT = "Turn right"
    UPSIDE_DOWN = "Upside down"

    @property
    def quarters(self) -> int:
        """The same in quarters to the right."""
        return {Turn.LEFT: 3, Turn.RIGHT: 1, Turn.UPSIDE_DOWN: 2}[self]


@dataclass(frozen=True, slots=True)
class ShownFace:
    """A face as a photo's task shows it; `score` is how sure the name is, 0 to 1."""

    face: FaceId
    box: Box
    name: str
    score: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class ShownTile:
    """A face's tile in a montage, in the montage's pixels."""

    face: FaceId
    box: Box


def photo_task(
    photo: PhotoId,
    *,
    image_url: str,
    caption: str,
    people: Sequence[str],
    faces: Sequence[FaceId],
    ids: Mapping[str, PersonId] | None = None,
    turned: int = 0,
    suggested: Sequence[str] = (),
) -> dict[str, Any]:
    """The data of a Photos task: the picture, the names on offer, and the faces it shows.

    `ids` tells whom the names stand for, whoever has them when the answer is read; `turned` by how
    many quarters the picture is turned, whatever is known of the photo by then; `suggested` which
    suggestions of visitors it shows.
    """
    return {
        "image": image_url,
        "photo": photo,
        "caption": caption,
        "people": options([*people, UNKNOWN]),
        "faces": list(faces),
        **({"people_ids": dict(ids)} if ids else {}),
        **({"turned": turned} if turned else {}),
        **({"suggested": list(suggested)} if suggested else {}),
    }


def suggestions_shown(task_data: Mapping[str, Any]) -> list[str]:
    """Which suggestions of visitors a Photos task shows, by their ids."""
    shown = task_data.get("suggested")
    return [str(one) for one in shown] if isinstance(shown, list) else []


def shown_turned(task_data: Mapping[str, Any]) -> int:
    """By how many quarters to the right the picture of a Photos task is turned."""
    turned = task_data.get("turned")
    return turned % QUARTERS if isinstance(turned, int) else 0


def photo_prediction(
    shown: Sequence[ShownFace], *, width_px: int, height_px: int, version: str
) -> dict[str, Any]:
    """All faces of a photo as one prediction; its score is that of the least certain face."""
    return {
        "model_version": version,
        "score": min((face.score for face in shown), default=0.0),
        "result": [named_region(face, width_px, height_px) for face in shown],
    }


def names_on_offer(task_data: Mapping[str, Any]) -> frozenset[str] | None:
    """The labels that a task offers, None where it says nothing of labels."""
    people = task_data.get("people")
    if not isinstance(people, list):
        return None
    return frozenset(str(one.get("value")) for one in people if isinstance(one, dict))


def within_offer(prediction: Mapping[str, Any], offered: frozenset[str]) -> dict[str, Any]:
    """A prediction whose names are all on offer: Label Studio shows any other as an empty label.

    A name that is not on offer stands in the region's notes, and its label is unknown.
    """
    return {
        **prediction,
        "result": [region_within(region, offered) for region in prediction["result"]],
    }


def region_within(region: dict[str, Any], offered: frozenset[str]) -> dict[str, Any]:
    """The same for one region; one that is within the offer is given back as it is."""
    name = first_of(region["value"].get("rectanglelabels"))
    if name is None or name == UNKNOWN or name in offered:
        return region
    note = f"perhaps {name}, who is not among the names of this task"
    unnamed = region["value"] | {"rectanglelabels": [UNKNOWN]}
    return region | {"value": unnamed, "score": 0.0, "meta": {"text": [note]}}


def place_of_task(kind: Kind, *, worth: float, queue: int) -> dict[str, str]:
    """What tabs pick and order People tasks by.

    Label Studio compares what is in a task's data as text, so worth is written with leading zeros.
    Its front end takes no minus in the name of a key.
    """
    return {"kind": kind.value, WORTH: f"{worth:010.3f}", "queue": str(queue)}


def named_region(face: ShownFace, width_px: int, height_px: int) -> dict[str, Any]:
    """A face as a rectangle with its name, in a photo of this size."""
    region: dict[str, Any] = {
        "id": face.face,
        "from_name": "face",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": width_px,
        "original_height": height_px,
        "image_rotation": 0,
        "score": face.score,
        "value": percent(face.box, width_px, height_px)
        | {"rotation": 0, "rectanglelabels": [face.name]},
    }
    if face.note:
        region["meta"] = {"text": [face.note]}
    return region


def percent(box: Box, width_px: int, height_px: int) -> dict[str, float]:
    """Where a box lies in a picture of this size, as Label Studio tells it."""
    inside = box.clipped(width_px, height_px)
    return {
        "x": 100 * inside.left / width_px,
        "y": 100 * inside.top / height_px,
        "width": 100 * inside.width / width_px,
        "height": 100 * inside.height / height_px,
    }


def options(names: Sequence[str]) -> list[dict[str, str]]:
    """Names as Label Studio offers them, each once."""
    return [{"value": name} for name in dict.fromkeys(names)]


def first_of(values: Any) -> str | None:
    """The first of a list of labels or texts, None where there is none."""
    return str(values[0]) if isinstance(values, list) and values else None
