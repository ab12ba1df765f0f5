"""Encodings of people who do not exist, as many as asked, that lie as those of real people do.

dlib's network gives 128 numbers that fill 79 dimensions. In these, a face is here: the middle of
all faces, and what is its person's, and what is the photo's (pose, light), and plus or minus what
mirroring changes. Each is drawn from a normal distribution, with the spectra of Labeled Faces in
the Wild. Three things are less simple than that, as they are there:

- People come in a hundred kinds (think of sex, age, origin). Those of one kind are more alike,
  which makes the few strangers who look the same.
- All people are about equally far from the middle.
- Some photos stray far more from the person than others, and a few are very poor.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.clustering_scores import Labels
from faces.records import ENCODING_LENGTH, FloatRows

SHARE_OF_ONE = 0.3
"""How many of all faces are one person's: whose library it is, or whose child."""

# Fitted to 9,525 faces of 4,038 people of Labeled Faces in the Wild: sizes of people by maximum
# likelihood, the rest so that the distances of strangers, of one person's faces, and of faces and
# their mirror images have the same percentiles.
_DIMENSIONS = 79
_MIDDLE = 1.30
_BETWEEN, _BETWEEN_BEND, _BETWEEN_FALL = 0.2414, 2.34, 0.9
_WITHIN, _MIRRORING = 0.101, 0.095
_KINDS, _OF_KIND, _EQUALLY_FAR = 100, 0.42, 0.85
_PERSON_SPREAD, _PHOTO_SPREAD = 0.05, 0.14
_POOR, _POOR_TIMES = 0.006, 2.2
_SIZES = 2.32

_ANOTHER_FACE = 0.4
"""The chance that a photo shows one more face."""
_BLOCK = 50_000

Shares = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.intp]
"""Two rows each, (m, 2)."""


@dataclass(frozen=True)
class SyntheticFaces:
    """Whose each face is, (n,), and its encodings, (n, 128) each, as dlib's network has them."""

    people: Labels
    plain: FloatRows
    mirrored: FloatRows


def synthetic_faces(count: int, *, seed: int, folder: Path | None = None) -> SyntheticFaces:
    """So many faces, in no order; with a `folder` both encodings lie in files there."""
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.repeat(np.arange(count), sizes_of_people(count, rng=rng)))
    return faces_of(people, rng=rng, folder=folder)


def faces_of(
    people: Labels, *, rng: np.random.Generator, folder: Path | None = None
) -> SyntheticFaces:
    """Faces of people, who are numbers from 0 on, (n,)."""
    plain, mirrored = (_rows(len(people), folder, name) for name in ("plain", "mirrored"))
    _draw(people, plain, mirrored, rng=rng)
    return SyntheticFaces(people, plain, mirrored)


