"""What the commands write on the terminal: progress with rate and time left, tables, one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

INTERRUPTED = 130
"""The exit code that a shell gives to what Ctrl-C ended."""
console = Console(highlight=False)
"""Where everything goes that a person reads."""
_errors = Console(stderr=True, highlight=False)


def say(line: str) -> None:
    """Write a line as it is, however long; square brackets in a name are no markup."""
    console.print(line, markup=False, soft_wrap=True)


def warn(line: str) -> None:
    """Write what somebody should know, beside the output."""
    _errors.print(line, style="yellow", markup=False, soft_wrap=True)


def fail(line: str) -> None:
    """Write why a command ends."""
    _errors.print(line, style="red", markup=False, soft_wrap=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for one long step; call what is given with (done, total)."""
    with named_progress() as advance:
        yield lambda done, total: advance(what, done, total)


@contextmanager
def named_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars for several steps; call what is given with (what, done, total).

    Where there is nothing to do, nothing is shown.
    """
    bar = _bar()
    tasks: dict[str, TaskID] = {}

    def advance(what: str, done: int, total: int) -> None:
        if total and what not in tasks:
            bar.start()
            tasks[what] = bar.add_task(what, total=total)
        if total:
            bar.update(tasks[what], completed=done, total=total)

    try:
        yield advance
    finally:
        if tasks:
            bar.stop()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner while something else gets ready."""
    with console.status(what):
        yield


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
