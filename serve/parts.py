"""What the app is made of, built once and passed to all that answers."""

from __future__ import annotations

from dataclasses import dataclass

from serve.albums import Albums
from serve.example_faces import ExampleFaces
from serve.giving import Giving
from serve.live import Live
from serve.namer import Namer
from serve.namings import Namings


@dataclass(frozen=True)
class Parts:
    """What names faces, in pictures and before cameras, what keeps pictures, and examples.

    `giving` takes what visitors give to the project; None where there is no project to give to.
    """

    namer: Namer
    albums: Albums
    namings: Namings
    examples: ExampleFaces
    live: Live
    giving: Giving | None = None
