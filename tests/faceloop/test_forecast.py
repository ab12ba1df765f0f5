"""What reading will take is said before, by what it took the last time."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from faceloop.forecast import Pace, forecast, note_pace, pace_of, refuse_full_disk
from faceloop.wording import counted, printable, spoken_bytes, spoken_time
from faceloop.workspace import prepare
from faces.errors import SetupError
from faces.records import PhotoFile
from faces.settings import Settings
from faces.store.database import Store

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace", detector="yunet")


@pytest.fixture
def store(settings: Settings) -> Store:
    return prepare(settings)


def files(count: int, *, size: int = 4_000_000) -> list[PhotoFile]:
    return [PhotoFile("/photos", f"{number}.jpg", size, 1) for number in range(count)]


def test_before_anything_was_read_the_forecast_is_a_guess(settings: Settings, store: Store) -> None:
    pace = pace_of(settings, store, processes=2)
    told = str(forecast(settings, pace, files(30_000)))
    assert told.startswith("30,000 photos to read, perhaps ")
    assert "a guess" in told
    assert " GB of the " in told


def test_later_the_forecast_is_what_was_measured(settings: Settings, store: Store) -> None:
    preview = settings.media / "previews" / "ab" / "abc.jpg"
    preview.parent.mkdir(parents=True)
    preview.write_bytes(bytes(200_000))
    note_pace(settings, store, photos=100, seconds=50)
    expected = forecast(settings, pace_of(settings, store, processes=2), files(1_000))
    assert expected.seconds == pytest.approx(500)
    assert 200_000_000 < expected.disk_bytes < 300_000_000
    assert str(expected).startswith("1,000 photos to read, about 8 min; ")


def test_another_detector_is_another_pace(settings: Settings, store: Store) -> None:
    note_pace(settings, store, photos=100, seconds=50)
    hog = settings.model_copy(update={"detector": "hog"})
    assert not pace_of(hog, store, processes=2).is_measured
    note_pace(hog, store, photos=100, seconds=100)
    assert pace_of(settings, store, processes=2).photos_per_s == 2
    assert pace_of(hog, store, processes=2).photos_per_s == 1


def test_a_handful_of_photos_measures_nothing(settings: Settings, store: Store) -> None:
    note_pace(settings, store, photos=3, seconds=9)
    assert not pace_of(settings, store, processes=2).is_measured


def test_photos_seen_before_take_time_and_no_disk(settings: Settings) -> None:
    pace = Pace(10, 500_000, is_measured=True)
    expected = forecast(settings, pace, [], seen_before=100)
    assert (expected.photos, expected.seconds, expected.disk_bytes) == (100, 10, 0)


def test_small_photos_are_read_sooner_and_have_smaller_previews(
    settings: Settings, store: Store
) -> None:
    pace = pace_of(settings, store, processes=1)
    small_pace = pace_of(settings, store, processes=1, mean_bytes=20_000)
    assert small_pace.photos_per_s > 3 * pace.photos_per_s
    small = forecast(settings, pace, files(10, size=20_000)).disk_bytes
    assert small < forecast(settings, pace, files(10)).disk_bytes / 3


def test_a_disk_that_is_certainly_too_small_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = Pace(10, 500_000, is_measured=True)
    for free, refused in ((6_000_000_000, True), (8_000_000_000, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(0, 0, free))
        expected = forecast(settings, pace, files(30_000))
        if refused:
            with pytest.raises(SetupError, match=r"take about 15 GB, .* 6\.0 GB left"):
                refuse_full_disk(expected, settings.workspace)
        else:
            refuse_full_disk(expected, settings.workspace)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "a few seconds"),
        (42, "42 s"),
        (119, "119 s"),
        (125, "2 min"),
        (5_400, "90 min"),
        (7_199, "120 min"),
        (7_200, "2 h"),
        (12_000, "3 h 20 min"),
    ],
)
def test_times_are_told_as_one_says_them(seconds: float, told: str) -> None:
    assert spoken_time(seconds) == told


def test_amounts_are_told_as_one_says_them() -> None:
    told = [spoken_bytes(size) for size in (0, 740_000, 1_500_000, 12_300_000, 3.4e9, 62e9)]
    assert told == ["1 kB", "740 kB", "1.5 MB", "12 MB", "3.4 GB", "62 GB"]
    assert [counted(n, "photo") for n in (0, 1, 30_000)] == ["0 photos", "1 photo", "30,000 photos"]


def test_names_steer_no_terminal() -> None:
    assert printable("a\nb\x1b[2J\u202ec\ud83d") == r"a\nb\x1b[2J\u202ec\ud83d"
    assert printable("Zoë's 👩\u200d👧 [bold].jpg") == "Zoë's 👩\u200d👧 [bold].jpg"
