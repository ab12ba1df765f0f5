"""`faceloop up`: everything at once, until Ctrl-C."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from faceloop import options
from faceloop.check import check_all, tell_checks
from faceloop.cluster import (
    Eps,
    Jobs,
    MinSamples,
    group_faces,
    tell_clustered,
    tell_ingested,
)
from faceloop.connecting import check_access, connection_for
from faceloop.console import INTERRUPTED, named_progress, say, waiting
from faceloop.folders import check_folder, folders_to_read, read_folder, refuse_no_folder
from faceloop.ports import refuse_busy_ports, refuse_vague_address
from faceloop.processes import Children
from faceloop.running import stop_leftovers
from faceloop.studio_server import READY_WITHIN_S, studio_command, studio_environment
from faceloop.sync import connect, tell_synced
from faceloop.welcome import open_in_browser, people_page, tell_addresses, tell_what_to_do
from faceloop.workspace import (
    Connection,
    explicit_settings,
    prepare,
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
    eps: Eps = None,
    min_samples: MinSamples = None,
    jobs: Jobs = None,
) -> None:
    """Find faces, group them, start Label Studio, backend, worker and app; Ctrl-C stops all."""
    given = {"eps": eps, "min_samples": min_samples, "jobs": jobs}
    ports = {"studio_port": studio_port, "backend_port": backend_port, "app_port": app_port}
    settings = explicit_settings(workspace, **given)
    if photos is not None:
        check_folder(photos, settings.workspace)
    refuse_no_folder(settings, photos)
    with up_alone(settings.workspace):
        wanted = {"studio_api_key": api_key, **given, **ports}
        connection = connection_for(workspace, studio=studio, **wanted)
        settings = explicit_settings(workspace, **given, **settings_of(connection))
        _check_before(settings, connection)
        store = prepare(settings)
        to_read = folders_to_read(settings, store, photos)
        write_connection(settings.workspace, connection)
        if not _run(settings, store, connection, to_read, check=check, browser=browser):
            raise typer.Exit(1)


def _run(
    settings: Settings,
    store: Store,
    connection: Connection,
    to_read: list[Path],
    *,
    check: bool,
    browser: bool,
) -> bool:
    """Start everything and stay, or ask every part; False if one does not answer as it should."""
    healthy = True
    try:
        with Children(settings.workspace) as children:
            desk, refusal = _bring_up(settings, store, connection, children, to_read)
            if check:
                healthy = tell_checks(check_all(settings, store, desk, refusal=refusal))
            else:
                _stay(settings, store, connection, desk, children, open_browser=browser)
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


def _bring_up(
    settings: Settings,
    store: Store,
    connection: Connection,
    children: Children,
    to_read: list[Path],
) -> tuple[Desk, str | None]:
    """Start Label Studio first, as it takes longest, and read the photos meanwhile.

    With the desk comes why Label Studio may not call the backend, if it may not.
    """
    if connection.embedded:
        environment = studio_environment(settings, connection)
        children.start("label-studio", studio_command(settings), environment)
    for folder in to_read:
        tell_ingested(read_folder(settings, store, folder))
    tell_clustered(group_faces(settings, store))
    _start(children, settings, "backend", "serve")
    if connection.embedded:
        with waiting("Waiting for Label Studio (two minutes the first time)"):
            health = f"{settings.studio_url}/health"
            children.wait_for("label-studio", health, timeout_s=READY_WITHIN_S)
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


def _start(children: Children, settings: Settings, *subcommands: str) -> None:
    environment = environment_for(settings)
    for name in subcommands:
        children.start(name, [sys.executable, "-m", "faceloop", name], environment)


def _wait_for(children: Children, name: str, host: str, port: int) -> None:
    children.wait_for(name, f"http://{reach(host)}:{port}/health", timeout_s=ANSWERS_WITHIN_S)


def _stay(
    settings: Settings,
    store: Store,
    connection: Connection,
    desk: Desk,
    children: Children,
    *,
    open_browser: bool,
) -> None:
    """Say where everything is and wait for Ctrl-C, or for a part that ends by itself."""
    tell_addresses(settings, connection, desk)
    tell_what_to_do(settings, store)
    if open_browser:
        open_in_browser(people_page(settings, desk))
    with suppress(KeyboardInterrupt):
        children.wait_until_one_ends()
    say("stopping")
