"""The memory of a process and of all that it started, sampled from Linux's /proc.

Counted is the proportional set size (PSS): what several processes share counts once in their sum.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

_PROC = Path("/proc")
_EVERY_S = 0.1
_BYTES_PER_MB = 1_000_000


class PeakMemory:
    """Watches a process tree while the `with` block runs; then `peak_mb` is its largest sum.

    Looks ten times a second if not told otherwise: a peak that is shorter may be missed. Exits
    where there is no /proc.
    """

    def __init__(self, root: int, *, every_s: float = _EVERY_S) -> None:
        """Watch the process with this id, its descendants, and whatever is in its session."""
        if not (_PROC / "self" / "smaps_rollup").exists():
            sys.exit("memory is read from /proc/*/smaps_rollup: run the benchmark on Linux")
        self._root = root
        self._every_s = every_s
        self._seen: list[tuple[float, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peak_mb(self) -> float:
        """The largest sum seen, in MB of a million bytes."""
        return max((size for _, size in self._seen), default=0) / _BYTES_PER_MB

    def usual_mb(self, start: float, end: float) -> float:
        """The median of the sums seen between two moments of `time.monotonic`."""
        seen = [size for moment, size in self._seen if start <= moment <= end]
        return statistics.median(seen or [0]) / _BYTES_PER_MB

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            sizes = (_pss_bytes(pid) for pid in tree(self._root))
            self._seen.append((time.monotonic(), sum(sizes)))


def tree(root: int) -> set[int]:
    """The process, its descendants, and all in the session that it leads."""
    parents: dict[int, int] = {}
    members = {root}
    for pid in _pids():
        told = _parent_and_session(pid)
        if told is not None:
            parents[pid], session = told
            if session == root:
                members.add(pid)
    while found := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= found
    return members


def _pids() -> Iterable[int]:
    return (int(path.name) for path in _PROC.iterdir() if path.name.isdigit())


def _parent_and_session(pid: int) -> tuple[int, int] | None:
    """The ids of its parent and of its session; None if the process has ended."""
    try:
        told = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The program's name stands in brackets and may itself hold spaces and brackets.
    _state, parent, _group, session = told.rpartition(")")[2].split()[:4]
    return int(parent), int(session)


def _pss_bytes(pid: int) -> int:
    """A process's share of memory; 0 once it has ended."""
    try:
        told = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    sizes_kb = (line.split()[1] for line in told.splitlines() if line.startswith("Pss:"))
    return 1024 * int(next(sizes_kb, 0))
