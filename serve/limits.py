"""How much visitors may give at once, and for how long what they gave is kept."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

from faces.errors import BadPhoto
from faces.pictures import megapixels_of
from faces.settings import Settings

_MB = 1 << 20
_ORDINARY_MEGAPIXELS = 24.0


class OneLargeAtATime:
    """Of large pictures one at a time is decoded; may be shared by threads."""

    def __init__(self) -> None:
        """None is in hand."""
        self._large = threading.Lock()

    def turn(self, megapixels: float) -> AbstractContextManager[object]:
        """What to be in while a picture of this size is decoded: a large one waits for others."""
        return self._large if megapixels > _ORDINARY_MEGAPIXELS else nullcontext()


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted of one visitor at once; whatever is more gets one line that says so.

    `seconds` is how long pictures of one album are read; `minutes_kept` is how long it stays.
    """

    pictures: int = 200
    picture_mb: int = 64
    album_mb: int = 1024
    megapixels: int = 64
    seconds: float = 600
    minutes_kept: float = 60

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """What the settings say."""
        return cls(
            pictures=settings.app_most_pictures,
            picture_mb=settings.app_most_picture_mb,
            album_mb=settings.app_most_album_mb,
            megapixels=settings.app_most_megapixels,
            seconds=60.0 * settings.app_most_minutes,
            minutes_kept=settings.app_minutes_kept,
        )

    @property
    def picture_bytes(self) -> int:
        """How large a picture's file may be."""
        return self.picture_mb * _MB

    @property
    def album_bytes(self) -> int:
        """How large all files of an album may be together."""
        return self.album_mb * _MB

    @property
    def kept(self) -> timedelta:
        """How long an album is kept."""
        return timedelta(minutes=self.minutes_kept)

    def refuse_bytes(self, size_bytes: int, *, called: str) -> None:
        """Make sure that a file is not too large.

        Raises:
            BadPhoto: it is.
        """
        if size_bytes > self.picture_bytes:
            raise BadPhoto(f"{called} is larger than {self.picture_mb} MB; make it smaller")

    def refuse(self, content: bytes, *, called: str) -> float:
        """Make sure that a picture is not too large; how many megapixels it has.

        Raises:
            BadPhoto: it is.
        """
        self.refuse_bytes(len(content), called=called)
        megapixels = megapixels_of(content)
        if megapixels > self.megapixels:
            raise BadPhoto(
                f"{called} has {megapixels:.0f} megapixels, more than {self.megapixels}; shrink it"
            )
        return megapixels

    @property
    def too_many(self) -> str:
        """Why a picture is refused that comes after as many as there may be."""
        return f"at most {self.pictures} pictures are taken at once; give this one with the next"

    @property
    def too_much(self) -> str:
        """Why a picture is refused that no longer fits beside the others."""
        return f"at most {self.album_mb} MB are taken at once; give this one with the next"

    @property
    def too_long(self) -> str:
        """Why a picture is refused whose turn did not come in time."""
        return "there was no time left for it; give fewer pictures at once"
