"""What each photo serves for: learning, calibration or test, and for ever the same."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations, pairwise

import numpy as np

from faces.records import Encodings, FaceId, Photo, PhotoId, identity_rows

NEAR_COSINE = 0.99
"""Two encodings more alike than this are of one picture or one moment.

Copies that are smaller, cropped, lighter or saved at a lower quality have 0.991 to 1.0; of LFW's
pairs of photos of one person 1 in 1,000 are above it, most of them of one moment, too.
"""
_MOMENT = timedelta(seconds=10)
"""Photos that were taken within this time are of one moment."""
_SHORTEST_MOMENT = timedelta(seconds=1)
"""Cameras tell no shorter times."""
MOST_IN_A_MOMENT = 20
"""Photos of one time in greater number are no burst: scans often have one time all."""
_ROWS_AT_ONCE = 1024


class Part(StrEnum):
    """What a photo serves for."""

    LEARNING = "learning"
    CALIBRATION = "calibration"
    TEST = "test"


LEFT_OUT = "left out"
"""What the store calls the part of a photo that serves for nothing."""

Parts = Mapping[PhotoId, Part | None]
"""What photos serve for; None: for nothing, since it is of one moment with photos of two parts."""


def part_of(photo: PhotoId) -> Part:
    """What a photo serves for by its content alone: about 60, 20 and 20 in 100."""
    drawn = hashlib.sha256(f"part of {photo}".encode()).digest()[0] / 256
    if drawn < 0.6:
        return Part.LEARNING
    return Part.CALIBRATION if drawn < 0.8 else Part.TEST


def fixed_parts(
    photos: Sequence[Photo], encodings: Encodings, photo_of: Mapping[FaceId, PhotoId], known: Parts
) -> dict[PhotoId, Part | None]:
    """What each of these photos serves for; what is `known` stays for ever.

    New photos of one moment go together: to where an older one of that moment went, or else to
    where the first of them belongs by its content. If older ones went to two parts, the new ones
    serve for nothing. So no version ever learns from what another is tested on.
    """
    new = {photo.id for photo in photos} - known.keys()
    near = _near(photos, encodings, photo_of, new)
    parts = {photo.id: known[photo.id] for photo in photos if photo.id in known}
    for moment in _moments(new, near):
        older = {known[other] for photo in moment for other in near[photo] if other in known}
        older.discard(None)
        part = part_of(moment[0]) if not older else older.pop()
        parts |= dict.fromkeys(moment, None if older else part)
    return parts


def _near(
    photos: Sequence[Photo],
    encodings: Encodings,
    photo_of: Mapping[FaceId, PhotoId],
    new: set[PhotoId],
) -> Mapping[PhotoId, set[PhotoId]]:
    """For each new photo the others of its moment."""
    near: dict[PhotoId, set[PhotoId]] = defaultdict(set)
    for one, other in (*_near_in_time(photos), *_near_in_looks(photos, encodings, photo_of, new)):
        if one != other:
            near[one].add(other)
            near[other].add(one)
    return near


def _near_in_time(photos: Sequence[Photo]) -> Iterator[tuple[PhotoId, PhotoId]]:
    """Pairs of photos that were taken in one moment, as far as cameras told."""
    taken = sorted((photo.taken_at, photo.id) for photo in photos if photo.taken_at is not None)
    for row, within in _rows_in_time(taken, _MOMENT):
        for (at, one), (later, other) in combinations(row, 2):
            if later - at <= within:
                yield one, other


_Taken = tuple[datetime, PhotoId]


def _rows_in_time(
    taken: Sequence[_Taken], within: timedelta
) -> Iterator[tuple[Sequence[_Taken], timedelta]]:
    """Photos, given by time, of which each follows the one before within some time; and that time.

    A row of implausibly many is looked at more closely: as if a moment were half as long. What
    then still follows each other like a camera's burst is cut into stretches.
    """
    gaps = (later - at > within for (at, _), (later, _) in pairwise(taken))
    ends = [place for place, is_gap in enumerate(gaps, start=1) if is_gap]
    for start, end in pairwise([0, *ends, len(taken)]):
        if end - start <= MOST_IN_A_MOMENT:
            yield taken[start:end], within
        elif within >= 2 * _SHORTEST_MOMENT:
            yield from _rows_in_time(taken[start:end], within / 2)
        else:
            yield from ((stretch, within) for stretch in _stretches(taken[start:end]))


def _stretches(row: Sequence[_Taken]) -> Iterator[Sequence[_Taken]]:
    """A long burst in pieces, cut where it paused longest; those of one time are in none.

    Of pauses that are as long as each other the one in the middle is taken.
    """
    left = [row]
    while left:
        piece = left.pop()
        if len(piece) <= MOST_IN_A_MOMENT:
            yield piece
            continue
        pauses = [later - at for (at, _), (later, _) in pairwise(piece)]
        longest = max(pauses)
        if longest:
            places = [place for place, pause in enumerate(pauses, start=1) if pause == longest]
            cut = places[len(places) // 2]
            left += [piece[:cut], piece[cut:]]


def _near_in_looks(
    photos: Sequence[Photo],
    encodings: Encodings,
    photo_of: Mapping[FaceId, PhotoId],
    new: set[PhotoId],
) -> Iterator[tuple[PhotoId, PhotoId]]:
    """Pairs of a new photo and any other that show the same: all faces of the one are in the other.

    One face alone says little: with several people on each, photos would hang together in chains.
    """
    wanted = {photo.id for photo in photos}
    kept = [row for row, face in enumerate(encodings.faces) if photo_of.get(face) in wanted]
    rows = identity_rows(encodings)[kept]
    place = [photo_of[encodings.faces[row]] for row in kept]
    faces = Counter(place)
    ours = np.array([row for row, one in enumerate(place) if one in new], dtype=np.intp)
    alike: dict[tuple[PhotoId, PhotoId], tuple[set[int], set[int]]] = {}
    for start in range(0, len(ours), _ROWS_AT_ONCE):
        some = ours[start : start + _ROWS_AT_ONCE]
        for one, other in np.argwhere(rows[some] @ rows.T >= NEAR_COSINE).tolist():
            first = int(some[one])
            if place[first] != place[other]:
                found = alike.setdefault((place[first], place[other]), (set(), set()))
                found[0].add(first)
                found[1].add(other)
    for (one, other), (of_one, of_other) in alike.items():
        if len(of_one) == faces[one] or len(of_other) == faces[other]:
            yield one, other


def _moments(new: set[PhotoId], near: Mapping[PhotoId, set[PhotoId]]) -> Iterator[list[PhotoId]]:
    """The new photos, those of one moment together, by id."""
    left = set(new)
    for first in sorted(new):
        if first not in left:
            continue
        left.remove(first)
        moment, waiting = [first], [first]
        while waiting:
            found = near.get(waiting.pop(), set()) & left
            left -= found
            moment += found
            waiting += found
        yield sorted(moment)
