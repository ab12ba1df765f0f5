"""What people said that cannot all be right, told in a line each."""

from __future__ import annotations

from collections.abc import Sequence

from faceloop.console import warn
from faceloop.wording import counted
from faces.constraints import constraints_of
from faces.contradictions import Contradiction
from faces.store import log, photos
from faces.store.database import Store

_TOLD = 5
"""So many contradictions are told; the others are counted."""


def contradictions_in(store: Store) -> Sequence[Contradiction]:
    """What people said that cannot all be right."""
    with store.read() as connection:
        truth = log.truth(connection)
        if not truth.spoken_of:
            return ()
        faces = photos.faces(connection)
        called = photos.paths_of_photos(connection)
    photo_of = {face.id: face.photo for face in faces}
    return constraints_of(tuple(photo_of), photo_of, truth, called=called).contradictions


def tell_contradictions(found: Sequence[Contradiction]) -> None:
    """Say which words contradict each other, and in which annotations they were said."""
    for contradiction in found[:_TOLD]:
        warn(contradiction.message)
    if len(found) > _TOLD:
        more = counted(len(found) - _TOLD, "more contradiction")
        warn(f"{more} in what was said; they are told as these are settled")
