"""What there is to learn from in the store, each photo in the part that was fixed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faces.records import NETWORK, PhotoId
from faces.store import log, photos
from faces.store.photo_parts import photo_parts, save_photo_parts
from training.dataset import DataSet, build_data_set
from training.parts import LEFT_OUT, Part, Parts, fixed_parts

if TYPE_CHECKING:
    from faces.store.database import Store


def gathered(store: Store, network: str) -> DataSet:
    """What can be learned from the store; nothing is written.

    Raises:
        NotEnoughToLearn: fewer than two people have two confirmed faces each.
    """
    return _built(store, network, _parts(store))


def gathered_for_good(store: Store, network: str) -> DataSet:
    """The same, and from then on it is fixed for ever what these photos serve for.

    Nothing is fixed before there is enough to learn: until then nobody learned from anything. One
    process does this at a time (`faces.locks`).

    Raises:
        NotEnoughToLearn: fewer than two people have two confirmed faces each.
    """
    parts = _parts(store)
    data = _built(store, network, parts)
    with store.write() as connection:
        known = photo_parts(connection)
        new = {photo: part or LEFT_OUT for photo, part in parts.items() if photo not in known}
        save_photo_parts(connection, new)
    return data


def _built(store: Store, network: str, parts: Parts) -> DataSet:
    with store.read() as connection:
        truth = log.truth(connection)
        spoken_of = sorted(set(truth.confirmed) | truth.strangers)
        encodings = photos.encodings(connection, network, only=spoken_of)
        return build_data_set(truth, photos.faces(connection), encodings, parts=parts)


def _parts(store: Store) -> dict[PhotoId, Part | None]:
    """The parts of all photos that are spoken of or were when something was learned.

    Which photos are of one moment is told by the network that every face was read with.
    """
    with store.read() as connection:
        truth, faces = log.truth(connection), photos.faces(connection)
        fixed = photo_parts(connection)
        known = {photo: None if part == LEFT_OUT else Part(part) for photo, part in fixed.items()}
        photo_of = {face.id: face.photo for face in faces}
        spoken_of = set(truth.confirmed) | truth.strangers
        concerned = {photo_of[face] for face in spoken_of if face in photo_of} | known.keys()
        if concerned == known.keys():
            return known
        on_them = [face for face, photo in photo_of.items() if photo in concerned]
        encodings = photos.encodings(connection, NETWORK, only=on_them)
        there = [photo for photo in photos.photos(connection) if photo.id in concerned]
    return known | fixed_parts(there, encodings, photo_of, known)
