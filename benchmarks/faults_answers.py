"""What annotators answer while everything is being killed: every face by its true name."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from faces.records import FaceId
from faces.studio_format import Tile
from faces.studio_people import Asks

_WITHIN_S = 60

Item = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """An answer that Label Studio took: the annotation, its task, and whether it still stands."""

    annotation: int
    task: int
    stands: bool = True
    is_skipped: bool = False


class Desk:
    """Label Studio's requests as its front end makes them."""

    def __init__(self, url: str, token: str) -> None:
        """Nothing is sent yet."""
        self._url = url
        self._headers = {"Authorization": f"Token {token}"}

    def get(self, path: str, **parameters: object) -> Any:
        """What stands at a path."""
        return self._send("GET", path, params={k: str(v) for k, v in parameters.items()})

    def answer(self, task: int, result: Sequence[Item], *, skipped: bool = False) -> Given:
        """Submit an answer."""
        prediction = max((one["id"] for one in self.task(task)["predictions"]), default=None)
        body = {"result": list(result), "was_cancelled": skipped, "parent_prediction": prediction}
        made = self._send("POST", f"/api/tasks/{task}/annotations/", json=body)
        return Given(int(made["id"]), task, is_skipped=skipped)

    def change(self, given: Given, result: Sequence[Item]) -> None:
        """Submit another answer in place of this one."""
        self._send("PATCH", f"/api/annotations/{given.annotation}/", json={"result": list(result)})

    def take_back(self, given: Given) -> Given:
        """Delete an answer."""
        self._send("DELETE", f"/api/annotations/{given.annotation}/")
        return Given(given.annotation, given.task, stands=False)

    def task(self, task: int) -> dict[str, Any]:
        """A task with its predictions and annotations."""
        found: dict[str, Any] = self.get(f"/api/tasks/{task}/")
        return found

    def _send(self, method: str, path: str, **more: Any) -> Any:
        answer = requests.request(
            method, f"{self._url}{path}", headers=self._headers, timeout=_WITHIN_S, **more
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None


def page_answer(
    task: Mapping[str, Any], real_name: Mapping[FaceId, str], *, rows: float = 1.0
) -> list[Item] | None:
    """Who the faces of a page, or of a share of its rows, are; None for a pair, left to others."""
    data, result = task["data"], copy.deepcopy(task["predictions"][-1]["result"])
    if data["asks"] == Asks.SAME:
        return None
    tiles = {FaceId(item["id"]): item for item in result if item["from_name"] == "face"}
    everyone = [list(map(FaceId, row)) for row in data.get("rows") or [data["faces"]]]
    said = []
    for row in everyone[: math.ceil(rows * len(everyone))]:
        name = Counter(real_name[face] for face in row).most_common(1)[0][0]
        for face in row:
            is_so = real_name[face] == name
            label = Tile.SAME_PERSON if is_so else Tile.SOMEONE_ELSE
            tiles[face]["value"]["rectanglelabels"] = [label.value]
        named = next(tiles[face] for face in row if real_name[face] == name)
        said.append(_typed(name, named if data["asks"] == Asks.SEVERAL else None))
    return [*tiles.values(), *said]


def photo_answer(
    task: Mapping[str, Any], real_name: Mapping[FaceId, str], *, drawn: str = ""
) -> list[Item]:
    """Who the faces of a photo really are; with `drawn`, a box of this name is drawn, too."""
    said: list[Item] = []
    for item in copy.deepcopy(task["predictions"][-1]["result"]):
        if item["type"] != "rectanglelabels":
            continue
        item["value"].pop("rectanglelabels", None)
        name = real_name[FaceId(item["id"])]
        said += [item | {"value": item["value"] | {"rectanglelabels": ["Unknown"]}}]
        said.append(
            {
                "id": item["id"],
                "from_name": "new_person",
                "to_name": "image",
                "type": "textarea",
                "value": {"text": [name]},
            }
        )
    if drawn:
        said += _drawn_box(said[0], drawn)
    return said


def _drawn_box(like: Item, name: str) -> list[Item]:
    """A box in the upper left corner, which no detector finds, with a name."""
    where = {"x": 1.0, "y": 1.0, "width": 6.0, "height": 8.0, "rotation": 0}
    box = like | {"id": f"drawn-{name}", "value": {**where, "rectanglelabels": ["Unknown"]}}
    typed = {"from_name": "new_person", "to_name": "image", "type": "textarea"}
    return [box, {**typed, "id": box["id"], "value": {"text": [name]}}]


def _typed(name: str, on: Item | None) -> Item:
    """A name typed for all of a page, or for the row of one tile."""
    told = {"to_name": "montage", "type": "textarea", "value": {"text": [name]}}
    if on is None:
        return {"from_name": "new_name", **told}
    where = {part: on["value"][part] for part in ("x", "y", "width", "height", "rotation")}
    return {**told, "from_name": "tile_name", "id": on["id"], "value": {**where, "text": [name]}}
