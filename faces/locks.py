"""One lock a kind of work, so that command, backend and worker can run at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from filelock import FileLock

from faces.settings import Settings


class Work(StrEnum):
    """Work that only one process does at a time."""

    MIGRATE = "migrate"
    INGEST = "ingest"
    PUSH = "push"
    PULL = "pull"
    TRAIN = "train"


@contextmanager
def alone(settings: Settings, work: Work) -> Iterator[None]:
    """Wait until no other process does this work, then keep the others waiting."""
    locks = settings.workspace / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{work}.lock"):
        yield
