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
    TextColumn,
    TimeRemainingColumn,
)

console = Console(highlight=False)
"""Where everything goes that a person reads."""
errors = Console(stderr=True, highlight=False)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for one long step; call what is given with (done, total)."""
    with _bar() as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total > 0)

        yield advance


@contextmanager
def named_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars for several steps; call what is given with (what, done, total)."""
    with _bar() as bar:
        tasks: dict[str, object] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)  # type: ignore[arg-type]

        yield advance


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
