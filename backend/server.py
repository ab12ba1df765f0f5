"""The backend as a process: gunicorn with one worker whose threads share one warm model."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.errors import AppImportError  # type: ignore[import-untyped]

from backend.mishaps import keep_requests_out
from faces.errors import FaceloopError, SetupError
from faces.settings import Settings
from faces.store.database import open_store

if TYPE_CHECKING:
    from flask import Flask

    from backend.predictor import Predictor

_THREADS = 32
"""Most of them wait: for the store, for a picture, in line for the reading thread."""
_GRACE_S = 10
_BACKLOG = 128
_logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until told to stop; leaves the process when it is over.

    Raises:
        SetupError: the address is not local and there is no secret, or it cannot be listened on.
        StoreError: there is no database of the current shape.
    """
    check_exposure(settings)
    open_store(settings.store_url).close()
    listener = listening(settings.backend_host, settings.backend_port)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("backend").setLevel(logging.INFO)
    logging.getLogger("gunicorn.error").addFilter(keep_requests_out)
    _logger.info("listening on %s:%d", settings.backend_host, settings.backend_port)
    _Server(settings, listener).run()


def check_exposure(settings: Settings) -> None:
    """Refuse to be reachable from outside without a secret.

    Raises:
        SetupError: the address is not a loopback one and there is no secret.
    """
    if not settings.backend_secret.get_secret_value() and not _is_loopback(settings.backend_host):
        raise SetupError(
            f"the backend would listen on {settings.backend_host or 'every address'} without a "
            "secret; set FACELOOP_BACKEND_SECRET, or FACELOOP_BACKEND_HOST to 127.0.0.1"
        )


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections already.

    Raises:
        SetupError: the address is taken or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SetupError(
            f"the backend cannot listen on {host}:{port} ({error.strerror}); "
            "stop what is there, or set FACELOOP_BACKEND_PORT"
        ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn comes without types
    """gunicorn without its command line; the worker builds everything after the fork."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener_fd = listener.detach()
        self._predictor: Predictor | None = None
        super().__init__()

    def load_config(self) -> None:
        """Say how to serve; the socket is gunicorn's from here on."""
        options: dict[str, Any] = {
            "bind": f"fd://{self._listener_fd}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": _THREADS,
            "timeout": 60,
            "graceful_timeout": _GRACE_S,
            "control_socket_disable": True,
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "faceloop-backend",
            "worker_exit": self._close,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application in the worker, and warm it behind the first requests.

        ONNX Runtime starts threads when it is imported, and threads do not outlive a fork; so what
        needs it is imported here and not above.

        Raises:
            AppImportError: gunicorn shows its one line and stops.
        """
        from backend.assembly import assemble, warm
        from backend.shares import share_evenly

        share_evenly()
        try:
            app, self._predictor = assemble(self._settings)
        except FaceloopError as error:
            raise AppImportError(str(error)) from error
        # No daemon: a network that is being loaded when the process ends would abort it.
        threading.Thread(target=warm, args=(self._predictor,), name="warming").start()
        return app

    def _close(self, _arbiter: object, _worker: object) -> None:
        """The worker leaves: what waits in line is let go."""
        if self._predictor is not None:
            self._predictor.close()
