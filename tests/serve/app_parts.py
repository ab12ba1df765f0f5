"""The parts of an app for tests, over whatever reads their pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faces.crops import crops_in
from faces.store.database import Store
from serve.albums import Albums
from serve.example_faces import ExampleFaces
from serve.limits import Limits
from serve.live import Live
from serve.namer import Namer
from serve.namings import Namings
from serve.parts import Parts

LIMITS = Limits()


def parts_over(
    namer: Namer, reader: Any, folder: Path, *, limits: Limits = LIMITS, store: Store | None = None
) -> Parts:
    """Parts that keep what visitors give below this folder, once they are opened."""
    return Parts(
        namer,
        Albums(folder / "albums", reader, limits, threads=2),
        Namings(folder / "named", namer, limits),
        ExampleFaces(store, crops_in(folder)),
        Live(namer),
    )


@contextmanager
def opened_parts(
    namer: Namer, reader: Any, folder: Path, *, limits: Limits = LIMITS, store: Store | None = None
) -> Iterator[Parts]:
    """The same, opened."""
    parts = parts_over(namer, reader, folder, limits=limits, store=store)
    with parts.albums, parts.namings:
        yield parts
