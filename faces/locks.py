"""One lock a kind of work, so that command, backend and worker can run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from filelock import BaseFileLock, FileLock, Timeout

from faces.settings import Settings


class Work(StrEnum):
    """Work that only one process does at a time."""

    MIGRATE = "migrate"
    INGEST = "ingest"
    PUSH = "push"
    PULL = "pull"
    TRAIN = "train"
    REPORT = "report"


@contextmanager
def alone(
    settings: Settings, work: Work, *, on_wait: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Wait until no other process does this work, then keep the others waiting.

    `on_wait` is called once if there is another.
    """
    lock = _lock(settings, work)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def alone_if_free(settings: Settings, work: Work) -> Iterator[bool]:
    """The same without waiting: False where another process does this work now."""
    lock = _lock(settings, work)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock(settings: Settings, work: Work) -> BaseFileLock:
    locks = settings.workspace / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{work}.lock")
