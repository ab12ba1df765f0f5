"""Boxes that annotators have just drawn, as records, and the answers as Label Studio's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faces.records import Box, FaceId
from faces.studio_format import ShownFace, first_of, named_region, region_within


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box that an annotator has just drawn: `region` is Label Studio's id of it."""

    region: str
    box: Box
    width_px: int
    height_px: int


def drawn_boxes(context: object) -> list[DrawnBox]:
    """The rectangles that a person drew, in an interactive call's context; all else is left out.

    Label Studio sends all boxes with the label of the one just drawn, those that we proposed, too:
    if they were answered, each would be offered to the annotator a second time.
    """
    regions = context.get("result") if isinstance(context, dict) else None
    if not isinstance(regions, list):
        return []
    boxes = (drawn_box(region) for region in regions if not _is_proposed(region))
    return [box for box in boxes if box is not None]


def _is_proposed(region: Any) -> bool:
    origin = region.get("origin") if isinstance(region, dict) else None
    return origin in ("prediction", "prediction-changed")


def drawn_box(item: Any) -> DrawnBox | None:
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


def renamed_region(drawn: DrawnBox, name: str, score: float) -> dict[str, Any]:
    """The same rectangle, answered with a name."""
    face = ShownFace(FaceId(drawn.region), drawn.box, name, score)
    return named_region(face, drawn.width_px, drawn.height_px)


def typed_beyond_offer(prediction: Mapping[str, Any], offered: frozenset[str]) -> dict[str, Any]:
    """The same for boxes just drawn, where a name that is not on offer is filled in as if typed.

    The typed name counts when the annotation is submitted, and who drew the box looks at it.
    """
    result: list[dict[str, Any]] = []
    for region in prediction["result"]:
        name = first_of(region["value"].get("rectanglelabels"))
        within = region_within(region, offered)
        result.append(within)
        if within is not region:
            place = {side: region["value"][side] for side in ("x", "y", "width", "height")}
            text = {"from_name": "new_name", "type": "textarea"}
            result.append(region | text | {"value": place | {"text": [name]}})
    return {**prediction, "result": result}
