"""What the app answers: the faces of a picture with names and the people they could be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from faces.records import Box, FaceId, PersonId, Pixels

UNKNOWN = "Unknown"
"""What a face is called for which no name is sure enough."""


def percent(probability: float) -> str:
    """A probability as people read it, rounded down: nearly sure is not sure."""
    return f"{int(100 * probability + 1e-9)}%"


@dataclass(frozen=True, slots=True)
class Likely:
    """Somebody who a face could be, by the current name, and the probability of that, 0 to 1."""

    name: str
    probability: float
    person: PersonId


@dataclass(frozen=True, slots=True)
class NamedFace:
    """A face of a picture; `name` is None when it is unknown.

    `either` are people who are often taken for each other, where it is one of them: nobody is
    chosen then. `certainty` is a probability, 0 to 1: that the name is right, that it is one of
    `either`, or that it is none of the likeliest. `likeliest` are those it is
    likeliest to be, likeliest first, each followed by whoever is taken for them; together they
    reach 1 at most: the rest is unknown. `id` is the face's, where its picture was read.
    """

    box: Box
    name: str | None
    certainty: float
    likeliest: tuple[Likely, ...] = ()
    either: tuple[str, ...] = ()
    id: FaceId | None = None

    def __post_init__(self) -> None:
        """Refuse a certainty that is no probability, and a choice among people who are alike."""
        if not 0.0 <= self.certainty <= 1.0:
            raise ValueError(f"a certainty lies between 0 and 1, got {self.certainty}")
        if self.name is not None and self.either:
            raise ValueError(f"{self.name} was chosen among {self.either}")

    @property
    def called(self) -> str:
        """The name, or what stands for it."""
        return self.name or " or ".join(self.either) or UNKNOWN


@dataclass(frozen=True)
class NamedPicture:
    """An upright picture and its faces from left to right.

    `version` is the model version that answered; without one (None) every face is unknown.
    """

    pixels: Pixels
    faces: tuple[NamedFace, ...]
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
