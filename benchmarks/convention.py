"""What every benchmark does alike: sides measured in turn, medians, peak memory, one line of JSON.

Progress goes to stderr. The last line on stdout is a JSON object: our figures under plain keys, and
under `rivals` those of the others by name, with the same keys.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.memory import PeakMemory

OURS = "faceloop"
"""Our side's name in progress lines."""

Figures = Mapping[str, float]
Side = Callable[[], Figures]
"""Measures one side once."""


@dataclass(frozen=True)
class Asked:
    """What the command line or the environment asks for; `data` is None for the default."""

    data: Path | None
    rounds: int


def asked(
    about: str, arguments: Sequence[str] | None = None, *, file_type: str | None = None
) -> Asked:
    """Read DATA and ROUNDS from the command line, else from the environment.

    DATA is a folder, or, where `file_type` (such as ".npz") is given, a file of that type.

    Exits with one line if DATA is missing or the rounds are no positive number.
    """
    parser = argparse.ArgumentParser(description=about)
    data, rounds = os.environ.get("DATA") or None, os.environ.get("ROUNDS") or "3"
    parser.add_argument("data", nargs="?", default=data, help="what to measure on (DATA)")
    parser.add_argument("--rounds", default=rounds, type=int, help="times each side runs (ROUNDS)")
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error(f"each side runs at least once, not {given.rounds} times")
    place = Path(given.data).expanduser() if given.data else None
    if place is not None and not place.is_dir() and not _is_file(place, file_type):
        what = f"folder or {file_type} file" if file_type else "folder"
        parser.error(f"there is no {what} {place}; give one that exists")
    return Asked(place, given.rounds)


def whole_number(name: str, default: int, *, least: int = 0) -> int:
    """A whole number from the environment, `least` or more.

    Raises:
        SystemExit: it is none.
    """
    told = os.environ.get(name) or str(default)
    if not told.isdecimal() or int(told) < least:
        from_on = f" from {least} on" if least else ""
        sys.exit(f"{name} is a whole number{from_on}, not {told!r}")
    return int(told)


def in_turn(sides: Mapping[str, Side], *, rounds: int) -> dict[str, dict[str, float]]:
    """Measure every side once a round, each round begun by the next side; the median of each key.

    Whatever else the machine does meanwhile so meets all sides alike.

    Raises:
        ValueError: a side gave other keys in one round than in another, or than another side.
    """
    runs: dict[str, list[Figures]] = {name: [] for name in sides}
    names = list(sides)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            figures = sides[name]()
            runs[name].append(figures)
            shown = ", ".join(f"{key} {_rounded(value)}" for key, value in figures.items())
            note(f"round {turn + 1} of {rounds}: {name}: {shown}")
    keys = {frozenset(figures) for measured in runs.values() for figures in measured}
    if len(keys) > 1:
        raise ValueError(f"sides and rounds differ in their figures: {sorted(map(sorted, keys))}")
    return {name: _medians(measured) for name, measured in runs.items()}


def in_own_process(command: Sequence[str]) -> dict[str, float]:
    """Run a side as a process: the figures of its last line, its seconds and its peak_mb.

    Seconds run from before its start until its end. `peak_mb` is the most that it and all that it
    started had at once, as `benchmarks.memory` counts it. Exits if the process fails.
    """
    start = time.perf_counter()
    with _started(command) as process, PeakMemory(process.pid) as memory:
        told, _ = process.communicate()
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"`{' '.join(command)}` ended with exit code {process.returncode}: see above")
    figures: dict[str, float] = json.loads(told.splitlines()[-1])
    return figures | {"seconds": seconds, "peak_mb": memory.peak_mb}


def python_module(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of ours with this Python."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def report(
    ours: Mapping[str, float | None],
    rivals: Mapping[str, Figures | None],
    *,
    curves: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> None:
    """Print the result: the last line on stdout. What cannot be measured here is null.

    `curves` has points of each side, to be drawn.
    """
    if "rivals" in ours or "curves" in ours:
        raise ValueError("the keys `rivals` and `curves` are kept for more than our figures")
    others = {name: figures and _all_rounded(figures) for name, figures in rivals.items()}
    drawn = {} if curves is None else {"curves": curves}
    tell({**_all_rounded(ours), **drawn, "rivals": others})


def tell(figures: Mapping[str, object]) -> None:
    """Print figures as one line of JSON; a side that has its own process ends with it."""
    print(json.dumps(figures, allow_nan=False), flush=True)  # noqa: T201  # what a benchmark is for


def note(message: str) -> None:
    """Tell how far the benchmark is."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201  # what a benchmark is for


def note_progress(what: str) -> Callable[[int, int], None]:
    """A function to call with done and total: a line for every tenth, not more."""
    told = -1

    def progress(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // total if total else 10
        if tenth != told:
            told = tenth
            note(f"  {what}: {done} of {total}")

    return progress


def _is_file(place: Path, file_type: str | None) -> bool:
    return file_type is not None and place.suffix == file_type and place.is_file()


@contextmanager
def _started(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own; all of it is stopped when this one is."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _medians(runs: Sequence[Figures]) -> dict[str, float]:
    return {key: statistics.median(figures[key] for figures in runs) for key in runs[0]}


def _all_rounded(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {key: None if value is None else _rounded(value) for key, value in figures.items()}


def _rounded(value: float) -> float:
    """Six digits that count; whole numbers as such."""
    return int(value) if value == int(value) else float(f"{value:.6g}")
