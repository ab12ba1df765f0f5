"""What an annotation in Label Studio holds, as records: the answers of both projects.

A region's id is its FaceId; what is not on our screens is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faces.records import Box, FaceId, PersonId, Photo, PhotoId
from faces.studio_format import UNKNOWN, BoxVerdict, ClusterVerdict, Tile, drawn_box, first_of

_OF_ALL = ("name", "new_name", "everyone", "verdict")
"""The controls of a People task that speak of all its tiles."""


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

    `typed` is true when the name was typed, or picked from the list of everyone: one of the
    buttons may be our own prediction, left as it was. `meant` is whom a button's name stood for
    when it was offered, where the task tells. Of the faces in `disputed` people disagreed, so that
    what is said of them here decides. The faces in `carried` belong to the group and were counted,
    not shown. `drawn` boxes are about no tile.
    """

    name: str | None
    verdict: ClusterVerdict | None
    tiles: Mapping[FaceId, Tile]
    typed: bool = False
    meant: PersonId | None = None
    disputed: frozenset[FaceId] = frozenset()
    carried: tuple[FaceId, ...] = ()
    drawn: int = 0


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
            drawn = drawn_box({**item, **size})
            if drawn is None:
                continue
            label = first_of(item["value"].get("rectanglelabels"))
            name = None if label in (None, UNKNOWN) else label
            meant = _meant(task_data, name)
            boxes[drawn.region] = BoxAnswer(drawn.region, drawn.box, name, None, meant)
        elif item.get("type") == "textarea":
            said = first_of(item.get("value", {}).get("text")) or ""
            extras.setdefault(item.get("id", ""), {})["name"] = said
        elif item.get("type") == "choices":
            said = first_of(item.get("value", {}).get("choices")) or ""
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
    items = annotation.get("result") or []
    boxes = [item for item in items if item.get("from_name") == "face"]
    said = {item["from_name"]: _said(item) for item in items if item.get("from_name") in _OF_ALL}
    labels = {FaceId(box["id"]): _label(box) for box in boxes if box.get("id") in shown}
    tiles = {face: Tile(label) for face, label in labels.items() if label in set(Tile)}
    if not tiles and not from_prediction:
        tiles = {FaceId(face): Tile.SAME_PERSON for face in shown}
    verdict = said.get("verdict", "")
    typed = said.get("new_name", "").strip() or said.get("everyone", "")
    return PeopleAnswer(
        name=typed or said.get("name") or None,
        verdict=ClusterVerdict(verdict) if verdict in set(ClusterVerdict) else None,
        tiles=tiles,
        typed=bool(typed),
        meant=None if typed else _meant(task_data, said.get("name")),
        disputed=frozenset(map(FaceId, _listed(task_data.get("disputed")))),
        carried=tuple(map(FaceId, _listed(task_data.get("carried")))),
        drawn=sum(box.get("id") not in shown for box in boxes),
    )


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


def _label(box: Mapping[str, Any]) -> str:
    """What a tile is called; one without a label was left as it was."""
    return first_of(box.get("value", {}).get("rectanglelabels")) or Tile.SAME_PERSON.value


def _said(item: Mapping[str, Any]) -> str:
    """What is chosen or typed; in the list of everyone it is a path of one step."""
    value = item.get("value", {})
    paths = value.get("taxonomy")
    path = paths[0] if isinstance(paths, list) and paths else None
    return first_of(value.get("choices")) or first_of(value.get("text")) or first_of(path) or ""
