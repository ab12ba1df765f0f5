"""Whether a new version may take the place of another: not if it answers worse, nor on a guess."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from faces.records import PhotoId
from faces.versions import ModelVersion
from training.dataset import DataSet, Part
from training.seen import Resolve, seen_by

FEWEST_PHOTOS = 10
"""Fewer photos for testing tell nothing."""
_ALLOWED = 0.01
"""A version that may be worse by as much is as good."""
_DRAWS = 2000
_OUTSIDE = 0.05

Well = npt.NDArray[np.bool_]
"""For each test face whether it was answered well: (n,)."""


class Judgement(StrEnum):
    """What a test says of a version beside another."""

    NOT_WORSE = "not worse"
    WORSE = "worse"
    TOO_FEW = "too few photos to tell"


@dataclass(frozen=True)
class Comparison:
    """How much more often a version answers well than another, on the same `photos`.

    `low` to `high` is the 95 % interval of `difference`: shares, for which faces of people and of
    nobody known weigh half each.
    """

    photos: int
    difference: float
    low: float
    high: float

    @property
    def judgement(self) -> Judgement:
        """Not worse only if the interval says so."""
        if self.photos < FEWEST_PHOTOS:
            return Judgement.TOO_FEW
        if self.high < 0:
            return Judgement.WORSE
        return Judgement.NOT_WORSE if self.low >= -_ALLOWED else Judgement.TOO_FEW

    def __str__(self) -> str:
        """The figures in words."""
        percent = f"{100 * self.difference:+.1f} ({100 * self.low:+.1f} to {100 * self.high:+.1f})"
        photos = "1 photo" if self.photos == 1 else f"{self.photos:,} photos"
        return f"{percent} of 100 faces more answered well, on {photos}"


@dataclass(frozen=True)
class Decision:
    """Whether a new version comes into use, and why in one line; `with_current` is None for want
    of a current version, or where it was not learned for the same network.
    """

    why: str
    with_current: Comparison | None
    with_centroid: Comparison
    is_promoted: bool


def decided(
    version: ModelVersion,
    current: ModelVersion | None,
    centroid: ModelVersion,
    data: DataSet,
    *,
    resolve: Resolve,
    same_asked: bool,
    rng: np.random.Generator,
    current_data: DataSet | None = None,
) -> Decision:
    """Whether a new version comes into use, by the answers to the test faces of `data`.

    `resolve` tells who somebody is by now. Unless both were made for the same share of strangers
    (`same_asked`), it and the current one are compared by whom they find likeliest. A current one
    for another network answers to `current_data`, the faces of `data` that its network has seen.
    """
    ours = answers(version, data, resolve=resolve)
    beside = compared(ours, answers(centroid, data, resolve=resolve), data, rng=rng)
    seen = current_data or data
    if current is None or current.network != seen.network:
        return decide(None, beside)
    shared = data.only(set(seen.faces))
    ours, theirs = (
        answers(one, faces, resolve=resolve, at_threshold=same_asked)
        for one, faces in ((version, shared), (current, seen))
    )
    return decide(compared(ours, theirs, shared, rng=rng), beside)


def decide(with_current: Comparison | None, with_centroid: Comparison) -> Decision:
    """Only what is not worse than the current version comes into use.

    Whoever has no version yet gets the first. Nothing comes into use that is surely worse than the
    nearest centroid, which needs no learning.
    """
    if with_centroid.judgement is Judgement.WORSE:
        why = f"worse than the nearest centroid: {with_centroid}"
        return Decision(why, with_current, with_centroid, is_promoted=False)
    if with_current is None:
        return Decision("nothing else can be used", with_current, with_centroid, is_promoted=True)
    judgement = with_current.judgement
    why = f"{judgement} beside the current version: {with_current}"
    is_promoted = judgement is Judgement.NOT_WORSE
    return Decision(why, with_current, with_centroid, is_promoted=is_promoted)


def compared(well: Well, other: Well, data: DataSet, *, rng: np.random.Generator) -> Comparison:
    """Two versions' answers for the test faces of `data`, compared face by face.

    The interval is by bootstrap over photos: faces of one photo are not drawn one without another.
    """
    test, photos = data.samples(Part.TEST), _test_photos(data)
    if not photos:
        return Comparison(0, 0.0, 0.0, 0.0)
    gained = (well.astype(float) - other.astype(float)) * _balanced(test.known)
    _, photo = np.unique(np.array(photos), return_inverse=True)
    by_photo = np.bincount(photo, weights=gained)
    count = len(by_photo)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=_DRAWS) @ by_photo
    low, high = np.quantile(drawn, [_OUTSIDE / 2, 1 - _OUTSIDE / 2])
    return Comparison(count, float(by_photo.sum()), float(low), float(high))


def answers(
    version: ModelVersion,
    data: DataSet,
    *,
    resolve: Resolve,
    at_threshold: bool = True,
) -> Well:
    """Which test faces of `data` a version answers well: people by their name, nobody by none.

    `resolve` tells who somebody is by now. Without the threshold, the likeliest person counts, and
    nobody known is always answered well.
    """
    found = seen_by(version, data, resolve).judged(version.threshold if at_threshold else 0.0)
    well = np.where(data.samples(Part.TEST).known, found.right & found.named, ~found.named)
    return well if at_threshold else well | ~data.samples(Part.TEST).known


def _test_photos(data: DataSet) -> list[PhotoId]:
    """The photo of each test face."""
    return [p for p, part in zip(data.photos, data.parts, strict=True) if part is Part.TEST]


def _balanced(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Weights (n,) that sum to 1: half for all faces of people, half for all of nobody known."""
    kinds = [kind for kind in (known, ~known) if kind.any()]
    weight = np.zeros(len(known))
    for kind in kinds:
        weight[kind] = 1 / (len(kinds) * kind.sum())
    return weight
