"""Faces that people drew or moved: their encodings and crops are made after the answer is read."""

from __future__ import annotations

from faces.encode import Encoder
from faces.errors import BadPhoto
from faces.media import Media
from faces.pictures import CROP_PX, face_crop, save_jpeg
from faces.records import NETWORK, Encodings
from faces.store import photos
from faces.store.database import Store
from sync.opening import open_again


def encode_drawn_faces(store: Store, *, media: Media) -> int:
    """Encode and crop the faces that people drew or moved; returns how many there were."""
    with store.read() as connection:
        missing = photos.faces_without_encoding(connection, NETWORK)
        if not missing:
            return 0
        files = photos.files_of_photos(connection)
        photo_of = {photo.id: photo for photo in photos.photos(connection)}
    encoder: Encoder | None = None
    done = 0
    for face in missing:
        try:
            opened = open_again(photo_of[face.photo], files.get(face.photo, []))
        except BadPhoto:
            continue
        encoder = encoder or Encoder()
        plain, mirrored = encoder.encode(opened.pixels, [face.box])
        save_jpeg(face_crop(opened.pixels, face.box, size_px=CROP_PX), media.crop(face.id))
        with store.write() as connection:
            encodings = Encodings(NETWORK, (face.id,), plain, mirrored)
            photos.save_encodings(connection, encodings)
        done += 1
    return done
