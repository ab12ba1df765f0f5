"""Fit the numbers in `faces/five_points.py`: how dlib's boxes follow from YuNet's box and points.

python -m scripts.fit_boxes FOLDER [COUNT]

FOLDER holds photos of 250 x 250 pixels with one main face in the middle, as LFW's are. Both
detectors look at COUNT of them, drawn with seed 1; half of those are fitted on, half measured on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faces.detect_hog import HogDetector
from faces.detect_yunet import once_each
from faces.pictures import open_photo
from faces.yunet import Yunet

Doubles = npt.NDArray[np.float64]

_SURE = 0.6
_OFF_CENTRE_PX = 40


def main() -> None:
    """Print the numbers, and how far off they are on faces that they were not fitted on."""
    photos = sorted(Path(sys.argv[1]).rglob("*.jpg"))
    count = min(int(sys.argv[2]) if len(sys.argv) > 2 else 1600, len(photos))
    drawn = np.random.default_rng(1).choice(len(photos), count, replace=False)
    rows = np.array(list(_both(photos[place] for place in drawn)))
    box, points, theirs = rows[:, :4], rows[:, 4:14].reshape(-1, 5, 2), rows[:, 15:]
    centre, their_centre = box[:, :2] + box[:, 2:] / 2, theirs[:, :2] + theirs[:, 2:] / 2
    their_side, root = theirs[:, 2], np.sqrt(box[:, 2] * box[:, 3])
    eyes, mouth, nose = points[:, :2].mean(axis=1), points[:, 3:].mean(axis=1), points[:, 2]
    _show("side by the root of width times height", root[:, None], their_side, their_side)
    across = (nose - centre)[:, :1]
    _show("across by nose", across, (their_centre - centre)[:, 0], their_side)
    below = np.stack([(eyes - centre)[:, 1], (mouth - centre)[:, 1], 0.97 * root], axis=1)
    _show("down by eyes, mouth and side", below, (their_centre - centre)[:, 1], their_side)
    _show_head(points)


def _both(photos: Iterator[Path]) -> Iterator[Doubles]:
    """YuNet's sighting and HOG's box of each photo where both see the main face, (19,)."""
    network, hog = Yunet(threads=1), HogDetector()
    for path in photos:
        pixels = open_photo(path).pixels
        ours = [
            row
            for row in once_each(network.look(pixels, at_least=_SURE))
            if (abs(row[:2] + row[2:4] / 2 - 125) < _OFF_CENTRE_PX).all()
        ]
        theirs = [
            row
            for row in (
                [b.left, b.top, b.width, b.height] for b in (d.box for d in hog.find(pixels))
            )
            if max(abs(row[0] + row[2] / 2 - 125), abs(row[1] + row[3] / 2 - 125)) < _OFF_CENTRE_PX
        ]
        if ours and theirs:
            yield np.concatenate([ours[0], theirs[0]]).astype(np.float64)


def _show(name: str, by: Doubles, target: Doubles, their_side: Doubles) -> None:
    """Fit on every second face, in shares of dlib's side; the error on the others."""
    by, target = by / their_side[:, None], target / their_side
    numbers = np.linalg.lstsq(by[::2], target[::2], rcond=None)[0]
    off = np.std(by[1::2] @ numbers - target[1::2])
    print(f"{name}: {np.round(numbers, 3).tolist()}, off by {off:.3f} of the side")


def _show_head(points: Doubles) -> None:
    """Fit an ellipse: as a head turns, the eyes' distance shrinks and the nose moves aside."""
    eyes, mouth = points[:, :2].mean(axis=1), points[:, 3:].mean(axis=1)
    height = np.linalg.norm(mouth - eyes, axis=1, keepdims=True)
    down = (mouth - eyes) / height
    across = np.stack([down[:, 1], -down[:, 0]], axis=1)
    apart = ((points[:, 1] - points[:, 0]) * across).sum(axis=1) / height[:, 0]
    nose = ((points[:, 2] - (eyes + mouth) / 2) * across).sum(axis=1) / height[:, 0]
    squares = np.stack([apart**2, nose**2], axis=1)
    of_eyes, of_nose = np.linalg.lstsq(squares, np.ones(len(squares)), rcond=None)[0]
    print(f"eyes' distance by how far the nose stands out: {np.sqrt(of_nose / of_eyes):.2f}")


if __name__ == "__main__":
    main()
