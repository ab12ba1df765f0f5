"""`faceloop cluster`: find the faces in a folder and group them by person."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from faceloop import options
from faceloop.choices import forget_idle_choices, remember_choices
from faceloop.console import INTERRUPTED, named_progress, say
from faceloop.dry_run import tell_what_would_be_read
from faceloop.folders import check_folder, folders_to_read, meant_to_lose, refuse_no_folder
from faceloop.forecast import refuse_full_disk
from faceloop.growing import Growth, group_faces, tell_clustered
from faceloop.reading import PhotoFolders, tell_plan
from faceloop.taken import tell_taken
from faceloop.workspace import prepare, settings_for
from faces.errors import SetupError
from faces.settings import Settings
from faces.store.database import Store

Watch = Annotated[
    bool, typer.Option("--watch", help="Go on: take in what changes in the folders, until Ctrl-C.")
]

Limit = Annotated[
    int | None,
    typer.Option(min=1, help="Read at most so many photos now; the next run goes on from there."),
]

_PAGES = (".html", ".htm")
Report = Annotated[
    Path | None,
    typer.Option("--report", help="Write a page that shows all groups, as an HTML file."),
]


def cluster(
    photos: options.Photos = None,
    workspace: options.Workspace = None,
    detector: options.DetectorName = None,
    rotations: options.Rotations = None,
    engine: options.Engine = None,
    method: options.Method = None,
    eps: options.Eps = None,
    min_samples: options.MinSamples = None,
    jobs: options.Jobs = None,
    scheduler: options.Scheduler = None,
    limit: Limit = None,
    again: options.Again = False,
    removed: options.Removed = False,
    regroup: options.Regroup = False,
    report: Report = None,
    watch: Watch = False,
    dry_run: options.DryRun = False,
) -> None:
    """Find every face in a folder and group the faces by person; run again for new photos."""
    chosen = options.chosen(detector, rotations, engine, method, eps, min_samples)
    settings = settings_for(workspace, **chosen, jobs=jobs, scheduler=scheduler)
    options.refuse_idle(settings, chosen, regroup=regroup)
    _refuse_no_place(report, settings)
    if photos is not None:
        check_folder(photos, settings)
    refuse_no_folder(settings, photos)
    if dry_run:
        tell_what_would_be_read(settings, photos, again=again, removed=removed)
        return
    store = prepare(settings)
    remember_choices(settings.workspace, chosen)
    forget_idle_choices(settings)
    folders = folders_to_read(store, photos)
    meant = meant_to_lose(folders, photos, removed=removed)
    found = PhotoFolders(settings, store, folders, again=again, removed=meant)
    expected = tell_plan(found)
    refuse_full_disk(expected, settings.workspace)
    _read(found, limit)
    try:
        tell_clustered(group_faces(settings, store, new_cut=regroup))
    except KeyboardInterrupt:
        _stopped()
    if report is not None:
        _report(settings, store, report)
    if watch:
        say("following the folders; Ctrl-C ends")
        with suppress(KeyboardInterrupt):
            Growth(settings, store, found).follow()


def _stopped() -> NoReturn:
    """End after Ctrl-C; what was read is saved as it comes, and groups all at once."""
    say("stopped; what was read is kept, and the next run goes on from here")
    raise typer.Exit(INTERRUPTED) from None


def _read(found: PhotoFolders, limit: int | None) -> None:
    try:
        with named_progress() as advance:
            taken = found.read(advance, limit=limit, shows_all=False)
    except KeyboardInterrupt:
        _stopped()
    tell_taken(taken)


def _refuse_no_place(report: Path | None, settings: Settings) -> None:
    """Said before photos are read, which may take hours; a photo or a database is never replaced.

    Raises:
        SetupError: no report can be written there, or others could see it there.
    """
    if report is None:
        return
    if not _can_be_page(report):
        raise SetupError(
            f"no report can be written to {report}; give a file that ends in .html, in a folder "
            "that is there"
        )
    if report.resolve().is_relative_to(settings.media):
        raise SetupError(
            f"{report} would be seen by all who can log in to Label Studio; give a place outside "
            f"{settings.media}"
        )


def _can_be_page(place: Path) -> bool:
    try:
        is_free = place.is_file() or not place.exists()
        return is_free and place.suffix.lower() in _PAGES and place.absolute().parent.is_dir()
    except OSError:  # a folder that may not be looked into
        return False


def _report(settings: Settings, store: Store, place: Path) -> None:
    from faceloop.report import write_report  # what draws takes a second to import

    write_report(settings, store, place)
    say(f"the groups are shown in {place}")
