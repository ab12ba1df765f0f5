"""The ports that `up` needs on this machine."""

from __future__ import annotations

import socket

from faces.errors import SetupError
from faces.settings import EVERY_ADDRESS, Settings


def refuse_busy_ports(settings: Settings, *, embedded: bool) -> None:
    """Make sure that every part has a port for itself; Label Studio only if it is ours.

    Raises:
        SetupError: something listens on one of them, or two parts share one.
    """
    wanted = [
        (settings.backend_host, settings.backend_port, "the backend", "--backend-port"),
        (settings.app_host, settings.app_port, "the app", "--app-port"),
    ]
    if embedded:
        wanted.insert(0, ("127.0.0.1", settings.studio_port, "Label Studio", "--studio-port"))
    taken: dict[int, str] = {}
    for host, port, what, option in wanted:
        if port in taken:
            raise SetupError(
                f"{taken[port]} and {what} cannot share port {port}; choose another with {option}"
            )
        taken[port] = what
        refuse_busy_port(host, port, what=what, option=option)


def refuse_vague_address(settings: Settings) -> None:
    """Make sure that Label Studio can be told where the backend is.

    Raises:
        SetupError: the backend listens on every address, and none of them is named.
    """
    if settings.backend_host in EVERY_ADDRESS and not settings.backend_url:
        raise SetupError(
            f"the backend is to listen on every address (FACELOOP_BACKEND_HOST is "
            f"{settings.backend_host or 'empty'}); set FACELOOP_BACKEND_URL to the one where Label "
            f"Studio reaches it, as in http://192.168.1.5:{settings.backend_port}"
        )


def refuse_busy_port(host: str, port: int, *, what: str, option: str) -> None:
    """Make sure that `host` is an address of this machine and nothing listens on its port.

    Raises:
        SetupError: something does, or it is none.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"port {port} for {what} cannot be used on {host} ({error.strerror}); stop "
                f"what uses it, or choose another port with {option}"
            ) from error
