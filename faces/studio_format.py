"""Records to Label Studio's JSON and back; percent and region types exist only here.

The labeling configs stand beside it in `faces.studio_configs`. A region's id is its FaceId.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from faces.records import Box, FaceId, PersonId, Photo, PhotoId

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


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box that an annotator has just drawn: `region` is Label Studio's id of it."""

    region: str
    box: Box
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """What one box in a photo says at submit; `name` is None when nothing is said.

    `meant` is whom the chosen name stood for when it was offered, where the task tells.
    """

    region: str
    box: Box
    name: str | None
    verdict: BoxVerdict | None
    meant: PersonId | None = None


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """One annotation of a photo: its boxes, and the proposed faces whose boxes are gone."""

    photo: PhotoId
    boxes: tuple[BoxAnswer, ...]
    deleted: tuple[FaceId, ...]


@dataclass(frozen=True, slots=True)
class PeopleAnswer:
    """One annotation of a montage: a name, a verdict on all, and each tile that is still there.

    `typed` is true when the name was typed: a chosen one may be our own prediction, left as it was.
    `meant` is whom a chosen name stood for when it was offered, where the task tells. Of the faces
    in `disputed` people disagreed, so that what is said of them here decides. The faces in
    `carried` belong to the group and were counted, not shown.
    """

    name: str | None
    verdict: ClusterVerdict | None
    tiles: Mapping[FaceId, Tile]
    typed: bool = False
    meant: PersonId | None = None
    disputed: frozenset[FaceId] = frozenset()
    carried: tuple[FaceId, ...] = ()


def photo_task(
    photo: PhotoId,
    *,
    image_url: str,
    caption: str,
    people: Sequence[str],
    faces: Sequence[FaceId],
    ids: Mapping[str, PersonId] | None = None,
) -> dict[str, Any]:
    """The data of a Photos task: the picture, the names on offer, and the faces it shows.

    `ids` tells whom the names stand for, whoever has them when the answer is read.
    """
    return {
        "image": image_url,
        "photo": photo,
        "caption": caption,
        "people": _options([*people, UNKNOWN]),
        "faces": list(faces),
        **({"people_ids": dict(ids)} if ids else {}),
    }


def photo_prediction(
    shown: Sequence[ShownFace], *, width_px: int, height_px: int, version: str
) -> dict[str, Any]:
    """All faces of a photo as one prediction; its score is that of the least certain face."""
    return {
        "model_version": version,
        "score": min((face.score for face in shown), default=0.0),
        "result": [_named_region(face, width_px, height_px) for face in shown],
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
        "result": [_region_within(region, offered) for region in prediction["result"]],
    }


def _region_within(region: dict[str, Any], offered: frozenset[str]) -> dict[str, Any]:
    name = _first(region["value"].get("rectanglelabels"))
    if name is None or name == UNKNOWN or name in offered:
        return region
    note = f"perhaps {name}, who is not among the names of this task"
    unnamed = region["value"] | {"rectanglelabels": [UNKNOWN]}
    return region | {"value": unnamed, "score": 0.0, "meta": {"text": [note]}}


def people_task(
    *,
    cluster: str,
    montage_url: str,
    people: Sequence[str],
    tiles: Sequence[ShownTile],
    photos: int,
    ids: Mapping[str, PersonId] | None = None,
    disputed: Sequence[FaceId] = (),
    carried: Sequence[FaceId] = (),
) -> dict[str, Any]:
    """The data of a People task: the montage, the likeliest names, and the faces it shows.

    `ids` tells whom the names stand for; `disputed` are those of the faces that are asked again
    because people disagree; `carried` are the group's other faces, which are not shown.
    """
    return {
        "montage": montage_url,
        "cluster": cluster,
        "size": str(len(tiles)),
        "photos": str(photos),
        "people": _options(people),
        "faces": [tile.face for tile in tiles],
        **({"people_ids": dict(ids)} if ids else {}),
        **({"disputed": list(disputed)} if disputed else {}),
        **({"carried": list(carried)} if carried else {}),
    }


