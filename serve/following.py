"""Faces followed from one frame of a camera to the next: who is new, and who is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from faces.matching import match_boxes
from faces.records import Box, FloatRows, Pixels
from serve.answers import NamedFace

REMEMBERED_S = 1.0
"""So long a face is waited for that is not seen: it may have turned away, or be blurred."""
_SOONEST_S, _LATEST_S = 1.0, 8.0
"""How old an answer may become: at first, and once it has been the same again and again."""
_LOOK_SIDE = 12
_SAME_LOOK = 0.88
"""How alike two looks at a face are at least that stands still (0.91 to 1.00 with noise, and with
boxes that wobble); of two people it is 0.85 at most for 19 pairs in 20."""
_OTHER_SIZE = 1.35
"""From this ratio on a face has come nearer, and tells more, or has gone away."""
_STILL = 0.85
"""Overlap of two boxes from which on a face stands still: then the box is held steady."""
_MOST_ASKED = 4
"""So many faces of a frame are encoded; the others have to wait for the next one."""
_MOVING_S, _STANDING_S = 0.1, 0.25
"""How often a frame is worth sending: while somebody moves, and while nobody does."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A face of a frame: where it is, and how it looks (`look_of`)."""

    box: Box
    look: FloatRows


@dataclass(frozen=True, eq=False)
class Asked:
    """What was answered of a face, by which version and when, and what the face was like then.

    `times` is how often in a row that was answered.
    """

    face: NamedFace
    version: str | None
    seen: Seen
    at_s: float
    times: int = 1


@dataclass(frozen=True, eq=False)
class Followed:
    """A face that is followed; `number` is its own as long as it is. `asked` is None at first."""

    number: int
    seen: Seen
    at_s: float
    asked: Asked | None = None

    @property
    def box(self) -> Box:
        """Where it was seen last."""
        return self.seen.box


def look_of(pixels: Pixels, box: Box) -> FloatRows:
    """How a face looks at a glance: coarse greys about their mean, as a row of unit length.

    It tells that a face is still the same and stands still, not whose it is.
    """
    left, top = max(0, round(box.left)), max(0, round(box.top))
    part = pixels[top : max(top + 1, round(box.bottom)), left : max(left + 1, round(box.right))]
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_LOOK_SIDE, _LOOK_SIDE), interpolation=cv2.INTER_AREA)
    row = small.astype(np.float32).ravel()
    row -= row.mean()
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-6), dtype=np.float32)


def follow(before: Sequence[Followed], seen: Sequence[Seen], *, now_s: float) -> list[Followed]:
    """The faces of a frame, in order, each with what is known of it from the frames before."""
    pairs = match_boxes([one.box for one in before], [one.box for one in seen])
    number = max((one.number for one in before), default=0)
    faces: list[Followed] = []
    for row, one in enumerate(seen):
        if row in pairs:
            faces.append(_seen_again(before[pairs[row]], one, now_s))
        else:
            number += 1
            faces.append(Followed(number, one, now_s))
    return faces


def missed(
    before: Sequence[Followed], now: Sequence[Followed], *, now_s: float
) -> tuple[Followed, ...]:
    """The faces that are not seen now, and for which it is still worth waiting."""
    there = {one.number for one in now}
    return tuple(
        one for one in before if one.number not in there and now_s - one.at_s <= REMEMBERED_S
    )


def to_ask(faces: Sequence[Followed], *, version: str | None, now_s: float) -> list[int]:
    """Which faces of a frame to encode, by their places; those first of whom nothing is known.

    A face is encoded that is new, looks otherwise than when it was, has come much nearer or gone
    away, or whose answer is old, or another version's.
    """
    due = [place for place, one in enumerate(faces) if _is_due(one, version, now_s)]
    return sorted(due, key=lambda place: _urgency(faces[place]))[:_MOST_ASKED]


def answered(one: Followed, face: NamedFace, *, version: str | None, now_s: float) -> Followed:
    """The face with what was answered of it now."""
    asked = one.asked
    is_same = asked is not None and (asked.face.called, asked.version) == (face.called, version)
    times = asked.times + 1 if asked is not None and is_same else 1
    return replace(one, asked=Asked(face, version, one.seen, now_s, times))


def pause_s(before: Sequence[Followed], now: Sequence[Followed], *, took_s: float) -> float:
    """How long to wait until the next frame: longer while everybody stands still.

    At least half as long as this one took, so that one camera never takes all of a processor.
    """
    where = {one.number: one.box for one in before}
    is_still = {one.number for one in now} == set(where) and all(
        where[one.number].overlap(one.box) >= _STILL for one in now
    )
    return max((_STANDING_S if is_still else _MOVING_S) - took_s, took_s / 2)


def _seen_again(before: Followed, seen: Seen, now_s: float) -> Followed:
    """A detector's boxes wobble by a pixel or two: that of a face that stands still is held."""
    if before.box.overlap(seen.box) >= _STILL:
        seen = replace(seen, box=_between(before.box, seen.box))
    return replace(before, seen=seen, at_s=now_s)


def _between(one: Box, other: Box) -> Box:
    return Box(
        (one.left + other.left) / 2,
        (one.top + other.top) / 2,
        (one.width + other.width) / 2,
        (one.height + other.height) / 2,
    )


def _is_due(one: Followed, version: str | None, now_s: float) -> bool:
    asked = one.asked
    if asked is None or asked.version != version:
        return True
    nearer = one.box.width / asked.seen.box.width
    return (
        float(one.seen.look @ asked.seen.look) < _SAME_LOOK
        or not 1 / _OTHER_SIZE < nearer < _OTHER_SIZE
        or now_s - asked.at_s > min(_LATEST_S, _SOONEST_S * 2.0 ** (asked.times - 1))
    )


def _urgency(one: Followed) -> tuple[float, float]:
    """The smaller, the sooner: never asked about, then the oldest answer; of these the largest."""
    return (-1.0 if one.asked is None else one.asked.at_s, -one.box.width)
