"""The report on the groups: one HTML page with faces, that needs no network and no script."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from faceloop.contradicting import contradictions_in
from faceloop.pages import write_page
from faceloop.report_map import draw_map, sample
from faceloop.report_page import Known, render, report_of
from faceloop.report_tiles import PORTRAIT_PX, Tiles
from faces.cut import Cut, identity_rows_at
from faces.media import media_of
from faces.quality import ENOUGH, quality
from faces.records import NETWORK, FaceId, FloatRows, identity_rows
from faces.settings import Settings
from faces.store import clusters, log, photos
from faces.store.database import Store


def write_report(settings: Settings, store: Store, path: Path) -> None:
    """Write what the workspace's current groups look like; the page is there whole or not at all.

    What was there before is replaced. A crop that is gone leaves an empty tile.

    Raises:
        SetupError: nothing can be written there.
    """
    known = _gather(store)
    tiles = Tiles(media_of(settings).crop)
    inside = [face for cluster in known.clusters for face in cluster.faces]
    faces, rows = _rows(store, known.cut, sample([*inside, *known.alone]))
    face_map = draw_map(
        faces,
        rows,
        known.clusters,
        names=known.names,
        picture_of=partial(tiles.of, side_px=PORTRAIT_PX),
    )
    report = report_of(known, face_map, tiles)
    write_page(path, render(report, now=datetime.now().astimezone()))


def _gather(store: Store) -> Known:
    with store.read() as connection:
        found = clusters.clusters(connection)
        near = clusters.near_clusters(connection)
        loose = clusters.loose_faces(connection)
        run = clusters.current_run(connection) or ""
        stored = clusters.stored_cut(connection, NETWORK)
        faces = photos.faces(connection)
        called = photos.paths_of_photos(connection)
        truth = log.truth(connection)
    inside = {face for cluster in found for face in cluster.faces}
    alone = [
        face
        for face in faces
        if face.photo in called and face.id not in inside and face.id not in truth.not_faces
    ]
    return Known(
        clusters=tuple(found),
        near=tuple(near),
        loose=tuple(loose),
        alone=tuple(face.id for face in alone),
        poor=sum(quality(face) < ENOUGH and face.id not in truth.spoken_of for face in alone),
        photos=len(called),
        names={
            face: truth.people[truth.resolve(said.person)].name
            for face, said in truth.confirmed.items()
        },
        files={face.id: called.get(face.photo, "") for face in faces},
        cut=Cut.from_store(stored[1]) if stored and run.startswith("people") else None,
        run=run,
        contradictions=tuple(one.message for one in contradictions_in(store)),
    )


def _rows(
    store: Store, cut: Cut | None, faces: Sequence[FaceId]
) -> tuple[tuple[FaceId, ...], FloatRows]:
    """Those of the faces that have an encoding, and the rows that they are compared by."""
    with store.read() as connection:
        found = photos.encodings(connection, NETWORK, only=faces)
    if cut is None:
        return found.faces, identity_rows(found)
    return found.faces, identity_rows_at(cut, found.plain, found.mirrored)
