"""Where each face's label goes: inside the picture, on no other face if that can be helped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from faces.records import Box

_ON_A_LABEL = 8.0
_ON_ANOTHER_FACE = 3.0
_ON_ITS_OWN_FACE = 0.3
_NEXT_PLACE = 1e-3
"""What a place costs for each pixel covered there; and, as a share, for not being the first."""

Size = tuple[float, float]
"""Width and height in pixels."""


def place_labels(faces: Sequence[Box], labels: Sequence[Size], *, picture: Size) -> list[Box]:
    """A place for each face's label, in the order of the faces.

    A label that is larger than the picture starts at its left or upper edge.
    """
    placed: list[Box] = []
    for own, (face, label) in enumerate(zip(faces, labels, strict=True)):
        others = [other for index, other in enumerate(faces) if index != own]
        places = [_pushed_inside(place, picture) for place in _places(face, label)]
        costs = [
            _cost(place, face, others, placed) + rank * _NEXT_PLACE
            for rank, place in enumerate(places)
        ]
        placed.append(places[costs.index(min(costs))])
    return placed


def _places(face: Box, label: Size) -> Iterator[Box]:
    """Where a label may go, best first: under the face, above it, beside it, on its edges."""
    width, height = label
    middle = face.left + (face.width - width) / 2
    lefts = (middle, face.left, face.right - width)
    for top in (face.bottom, face.top - height, face.bottom + height, face.top - 2 * height):
        for left in lefts:
            yield Box(left, top, width, height)
    for left in (face.right, face.left - width):
        for top in (face.bottom - height, face.top + (face.height - height) / 2, face.top):
            yield Box(left, top, width, height)
    for top in (face.bottom - height, face.top):
        for left in lefts:
            yield Box(left, top, width, height)


def _pushed_inside(label: Box, picture: Size) -> Box:
    width, height = picture
    left = max(0.0, min(label.left, width - label.width))
    top = max(0.0, min(label.top, height - label.height))
    return Box(left, top, label.width, label.height)


def _cost(place: Box, face: Box, others: Sequence[Box], placed: Sequence[Box]) -> float:
    """What is covered by a label here, in weighed pixels as a share of the label."""
    covered = (
        _ON_A_LABEL * sum(_shared(place, label) for label in placed)
        + _ON_ANOTHER_FACE * sum(_shared(place, other) for other in others)
        + _ON_ITS_OWN_FACE * _shared(place, face)
    )
    return covered / (place.width * place.height)


def _shared(one: Box, other: Box) -> float:
    """How many pixels two boxes share."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, across) * max(0.0, down)
