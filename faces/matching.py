"""Which faces found again are the faces that were there: by their boxes, so that ids outlive."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from faces.records import (
    SAME_FACE_IOU,
    Box,
    Face,
    FaceId,
    face_id_of_region,
)


@dataclass(frozen=True)
class FoundAgain:
    """What looking at a photo once more means for its faces.

    `renewed` have their id and what was measured now, `new` were not there, `gone` are of no use
    any more; all others stay as they are. `ids` tells under which id each face that was found is
    `renewed` or `new`; a face whose box a person drew is in neither.
    """

    renewed: tuple[Face, ...]
    new: tuple[Face, ...]
    gone: tuple[FaceId, ...]
    ids: Mapping[FaceId, FaceId]


def match_boxes(before: Sequence[Box], now: Sequence[Box]) -> dict[int, int]:
    """Pair boxes of one photo: row of `now` -> row of `before`.

    The two that overlap most are the same face, then the two that overlap most of the others, down
    to SAME_FACE_IOU; no box is in two pairs.
    """
    overlaps = sorted(
        (-overlap, old, new)
        for new, box in enumerate(now)
        for old, other in enumerate(before)
        if (overlap := box.overlap(other)) >= SAME_FACE_IOU
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, old, new in overlaps:
        if new not in pairs and old not in taken:
            pairs[new] = old
            taken.add(old)
    return pairs


def find_again(
    before: Sequence[Face], found: Sequence[Face], *, spoken_of: Collection[FaceId]
) -> FoundAgain:
    """Compare the faces of a photo with those that a detector finds in it now.

    A box that a person drew or moved stays where it is. A face that somebody spoke of is never
    gone, whether the detector sees it or not.
    """
    pairs = match_boxes([face.box for face in before], [face.box for face in found])
    taken = {face.id for face in before}
    renewed: list[Face] = []
    new: list[Face] = []
    ids: dict[FaceId, FaceId] = {}
    for row, face in enumerate(found):
        old = before[pairs[row]] if row in pairs else None
        if old is not None and _is_a_persons(old):
            continue
        ids[face.id] = free_id(face, taken) if old is None else old.id
        taken.add(ids[face.id])
        (new if old is None else renewed).append(replace(face, id=ids[face.id]))
    matched = {before[row].id for row in pairs.values()}
    gone = tuple(
        face.id
        for face in before
        if not (face.id in matched or face.id in spoken_of or _is_a_persons(face))
    )
    return FoundAgain(tuple(renewed), tuple(new), gone, ids)


def _is_a_persons(face: Face) -> bool:
    """Whether the box is where a person drew or moved it."""
    return face.drawn or not face.detector


def free_id(face: Face, taken: Collection[FaceId]) -> FaceId:
    """The id of a new face: that of its box may belong to a face whose box has moved since."""
    free = face.id
    while free in taken:
        free = face_id_of_region(face.photo, f"another:{free}")
    return free
