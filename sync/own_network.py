"""What a network of one's own needs: chips to be tuned on, then encodings of every face by it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faces.chips import CHIP_PX, ChipCutter
from faces.encode import Encoder
from faces.identify import Identifier
from faces.records import Encodings, FaceId, Pixels
from faces.store import photos
from faces.store.database import Store
from sync.opening import OnPhoto, open_each


def cut_chips(
    store: Store, faces: Sequence[FaceId], *, on_photo: OnPhoto
) -> tuple[tuple[FaceId, ...], Pixels]:
    """The chips of these faces as far as their photos are there: ids, and (n, 150, 150, 3)."""
    wanted = set(faces)
    with store.read() as connection:
        known = [face for face in photos.faces(connection) if face.id in wanted]
    cutter = ChipCutter()
    ids: list[FaceId] = []
    chips: list[Pixels] = [np.empty((0, CHIP_PX, CHIP_PX, 3), dtype=np.uint8)]
    for opened, some in open_each(store, known, on_photo=on_photo):
        ids += [face.id for face in some]
        both = cutter.with_mirrored(opened.pixels, [face.box for face in some])
        chips.append(both[: len(some)])
    return tuple(ids), np.concatenate(chips)


def encode_for(store: Store, identifier: Identifier | None, *, on_photo: OnPhoto) -> int:
    """Show every face to the network that a model version brought along, if it did.

    Returns how many faces it had not seen; a second call finds none. Their encodings are stored
    under that network's name, beside those of the network that every installation has.
    """
    network = None if identifier is None else identifier.own_network
    if identifier is None or network is None:
        return 0
    with store.read() as connection:
        missing = photos.faces_without_encoding(connection, network)
    encoder, done = Encoder(model=identifier.version.onnx), 0
    for opened, some in open_each(store, missing, on_photo=on_photo):
        plain, mirrored = encoder.encode(opened.pixels, [face.box for face in some])
        ids = tuple(face.id for face in some)
        with store.write() as connection:
            photos.save_encodings(connection, Encodings(network, ids, plain, mirrored))
        done += len(some)
    return done
