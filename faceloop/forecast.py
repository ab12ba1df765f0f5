"""What reading photos will take, said before it begins: how many, how long, how much disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean

from faceloop.wording import counted, spoken_bytes, spoken_time
from faces.errors import SetupError
from faces.media import media_of
from faces.records import PhotoFile
from faces.settings import Settings
from faces.store import ledger
from faces.store.database import Store

_FACT = "pace of reading"
_FIRST_GUESS_S = {"yunet": (0.03, 0.1), "hog": (1.0, 0.2), "cnn": (1.5, 0.2)}
"""By detector: seconds of one core for a photo, and for each megabyte of its file."""
_ORDINARY_BYTES = 3_500_000
"""A photo as a phone takes it."""
_PREVIEW_BYTES = 450_000
"""A preview of 2,048 pixels; one of a smaller photo is about as large as its file."""
_BESIDE_BYTES = 35_000
"""What a photo takes beside its preview: two crops, its rows in the databases, its montage."""
_FEWEST_TO_MEASURE = 20
_SAMPLE = 200
_UNSURE = 2.0
"""The disk may need as much less than what is said."""


@dataclass(frozen=True)
class Pace:
    """How fast photos are read here, and how much disk each takes."""

    photos_per_s: float
    bytes_a_photo: float | None
    is_measured: bool


UNKNOWN_PACE = Pace(1.0, None, is_measured=False)
"""Of a workspace that is still to be made; enough to tell what disk it takes."""


@dataclass(frozen=True)
class Forecast:
    """What reading will take; `free_bytes` is what the workspace's disk has."""

    photos: int
    seconds: float
    disk_bytes: float
    free_bytes: int
    is_measured: bool

    def __str__(self) -> str:
        """The forecast in one line."""
        if self.is_measured:
            took = f"about {spoken_time(self.seconds)}"
        else:
            took = f"perhaps {spoken_time(self.seconds)} (a guess, as nothing was read here yet)"
        return (
            f"{counted(self.photos, 'photo')} to read, {took}; previews and crops take about "
            f"{spoken_bytes(self.disk_bytes)} of the {spoken_bytes(self.free_bytes)} that are free"
        )


def forecast(
    settings: Settings, pace: Pace, new: Iterable[PhotoFile], *, seen_before: int = 0
) -> Forecast:
    """What reading these files takes; of photos seen before there are previews already."""
    sizes = [file.size_bytes for file in new]
    count = len(sizes) + seen_before
    if pace.bytes_a_photo is None:
        disk = sum(min(size, _PREVIEW_BYTES) + _BESIDE_BYTES for size in sizes)
    else:
        disk = int(len(sizes) * pace.bytes_a_photo)
    return Forecast(
        photos=count,
        seconds=count / pace.photos_per_s,
        disk_bytes=disk,
        free_bytes=shutil.disk_usage(_that_is_there(settings.workspace)).free,
        is_measured=pace.is_measured,
    )


def refuse_full_disk(expected: Forecast, workspace: Path) -> None:
    """Make sure that what is made has room, as far as can be known before.

    Raises:
        SetupError: even half of what is expected would not fit.
    """
    if expected.disk_bytes > _UNSURE * expected.free_bytes:
        raise SetupError(
            f"previews and crops of {counted(expected.photos, 'photo')} take about "
            f"{spoken_bytes(expected.disk_bytes)}, and the disk of {workspace} has "
            f"{spoken_bytes(expected.free_bytes)} left; make room, or give a workspace on another "
            "disk with --workspace"
        )


def pace_of(
    settings: Settings, store: Store, *, processes: int, mean_bytes: float = _ORDINARY_BYTES
) -> Pace:
    """The pace of the last run with these settings; before the first one, a guess."""
    with store.read() as connection:
        noted = ledger.fact(connection, _FACT) or {}
    rates = noted.get("photos_per_s") or {}
    each_s, megabyte_s = _FIRST_GUESS_S[settings.detector]
    guess = processes / (each_s + megabyte_s * mean_bytes / 1e6)
    rate = rates.get(_how(settings))
    return Pace(rate or guess, noted.get("bytes_a_photo"), is_measured=rate is not None)


def note_pace(settings: Settings, store: Store, *, photos: int, seconds: float) -> None:
    """Note how fast photos were read, once enough were."""
    if photos < _FEWEST_TO_MEASURE or seconds <= 0:
        return
    size = _mean_size(media_of(settings).previews) + _BESIDE_BYTES
    with store.write() as connection:
        noted = ledger.fact(connection, _FACT) or {}
        rates = (noted.get("photos_per_s") or {}) | {_how(settings): photos / seconds}
        ledger.set_fact(connection, _FACT, {"photos_per_s": rates, "bytes_a_photo": size})


def _how(settings: Settings) -> str:
    """What makes reading faster or slower, as one word."""
    turned = "+rotations" if settings.rotations else ""
    elsewhere = f"@{settings.scheduler}" if settings.scheduler else f"*{settings.jobs}"
    return f"{settings.detector}{turned}/{settings.engine}{elsewhere}"


def _mean_size(folder: Path) -> float:
    """The mean size of some of the pictures in a folder's folders, in bytes."""
    some = islice(folder.glob("*/*.jpg"), _SAMPLE)
    return fmean([picture.stat().st_size for picture in some] or [0])


def _that_is_there(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())
