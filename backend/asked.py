"""What a task of Label Studio asks about: a photo, where its picture is, which names it offers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from faces.records import PhotoId
from faces.studio_format import names_on_offer, shown_turned, within_offer

_PHOTO_ID = re.compile(r"[0-9a-f]{64}")

Prediction = dict[str, Any]
"""A prediction in Label Studio's JSON; what is in it only `faces.studio_format` knows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task asks about, and the names it offers; all None if the task makes no sense.

    `turned` is by how many quarters to the right its picture is turned.
    """

    photo: PhotoId | None
    url: object
    offered: frozenset[str] | None
    turned: int = 0

    @property
    def shown(self) -> tuple[PhotoId | None, int]:
        """The photo as the task shows it."""
        return self.photo, self.turned

    def answered(self, answer: Prediction) -> Prediction:
        """An answer as this task can show it."""
        return answer if self.offered is None else within_offer(answer, self.offered)


def asked_by(task: object) -> Asked:
    """What a task asks about."""
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict):
        return Asked(None, None, None)
    photo = data.get("photo")
    if not isinstance(photo, str) or not _PHOTO_ID.fullmatch(photo):
        return Asked(None, data.get("image"), names_on_offer(data))
    return Asked(PhotoId(photo), data.get("image"), names_on_offer(data), shown_turned(data))
