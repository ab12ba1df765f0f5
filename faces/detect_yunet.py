"""Finding faces: YuNet on the photo and on smaller copies of it, for small and for large faces."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np

from faces.five_points import degrees_turned, dlib_like_box
from faces.records import Detection, Pixels
from faces.yunet import SCORE, Floats, Yunet

_LONGEST_PX = 2048
"""Photos are looked at no larger than this: time and memory grow with the area."""
_SHARE = 2 / 3
"""Photos are looked at in this part of their size: smaller faces than those that are lost by it
(27 pixels) cannot be told apart, and it takes less than half the time."""
_SMALL_PX = 800
"""Photos are not made smaller than this."""
_LARGEST_FACE_PX = 400
"""Larger faces are seen unsurely, sometimes only in part: the smaller copies are for them."""
_SMALLER = 4
_SMALL_PHOTO_PX = 200
"""A copy that is no longer than this shows any face, also one that more than fills the photo."""
_AT_LEAST = 0.7
"""The score from which on a sighting counts."""
_SAME_FACE_IOU = 0.3
"""Sightings that overlap more than this are of the same face, as in OpenCV's FaceDetectorYN."""
_BAND_PX = 1_700_000
"""Pixels that go through the network at once, which bounds its memory (some 95 bytes for each)."""
_OVERLAP_PX = 128
"""How much neighbouring bands share. The smaller copy shows all faces that do not fit in there."""
_EDGE_PX = 4


class YunetDetector:
    """Finds faces from 18 pixels on (of the photo as it is looked at) up to such as fill it.

    May be used by several threads at once. The network is loaded by the first call.
    """

    name = "yunet-2023mar"

    def __init__(self, *, threads: int | None = None, keeps_memory: bool = True) -> None:
        """Take this many threads for the network; None: one for each core.

        Some 100 MB are kept for the next photo, unless they are to be given back each time.
        """
        self._threads = threads
        self._keeps_memory = keeps_memory
        self._network: Yunet | None = None
        self._loading = threading.Lock()

    def find(self, pixels: Pixels) -> list[Detection]:
        """The faces of an upright photo, surest first, their boxes within the photo.

        Raises:
            SetupError: the weights are missing or were changed.
        """
        network = self._loaded()
        sightings = [
            _scaled(_seen_in(network, copy), _ratio(pixels, copy)) for copy in _copies(pixels)
        ]
        return list(_detections(once_each(np.concatenate(sightings)), pixels))

    def _loaded(self) -> Yunet:
        with self._loading:
            if self._network is None:
                self._network = Yunet(threads=self._threads, keeps_memory=self._keeps_memory)
            return self._network


def longest_looked_at(longest_px: int) -> int:
    """The longest side with which a photo is looked at, of one that is no smaller."""
    return min(_LONGEST_PX, max(_SMALL_PX, round(_SHARE * longest_px)))


def once_each(sightings: Floats) -> Floats:
    """Of the sightings of a face only the surest, surest first. Shapes (n, 15) -> (m, 15)."""
    left = sightings[np.argsort(-sightings[:, SCORE], kind="stable")]
    kept = [left[:0]]
    while len(left):
        kept.append(left[:1])
        left = left[_overlaps(left[0], left) <= _SAME_FACE_IOU]
    return np.concatenate(kept)


