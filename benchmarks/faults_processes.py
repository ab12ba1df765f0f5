"""The processes that are killed: our commands, and a Label Studio, small or real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from benchmarks.faults_studio import TRAP
from faceloop.processes import answers
from faceloop.studio_server import READY_WITHIN_S, studio_command, studio_environment
from faceloop.workspace import Connection
from faces.settings import Settings

_LOOK_EVERY_S = 0.01
_GONE_WITHIN_S = 10.0
_UNSET = ("FACELOOP_", "LABEL_STUDIO_")


class Forks:
    """Starts our commands from a process that has imported all they need."""

    def __init__(self) -> None:
        """Start that process; it is ready for orders at once, and does them when it can."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults_forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started: list[Command] = []

    def __enter__(self) -> Self:
        """Ready."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End it, and what it has started."""
        for command in self._started:
            command.kill()
        self._process.kill()
        self._process.communicate()

    def start(self, arguments: Sequence[str], *, output: Path, **settings: str) -> Command:
        """Start a command of ours; `settings` stand in its environment."""
        ours = {f"FACELOOP_{name.upper()}": value for name, value in settings.items()}
        kept = {n: v for n, v in os.environ.items() if not n.startswith(_UNSET)}
        asked = {
            "arguments": list(arguments),
            "environment": {**kept, **ours, "COLUMNS": "200"},
            "output": str(output),
        }
        command = Command(self, int(str(self.ask(asked))), arguments, output)
        self._started = [*(one for one in self._started if one.code is None), command]
        return command

    def ask(self, asked: Mapping[str, object]) -> object:
        """One order, and its answer."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("it was started without pipes")
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class Command:
    """A command of ours that runs, or ran."""

    def __init__(self, forks: Forks, number: int, arguments: Sequence[str], output: Path) -> None:
        """Follow the process of this number."""
        self._forks = forks
        self.pid = number
        self.called = " ".join(["faceloop", *arguments])
        self.output = output
        self.code: int | None = None

    def runs(self) -> bool:
        """Whether it still runs."""
        if self.code is None:
            code = self._forks.ask({"poll": self.pid})
            self.code = None if code is None else int(str(code))
        return self.code is None

    def wait(self, *, within_s: float) -> int | None:
        """Its exit code, None if it has not ended by then."""
        deadline = time.monotonic() + within_s
        while self.runs() and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        return self.code

    def kill(self) -> bool:
        """Kill this process alone, at once; whether it still ran."""
        if not self.runs():
            return False
        os.kill(self.pid, signal.SIGKILL)
        self.wait(within_s=_GONE_WITHIN_S)
        return self.code == -signal.SIGKILL

    def stop(self, *, within_s: float = 20.0) -> None:
        """Ask it to end as `up` does, and kill what does not."""
        if self.runs():
            os.kill(self.pid, signal.SIGTERM)
            self.wait(within_s=within_s)
        self.kill()

    def left_behind(self) -> list[int]:
        """The processes that it started and that outlive it by long; they are killed."""
        deadline = time.monotonic() + _GONE_WITHIN_S
        while (left := _of_session(self.pid)) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        for process in left:
            os.kill(process, signal.SIGKILL)
        return left


def _of_session(session: int) -> list[int]:
    """The processes of a session that run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = status.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has just ended
            continue
        state, _parent, _group, its_session, *_ = told.rpartition(")")[2].split()
        if int(its_session) == session and state not in "ZX":
            found.append(int(status.parent.name))
    return found


class StudioProcess:
    """A Label Studio as a process, killed and started again."""

    def __init__(
        self, url: str, command: Sequence[str], environment: Mapping[str, str], output: Path
    ) -> None:
        """Nothing is started yet."""
        self.url = url
        self._command, self._environment = command, environment
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None

    def runs(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            RuntimeError: it does not.
        """
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 2 * READY_WITHIN_S
        while not answers(f"{self.url}/health"):
            if not self.runs() or time.monotonic() > deadline:
                raise RuntimeError(f"Label Studio did not start: see {self._output}")
            time.sleep(0.1)

    def kill(self) -> bool:
        """Kill it and all it has started, at once; whether it still ran."""
        if self._process is None or not self.runs():
            return False
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return True


class SmallStudio(StudioProcess):
    """The small one of the tests; it can kill just before or after a write."""

    def __init__(self, url: str, state: Path, output: Path) -> None:
        """Nothing is started yet; `state` is the file with all it has."""
        port = url.rpartition(":")[2]
        command = [sys.executable, "-m", "benchmarks.faults_studio", port, str(state)]
        super().__init__(url, command, dict(os.environ), output)

    def set_trap(self, *, write: int = 0, done: bool = False, pid: int = 0) -> int:
        """Have this process (0: itself) killed at the n-th write from now on (0: at none).

        Returns how many writes there were until now.
        """
        trap = {"write": write or -1, "done": done, "pid": pid}
        answer = requests.post(f"{self.url}{TRAP}", json=trap, timeout=10)
        answer.raise_for_status()
        return int(answer.json())


def real_studio(settings: Settings, connection: Connection, output: Path) -> StudioProcess:
    """The real one, with all that is its own in the workspace."""
    settings.media.mkdir(parents=True, exist_ok=True)
    environment = studio_environment(settings, connection)
    return StudioProcess(connection.studio_url, studio_command(settings), environment, output)
