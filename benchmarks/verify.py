"""Same person or not, on the development pairs of LFW: our detector and encoder against theirs.

DATA holds `people/<Name>/<Name>_NNNN.jpg` and `pairsDevTrain.txt`. On each photo the face nearest
the middle counts; where a side finds none, the middle half of the photo does. PAIRS takes fewer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.convention import asked, note, note_progress, report
from benchmarks.face_recognition_itself import boxes_found, encodings_of
from benchmarks.middle_face import nearest_the_middle
from faces.encode import Encoder
from faces.pictures import open_photo
from faces.reading import detector_named
from faces.records import Box, FloatRows, Pixels, unit_rows

DEFAULT_THRESHOLD = 0.6
"""The distance up to which `face_recognition` calls two faces the same person."""
_FOLDS = 10

Distances = npt.NDArray[np.float64]
Same = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos, and whether they show the same person."""

    first: Path
    second: Path
    same: bool


@dataclass(frozen=True)
class Encoded:
    """What a side made of a photo: its rows (one encoding, or that and the mirror image's)."""

    rows: FloatRows
    found: bool


Encode = Callable[[Pixels], Encoded]


def main() -> None:
    """Measure both sides and print the result."""
    given = asked("Same person or not, on the development pairs of LFW.")
    if given.data is None:
        raise SystemExit("which photos? say DATA=folder, one with LFW's people and pairs")
    pairs = some(read_pairs(given.data), int(os.environ.get("PAIRS") or 0))
    if len(pairs) < 2 * _FOLDS:
        raise SystemExit(
            f"{len(pairs)} pairs are too few to find a threshold; {2 * _FOLDS} will do"
        )
    note(f"{len(pairs)} pairs")
    report(figures(pairs, ours(), theirs()), {})


def read_pairs(data: Path) -> list[Pair]:
    """The pairs in the order of the list.

    Raises:
        SystemExit: there is no list.
    """
    try:
        lines = (data / "pairsDevTrain.txt").read_text().splitlines()[1:]
    except OSError as error:
        raise SystemExit(f"there are no pairs in {data}: {error}") from error

    def photo(name: str, number: str) -> Path:
        return data / "people" / name / f"{name}_{int(number):04d}.jpg"

    return [
        Pair(photo(told[0], told[1]), photo(told[-2] if len(told) == 4 else told[0], told[-1]),
             same=len(told) == 3)
        for told in (line.split("\t") for line in lines)
    ]  # fmt: skip


def some(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """About so many pairs, spread evenly over the list; 0: all of them."""
    return list(pairs[:: max(1, len(pairs) // count)] if count else pairs)


def figures(pairs: Sequence[Pair], ours: Encode, theirs: Encode) -> dict[str, float]:
    """What the benchmark tells: both sides see each photo once, one after the other."""
    our_faces: dict[Path, Encoded] = {}
    their_faces: dict[Path, Encoded] = {}
    photos = sorted({path for pair in pairs for path in (pair.first, pair.second)})
    progress = note_progress("photos read by both")
    for done, path in enumerate(photos):
        pixels = open_photo(path).pixels
        our_faces[path], their_faces[path] = ours(pixels), theirs(pixels)
        progress(done + 1, len(photos))
    same = np.array([pair.same for pair in pairs])
    plain, rivals = distances(pairs, our_faces, _plain), distances(pairs, their_faces, _plain)
    return {
        "pairs": len(pairs),
        "accuracy": cross_validated(plain, same),
        "theirs_accuracy": cross_validated(rivals, same),
        "accuracy_default": _right(plain, same, DEFAULT_THRESHOLD) / len(same),
        "theirs_accuracy_default": _right(rivals, same, DEFAULT_THRESHOLD) / len(same),
        "accuracy_mirrored": cross_validated(distances(pairs, our_faces, _identity), same),
        "without_face": _without_face(our_faces.values()),
        "theirs_without_face": _without_face(their_faces.values()),
    }


def ours() -> Encode:
    """Our detector and encoder, as they are shipped."""
    detector, encoder = detector_named("yunet"), Encoder()

    def encode(pixels: Pixels) -> Encoded:
        boxes = [seen.box for seen in detector.find(pixels)]
        plain, mirrored = encoder.encode(pixels, [in_the_middle(boxes, pixels)])
        return Encoded(np.concatenate([plain, mirrored]), bool(boxes))

    return encode


def theirs() -> Encode:
    """`face_recognition` with its defaults."""

    def encode(pixels: Pixels) -> Encoded:
        boxes = boxes_found(pixels)
        return Encoded(encodings_of(pixels, [in_the_middle(boxes, pixels)]), bool(boxes))

    return encode


def in_the_middle(boxes: Sequence[Box], pixels: Pixels) -> Box:
    """The box nearest the middle of the photo; without any, its middle half."""
    height_px, width_px, _ = pixels.shape
    place = nearest_the_middle(boxes, width_px=width_px, height_px=height_px)
    if place is None:
        return Box(width_px / 4, height_px / 4, width_px / 2, height_px / 2)
    return boxes[place]


def distances(
    pairs: Iterable[Pair], faces: Mapping[Path, Encoded], row: Callable[[Encoded], FloatRows]
) -> Distances:
    """How far the two faces of each pair are apart, (n,)."""
    return np.array(
        [np.linalg.norm(row(faces[pair.first]) - row(faces[pair.second])) for pair in pairs]
    )


def cross_validated(distances: Distances, same: Same) -> float:
    """The share of pairs told rightly, each tenth by the threshold that is best on the others."""
    fold = np.empty(len(same), dtype=np.intp)
    for kind in (True, False):
        fold[same == kind] = np.arange(np.count_nonzero(same == kind)) % _FOLDS
    right = 0
    for held_out in range(_FOLDS):
        test = fold == held_out
        threshold = best_threshold(distances[~test], same[~test])
        right += _right(distances[test], same[test], threshold)
    return right / len(same)


def best_threshold(distances: Distances, same: Same) -> float:
    """The distance up to which to call pairs the same so that most are told rightly.

    Of several as good ones the middle one, so that it does not hang on a single pair.
    """
    order = np.argsort(distances, kind="stable")
    gained = np.cumsum(np.where(same[order], 1, -1))
    best = np.flatnonzero(gained == gained.max())
    place = best[len(best) // 2]
    return float(distances[order][place : place + 2].mean())


def _right(distances: Distances, same: Same, threshold: float) -> int:
    return int(np.count_nonzero((distances <= threshold) == same))


def _plain(face: Encoded) -> FloatRows:
    return face.rows[:1]


def _identity(face: Encoded) -> FloatRows:
    """The mean with the mirror image's at length 1, as clusters are made of it."""
    return unit_rows(face.rows[:1] + face.rows[1:])


def _without_face(faces: Iterable[Encoded]) -> int:
    return sum(not face.found for face in faces)


if __name__ == "__main__":
    main()
