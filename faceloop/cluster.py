"""`faceloop cluster`: find the faces in a folder and group them by person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from faceloop import options
from faceloop.console import say
from faceloop.folders import check_folder, folders_to_read, read_folder, refuse_no_folder
from faceloop.workspace import prepare, settings_for
from faces.locks import Work, alone
from faces.settings import Settings
from faces.store.database import Store
from sync.clustering import Clustered, cluster_photos
from sync.ingest import Ingested

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
    if photos is not None:
        check_folder(photos, settings.workspace)
    refuse_no_folder(settings, photos)
    store = prepare(settings)
    for folder in folders_to_read(settings, store, photos):
        tell_ingested(read_folder(settings, store, folder))
    tell_clustered(group_faces(settings, store))


def group_faces(settings: Settings, store: Store) -> Clustered:
    """Group all faces anew."""
    with alone(settings, Work.INGEST):
        return cluster_photos(
            store, eps=settings.eps, min_samples=settings.min_samples, now=datetime.now(UTC)
        )


def tell_ingested(done: Ingested) -> None:
    """Say what reading a folder found."""
    say(
        f"{done.found} photos: {done.read - done.refused} read now with {done.faces} faces, "
        f"{done.unchanged} as before"
        + (f", {done.refused} refused (faceloop status --refused)" if done.refused else "")
    )


def tell_clustered(done: Clustered) -> None:
    """Say what grouping found."""
    say(
        f"{done.clusters} groups of {done.clustered_faces} faces; "
        f"{done.faces - done.clustered_faces} faces stand alone"
    )
