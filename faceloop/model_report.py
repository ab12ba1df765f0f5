"""The report on a model version: a page with faces, and its figures as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from faceloop.console import say, warn
from faceloop.model_report_faces import Around
from faceloop.model_report_page import page_of, render
from faceloop.model_report_places import remove_stray_reports, report_place
from faceloop.pages import write_page
from faceloop.report_tiles import Tiles
from faces.errors import NotEnoughToLearn, SetupError
from faces.locks import Work, alone
from faces.media import media_of
from faces.records import NETWORK, FaceId
from faces.settings import Settings
from faces.store import log, photos
from faces.store.database import Store
from faces.versions import list_versions, load_version
from faces.who_said import WhoSaid
from sync.desk import addresses_of_answers

FORMAT = 1
"""Of the figures as JSON; raised when what was there before means something else."""
_PRIVATE = 0o700


def write_model_report(settings: Settings, store: Store, version_id: str) -> Path:
    """Measure a version on the test faces of today and write page and figures; where the page is.

    Each of them is there whole or not at all, and what was there before is replaced.

    Raises:
        BrokenModelVersion: the version cannot be loaded.
        NotEnoughToLearn: too little of what it learned from is still confirmed.
        SetupError: torch or fastai is not installed, or the folder cannot be written.
    """
    from training.gathering import gathered
    from training.report import report_of

    version = load_version(settings.models, version_id)
    data = gathered(store, version.network)
    with store.read() as connection:
        truth = log.truth(connection)
    usual = gathered(store, NETWORK) if version.onnx else data
    report = report_of(version, data, resolve=truth.resolve, usual=usual)
    around = _around(settings, store, data.faces)
    made = datetime.now(UTC)
    page = page_of(report, around, Tiles(media_of(settings).crop))
    figures = {
        "format": FORMAT,
        "made_at": made.isoformat(),
        **asdict(report),
        "links": {face: around.links[face] for face in data.faces if face in around.links},
    }
    place = report_place(settings.models, version_id)
    told = json.dumps(figures, ensure_ascii=False, indent=1, allow_nan=False)
    shown = render(page, now=made.astimezone())
    _make_folder(place.parent)
    with alone(settings, Work.REPORT):
        remove_stray_reports(settings.models, list_versions(settings.models))
        write_page(place.with_suffix(".json"), told + "\n")
        write_page(place, shown)
    return place


def report_on(settings: Settings, store: Store, version_id: str) -> None:
    """Write the report on a version that was just made; it is in use without one, too."""
    try:
        place = write_model_report(settings, store, version_id)
    except SetupError as reason:
        warn(f"there is no report on {version_id}: {reason}")
        return
    except NotEnoughToLearn:
        warn(
            f"there is no report on {version_id} yet: its own network has not encoded the faces; "
            f"run `faceloop sync`, then `faceloop models --report {version_id}`"
        )
        return
    say(f"what it can do, and which names to look at: {place}")


def _around(settings: Settings, store: Store, faces: tuple[FaceId, ...]) -> Around:
    server = settings.studio_name or settings.studio_url
    with store.read() as connection:
        truth = log.truth(connection)
        called = photos.paths_of_photos(connection)
        photo_of = {face.id: face.photo for face in photos.faces(connection)}
        answers = addresses_of_answers(connection, server=server, url=settings.studio_url)
    said = WhoSaid(truth, ())
    links: dict[FaceId, str] = {}
    for face in faces:
        occasions = [*said.naming(face), *said.stranger(face)]
        found = [answers[one.place] for one in occasions if one.place in answers]
        links |= {face: found[-1]} if found else {}
    return Around(
        names={
            face: truth.people[truth.resolve(word.person)].name
            for face, word in truth.confirmed.items()
        },
        files={face: called.get(photo_of[face], "") for face in faces},
        links=links,
    )


def _make_folder(folder: Path) -> None:
    """A folder that only its owner looks into.

    Raises:
        SetupError: it cannot be made.
    """
    try:
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot make {folder} for reports: {error.strerror}") from error
