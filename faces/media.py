"""Where previews, montages and crops lie in the workspace, and pictures that visitors gave."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from faces.crops import crop_of, crops_in
from faces.records import FaceId, PhotoId
from faces.studio_configs import EVERYONE_FILE

if TYPE_CHECKING:
    from faces.settings import Settings


class Media:
    """The pictures that faceloop makes. Label Studio sees `shown` and nothing beside it.

    While a picture is written it is a hidden file beside its place (`sync.unfinished`).
    """

    def __init__(self, *, media: Path, workspace: Path) -> None:
        """`media` is Label Studio's document root; crops lie outside of it, and so
        do the pictures that visitors of the app gave to the project.
        """
        self.shown = media
        self.crops = crops_in(workspace)
        self.given = workspace / "given"

    @property
    def previews(self) -> Path:
        """The folder of previews."""
        return self.shown / "previews"

    @property
    def montages(self) -> Path:
        """The folder of montages."""
        return self.shown / "montages"

    def preview(self, photo: PhotoId, turned: int = 0) -> Path:
        """A photo's preview, by how many quarters it is turned.

        Each way of lying has its own: tasks that people answered go on showing what they saw.
        """
        name = f"{photo}-{turned}" if turned else photo
        return self.previews / photo[:2] / f"{name}.jpg"

    def montage(self, key: str) -> Path:
        """A page of a cluster, named by its content."""
        return self.montages / f"{key}.jpg"

    @property
    def everyone(self) -> Path:
        """The list of all names, beside the montages, from where a browser may read it."""
        return self.montages / EVERYONE_FILE

    def crop(self, face: FaceId) -> Path:
        """A face cut out, for montages."""
        return crop_of(self.crops, face)


def media_of(settings: Settings) -> Media:
    """Where the pictures of this workspace lie."""
    return Media(media=settings.media, workspace=settings.workspace)


def save_picture(jpeg: bytes, path: Path) -> None:
    """Write a picture that was made elsewhere; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        beside.write_bytes(jpeg)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
