"""What takes a second to load, loaded while the first visitor is still looking at the page."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module

import numpy as np

from faces.errors import FaceloopError
from faces.pictures import OpenPhoto
from faces.reading import FaceReader
from faces.records import Box, Photo, PhotoId

_SIDE_PX = 64


def warm_up(*readers: FaceReader) -> threading.Thread:
    """Have these readers load their networks, and the grouping its libraries, in a thread."""
    thread = threading.Thread(target=_load, args=(readers,), daemon=True)
    thread.start()
    return thread


def _load(readers: tuple[FaceReader, ...]) -> None:
    pixels = np.zeros((_SIDE_PX, _SIDE_PX, 3), dtype=np.uint8)
    black = OpenPhoto(Photo(PhotoId("0" * 64), _SIDE_PX, _SIDE_PX), pixels)
    with suppress(FaceloopError):  # whoever asks first is told
        for reader in readers:
            reader.read(black)
            reader.encode_boxes(pixels, [Box(8, 8, 48, 48)])
    for library in ("faces.cluster", "faces.cut_finding"):
        import_module(library)
