"""A Label Studio that nobody else uses, for a measurement or a test; stopped at the end."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faceloop.connecting import connection_for
from faceloop.processes import Children
from faceloop.studio_server import (
    READY_WITHIN_S,
    quicken_database,
    studio_command,
    studio_environment,
)
from faceloop.workspace import EMBEDDED, Connection
from faces.settings import Settings

_NAME = "label-studio"
_NO_CONNECTIONS = range(20_000, 32_000)
"""Ports that no system gives to whoever connects to somewhere and asks for any."""
_CHANCE = random.SystemRandom()  # several processes look at once, and tests set the common one


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, and that become no connection of anybody in the meantime."""
    probes: list[socket.socket] = []
    while len(probes) < count:
        with suppress(OSError):
            probes.append(socket.create_server(("127.0.0.1", _CHANCE.choice(_NO_CONNECTIONS))))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def new_connection(workspace: Path) -> Connection:
    """An embedded Label Studio of a workspace, on a free port."""
    [port] = free_ports(1)
    return connection_for(workspace, studio=EMBEDDED, studio_port=port)


@contextmanager
def label_studio(settings: Settings, connection: Connection, **otherwise: str) -> Iterator[None]:
    """Label Studio, running; all that is its own stands in the workspace, its log too.

    `otherwise` are variables of its environment which differ from those that `up` sets.

    Raises:
        SetupError: it is not installed, or did not start.
    """
    settings.media.mkdir(parents=True, exist_ok=True)
    with Children(settings.workspace) as children:
        environment = studio_environment(settings, connection) | otherwise
        quicken_database(settings)
        children.start(_NAME, studio_command(settings), environment)
        children.wait_for(_NAME, f"{connection.studio_url}/health", timeout_s=2 * READY_WITHIN_S)
        yield
