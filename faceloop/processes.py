"""The processes that `up` starts: each in a group of its own, each with its log, all stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import requests

from faceloop.running import Noted, group_exists, note_running, noted, signal_group
from faces.errors import SetupError

STOP_WITHIN_S = 15.0
STRAGGLERS_WITHIN_S = 2.0
"""How long what a process left behind in its group may take, once the process itself is gone."""
LARGEST_LOG_BYTES = 5_000_000
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    log_from: int
    """Where this run's part of the log begins, in bytes."""

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def last_words(self) -> str:
        """Why it ended, as far as it can be told."""
        with self.log.open("rb") as log:
            log.seek(self.log_from)
            lines = log.read().decode("utf-8", errors="replace").splitlines()
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")
        code = self.process.poll()
        if code is not None and code < 0:
            said = f"killed by {signal.Signals(-code).name}; {said}"
        return f"{said} (all of it in {self.log})"


class Children:
    """Started processes; use it as a context, and none of them outlives it.

    While it is open, SIGINT, SIGTERM and SIGHUP are a KeyboardInterrupt; one that comes in the
    middle of starting a process waits until it is started, and a second one while stopping ends
    at once what has not ended yet.
    """

    def __init__(self, workspace: Path) -> None:
        """Logs go into the workspace's `logs`, one file for each process."""
        self._workspace = workspace
        self._children: list[_Child] = []
        self._handlers: dict[signal.Signals, Any] = {}
        self._interrupts = 0
        self._deaf = False

    def __enter__(self) -> Children:
        """Nothing is started yet."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._interrupted)
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop all, the newest first."""
        self._deaf = True
        try:
            self.stop()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process in a group of its own, so that Ctrl-C reaches it through us alone.

        Raises:
            SetupError: it cannot be started.
        """
        log = self._log(name)
        with self._uninterrupted(), log.open("ab") as output:
            log_from = output.tell()
            try:
                process = subprocess.Popen(  # noqa: S603  # commands of our own, no shell
                    list(command),
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise SetupError(f"{name} cannot be started: {error}") from error
            self._children.append(_Child(name, process, log, log_from))
            note_running(self._workspace, self._notes())

    def wait_for(self, name: str, url: str, *, timeout_s: float) -> None:
        """Wait until a process answers at `url`.

        Raises:
            SetupError: it does not answer in time, or a process ended; says where its log is.
        """
        child = next(child for child in self._children if child.name == name)
        deadline = time.monotonic() + timeout_s
        while not answers(url):
            self.refuse_ended()
            if time.monotonic() > deadline:
                raise SetupError(
                    f"{name} does not answer at {url} after {timeout_s:.0f} s: {child.last_words()}"
                )
            time.sleep(0.25)

    def refuse_ended(self) -> None:
        """Look whether all still run.

        Raises:
            SetupError: one ended by itself; says which and why.
        """
        for child in self._children:
            if child.ended:
                raise SetupError(f"{child.name} stopped: {child.last_words()}")

    def wait_until_one_ends(self) -> None:
        """Wait as long as all run.

        Raises:
            SetupError: one ended by itself; says which and why.
        """
        while True:
            self.refuse_ended()
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask every process group to end, the newest first; end those that do not."""
        groups = [child.process.pid for child in reversed(self._children)]
        interrupts = self._interrupts
        for group in groups:
            signal_group(group, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while self._running() and self._interrupts == interrupts and time.monotonic() < deadline:
            time.sleep(0.05)
        if not self._running():
            _wait_for_stragglers(groups)
        for group in groups:
            signal_group(group, signal.SIGKILL)
        for child in self._children:
            child.process.wait()
        self._children.clear()
        note_running(self._workspace, [])

    def _running(self) -> bool:
        return not all(child.ended for child in self._children)

    def _notes(self) -> list[Noted]:
        up = noted("up", os.getpid())
        return [up, *(noted(child.name, child.process.pid) for child in self._children)]

    def _log(self, name: str) -> Path:
        """The process's log; one that has grown large is put aside."""
        log = self._workspace / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))
        return log

    @contextmanager
    def _uninterrupted(self) -> Iterator[None]:
        before = self._interrupts
        self._deaf = True
        try:
            yield
        finally:
            self._deaf = False
        if self._interrupts > before:
            raise KeyboardInterrupt

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupts += 1
        if not self._deaf:
            raise KeyboardInterrupt


def answers(url: str) -> bool:
    """Whether something answers at `url` with success."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _wait_for_stragglers(groups: Sequence[int]) -> None:
    """Processes that a process started may take a moment longer than it did."""
    deadline = time.monotonic() + STRAGGLERS_WITHIN_S
    while any(map(group_exists, groups)) and time.monotonic() < deadline:
        time.sleep(0.05)
