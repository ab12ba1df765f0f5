"""Pictures of tasks are opened within bounds: of their pixels, and of large ones at once."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext

from faces.errors import BadPhoto
from faces.pictures import OpenPhoto, megapixels_of, open_bytes

MOST_MEGAPIXELS = 100
"""Larger pictures are refused; what annotators see in a browser is far smaller."""
LARGE_MEGAPIXELS = 12
"""Of pictures above this one at a time is decoded, since each takes 7 to 16 bytes a pixel then."""
_NAME = "the picture of a task"
_turn = threading.Lock()


def open_picture(content: bytes) -> OpenPhoto:
    """A task's picture, upright.

    Raises:
        BadPhoto: these bytes are no picture, or it is too large.
    """
    megapixels = megapixels_of(content)
    if megapixels > MOST_MEGAPIXELS:
        raise BadPhoto(
            f"{_NAME} has {megapixels:,.0f} megapixels, more than {MOST_MEGAPIXELS}; "
            "give Label Studio a smaller one"
        )
    turn: AbstractContextManager[object] = _turn if megapixels > LARGE_MEGAPIXELS else nullcontext()
    with turn:
        return open_bytes(content, name=_NAME)
