"""What an annotation of a photo in Label Studio holds, as records; People's are in `studio_rows`.

A region's id is its FaceId; what is not on our screens is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faces.records import Box, FaceId, PersonId, Photo, PhotoId
from faces.studio_drawn import drawn_box
from faces.studio_format import UNKNOWN, BoxVerdict, Turn, first_of, shown_turned
from faces.turning import turned_box, turned_photo


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """What one box in a photo says at submit; `name` is None when nothing is said.

    `meant` is whom the chosen name stood for when it was offered, where the task tells. A box is
    `untouched` when we proposed it and it stands as it was, name and all.
    """

    region: str
    box: Box
    name: str | None
    verdict: BoxVerdict | None
    meant: PersonId | None = None
    untouched: bool = False


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """One annotation of a photo: its boxes, and the proposed faces whose boxes are gone.

    `upright` is by how many quarters to the right the photo is to be turned from how its file has
    it; None if the annotator turned nothing.
    """

    photo: PhotoId
    boxes: tuple[BoxAnswer, ...]
    deleted: tuple[FaceId, ...]
    upright: int | None = None


def read_photo_answer(
    annotation: Mapping[str, Any],
    task_data: Mapping[str, Any],
    *,
    photo: Photo,
    from_prediction: bool,
) -> PhotoAnswer:
    """What an annotation of a Photos task says; boxes are in pixels of the photo as it lies now,
    which may be turned otherwise than the task shows it.

    Label Studio's `original_width` is that of the preview which the browser loaded, so percent
    alone counts. A proposed face without a box counts as deleted only when the annotation began
    from a prediction: on a task opened empty its absence means nothing.
    """
    boxes: dict[str, BoxAnswer] = {}
    extras: dict[str, dict[str, str]] = {}
    regions: set[str] = set()
    seen = turned_photo(photo, shown_turned(task_data) - photo.turned)
    size = {"original_width": seen.width_px, "original_height": seen.height_px}
    for item in annotation.get("result") or []:
        if item.get("type") in ("rectanglelabels", "rectangle"):
            regions.add(str(item.get("id")))
            drawn = drawn_box({**item, **size})
            if drawn is None:
                continue
            label = first_of(item["value"].get("rectanglelabels"))
            name = None if label in (None, UNKNOWN) else label
            meant = _meant(task_data, name)
            box = turned_box(drawn.box, photo.turned - seen.turned, seen.width_px, seen.height_px)
            untouched = item.get("origin") == "prediction"
            boxes[drawn.region] = BoxAnswer(drawn.region, box, name, None, meant, untouched)
        elif item.get("type") == "textarea":
            said = first_of(item.get("value", {}).get("text")) or ""
            extras.setdefault(item.get("id", ""), {})["name"] = said
        elif item.get("type") == "choices" and item.get("from_name") != "turn":
            said = first_of(item.get("value", {}).get("choices")) or ""
            extras.setdefault(item.get("id", ""), {})["verdict"] = said
    whole = tuple(_with_extras(box, extras.get(region, {})) for region, box in boxes.items())
    proposed = [FaceId(face) for face in task_data.get("faces") or []]
    deleted = tuple(face for face in proposed if face not in regions) if from_prediction else ()
    return PhotoAnswer(photo.id, whole, deleted, _upright(annotation, seen))


def _with_extras(box: BoxAnswer, extras: Mapping[str, str]) -> BoxAnswer:
    """A typed name beats the label, a verdict beats both."""
    verdict = extras.get("verdict")
    if verdict in set(BoxVerdict):
        return BoxAnswer(box.region, box.box, None, BoxVerdict(verdict))
    typed = extras.get("name", "").strip()
    return BoxAnswer(box.region, box.box, typed, None) if typed else box


def _upright(annotation: Mapping[str, Any], seen: Photo) -> int | None:
    """How the photo is upright: as it was seen, and turned from there."""
    items = annotation.get("result") or []
    turns = (item for item in items if item.get("from_name") == "turn")
    said = next((first_of(turn.get("value", {}).get("choices")) for turn in turns), None)
    return turned_photo(seen, Turn(said).quarters).turned if said in set(Turn) else None


def _meant(task_data: Mapping[str, Any], name: str | None) -> PersonId | None:
    """Whom a name on offer stands for; None in a task that does not tell."""
    ids = task_data.get("people_ids")
    known = ids.get(name) if isinstance(ids, dict) else None
    return PersonId(known) if isinstance(known, str) else None
