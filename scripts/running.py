"""Running a slow command: its output into a log, the time that passes onto the terminal."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


class CannotInstall(Exception):
    """One line for the person: what stands in the way, and what to do."""


def run_shown(command: Sequence[str], *, title: str, log: Path) -> None:
    """Run a command to its end.

    Raises:
        CannotInstall: it failed; the end of what it said is in the message.
    """
    with log.open("a", encoding="utf-8") as output:
        print(f"\n{shlex.join(command)}", file=output, flush=True)
        start = output.tell()
        running = subprocess.Popen(list(command), stdout=output, stderr=subprocess.STDOUT)
    try:
        code = wait_shown(running, title=title)
    finally:
        if running.poll() is None:
            running.terminate()
            running.wait()
    if code != 0:
        with log.open(encoding="utf-8", errors="replace") as output:
            output.seek(start)
            last = "".join(output.readlines()[-25:])
        raise CannotInstall(f"{last}\n{title} failed; all that was said is in {log}")


def wait_shown(running: subprocess.Popen[bytes], *, title: str) -> int:
    """Wait for a process, showing on a terminal that time passes."""
    started = time.monotonic()
    shown = sys.stdout.isatty()
    while True:
        try:
            code = running.wait(timeout=1)
        except subprocess.TimeoutExpired:
            if shown:
                print(f"\r{title} … {time.monotonic() - started:.0f} s ", end="", flush=True)
        else:
            if shown:
                print("\r\x1b[K", end="", flush=True)
            return code
