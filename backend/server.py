"""The backend as a process: gunicorn with one worker whose threads share one warm model."""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from backend.mishaps import keep_requests_out
from backend.refusals import Worker
from backend.succession import OwnLog, Succession
from faces.errors import FaceloopError, SetupError
from faces.logs import begin_logging
from faces.settings import Settings
from faces.store.database import open_store

if TYPE_CHECKING:
    from flask import Flask

    from backend.predictor import Predictor

_THREADS = 32
"""Most of them wait: for the store, for a picture, in line for the reading thread."""
_GRACE_S = 10
"""How long requests may take to end when everything stops."""
_SUCCEEDED_GRACE_S = 70
"""The same when only the worker is replaced: longer than a prediction may take."""
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
    begin_logging(settings, program="backend")
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
        self._master: Succession | None = None
        self._succeeds = False
        super().__init__()

    def run(self) -> None:
        """Serve until told to stop."""
        self._master = Succession(self)
        self._master.run()

    def load_config(self) -> None:
        """Say how to serve; the socket is gunicorn's from here on."""
        options: dict[str, Any] = {
            "bind": f"fd://{self._listener_fd}",
            "workers": 1,
            "worker_class": Worker,
            "threads": _THREADS,
            "timeout": 60,
            "graceful_timeout": _GRACE_S,
            "control_socket_disable": True,
            "accesslog": None,
            "loglevel": "warning",
            "logger_class": OwnLog,
            "proc_name": "faceloop-backend",
            "pre_fork": self._look_who_serves,
            "post_fork": self._be_patient,
            "post_worker_init": self._tell_ready,
            "worker_exit": self._close,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application in the worker, and warm it behind the first requests; or before
        them, while another worker still answers.

        ONNX Runtime starts threads when it is imported, and threads do not outlive a fork; so what
        needs it is imported here and not above.

        Raises:
            SystemExit: it cannot be built; the log says why.
        """
        from backend.assembly import assemble, warm, warm_until_it_works
        from backend.shares import share_evenly

        share_evenly()
        try:
            app, self._predictor = assemble(self._settings)
        except FaceloopError as error:
            _logger.error("%s", error)  # noqa: TRY400  # one line says it
            sys.exit(Succession.APP_LOAD_ERROR)
        if not self._succeeds or warm(self._predictor):
            # No daemon: a network that is being loaded when the process ends would abort it.
            predictor = (self._predictor,)
            threading.Thread(target=warm_until_it_works, args=predictor, name="warming").start()
        return app

    def _look_who_serves(self, master: Succession, _worker: object) -> None:
        """In the master, before a worker is made: does another one answer meanwhile?"""
        self._succeeds = bool(master.WORKERS)

    def _be_patient(self, _master: object, worker: Any) -> None:
        """In the worker, whose settings are its own: requests may end when it is replaced.

        When everything stops the master ends what takes too long.
        """
        worker.cfg.set("graceful_timeout", _SUCCEEDED_GRACE_S)

    def _tell_ready(self, _worker: object) -> None:
        if self._master is not None:
            self._master.tell_ready()

    def _close(self, _arbiter: object, _worker: object) -> None:
        """The worker leaves: what waits in line is let go."""
        if self._predictor is not None:
            self._predictor.close()
