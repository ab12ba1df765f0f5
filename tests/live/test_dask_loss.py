"""A photo that kills every worker of a Dask cluster: slow, as workers start anew many times."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from faces.reading import ReadingOptions
from faces.records import PhotoFile
from sync.readers import read_all

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(300)]


class Deadly(str):
    """A root that kills the worker which looks at it, as want of memory would."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        if multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__contains__(cast("str", part))


def test_a_photo_that_kills_every_worker_is_refused_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.dask_readers._PATIENCE_S", 240)  # how fast workers start is no claim
    files = []
    for number in range(6):
        Image.new("RGB", (60, 40), (number, 0, 0)).save(tmp_path / f"{number}.png")
        root = Deadly(tmp_path) if number == 1 else str(tmp_path)
        files.append(PhotoFile(root, f"{number}.png", 1, 1))
    options = ReadingOptions()
    done = list(read_all(files, options=options, known=lambda _: (), jobs=2, scheduler="local"))
    assert sorted(one.file.path for one in done) == [file.path for file in files]
    assert [one.file.path for one in done if one.refused] == ["1.png"]
