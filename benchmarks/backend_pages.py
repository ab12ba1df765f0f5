"""The photos of `bench-backend`: pages of the demo's album in the sizes of phones and cameras."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceloop.demo_album import Album, AlbumFace
from faceloop.demo_page import PAGE_PX
from faces.records import Box

NARROWEST_PX, WIDEST_PX = 1280, 4000
TWO_MEGAPIXELS_PX = 1640
"""So wide a page has 2.02 million pixels."""
_GRAIN = 3.0
"""How much the pixels of a photo stray, as a sensor's do: a page without that is decoded faster."""
_TILE_PX = 512

Grain = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Page:
    """A photo in Label Studio's folder, and who is where on it, in its own pixels."""

    file: Path
    width_px: int
    height_px: int
    faces: tuple[AlbumFace, ...]

    @property
    def url(self) -> str:
        """As it stands in a task."""
        return f"/data/local-files/?d={self.file.name}"


def draw_pages(
    album: Album, folder: Path, widths_px: Sequence[int], *, faces: int | None = None, seed: int
) -> list[Page]:
    """One photo for each width, each another one; with `faces`, of pages with so many portraits."""
    rng = np.random.default_rng(seed)
    pages = sorted(
        page for page, shown in album.truth.items() if faces is None or len(shown) == faces
    )
    grain = rng.normal(0, _GRAIN, (_TILE_PX, _TILE_PX)).astype(np.int16)
    files = [pages[number % len(pages)] for number in range(len(widths_px))]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        drawn = threads.map(
            lambda number: _draw(
                files[number],
                album.truth[files[number]],
                folder / f"{seed}-{number:03}.jpg",
                width_px=widths_px[number],
                grain=np.roll(grain, (number, 7 * number), axis=(0, 1)),
            ),
            range(len(widths_px)),
        )
        return list(drawn)


def camera_widths(count: int, *, rng: np.random.Generator) -> list[int]:
    """So many widths, any between a small photo's and a large one's."""
    return [int(width) for width in rng.integers(NARROWEST_PX, WIDEST_PX + 1, size=count)]


def _draw(
    page: Path, shown: Sequence[AlbumFace], file: Path, *, width_px: int, grain: Grain
) -> Page:
    height_px = round(width_px * PAGE_PX[1] / PAGE_PX[0])
    with Image.open(page) as small:
        large = np.asarray(small.resize((width_px, height_px), Image.Resampling.BICUBIC))
    times = -(-height_px // _TILE_PX), -(-width_px // _TILE_PX)
    over = np.tile(grain, times)[:height_px, :width_px, None]
    grainy = np.clip(large + over, 0, 255).astype(np.uint8)
    Image.fromarray(grainy).save(file, quality=90)
    scale = width_px / PAGE_PX[0]
    faces = tuple(AlbumFace(one.name, one.person, _scaled(one.box, scale)) for one in shown)
    return Page(file, width_px, height_px, faces)


def _scaled(box: Box, scale: float) -> Box:
    return Box(box.left * scale, box.top * scale, box.width * scale, box.height * scale)
