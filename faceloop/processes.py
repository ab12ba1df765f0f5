"""The processes that `up` starts: each in a group of its own, each with its log, all stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from faces.errors import SetupError

STOP_WITHIN_S = 15


@dataclass(frozen=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Children:
    """Started processes; use it as a context, and none of them outlives it."""

    def __init__(self, logs: Path) -> None:
        """Logs go into this folder, one file for each process."""
        self._logs = logs
        self._children: list[_Child] = []

    def __enter__(self) -> Children:
        """Nothing is started yet."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop all, the newest first."""
        self.stop()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process in a group of its own, so that Ctrl-C reaches it through us alone."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  # commands of our own, no shell
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children.append(_Child(name, process, log))

    def wait_for(self, name: str, url: str, *, timeout_s: float) -> None:
        """Wait until a process answers at `url`.

        Raises:
            SetupError: it ended or does not answer in time; says where its log is.
        """
        child = next(child for child in self._children if child.name == name)
        deadline = time.monotonic() + timeout_s
        while not answers(url):
            if child.process.poll() is not None:
                raise SetupError(f"{name} stopped while starting: {last_line(child.log)}")
            if time.monotonic() > deadline:
                raise SetupError(
                    f"{name} does not answer at {url} after {timeout_s:.0f} s; see {child.log}"
                )
            time.sleep(0.25)

    def wait_until_one_ends(self, tick: Callable[[], None]) -> str:
        """Wait, calling `tick` now and then, until a process ends by itself; says which and why."""
        while True:
            for child in self._children:
                if child.process.poll() is not None:
                    return f"{child.name} stopped: {last_line(child.log)} (see {child.log})"
            tick()
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask every process group to end, the newest first; end those that do not."""
        for child in reversed(self._children):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        for child in reversed(self._children):
            try:
                child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)
                child.process.wait()
        self._children.clear()


def answers(url: str) -> bool:
    """Whether something answers at `url` with success."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


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
                f"port {port} for {what} is in use; stop what uses it, or choose another port "
                f"with {option}"
            ) from error


def last_line(log: Path) -> str:
    """The last line that a process wrote."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")


def _signal(child: _Child, number: signal.Signals) -> None:
    if child.process.poll() is None:
        os.killpg(child.process.pid, number)
