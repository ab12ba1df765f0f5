"""A picture whose writing is killed leaves a hidden file, and the next run sweeps it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from faces.locks import Work, alone
from faces.media import Media, media_of
from faces.settings import Settings
from sync.unfinished import sweep_after_drawing, sweep_after_reading
from tests.faceloop.conftest import Faceloop, faceloop
from tests.sync.conftest import Workspace

__all__ = ["faceloop"]

KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from faces.pictures import save_jpeg
from faces.media import save_picture

Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "drawn":
    save_jpeg(np.zeros((8, 8, 3), np.uint8), Path(sys.argv[2]))
else:
    save_picture(b"half", Path(sys.argv[2]))
"""


def kill_while_writing(place: Path, how: str = "made elsewhere") -> Path:
    """The file that whoever is killed while they write a picture leaves behind."""
    before = set(place.parent.glob(".*"))
    done = subprocess.run([sys.executable, "-c", KILLED, how, str(place)], check=False)
    assert done.returncode == -signal.SIGKILL
    [left] = set(place.parent.glob(".*")) - before
    return left


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path)


@pytest.fixture
def media(settings: Settings) -> Media:
    return media_of(settings)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["drawn", "made elsewhere"])
def test_after_photos_were_read_nothing_is_left_of_pictures_that_were_cut_off(
    faceloop: Faceloop, tmp_path: Path, how: str
) -> None:
    photos, settings = tmp_path / "photos", Settings(workspace=tmp_path / "workspace")
    photos.mkdir()
    Image.new("RGB", (40, 40)).save(photos / "first.png")
    cluster = ("cluster", photos, "--jobs", "1", "--workspace", settings.workspace)
    faceloop(*cluster)
    media = media_of(settings)
    [preview] = media.previews.rglob("*.jpg")
    left = [kill_while_writing(place, how) for place in (preview, media.crops / "aa" / "faa.jpg")]
    Image.new("RGB", (40, 40), "red").save(photos / "second.png")
    assert faceloop(*cluster).code == 0
    assert not [one for one in left if one.exists()]
    assert preview.exists()


@pytest.mark.slow
def test_a_push_sweeps_what_was_left_of_pages(workspace: Workspace) -> None:
    workspace.add_photos(3)
    workspace.cluster()
    workspace.push()
    [page, *_] = workspace.media.montages.glob("*.jpg")
    left = kill_while_writing(page)
    workspace.push()
    assert not left.exists()
    assert page.exists()


def unfinished(media: Media) -> list[Path]:
    """A preview and a crop that are being written."""
    places = (media.previews / "aa", media.crops / "bb")
    for place in places:
        place.mkdir(parents=True)
    writing = [place / f".name.jpg.{'0a' * 16}" for place in places]
    for one in writing:
        one.touch()
    return writing


def test_a_crop_that_is_being_written_for_a_drawn_face_is_left_alone(
    settings: Settings, media: Media
) -> None:
    preview, crop = unfinished(media)
    with alone(settings, Work.PULL):
        sweep_after_reading(settings)
    assert (preview.exists(), crop.exists()) == (False, True)
    sweep_after_drawing(settings)
    assert not crop.exists()


def test_while_photos_are_read_drawn_faces_sweep_nothing(settings: Settings, media: Media) -> None:
    writing = unfinished(media)
    with alone(settings, Work.INGEST):
        sweep_after_drawing(settings)
    assert all(one.exists() for one in writing)


def test_files_of_others_are_left_alone(settings: Settings, media: Media) -> None:
    media.previews.mkdir(parents=True)
    others = [media.previews / name for name in (".DS_Store", ".x.jpg", f"x.jpg.{'0a' * 16}")]
    for one in others:
        one.touch()
    sweep_after_reading(settings)
    assert all(one.exists() for one in others)
