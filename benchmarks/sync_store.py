"""A workspace with photos that do not exist: faces, encodings, clusters, names, drawn pictures."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime

import numpy as np

from benchmarks.clustering_scores import Labels
from benchmarks.synthetic_faces import faces_of, sizes_of_people
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict, Word
from faces.media import media_of
from faces.pictures import CROP_PX, save_jpeg
from faces.records import (
    NETWORK,
    Box,
    Cluster,
    ClusterId,
    Encodings,
    Face,
    FaceId,
    PersonId,
    Photo,
    PhotoFile,
    PhotoId,
)
from faces.settings import Settings
from faces.store import clusters, log, photos
from faces.store.database import Connection, Store
from faces.store.photos import KnownFile, ReadPhoto

RENAMED = PersonId("p0")
"""Who is in `PHOTOS_OF_ONE` photos and gets another name."""
PHOTOS_OF_ONE = 500
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_NAMED = 100
"""So many people have a name, the most seen first."""
_SAID = 24
"""So many faces of each were named by somebody; the others are the machine's to propose."""
_MORE_FACES = 0.4
"""Faces for each photo beside its first."""
_SIZE_PX = (1200, 800)
_BLOCK = 1000


def people_of(tasks: int, *, rng: np.random.Generator) -> tuple[Labels, Labels]:
    """Whose each face is and in which photo, both (n,): the first of all photos come first.

    Person 0 is in as many photos as is asked (a quarter of few), once in each.
    """
    of_one = min(PHOTOS_OF_ONE, tasks // 4)
    more = round(_MORE_FACES * tasks)
    others = tasks - of_one + more
    sizes = sizes_of_people(others, rng=rng)
    drawn = rng.permutation(np.repeat(np.arange(1, others + 1), sizes))
    people = np.concatenate([np.zeros(of_one, dtype=np.intp), drawn])
    photo = np.concatenate([np.arange(tasks), rng.integers(tasks, size=more)])
    return people, photo


def fill(store: Store, settings: Settings, *, tasks: int) -> dict[str, int]:
    """Fill an empty store; how many photos, faces, clusters and named people it has then."""
    rng = np.random.default_rng(0)
    people, photo_of = people_of(tasks, rng=rng)
    drawn = faces_of(people, rng=rng)
    ids = [FaceId(f"f{number:016x}") for number in range(len(people))]
    in_photo: dict[int, list[int]] = defaultdict(list)
    for face, photo in enumerate(photo_of):
        in_photo[int(photo)].append(face)
    for start in range(0, tasks, _BLOCK):
        read, files = [], []
        for number in range(start, min(start + _BLOCK, tasks)):
            photo = Photo(_photo_id(number), *_SIZE_PX)
            rows = in_photo[number]
            found = tuple(_face(ids[row], photo.id, place) for place, row in enumerate(rows))
            names = tuple(face.id for face in found)
            encoded = Encodings(NETWORK, names, drawn.plain[rows], drawn.mirrored[rows])
            read.append(ReadPhoto(photo, found, encoded))
            file = PhotoFile("/photos", f"{number // 500:03d}/{number:06d}.jpg", 1, 1)
            files.append(KnownFile(file, photo.id, None))
        with store.write() as connection:
            photos.save_photos(connection, read, now=NOW)
            photos.save_files(connection, files)
    found_clusters = _clusters(people, ids)
    with store.write() as connection:
        save_clusters(connection, found_clusters, run="dbscan-first")
        words = _names(found_clusters[:_NAMED])
        log.append(connection, Occasion("benchmark", NOW, "benchmark"), words)
    _draw_crops(settings, ids)
    named = sum(isinstance(word, PersonCreated) for word in words)
    return {
        "photos": tasks,
        "faces": len(ids),
        "clusters": len(found_clusters),
        "people": named,
    }


def save_clusters(connection: Connection, found: list[Cluster], *, run: str) -> None:
    """Note clusters as those of a run."""
    clusters.save_run(connection, run, found, how={}, now=NOW)


def _photo_id(number: int) -> PhotoId:
    return PhotoId(hashlib.sha256(str(number).encode()).hexdigest())


def _face(face: FaceId, photo: PhotoId, place: int) -> Face:
    """Faces of a photo stand beside one another; where so many fit not, in rows."""
    left, top = 20 + 110 * (place % 10), 20 + 110 * (place // 10)
    return Face(face, photo, Box(left, top, 90, 100), 2.0, detector="yunet")


def _clusters(people: Labels, ids: list[FaceId]) -> list[Cluster]:
    """Who is seen twice is a cluster: person 0 first, then by size."""
    members: dict[int, list[FaceId]] = defaultdict(list)
    for face, person in zip(ids, people, strict=True):
        members[int(person)].append(face)
    several = {person: of_one for person, of_one in members.items() if len(of_one) > 1}
    order = sorted(several, key=lambda person: (person != 0, -len(several[person]), person))
    return [Cluster(ClusterId(f"c{person}"), tuple(several[person])) for person in order]


def _names(found: list[Cluster]) -> list[Word]:
    words: list[Word] = []
    for number, cluster in enumerate(found):
        person = PersonId(f"p{number}")
        words.append(PersonCreated(person, f"Person {number}"))
        words += [FaceVerdict(face, Verdict.IS, person) for face in cluster.faces[:_SAID]]
    return words


def _draw_crops(settings: Settings, ids: list[FaceId]) -> None:
    """A drawn picture, under the name of each face's crop."""
    media = media_of(settings)
    drawn = settings.workspace / "drawn.jpg"
    side = np.linspace(60, 200, CROP_PX, dtype=np.uint8)
    save_jpeg(np.stack([np.add.outer(side // 2, side // 2)] * 3, axis=-1), drawn)
    for face in ids:
        crop = media.crop(face)
        crop.parent.mkdir(parents=True, exist_ok=True)
        crop.symlink_to(drawn)
