"""Photos whose people are known, as encodings: one face each, out of a folder or a file."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.clustering_scores import Labels
from faces.records import ENCODING_LENGTH, FloatRows


@dataclass(frozen=True)
class PeopleEncodings:
    """Row i of all arrays belongs to the photo `names[i]`, which is "Person/image".

    `plain` and `mirrored` are raw encodings, (n, 128), zeros where no face was found. `quality` is
    that of `faces.quality`, (n,), 0 where no face was found.
    """

    names: tuple[str, ...]
    plain: FloatRows
    mirrored: FloatRows
    found: npt.NDArray[np.bool_]
    quality: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit the photos, and photos of nobody."""
        count = len(self.names)
        if not count:
            raise ValueError("there are no photos")
        rows = (count, ENCODING_LENGTH)
        if not (self.plain.shape == self.mirrored.shape == rows):
            raise ValueError(f"{count} photos need two arrays of shape {rows}")
        if not (self.found.shape == self.quality.shape == (count,)):
            raise ValueError(f"{count} photos need as many marks and qualities")
        if not (np.isfinite(self.plain).all() and np.isfinite(self.mirrored).all()):
            raise ValueError("some encodings hold what is not a number")
        if len(set(self.names)) != count:
            raise ValueError("a photo stands twice among the names")
        lost = next((name for name in self.names if not name.rpartition("/")[0]), None)
        if lost is not None:
            raise ValueError(f"a name is Person/image, got {lost!r}")

    @property
    def people(self) -> Labels:
        """Who is on each photo, as numbers from 0 in the order of the names of people, (n,)."""
        _, labels = np.unique([_person_of(name) for name in self.names], return_inverse=True)
        return labels

    def of_some_people(self, count: int, *, rng: np.random.Generator) -> PeopleEncodings:
        """All photos of so many people drawn at random, or of all if there are not more."""
        people = self.people
        there = int(people.max()) + 1
        if count >= there:
            return self
        rows = np.flatnonzero(np.isin(people, rng.choice(there, size=count, replace=False)))
        return PeopleEncodings(
            tuple(self.names[row] for row in rows),
            self.plain[rows],
            self.mirrored[rows],
            self.found[rows],
            self.quality[rows],
        )


def read_npz(file: Path) -> PeopleEncodings:
    """The photos of a file with `names`, `enc` and `mirrored`; every face counts as a good one.

    Raises:
        SystemExit: the file does not hold that.
    """
    try:
        with file.open("rb") as stored, np.load(stored, allow_pickle=False) as held:
            names = tuple(str(name) for name in held["names"])
            plain, mirrored = (
                np.asarray(held[name], dtype=np.float32) for name in ("enc", "mirrored")
            )
        good = np.ones(len(names))
        return PeopleEncodings(names, plain, mirrored, good.astype(np.bool_), good)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise SystemExit(f"{file} holds no encodings of people: {error}") from error


def _person_of(name: str) -> str:
    return name.rpartition("/")[0]
