"""What the network says of boxes that were just drawn in a picture that somebody looks at."""

from __future__ import annotations

from collections.abc import Sequence

from faces.pictures import OpenPhoto
from faces.reading import FaceReader
from faces.records import Box, Encodings, FaceId
from faces.studio_drawn import DrawnBox


def encode_drawn(
    reader: FaceReader, picture: OpenPhoto, drawn: Sequence[DrawnBox], *, network: str
) -> Encodings:
    """Encode drawn boxes, numbered in order; they are scaled to the picture's own pixels."""
    boxes = [
        _scaled(
            one.box,
            across=picture.photo.width_px / one.width_px,
            down=picture.photo.height_px / one.height_px,
        )
        for one in drawn
    ]
    plain, mirrored = reader.encode_boxes(picture.pixels, boxes)
    numbered = tuple(FaceId(str(number)) for number in range(len(drawn)))
    return Encodings(network, numbered, plain, mirrored)


def _scaled(box: Box, *, across: float, down: float) -> Box:
    return Box(box.left * across, box.top * down, box.width * across, box.height * down)
