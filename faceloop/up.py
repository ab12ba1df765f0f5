"""`faceloop up`: everything at once, until Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table

from faceloop import options
from faceloop.check import check_all, tell_checks
from faceloop.cluster import (
    Eps,
    Jobs,
    MinSamples,
    folders,
    group_faces,
    read_folder,
    tell_clustered,
    tell_ingested,
)
from faceloop.console import console, named_progress, waiting
from faceloop.processes import Children, refuse_busy_port
from faceloop.studio_server import READY_WITHIN_S, studio_command, studio_environment
from faceloop.sync import connect, tell_synced
from faceloop.workspace import (
    EMBEDDED,
    Connection,
    new_password,
    new_token,
    prepare,
    read_connection,
    settings_for,
    settings_of,
    write_connection,
)
from faces.errors import SetupError
from faces.settings import Settings, environment_for
from faces.store.database import Store
from sync.desk import Desk
from sync.loop import desk_of, sync_now

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
    studio: options.Studio = None,
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
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _as_interrupt)
    given = {"eps": eps, "min_samples": min_samples, "jobs": jobs}
    ports = {"studio_port": studio_port, "backend_port": backend_port, "app_port": app_port}
    settings = settings_for(workspace, **given, **ports, studio_api_key=api_key, studio_url=studio)
    _refuse_busy_ports(settings, embedded=studio is None)
    store = prepare(settings)
    to_read = folders(store, photos)
    connection = _connection(settings, embedded=studio is None)
    write_connection(settings.workspace, connection)
    settings = settings_for(workspace, **given, **settings_of(connection))
    healthy = True
    try:
        with Children(settings.workspace / "logs") as children:
            desk = _bring_up(settings, store, connection, children, to_read)
            if check:
                healthy = tell_checks(check_all(settings, store, desk))
            else:
                _stay(settings, connection, desk, children, open_browser=browser)
    except KeyboardInterrupt:
        console.print("stopped")
    if not healthy:
        raise typer.Exit(1)


def _bring_up(
    settings: Settings,
    store: Store,
    connection: Connection,
    children: Children,
    to_read: list[Path],
) -> Desk:
    """Start Label Studio first, as it takes longest, and read the photos meanwhile."""
    if connection.studio_name == EMBEDDED:
        environment = studio_environment(settings, connection)
        children.start("label-studio", studio_command(settings), environment)
    for folder in to_read:
        tell_ingested(read_folder(settings, store, folder))
    tell_clustered(group_faces(settings, store))
    _start(children, settings, "backend", "serve")
    if connection.studio_name == EMBEDDED:
        with waiting("Waiting for Label Studio (two minutes the first time)"):
            health = f"{settings.studio_url}/health"
            children.wait_for("label-studio", health, timeout_s=READY_WITHIN_S)
    with waiting("Waiting for backend and app"):
        children.wait_for("backend", f"{settings.backend_url_for_studio}/health", timeout_s=60)
        children.wait_for("serve", f"http://127.0.0.1:{settings.app_port}/health", timeout_s=90)
    desk = desk_of(settings, store)
    connect(settings, desk)
    with named_progress() as advance:
        tell_synced(sync_now(settings, store, desk, on_progress=advance))
    _start(children, settings, "worker")
    return desk


def _start(children: Children, settings: Settings, *subcommands: str) -> None:
    environment = environment_for(settings)
    for name in subcommands:
        children.start(name, [sys.executable, "-m", "faceloop", name], environment)


def _stay(
    settings: Settings,
    connection: Connection,
    desk: Desk,
    children: Children,
    *,
    open_browser: bool,
) -> None:
    """Say where everything is and wait for Ctrl-C, or for a part that ends by itself."""
    people = f"{settings.studio_url}/projects/{desk.people}/data"
    _tell_addresses(settings, connection, people)
    if open_browser and (os.name == "nt" or _has_display()):
        webbrowser.open(people)
    ended = children.wait_until_one_ends(lambda: None)
    raise SetupError(ended)


def _tell_addresses(settings: Settings, connection: Connection, people: str) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("Label Studio", people)
    if connection.studio_name == EMBEDDED:
        table.add_row("  sign in as", connection.studio_user)
        table.add_row("  password", connection.studio_password)
    table.add_row("App", f"http://127.0.0.1:{settings.app_port}")
    table.add_row("Logs", str(settings.workspace / "logs"))
    console.print(Panel(table, title="faceloop is up; Ctrl-C stops it", expand=False))
    console.print(
        "First: sign in, press [bold]Label All Tasks[/bold] and say who each group is: press the "
        "number of a name, or type one and press Enter. A wrong face: click it and press w. "
        "Ctrl+Enter submits.\n"
        f"When a few people are named: [bold]{_command(settings)}[/bold]",
        soft_wrap=True,
    )


def _command(settings: Settings) -> str:
    """What to type to retrain this workspace."""
    program = shlex.quote(sys.argv[0])
    return f"{program} retrain --workspace {shlex.quote(str(settings.workspace))}"


def _connection(settings: Settings, *, embedded: bool) -> Connection:
    """How the parts reach each other; secrets are made once and kept."""
    before = read_connection(settings.workspace)
    kept = before if before is not None and (before.studio_name == EMBEDDED) == embedded else None
    key = settings.studio_api_key.get_secret_value()
    if not embedded and not key:
        raise SetupError(
            f"Label Studio at {settings.studio_url} asks for a token; give --api-key or set "
            "FACELOOP_STUDIO_API_KEY (Account & Settings there)"
        )
    url = f"http://127.0.0.1:{settings.studio_port}" if embedded else settings.studio_url
    chosen = "studio_pictures" in settings.model_fields_set
    return Connection(
        studio_name=EMBEDDED if embedded else settings.studio_url.rstrip("/"),
        studio_url=url,
        studio_api_key=(kept.studio_api_key if kept else new_token()) if embedded else key,
        studio_pictures=settings.studio_pictures
        if chosen and not embedded
        else ("local" if embedded else "upload"),
        backend_secret=before.backend_secret if before else new_token(),
        studio_user=kept.studio_user if kept else "faceloop@localhost",
        studio_password=kept.studio_password if kept else new_password(),
        studio_port=settings.studio_port,
        backend_port=settings.backend_port,
        app_port=settings.app_port,
    )


def _refuse_busy_ports(settings: Settings, *, embedded: bool) -> None:
    if embedded:
        refuse_busy_port(settings.studio_port, what="Label Studio", option="--studio-port")
    refuse_busy_port(settings.backend_port, what="the backend", option="--backend-port")
    refuse_busy_port(settings.app_port, what="the app", option="--app-port")


def _has_display() -> bool:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return sys.stdout.isatty()


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
