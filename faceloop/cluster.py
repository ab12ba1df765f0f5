"""`faceloop cluster`: find the faces in a folder and group them by person."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from faceloop import options
from faceloop.console import console, progress
from faceloop.workspace import prepare, settings_for
from faces.errors import SetupError
from faces.locks import Work, alone
from faces.settings import Settings
from faces.store import ledger
from faces.store.database import Store
from sync.clustering import Clustered, cluster_photos
from sync.ingest import Ingested, ingest_folder
from sync.media import media_of

Eps = Annotated[float | None, typer.Option(help="DBSCAN's radius on dlib's encodings.")]
MinSamples = Annotated[
    int | None, typer.Option(help="Faces, itself included, that make a face a core of a cluster.")
]
Jobs = Annotated[int | None, typer.Option(help="Processes that read photos; 0: one a core.")]


def cluster(
    photos: options.Photos = None,
    workspace: options.Workspace = None,
    eps: Eps = None,
    min_samples: MinSamples = None,
    jobs: Jobs = None,
) -> None:
    """Find every face in a folder and group the faces by person; run again for new photos."""
    settings = settings_for(workspace, eps=eps, min_samples=min_samples, jobs=jobs)
    store = prepare(settings)
    for folder in folders(store, photos):
        tell_ingested(read_folder(settings, store, folder))
    tell_clustered(group_faces(settings, store))


def folders(store: Store, given: Path | None) -> list[Path]:
    """The folders to read: the one given is remembered, all remembered ones are read again.

    Raises:
        SetupError: none was ever given.
    """
    with store.write() as connection:
        known = [Path(folder) for folder in ledger.fact(connection, "folders") or []]
        if given is not None and given.resolve() not in known:
            if not given.is_dir():
                raise SetupError(f"there is no folder {given}; give the folder with your photos")
            known.append(given.resolve())
            ledger.set_fact(connection, "folders", [str(folder) for folder in known])
    if not known:
        raise SetupError("no folder yet; give the one with your photos: faceloop up ~/Pictures")
    return known


def read_folder(settings: Settings, store: Store, folder: Path) -> Ingested:
    """Read what is new in a folder, with a progress bar."""
    with alone(settings, Work.INGEST), progress(f"Reading {folder.name}") as advance:
        return ingest_folder(
            store,
            folder,
            media=media_of(settings),
            jobs=settings.jobs,
            now=datetime.now(UTC),
            on_progress=advance,
        )


def group_faces(settings: Settings, store: Store) -> Clustered:
    """Group all faces anew."""
    with alone(settings, Work.INGEST):
        return cluster_photos(
            store, eps=settings.eps, min_samples=settings.min_samples, now=datetime.now(UTC)
        )


def tell_ingested(done: Ingested) -> None:
    """Say what reading a folder found."""
    console.print(
        f"{done.found} photos: {done.read - done.refused} read now with {done.faces} faces, "
        f"{done.unchanged} as before"
        + (f", {done.refused} refused (faceloop status --refused)" if done.refused else "")
    )


def tell_clustered(done: Clustered) -> None:
    """Say what grouping found."""
    console.print(
        f"{done.clusters} groups of {done.clustered_faces} faces; "
        f"{done.faces - done.clustered_faces} faces stand alone"
    )
