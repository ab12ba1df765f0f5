"""What the app answers: the faces of a picture with their names, or one face with its likeliest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from faces.records import Box, Pixels

UNKNOWN = "Unknown"
"""What a face is called for which no name is sure enough."""


def percent(probability: float) -> str:
    """A probability as people read it, rounded down: nearly sure is not sure."""
    return f"{int(100 * probability + 1e-9)}%"


@dataclass(frozen=True, slots=True)
class NamedFace:
    """A face of a picture; `name` is None when it is unknown.

    `certainty` is a probability, 0 to 1: that the name is right, or that none of the known people
    is the right one. `likeliest` pairs names with probabilities, likeliest first, that together
    reach 1 at most: the rest is unknown.
    """

    box: Box
    name: str | None
    certainty: float
    likeliest: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a certainty that is no probability."""
        if not 0.0 <= self.certainty <= 1.0:
            raise ValueError(f"a certainty lies between 0 and 1, got {self.certainty}")


@dataclass(frozen=True)
class NamedPicture:
    """An upright picture and its faces from left to right.

    `version` is the model version that answered; without one (None) every face is unknown.
    """

    pixels: Pixels
    faces: tuple[NamedFace, ...]
    version: str | None


@dataclass(frozen=True)
class OneFace:
    """The largest face of a picture and the people it is likeliest to be, likeliest first.

    `likeliest` pairs names with probabilities, 0 to 1, that together reach 1 at most: the rest is
    unknown. `faces_found` counts all faces of the picture, this one included.
    """

    pixels: Pixels
    face: NamedFace
    likeliest: tuple[tuple[str, float], ...]
    faces_found: int
    version: str | None


@dataclass(frozen=True, slots=True)
class KnownModel:
    """Which model version answers now, how many people it knows, and what is wrong, if anything.

    `version` is None before the first one; `problem` says why a newer one is not in use. `metrics`
    are what was measured on photos kept for testing when it was made.
    """

    version: str | None
    people: int
    problem: str | None
    metrics: Mapping[str, float] = field(default_factory=dict)
