"""The ports that `up` needs on this machine."""

from __future__ import annotations

import socket

from faces.errors import SetupError
from faces.settings import Settings


def refuse_busy_ports(settings: Settings, *, embedded: bool) -> None:
    """Make sure that every part has a port for itself; Label Studio only if it is ours.

    Raises:
        SetupError: something listens on one of them, or two parts share one.
    """
    wanted = [
        (settings.backend_port, "the backend", "--backend-port"),
        (settings.app_port, "the app", "--app-port"),
    ]
    if embedded:
        wanted.insert(0, (settings.studio_port, "Label Studio", "--studio-port"))
    taken: dict[int, str] = {}
    for port, what, option in wanted:
        if port in taken:
            raise SetupError(
                f"{taken[port]} and {what} cannot share port {port}; choose another with {option}"
            )
        taken[port] = what
        refuse_busy_port(port, what=what, option=option)


def refuse_busy_port(port: int, *, what: str, option: str) -> None:
    """Make sure that nothing listens on a port of this machine.

    Raises:
        SetupError: something does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(
                f"port {port} for {what} cannot be used ({error.strerror}); stop what uses it, or "
                f"choose another port with {option}"
            ) from error
