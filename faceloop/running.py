"""What `up` has started, noted in the workspace, so that the next `up` finds what was left behind.

A process is told from another one of the same number by when it started.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from faces.errors import SetupError

UP = "up"
"""The name of the process that started the others."""
STOP_WITHIN_S = 15.0


@dataclass(frozen=True)
class Noted:
    """A process of ours; each but `up` leads a group of its own."""

    name: str
    pid: int
    since: str

    @property
    def runs(self) -> bool:
        """Whether this very process still runs."""
        return bool(self.since) and _since(self.pid) == self.since


def noted(name: str, pid: int) -> Noted:
    """A process as it is now."""
    return Noted(name, pid, _since(pid))


def note_running(workspace: Path, running: Iterable[Noted]) -> None:
    """Keep the list of what runs; an empty one leaves no file."""
    place = _place(workspace)
    entries = [asdict(process) for process in running]
    if not entries:
        place.unlink(missing_ok=True)
        return
    beside = place.with_suffix(".new")
    beside.write_text(json.dumps(entries), encoding="utf-8")
    beside.replace(place)


def stop_leftovers(workspace: Path) -> list[str]:
    """Stop what a killed `up` left running on this workspace; the names of what was stopped.

    Raises:
        SetupError: the `up` that started it still runs.
    """
    running = [process for process in _read(workspace) if process.runs]
    for process in running:
        if process.name == UP:
            raise SetupError(
                f"everything is up on {workspace} already (process {process.pid}); "
                "stop it with Ctrl-C where it runs, or give another --workspace"
            )
    for process in running:
        signal_group(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S
    while any(process.runs for process in running) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in running:
        if process.runs:
            signal_group(process.pid, signal.SIGKILL)
    note_running(workspace, [])
    return [process.name for process in running]


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to all processes of a group; one that is gone needs none."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def group_exists(group: int) -> bool:
    """Whether a process group has any process left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _read(workspace: Path) -> list[Noted]:
    """What was noted; a list that cannot be read says nothing about any process."""
    try:
        return [Noted(**entry) for entry in json.loads(_place(workspace).read_bytes())]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def _since(pid: int) -> str:
    """When a process started, as the system counts; empty if it is gone or cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *fields = status.rpartition(")")[2].split()
    return "" if state in "ZX" else f"{boot}:{fields[18]}"


def _place(workspace: Path) -> Path:
    return workspace / "running.json"
