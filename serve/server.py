"""Run the app: build its parts once, listen, and leave no picture behind."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import sys
from pathlib import Path

import uvicorn

from faces.errors import SetupError
from faces.identify import CurrentModel
from faces.reading import ReadingOptions, face_reader
from faces.settings import Settings
from faces.store.database import open_store
from serve.app import create_app
from serve.namer import Namer

_PATIENCE_S = 2
"""How long open pages may hold up the end; theirs never end by themselves."""


def run(settings: Settings, *, in_container: bool = False) -> None:
    """Serve the app until it is stopped.

    It has no passwords yet, so it listens on this machine alone. In a container it may listen on
    any address: whoever publishes its port does so on this machine alone.

    Raises:
        SetupError: the address cannot be used.
        StoreError: the database is missing or of another version.
    """
    if not in_container:
        _check_loopback(settings.app_host)
    with _listen(settings.app_host, settings.app_port) as listening:
        namer = build_namer(settings)
        uploads = _empty_folder(settings.workspace / f"uploads-{settings.app_port}")
        os.environ["GRADIO_TEMP_DIR"] = str(uploads)
        try:
            app = create_app(namer, uploads=uploads)
            sys.stdout.write(f"The app: http://{_shown(settings)} (Ctrl-C stops it)\n")
            sys.stdout.flush()
            config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_PATIENCE_S)
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            shutil.rmtree(uploads, ignore_errors=True)


def build_namer(settings: Settings) -> Namer:
    """The namer over this workspace.

    Raises:
        StoreError: the database is missing or of another version.
    """
    reader = face_reader(ReadingOptions.of(settings))
    return Namer(CurrentModel(settings.models), reader, open_store(settings.store_url))


def _check_loopback(host: str) -> None:
    if not _is_loopback(host):
        raise SetupError(
            f"the app answers on this machine alone, not on {host}; set FACELOOP_APP_HOST to "
            "127.0.0.1, and reach it from elsewhere through an SSH tunnel"
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


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
