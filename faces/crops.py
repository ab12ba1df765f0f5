"""Where the crops of faces lie: outside of what Label Studio is shown."""

from __future__ import annotations

from pathlib import Path

from faces.records import FaceId


def crops_in(workspace: Path) -> Path:
    """The folder of all crops of a workspace."""
    return workspace / "crops"


def crop_of(crops: Path, face: FaceId) -> Path:
    """A face cut out, a JPEG without EXIF or place."""
    return crops / face[1:3] / f"{face}.jpg"
