"""Faces found, wrong boxes, and milliseconds a megapixel of each detector, on photos with a truth.

DATA holds folders of photos and a `truth.json`: {folder: {photo: {"boxes": [{left, top, width,
height}]} or {"noses_xy": [[x, y]]}}}, in pixels of the upright photo. One thread each; as one
thread works at a time, its processor time is counted: other programs then matter less.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from benchmarks.convention import OURS, Figures, Side, asked, in_turn, note, report
from benchmarks.face_recognition_itself import boxes_found
from faces.detect import Detector
from faces.pictures import open_photo, shrunk
from faces.reading import detector_named
from faces.records import SAME_FACE_IOU, Box, FloatRows, Pixels
from faces.weights import Weights, weights_file

THEIRS = "face_recognition"
_OPENCV_PX = 1280

Find = Callable[[Pixels], Sequence[Box]]


@dataclass(frozen=True)
class Truth:
    """What faces a photo has: a box of each, or the point of each nose."""

    boxes: tuple[Box, ...] = ()
    noses: tuple[tuple[float, float], ...] = ()

    def __len__(self) -> int:
        """How many faces there are."""
        return len(self.boxes) + len(self.noses)


def main() -> None:
    """Measure all detectors and print the result."""
    os.environ.setdefault("ROUNDS", "1")
    given = asked("Faces found, wrong boxes and milliseconds a megapixel of each detector.")
    if given.data is None:
        raise SystemExit("which photos? say DATA=folder, one with a truth.json")
    truths = read_truths(given.data)
    note(f"{len(truths)} photos, {sum(map(len, truths.values()))} faces, {given.rounds} rounds")
    report(*figures(truths, finders(), rounds=given.rounds))


def read_truths(data: Path) -> dict[Path, Truth]:
    """The photos with a truth, in order.

    Raises:
        SystemExit: there is no truth.
    """
    try:
        told = json.loads((data / "truth.json").read_text())
    except OSError as error:
        raise SystemExit(f"there is no truth in {data}: {error}") from error
    truths = {
        data / folder / name: Truth(
            tuple(Box(**box) for box in truth.get("boxes", [])),
            tuple((x, y) for x, y in truth.get("noses_xy", [])),
        )
        for folder, photos in told.items()
        for name, truth in photos.items()
    }
    return dict(sorted(truths.items()))


def finders() -> dict[str, Find]:
    """Every detector, ours first; each uses one thread."""
    from faces.detect_hog import HogDetector

    return {
        OURS: _boxes_of(detector_named("yunet", threads=1)),
        THEIRS: boxes_found,
        "dlib's HOG, not upsampled": _boxes_of(HogDetector(upsamplings=0)),
        "dlib's CNN, by us": _boxes_of(detector_named("cnn", threads=1)),
        "YuNet, by OpenCV at 1,280 pixels": _opencv(),
    }


def figures(
    truths: Mapping[Path, Truth], finders: Mapping[str, Find], *, rounds: int
) -> tuple[Figures, Mapping[str, Figures]]:
    """Ours with theirs beside it, and those of all others."""
    medians = in_turn({name: _side(find, truths) for name, find in finders.items()}, rounds=rounds)
    ours, theirs = medians.pop(OURS), medians[THEIRS]
    told = {
        "photos": len(truths),
        "faces": sum(map(len, truths.values())),
        **{f"ours_{key}": value for key, value in ours.items()},
        **{f"theirs_{key}": value for key, value in theirs.items()},
        "ratio": theirs["ms"] / ours["ms"],
    }
    return told, medians


def matched(boxes: Sequence[Box], truth: Truth) -> int:
    """How many faces were found: each has a box to itself, the best pairs first.

    A true box is found at IoU >= 0.4, a nose when it lies in the middle half of a box.
    """
    fits = [
        *((box.overlap(true), place, face) for face, true in enumerate(truth.boxes)
          for place, box in enumerate(boxes) if box.overlap(true) >= SAME_FACE_IOU),
        *((nearness, place, len(truth.boxes) + face) for face, nose in enumerate(truth.noses)
          for place, box in enumerate(boxes) if (nearness := _middle(box, nose)) >= 0.5),
    ]  # fmt: skip
    found: set[int] = set()
    used: set[int] = set()
    for _, place, face in sorted(fits, reverse=True):
        if place not in used and face not in found:
            used.add(place)
            found.add(face)
    return len(found)


def _middle(box: Box, nose: tuple[float, float]) -> float:
    """1 for a nose in the very middle of a box, 0.5 at the edge of the box's middle half."""
    across = abs(nose[0] - box.left - box.width / 2) / (box.width / 2)
    down = abs(nose[1] - box.top - box.height / 2) / (box.height / 2)
    return 1 - max(across, down)


def _side(find: Find, truths: Mapping[Path, Truth]) -> Side:
    def measure() -> Figures:
        find(np.zeros((100, 100, 3), dtype=np.uint8))  # what the first call loads is not counted
        found = wrong = 0
        seconds = megapixels = 0.0
        for path, truth in truths.items():
            pixels = open_photo(path).pixels
            begun = time.process_time()
            boxes = find(pixels)
            seconds += time.process_time() - begun
            megapixels += pixels.size / 3e6
            hits = matched(boxes, truth)
            found += hits
            wrong += len(boxes) - hits
        faces = sum(map(len, truths.values()))
        return {"recall": found / faces, "false": wrong, "ms": seconds * 1000 / megapixels}

    return measure


def _boxes_of(detector: Detector) -> Find:
    return lambda pixels: [seen.box for seen in detector.find(pixels)]


def _opencv() -> Find:
    """OpenCV's own FaceDetectorYN, its boxes as they are."""
    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(
        str(weights_file(Weights.YUNET)), "", (320, 320), score_threshold=0.7
    )

    def find(pixels: Pixels) -> Sequence[Box]:
        seen = shrunk(pixels, _OPENCV_PX)
        scale = max(seen.shape) / max(pixels.shape)
        detector.setInputSize((seen.shape[1], seen.shape[0]))
        rows = cast("FloatRows | None", detector.detect(np.ascontiguousarray(seen[:, :, ::-1]))[1])
        if rows is None:
            return []
        return [Box(*(row[:4] / scale).tolist()) for row in rows]

    return find


if __name__ == "__main__":
    main()