def place_of_task(kind: Kind, *, worth: float, queue: int) -> dict[str, str]:
    """What tabs pick and order People tasks by.

    Label Studio compares what is in a task's data as text, so worth is written with leading zeros.
    Its front end takes no minus in the name of a key.
    """
    return {"kind": kind.value, WORTH: f"{worth:010.3f}", "queue": str(queue)}


def people_prediction(
    tiles: Sequence[ShownTile], *, width_px: int, height_px: int, name: str | None, score: float
) -> dict[str, Any]:
    """Every tile of a montage as *same person*, and the likeliest name chosen if there is one."""
    result: list[dict[str, Any]] = [
        {
            "id": tile.face,
            "from_name": "face",
            "to_name": "montage",
            "type": "rectanglelabels",
            "original_width": width_px,
            "original_height": height_px,
            "image_rotation": 0,
            "value": _percent(tile.box, width_px, height_px)
            | {"rotation": 0, "rectanglelabels": [Tile.SAME_PERSON.value]},
        }
        for tile in tiles
    ]
    if name is not None:
        chosen = {"choices": [name]}
        result.append(
            {"from_name": "name", "to_name": "montage", "type": "choices", "value": chosen}
        )
    return {"model_version": PEOPLE_VERSION, "score": score, "result": result}


def drawn_boxes(context: object) -> list[DrawnBox]:
    """The rectangles in an interactive call's context; anything else in it is left out."""
    regions = context.get("result") if isinstance(context, dict) else None
    if not isinstance(regions, list):
        return []
    return [box for box in map(_drawn_box, regions) if box is not None]


def renamed_region(drawn: DrawnBox, name: str, score: float) -> dict[str, Any]:
    """The same rectangle, answered with a name."""
    face = ShownFace(FaceId(drawn.region), drawn.box, name, score)
    return _named_region(face, drawn.width_px, drawn.height_px)


def read_photo_answer(
    annotation: Mapping[str, Any],
    task_data: Mapping[str, Any],
    *,
    photo: Photo,
    from_prediction: bool,
) -> PhotoAnswer:
    """What an annotation of a Photos task says; boxes are in pixels of the photo.

    Label Studio's `original_width` is that of the preview which the browser loaded, so percent
    alone counts. A proposed face without a box counts as deleted only when the annotation began
    from a prediction: on a task opened empty its absence means nothing.
    """
    boxes: dict[str, BoxAnswer] = {}
    extras: dict[str, dict[str, str]] = {}
    regions: set[str] = set()
    size = {"original_width": photo.width_px, "original_height": photo.height_px}
    for item in annotation.get("result") or []:
        if item.get("type") in ("rectanglelabels", "rectangle"):
            regions.add(str(item.get("id")))
            drawn = _drawn_box({**item, **size})
            if drawn is None:
                continue
            label = _first(item["value"].get("rectanglelabels"))
            name = None if label in (None, UNKNOWN) else label
            boxes[drawn.region] = BoxAnswer(
                drawn.region, drawn.box, name, None, _meant(task_data, name)
            )
        elif item.get("type") == "textarea":
            said = _first(item.get("value", {}).get("text")) or ""
            extras.setdefault(item.get("id", ""), {})["name"] = said
        elif item.get("type") == "choices":
            said = _first(item.get("value", {}).get("choices")) or ""
            extras.setdefault(item.get("id", ""), {})["verdict"] = said
    whole = tuple(_with_extras(box, extras.get(region, {})) for region, box in boxes.items())
    proposed = [FaceId(face) for face in task_data.get("faces") or []]
    deleted = tuple(face for face in proposed if face not in regions) if from_prediction else ()
    return PhotoAnswer(photo.id, whole, deleted)


