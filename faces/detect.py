"""What finds faces, whichever detector it is."""

from __future__ import annotations

from typing import Protocol

from faces.records import Detection, Pixels


class Detector(Protocol):
    """Finds the faces of photos; may be used by several threads at once."""

    @property
    def name(self) -> str:
        """Which detector, in which version: scores of two names cannot be compared."""

    def find(self, pixels: Pixels) -> list[Detection]:
        """The faces of an upright photo, surest first, their boxes within the photo."""
