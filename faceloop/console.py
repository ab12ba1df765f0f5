"""What the commands write on the terminal: progress with rate and time left, tables, one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from faceloop.wording import printable, spoken_time

INTERRUPTED = 130
"""The exit code that a shell gives to what Ctrl-C ended."""
A_LINE_EVERY_S = 30.0
"""Where no terminal shows a bar, a long step writes a line this often."""
console = Console(highlight=False, emoji=False)
"""Where everything goes that a person reads."""
_errors = Console(stderr=True, highlight=False, emoji=False)

Advance = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""


def say(line: str) -> None:
    """Write a line as it is, however long; brackets and colons in a name are no markup."""
    console.print(line, markup=False, soft_wrap=True)


def warn(line: str) -> None:
    """Write what somebody should know, beside the output."""
    _errors.print(printable(line), style="yellow", markup=False, soft_wrap=True)


def fail(line: str) -> None:
    """Write why a command ends."""
    _errors.print(printable(line), style="red", markup=False, soft_wrap=True)


@contextmanager
def named_progress(*, one_line: bool = False) -> Iterator[Advance]:
    """Bars for several steps; call what is given with (what, done, total).

    Where there is nothing to do, nothing is shown. With `one_line` each step takes the place of
    the one before, and the last one vanishes at the end. Without a terminal, as in a log, a step
    that takes long is a plain line every half minute.
    """
    if not console.is_terminal:
        yield _Lines(time.monotonic).advance
        return
    bars = _Bars(one_line=one_line)
    try:
        yield bars.advance
    finally:
        bars.stop()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner while something else gets ready."""
    with console.status(what):
        yield


class _Bars:
    """A bar for each step."""

    def __init__(self, *, one_line: bool) -> None:
        self._one_line = one_line
        self._tasks: dict[str, TaskID] = {}
        self._shown = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
            transient=one_line,
        )

    def advance(self, what: str, done: int, total: int) -> None:
        if not total:
            return
        if what not in self._tasks:
            self._shown.start()
            if self._one_line:
                for before in self._tasks.values():
                    self._shown.remove_task(before)
                self._tasks.clear()
            self._tasks[what] = self._shown.add_task(what, total=total)
        self._shown.update(self._tasks[what], completed=done, total=total)

    def stop(self) -> None:
        if self._tasks:
            self._shown.stop()


class _Rate(ProgressColumn):
    """How many a second, as soon as that can be told."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{_rate(speed)}/s", style="progress.data.speed")


@dataclass
class _Step:
    """A step without a terminal: since when, how much was done then, and when it last spoke."""

    since_s: float
    done: int
    spoke_s: float
    spoke: bool = False


class _Lines:
    """A plain line every so often; a step that is over before the first one says nothing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._steps: dict[str, _Step] = {}

    def advance(self, what: str, done: int, total: int) -> None:
        now = self._clock()
        step = self._steps.setdefault(what, _Step(now, done, now))
        is_last = done >= total
        if now - step.spoke_s < A_LINE_EVERY_S and not (is_last and step.spoke):
            return
        step.spoke_s, step.spoke = now, True
        say(f"{what}: {done:,} of {total:,}{self._pace(step, done, total, now)}")
        if is_last:
            del self._steps[what]

    def _pace(self, step: _Step, done: int, total: int, now: float) -> str:
        if done <= step.done or now <= step.since_s:
            return ""
        rate = (done - step.done) / (now - step.since_s)
        left = f", {spoken_time((total - done) / rate)} left" if done < total else ""
        return f" ({_rate(rate)} a second{left})"


def _rate(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.1f}"