def read_people_answer(
    annotation: Mapping[str, Any], task_data: Mapping[str, Any], *, from_prediction: bool
) -> PeopleAnswer:
    """What an annotation of a People task says; what is not on our screens is left out.

    Where the annotation did not begin from a prediction, no tile was there to be left or changed:
    then the answer speaks of all faces of the montage, which the annotator saw.
    """
    shown = list(dict.fromkeys(task_data.get("faces") or []))
    tiles: dict[FaceId, Tile] = {}
    said: dict[str, str] = {}
    for item in annotation.get("result") or []:
        value, about = item.get("value", {}), item.get("from_name")
        if about == "face" and item.get("id") in shown:
            label = _first(value.get("rectanglelabels")) or Tile.SAME_PERSON.value
            if label in set(Tile):
                tiles[FaceId(item["id"])] = Tile(label)
        elif about in ("name", "verdict"):
            said[about] = _first(value.get("choices")) or ""
        elif about == "new_name":
            said[about] = _first(value.get("text")) or ""
    if not tiles and not from_prediction:
        tiles = {FaceId(face): Tile.SAME_PERSON for face in shown}
    verdict = said.get("verdict", "")
    typed = said.get("new_name", "").strip()
    return PeopleAnswer(
        name=typed or said.get("name") or None,
        verdict=ClusterVerdict(verdict) if verdict in set(ClusterVerdict) else None,
        tiles=tiles,
        typed=bool(typed),
        meant=None if typed else _meant(task_data, said.get("name")),
        disputed=frozenset(map(FaceId, _listed(task_data.get("disputed")))),
        carried=tuple(map(FaceId, _listed(task_data.get("carried")))),
    )


def _named_region(face: ShownFace, width_px: int, height_px: int) -> dict[str, Any]:
    region: dict[str, Any] = {
        "id": face.face,
        "from_name": "face",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": width_px,
        "original_height": height_px,
        "image_rotation": 0,
        "score": face.score,
        "value": _percent(face.box, width_px, height_px)
        | {"rotation": 0, "rectanglelabels": [face.name]},
    }
    if face.note:
        region["meta"] = {"text": [face.note]}
    return region


def _percent(box: Box, width_px: int, height_px: int) -> dict[str, float]:
    inside = box.clipped(width_px, height_px)
    return {
        "x": 100 * inside.left / width_px,
        "y": 100 * inside.top / height_px,
        "width": 100 * inside.width / width_px,
        "height": 100 * inside.height / height_px,
    }


def _drawn_box(item: Any) -> DrawnBox | None:
    """The rectangle of a region in pixels of the upright photo; None for anything else."""
    if not isinstance(item, dict) or not isinstance(item.get("value"), dict):
        return None
    value = item["value"]
    try:
        width_px, height_px = int(item["original_width"]), int(item["original_height"])
        left, top, width, height = (float(value[k]) / 100 for k in ("x", "y", "width", "height"))
        box = Box(left * width_px, top * height_px, width * width_px, height * height_px)
        return DrawnBox(str(item["id"]), box.clipped(width_px, height_px), width_px, height_px)
    except (KeyError, OverflowError, TypeError, ValueError):
        return None


def _with_extras(box: BoxAnswer, extras: Mapping[str, str]) -> BoxAnswer:
    """A typed name beats the label, a verdict beats both."""
    verdict = extras.get("verdict")
    if verdict in set(BoxVerdict):
        return BoxAnswer(box.region, box.box, None, BoxVerdict(verdict))
    typed = extras.get("name", "").strip()
    return BoxAnswer(box.region, box.box, typed, None) if typed else box


def _meant(task_data: Mapping[str, Any], name: str | None) -> PersonId | None:
    """Whom a name on offer stands for; None in a task that does not tell."""
    ids = task_data.get("people_ids")
    known = ids.get(name) if isinstance(ids, dict) else None
    return PersonId(known) if isinstance(known, str) else None


def _listed(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _options(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"value": name} for name in dict.fromkeys(names)]


def _first(values: Any) -> str | None:
    return str(values[0]) if isinstance(values, list) and values else None