def sizes_of_people(count: int, *, rng: np.random.Generator) -> Labels:
    """How many faces each person has, (count,), 0 for those who are not there; in all `count`.

    The first has `SHARE_OF_ONE` of them. Of the others the share that has k faces falls as
    k ** -2.32, as in Labeled Faces in the Wild: most are seen once, few hundreds of times. Nobody
    but the first has more than a tenth of all.
    """
    first = max(1, round(SHARE_OF_ONE * count))
    drawn = np.minimum(rng.zipf(_SIZES, size=count - first), max(1, count // 10))
    ends = np.minimum(np.cumsum(np.concatenate([[first], drawn])), count)
    sizes = np.zeros(count, dtype=np.intp)
    sizes[: len(ends)] = np.diff(ends, prepend=0)
    return sizes


def same_photo_pairs(people: Labels, *, rng: np.random.Generator) -> Pairs:
    """Pairs of faces of one photo, the lower row first: rows beside one another share a photo.

    A photo has one face, and with a chance of 0.4 one more, and so on. None shows a person twice.
    """
    photo = np.repeat(np.arange(len(people)), rng.geometric(1 - _ANOTHER_FACE, size=len(people)))[
        : len(people)
    ]
    found, apart = [np.empty((0, 2), dtype=np.intp)], 1
    while (rows := np.flatnonzero(photo[apart:] == photo[:-apart])).size:
        others = rows + apart
        two = people[rows] != people[others]
        found.append(np.column_stack([rows[two], others[two]]))
        apart += 1
    return np.concatenate(found)


def mirror_pairs(people: Labels, *, share: float, rng: np.random.Generator) -> Pairs:
    """Pairs of faces of one person on one photo, though a photo is taken to show nobody twice.

    So it is with mirrors, posters and pages of pictures. `share` of the faces have such a partner.
    """
    order = np.argsort(people, kind="stable")
    follows = np.flatnonzero(people[order[1:]] == people[order[:-1]])
    drawn = follows[rng.random(len(follows)) < share]
    return np.sort(np.column_stack([order[drawn], order[drawn + 1]]), axis=1)


def _draw(
    people: Labels, plain: FloatRows, mirrored: FloatRows, *, rng: np.random.Generator
) -> None:
    """Fill in the encodings, block by block, so that nothing else of that size is held."""
    turned, _ = np.linalg.qr(rng.standard_normal((ENCODING_LENGTH, _DIMENSIONS)))
    turned = turned.astype(np.float32)
    middles = _middles(int(people.max(initial=0)) + 1, rng=rng)
    spread = np.exp(_PERSON_SPREAD * rng.standard_normal(len(middles)))
    spread[0] = 1.0  # So large a person's spread would decide how hard the whole is.
    within = np.sqrt(_WITHIN * _within())
    for start in range(0, len(people), _BLOCK):
        block = slice(start, start + _BLOCK)
        whose = people[block]
        strays = (spread[whose] * _strays(len(whose), rng=rng))[:, None] * within
        photos, changed = (
            (np.sqrt(share) * strays * rng.standard_normal(strays.shape)).astype(np.float32)
            for share in (1 - _MIRRORING, _MIRRORING)
        )
        there = middles[whose] + photos
        plain[block] = (there + changed) @ turned.T
        mirrored[block] = (there - changed) @ turned.T


def _middles(count: int, *, rng: np.random.Generator) -> FloatRows:
    """Where people are, (count, 79)."""
    kinds = rng.standard_normal((_KINDS, _DIMENSIONS), dtype=np.float32)
    middles = rng.standard_normal((count, _DIMENSIONS), dtype=np.float32)
    middles *= np.float32(np.sqrt(1 - _OF_KIND))
    middles += np.float32(np.sqrt(_OF_KIND)) * kinds[rng.integers(_KINDS, size=count)]
    middles *= np.sqrt(_BETWEEN * _between()).astype(np.float32)
    far = np.linalg.norm(middles, axis=1, keepdims=True)
    middles *= (np.float32(np.sqrt(_BETWEEN)) / far) ** np.float32(_EQUALLY_FAR)
    middles += np.float32(_MIDDLE / np.sqrt(_DIMENSIONS))
    return middles


def _strays(count: int, *, rng: np.random.Generator) -> Shares:
    """How far photos stray, as multiples of what is usual, (count,)."""
    strays: Shares = np.exp(_PHOTO_SPREAD * rng.standard_normal(count))
    strays[rng.random(count) < _POOR] *= _POOR_TIMES
    usual = np.exp(2 * _PHOTO_SPREAD**2) * (1 + _POOR * (_POOR_TIMES**2 - 1))
    return np.asarray(strays / np.sqrt(usual))


def _between() -> Shares:
    """What share of the variance between people each dimension has, falling, (79,)."""
    place = np.arange(_DIMENSIONS)
    variance = (1 - place / _DIMENSIONS) * (1 + place / _BETWEEN_BEND) ** -_BETWEEN_FALL
    return np.asarray(variance / variance.sum())


def _within() -> Shares:
    """The same between photos of one person, (79,)."""
    variance = np.sqrt(1 - np.arange(_DIMENSIONS) / _DIMENSIONS)
    return np.asarray(variance / variance.sum())


def _rows(count: int, folder: Path | None, name: str) -> FloatRows:
    shape = (count, ENCODING_LENGTH)
    if folder is None:
        return np.empty(shape, dtype=np.float32)
    file = folder / f"{name}.npy"
    opened: FloatRows = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        file, mode="w+", dtype=np.float32, shape=shape
    )
    return opened
