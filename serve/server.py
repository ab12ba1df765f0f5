"""Run the app: build its parts once, listen, and leave no picture behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from faces.adopting import sweep_given
from faces.crops import crops_in
from faces.errors import SetupError
from faces.identify import CurrentModel
from faces.media import media_of
from faces.reading import FaceReader, ReadingOptions, face_reader
from faces.settings import Settings
from faces.store.database import open_store
from serve.access import Keys, is_loopback
from serve.albums import Albums
from serve.app import Visits, create_app
from serve.example_faces import ExampleFaces
from serve.giving import Giving
from serve.guards import hosts_for
from serve.limits import Limits
from serve.live import Live
from serve.namer import Namer
from serve.namings import Namings
from serve.parts import Parts
from serve.warming import warm_up
from serve.way_to_studio import WayToStudio

_PATIENCE_S = 2
"""How long open pages may hold up the end; theirs never end by themselves."""


def run(settings: Settings, *, in_container: bool = False) -> None:
    """Serve the app until it is stopped.

    On an address that others can reach it wants passwords or a token. In a container it may listen
    on any address without: whoever publishes its port does so on this machine alone.

    Raises:
        SetupError: the address cannot be used, or there is nothing to tell visitors apart by.
        StoreError: the database is missing or of another version.
    """
    keys = Keys.of(settings)
    if not in_container:
        _check_keys(settings.app_host, keys)
    hosts = hosts_for(settings.app_host, settings.app_hosts)
    visits = Visits(hosts, keys, settings.app_requests_per_minute)
    with _listen(settings.app_host, settings.app_port) as listening:
        reader = face_reader(ReadingOptions.of(settings))
        one_thread = face_reader(ReadingOptions.of(settings), threads=1)
        uploads = _empty_folder(settings.workspace / f"uploads-{settings.app_port}")
        os.environ["GRADIO_TEMP_DIR"] = str(uploads)
        try:
            with build_parts(settings, reader, one_thread) as parts:
                app = create_app(parts, uploads=uploads, visits=visits)
                sys.stdout.write(f"The app: http://{_shown(settings)} (Ctrl-C stops it)\n")
                sys.stdout.flush()
                config = uvicorn.Config(
                    app, log_level="warning", timeout_graceful_shutdown=_PATIENCE_S
                )
                warm_up(reader, one_thread)
                signal.signal(signal.SIGTERM, _leave)
                uvicorn.Server(config).run(sockets=[listening])
        finally:
            shutil.rmtree(uploads, ignore_errors=True)


@contextmanager
def build_parts(settings: Settings, reader: FaceReader, one_thread: FaceReader) -> Iterator[Parts]:
    """The parts of the app over this workspace; visitors' pictures go when this is left.

    Of albums as many pictures are read at once as there are cores, and cameras leave half of them
    to others, so these had better be read by `one_thread`.

    Raises:
        StoreError: the database is missing or of another version.
    """
    store = open_store(settings.store_url)
    namer = Namer(CurrentModel(settings.models), reader, store)
    limits = Limits.of(settings)
    albums = Albums(settings.workspace / f"albums-{settings.app_port}", one_thread, limits)
    namings = Namings(settings.workspace / f"named-{settings.app_port}", namer, limits)
    examples = ExampleFaces(store, crops_in(settings.workspace))
    with albums, namings:
        sweep_given(store, media_of(settings), now=datetime.now(UTC))
        giving = Giving(store, media_of(settings), reader, WayToStudio(store, settings))
        live = Live(Namer(CurrentModel(settings.models), one_thread, store))
        yield Parts(namer, albums, namings, examples, live, giving)


def _leave(_signal: int, _frame: object) -> None:
    """End as a program does: uvicorn sends itself the signal again that ended it."""
    raise SystemExit(0)


def _check_keys(host: str, keys: Keys) -> None:
    if not is_loopback(host) and not keys.are_needed:
        raise SetupError(
            f"others can reach the app on {host}, so it wants a password; set FACELOOP_APP_USERS "
            "(name:password) or FACELOOP_APP_TOKEN, or FACELOOP_APP_HOST to 127.0.0.1"
        )


def _listen(host: str, port: int) -> socket.socket:
    """A socket on this address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise SetupError(
            f"the app cannot listen on {host} port {port} ({error.strerror}); stop what uses it, "
            "or choose another port with FACELOOP_APP_PORT"
        ) from error
    return listening


def _shown(settings: Settings) -> str:
    host = f"[{settings.app_host}]" if ":" in settings.app_host else settings.app_host
    return f"{host}:{settings.app_port}"


def _empty_folder(folder: Path) -> Path:
    """A folder that only we can look into, rid of what a killed app left there."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise SetupError(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder
