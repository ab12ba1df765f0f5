"""What is left of pictures whose writing was cut off: hidden files that nobody looks for."""

from __future__ import annotations

import os
import re
from pathlib import Path

from faces.locks import Work, alone_if_free
from faces.media import media_of
from faces.settings import Settings

_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{32}")
"""What a picture is called until it is whole."""


def sweep_after_reading(settings: Settings) -> None:
    """Sweep previews and crops; the caller keeps others from reading photos."""
    media = media_of(settings)
    sweep(media.previews)
    with alone_if_free(settings, Work.PULL) as nobody_pulls:
        if nobody_pulls:
            sweep(media.crops)


def sweep_after_drawing(settings: Settings) -> None:
    """Sweep crops, of which drawn faces have some; the caller keeps others from pulling."""
    with alone_if_free(settings, Work.INGEST) as nobody_reads:
        if nobody_reads:
            sweep(media_of(settings).crops)


def sweep(folder: Path) -> None:
    """Remove what writings that were cut off left in a folder; nobody may be writing there."""
    for place, _, names in os.walk(folder):
        for name in names:
            if _UNFINISHED.fullmatch(name):
                (Path(place) / name).unlink(missing_ok=True)
