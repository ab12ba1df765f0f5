"""`faceloop up`: everything at once, until Ctrl-C."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from faceloop import options
from faceloop.check import check_all, tell_checks
from faceloop.choices import forget_idle_choices, remember_choices
from faceloop.connecting import check_access, connection_for
from faceloop.console import INTERRUPTED, named_progress, say, waiting
from faceloop.dry_run import tell_what_would_be_read
from faceloop.folders import check_folder, folders_to_read, meant_to_lose, refuse_no_folder
from faceloop.forecast import refuse_full_disk
from faceloop.growing import Growth, group_faces, photos_before_opening, tell_clustered
from faceloop.ports import refuse_busy_ports, refuse_vague_address
from faceloop.processes import Children, answers
from faceloop.reading import PhotoFolders, tell_plan
from faceloop.running import stop_leftovers
from faceloop.studio_server import (
    READY_WITHIN_S,
    quicken_database,
    studio_command,
    studio_environment,
)
from faceloop.sync import connect, tell_synced
from faceloop.taken import tell_taken
from faceloop.welcome import open_in_browser, people_page, tell_addresses, tell_what_to_do
from faceloop.workspace import (
    Connection,
    prepare,
    settings_for,
    settings_of,
    up_alone,
    write_connection,
)
from faces.settings import Settings, environment_for, reach
from faces.store.database import Store
from sync.desk import Desk
from sync.loop import desk_of, sync_now

ANSWERS_WITHIN_S = 180
"""Backend and app need a few seconds; on a busy machine with a slow disk, more."""

Check = Annotated[
    bool,
    typer.Option("--check", help="Start everything, talk to every part, stop, say how it went."),
]
Browser = Annotated[bool, typer.Option(help="Open a browser when everything is ready.")]
StudioPort = Annotated[int | None, typer.Option(help="Port of Label Studio.")]
BackendPort = Annotated[int | None, typer.Option(help="Port of the backend.")]
AppPort = Annotated[int | None, typer.Option(help="Port of the app.")]


Watch = Annotated[
    bool,
    typer.Option("--watch/--no-watch", help="Take in what changes in the folders meanwhile."),
]


def up(
    photos: options.Photos = None,
    workspace: options.Workspace = None,
    studio: options.StudioOrOwn = None,
    api_key: options.ApiKey = None,
    studio_port: StudioPort = None,
    backend_port: BackendPort = None,
    app_port: AppPort = None,
    check: Check = False,
    browser: Browser = True,
    watch: Watch = True,
    detector: options.DetectorName = None,
    rotations: options.Rotations = None,
    engine: options.Engine = None,
    method: options.Method = None,
    eps: options.Eps = None,
    min_samples: options.MinSamples = None,
    jobs: options.Jobs = None,
    scheduler: options.Scheduler = None,
    again: options.Again = False,
    removed: options.Removed = False,
    regroup: options.Regroup = False,
    dry_run: options.DryRun = False,
) -> None:
    """Find faces, group them, start Label Studio, backend, worker and app; Ctrl-C stops all.

    Of many photos the first few hundred are read before, the others while people work.
    """
    chosen = options.chosen(detector, rotations, engine, method, eps, min_samples)
    given = {**chosen, "jobs": jobs, "scheduler": scheduler}
    ports = {"studio_port": studio_port, "backend_port": backend_port, "app_port": app_port}
    settings = settings_for(workspace, **given)
    options.refuse_idle(settings, chosen, regroup=regroup)
    if photos is not None:
        check_folder(photos, settings)
    refuse_no_folder(settings, photos)
    if dry_run:
        tell_what_would_be_read(settings, photos, again=again, removed=removed)
        return
    with up_alone(settings.workspace):
        wanted = {"studio_api_key": api_key, **given, **ports}
        connection = connection_for(workspace, studio=studio, **wanted)
        settings = settings_for(workspace, **given, **settings_of(connection))
        _check_before(settings, connection)
        store = prepare(settings)
        folders = folders_to_read(store, photos)
        meant = meant_to_lose(folders, photos, removed=removed)
        found = PhotoFolders(settings, store, folders, again=again, removed=meant)
        refuse_full_disk(tell_plan(found), settings.workspace)
        write_connection(settings.workspace, connection)
        remember_choices(settings.workspace, chosen)
        forget_idle_choices(settings)
        parts = _Parts(settings, store, connection, found, regroup)
        if not _run(parts, check=check, watch=watch, browser=browser):
            raise typer.Exit(1)


@dataclass(frozen=True)
class _Parts:
    """What is put together for one run."""

    settings: Settings
    store: Store
    connection: Connection
    photos: PhotoFolders
    regroup: bool


def _run(parts: _Parts, *, check: bool, watch: bool, browser: bool) -> bool:
    """Start everything and stay, or ask every part; False if one does not answer as it should."""
    healthy = True
    try:
        with Children(parts.settings.workspace) as children:
            desk, refusal = _bring_up(parts, children, all_photos=check)
            if check:
                asked = check_all(parts.settings, parts.store, desk, refusal=refusal)
                healthy = tell_checks(asked)
            else:
                _stay(parts, desk, children, watch=watch, open_browser=browser)
    except KeyboardInterrupt:
        say("stopped before all was ready; the next run goes on from here")
        raise typer.Exit(INTERRUPTED) from None
    return healthy


def _check_before(settings: Settings, connection: Connection) -> None:
    """Whatever stands in the way is said before anything is started."""
    stopped = stop_leftovers(settings.workspace)
    if stopped:
        say(f"stopped what a killed run had left running: {', '.join(stopped)}")
    refuse_vague_address(settings)
    refuse_busy_ports(settings, embedded=connection.embedded)
    if connection.embedded:
        studio_command(settings)
    else:
        check_access(connection)


def _bring_up(parts: _Parts, children: Children, *, all_photos: bool) -> tuple[Desk, str | None]:
    """Start Label Studio first, as it takes longest, and read the photos meanwhile.

    With the desk comes why Label Studio may not call the backend, if it may not.
    """
    settings, store, connection = parts.settings, parts.store, parts.connection
    if connection.embedded:
        quicken_database(settings)
        environment = studio_environment(settings, connection)
        children.start("label-studio", studio_command(settings), environment)
    _read_first(parts, children, all_photos=all_photos)
    tell_clustered(group_faces(settings, store, new_cut=parts.regroup))
    _start(children, settings, "backend", "serve")
    if connection.embedded:
        with waiting("Waiting for Label Studio (two minutes the first time)"):
            children.wait_for("label-studio", _health(settings), timeout_s=READY_WITHIN_S)
    with waiting("Waiting for backend and app"):
        _wait_for(children, "backend", settings.backend_host, settings.backend_port)
        _wait_for(children, "serve", settings.app_host, settings.app_port)
    desk = desk_of(settings, store)
    with named_progress() as advance:
        synced = sync_now(settings, store, desk, on_progress=advance)
    tell_synced(synced)
    refusal = connect(settings, desk)
    _start(children, settings, "worker")
    return desk, refusal


def _read_first(parts: _Parts, children: Children, *, all_photos: bool) -> None:
    """Read what people see first; while Label Studio is not ready there is time for more."""
    photos, first = parts.photos, parts.settings.first_photos
    limit = None
    if not all_photos:
        limit = photos_before_opening(photos.left, photos.known(), first=first)
    with named_progress() as advance:
        taken = photos.read(advance, limit=limit, shows_all=False)
        while taken.left and parts.connection.embedded and not answers(_health(parts.settings)):
            children.refuse_ended()
            taken += photos.read(advance, limit=first, read_before=taken.read)
    tell_taken(taken)


def _health(settings: Settings) -> str:
    return f"{settings.studio_url}/health"


def _start(children: Children, settings: Settings, *subcommands: str) -> None:
    environment = environment_for(settings)
    for name in subcommands:
        children.start(name, [sys.executable, "-m", "faceloop", name], environment)


def _wait_for(children: Children, name: str, host: str, port: int) -> None:
    children.wait_for(name, f"http://{reach(host)}:{port}/health", timeout_s=ANSWERS_WITHIN_S)


def _stay(
    parts: _Parts, desk: Desk, children: Children, *, watch: bool, open_browser: bool
) -> None:
    """Say where everything is, read on, and wait for Ctrl-C or for a part that ends by itself."""
    settings, store = parts.settings, parts.store
    tell_addresses(settings, parts.connection, desk)
    tell_what_to_do(settings, store, left=parts.photos.left)
    if open_browser:
        open_in_browser(people_page(settings, desk))
    growth = Growth(settings, store, parts.photos, desk, on_tick=children.refuse_ended)
    with suppress(KeyboardInterrupt):
        growth.give_way()
        if parts.photos.left:
            growth.finish()
        if watch:
            growth.follow()
        children.wait_until_one_ends()
    say("stopping")
