"""Photos that lie on their side, turned upright: what becomes of their size and of boxes in them.

Turning is counted in quarters to the right, from how a photo's file has it (EXIF applied).
"""

from __future__ import annotations

from dataclasses import replace

from faces.records import Box, Face, Photo

QUARTERS = 4
"""So many quarters and a photo is as it was."""


def turned_box(box: Box, quarters: int, width_px: int, height_px: int) -> Box:
    """Where a box lies once its picture was turned so many quarters to the right.

    `width_px` and `height_px` are the picture's, before it is turned.
    """
    match quarters % QUARTERS:
        case 1:
            return Box(height_px - box.bottom, box.left, box.height, box.width)
        case 2:
            return Box(width_px - box.right, height_px - box.bottom, box.width, box.height)
        case 3:
            return Box(box.top, width_px - box.right, box.height, box.width)
    return box


def turned_photo(photo: Photo, quarters: int) -> Photo:
    """The same photo, turned so many quarters to the right from how it is now."""
    width_px, height_px = photo.width_px, photo.height_px
    if quarters % 2:
        width_px, height_px = height_px, width_px
    turned = (photo.turned + quarters) % QUARTERS
    return replace(photo, width_px=width_px, height_px=height_px, turned=turned)


def turned_face(face: Face, quarters: int, photo: Photo) -> Face:
    """A face of a photo that is turned so many quarters to the right from how it is now."""
    return replace(face, box=turned_box(face.box, quarters, photo.width_px, photo.height_px))