def bands(length_px: int, *, longest_px: int, overlap_px: int) -> list[tuple[int, int]]:
    """Cut a length into equal parts (first, end) that share so many pixels, none of them longer.

    They may be longer only if the overlap leaves them no other choice.
    """
    if length_px <= longest_px:
        return [(0, length_px)]
    step = max(1, longest_px - overlap_px)
    count = -(-(length_px - overlap_px) // step)
    starts = [round(place * (length_px - overlap_px) / count) for place in range(count + 1)]
    return [(first, end + overlap_px) for first, end in pairwise(starts)]


def _detections(sightings: Floats, pixels: Pixels) -> Iterator[Detection]:
    """Sightings as boxes like dlib's. One whose middle lies outside is not of this photo."""
    height_px, width_px, _ = pixels.shape
    for row in sightings:
        points = row[4:SCORE].reshape(5, 2)
        box = dlib_like_box(row[:4], points)
        across, down = box.left + box.width / 2, box.top + box.height / 2
        if 0 < across < width_px and 0 < down < height_px:
            yield Detection(
                box.clipped(width_px, height_px), float(row[SCORE]), degrees_turned(points)
            )


def _copies(pixels: Pixels) -> Iterator[Pixels]:
    """The photo as it is looked at, then smaller copies, until any face is small in the last."""
    copy = _halved(pixels, longest_looked_at(max(pixels.shape)))
    yield copy
    while max(copy.shape) > _SMALL_PHOTO_PX:
        copy = _halved(copy, max(copy.shape) // _SMALLER)
        yield copy


def _seen_in(network: Yunet, copy: Pixels) -> Floats:
    """The sightings in a copy, (n, 15), without those of faces that the next one shows better."""
    seen = _in_bands(network, copy)
    is_last = max(copy.shape) <= _SMALL_PHOTO_PX
    return seen if is_last else seen[seen[:, 2:4].max(axis=1) <= _LARGEST_FACE_PX]


def _in_bands(network: Yunet, pixels: Pixels) -> Floats:
    """All sightings in a picture, looked at band by band along its longer side, (n, 15).

    A face at an edge between two bands is cut there: its sighting is left out.
    """
    axis = 0 if pixels.shape[1] >= pixels.shape[0] else 1
    length_px, breadth_px = max(pixels.shape[:2]), min(pixels.shape[:2])
    places = [axis, *range(4 + axis, SCORE, 2)]
    found = []
    for first, end in bands(length_px, longest_px=_BAND_PX // breadth_px, overlap_px=_OVERLAP_PX):
        band = pixels[:, first:end] if axis == 0 else pixels[first:end]
        seen = network.look(band, at_least=_AT_LEAST)
        seen[:, places] += first
        near, far = seen[:, axis], seen[:, axis] + seen[:, axis + 2]
        whole = (near > first + _EDGE_PX) | (first == 0)
        whole &= (far < end - _EDGE_PX) | (end == length_px)
        found.append(seen[whole])
    return np.concatenate(found)


def _overlaps(one: Floats, others: Floats) -> Floats:
    """Intersection over union of a sighting's box and each of many, (n,)."""
    first = np.maximum(one[:2], others[:, :2])
    end = np.minimum(one[:2] + one[2:4], others[:, :2] + others[:, 2:4])
    shared = np.maximum(end - first, 0).prod(axis=1)
    areas = one[2:4].prod() + others[:, 2:4].prod(axis=1)
    return np.asarray(shared / (areas - shared))


def _halved(pixels: Pixels, longest_px: int) -> Pixels:
    """The picture with its longest side at most this long: halved while it can be, then the rest.

    So each pixel counts, and it takes a fifth of the time of OpenCV's area average at once.
    """
    while (longest := max(pixels.shape)) > longest_px:
        scale = max(0.5, longest_px / longest)
        height_px, width_px, _ = pixels.shape
        size = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        how = cv2.INTER_AREA if scale == 0.5 else cv2.INTER_LINEAR
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=how), dtype=np.uint8)
    return pixels


def _ratio(larger: Pixels, smaller: Pixels) -> tuple[float, float]:
    """How many pixels across and down one has for one of the other."""
    return larger.shape[1] / smaller.shape[1], larger.shape[0] / smaller.shape[0]


def _scaled(sightings: Floats, ratio: tuple[float, float]) -> Floats:
    """The same in a picture that is larger by these ratios."""
    factors = np.array([*ratio * 7, 1], dtype=np.float32)
    return np.asarray(sightings * factors)
