"""Files to faces: who reads which photo when, so that no core waits and memory stays flat."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, Self

from faces.records import PhotoFile, PhotoId
from sync.readings import Known, Reading, Task, TooLarge, read_task

if TYPE_CHECKING:
    from faces.reading import FaceReader, ReadingOptions

ORDINARY_MEGAPIXELS = 24.0
"""Photos up to this size are read without asking how many others are; a larger one is a giant."""
_GIANTS_MEGAPIXELS = 48.0
_GIANTS_MEGAPIXELS_EACH = 8.0

TurnedBySize = Mapping[int, Mapping[PhotoId, int]]
"""By the size of a file in bytes the photos that people turned, with the quarters to the right."""
_NONE_TURNED: TurnedBySize = MappingProxyType({})


class Readers(AbstractContextManager["Readers"], Protocol):
    """Where photos are read: this process, others of this machine, or other machines."""

    at_once: int
    """How many tasks may be there, those that wait for their turn included."""

    def submit(self, task: Task) -> None:
        """Have a file read."""

    def next_done(self) -> tuple[Task, Reading | TooLarge]:
        """Wait for the next task that is done; each is given back once."""


def read_all(
    files: Sequence[PhotoFile],
    *,
    options: ReadingOptions,
    known: Known,
    jobs: int,
    turned: TurnedBySize = _NONE_TURNED,
    scheduler: str = "",
) -> Generator[Reading, None, None]:
    """Read files in the order they get done, each exactly once.

    `jobs` is how many processes of this machine read, 0 for one each core; `scheduler` is the
    address of a Dask scheduler whose workers read instead. Photos in `turned` are turned before
    they are looked at. Close it to end them early.

    Raises:
        SetupError: nothing that reads photos can be started or reached.
    """
    if not files:
        return
    tasks = (
        Task(file, tuple(known(file)), ORDINARY_MEGAPIXELS, turned.get(file.size_bytes, {}))
        for file in files
    )
    with _readers(options, jobs=min(jobs or os.cpu_count() or 1, len(files)), at=scheduler) as them:
        yield from _in_turn(tasks, them)


def _readers(options: ReadingOptions, *, jobs: int, at: str) -> Readers:
    if at:
        from sync.dask_readers import DaskReaders  # Dask takes a while, and may not be installed

        return DaskReaders(at, options, jobs=jobs)
    if jobs == 1:
        return _ThisProcess(options)
    from sync.reader_processes import ReaderProcesses

    return ReaderProcesses(jobs, options)


def _in_turn(tasks: Iterator[Task], readers: Readers) -> Iterator[Reading]:
    """Keep the readers busy: giants as memory allows, ordinary photos beside them."""
    giants = Giants(
        most_megapixels=max(_GIANTS_MEGAPIXELS, readers.at_once * _GIANTS_MEGAPIXELS_EACH)
    )
    under_way = 0
    while True:
        for task in islice(giants.mixed_into(tasks), readers.at_once - under_way):
            readers.submit(task)
            under_way += 1
        if not under_way:
            return
        task, answer = readers.next_done()
        under_way -= 1
        giants.note_done(task)
        if isinstance(answer, TooLarge):
            giants.wait(task, megapixels=answer.megapixels)
        else:
            yield answer


class Giants:
    """Photos so large that only some may be pixels at the same time; a single one always may."""

    def __init__(self, *, most_megapixels: float) -> None:
        """`most_megapixels` is what all giants that are read at the same time have together."""
        self._most = most_megapixels
        self._under_way: list[Task] = []
        self._waiting: deque[Task] = deque()

    def wait(self, task: Task, *, megapixels: float) -> None:
        """Keep a giant until there is room for it."""
        self._waiting.append(replace(task, most_megapixels=megapixels))

    def note_done(self, task: Task) -> None:
        """Take note that a task is done; if it was a giant there is room again."""
        if task in self._under_way:
            self._under_way.remove(task)

    def mixed_into(self, tasks: Iterator[Task]) -> Iterator[Task]:
        """The next tasks: a giant that waits, where there is room for it, else an ordinary one."""
        while True:
            if self._has_room():
                task = self._waiting.popleft()
                self._under_way.append(task)
            elif (ordinary := next(tasks, None)) is not None:
                task = ordinary
            else:
                return
            yield task

    def _has_room(self) -> bool:
        if not self._waiting:
            return False
        taken = sum(task.most_megapixels for task in self._under_way)
        return not self._under_way or taken + self._waiting[0].most_megapixels <= self._most


class _ThisProcess:
    """One photo after another, here; there is nobody to share memory with."""

    at_once = 1

    def __init__(self, options: ReadingOptions) -> None:
        self._options = options
        self._reader: FaceReader | None = None
        self._tasks: deque[Task] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._tasks.clear()

    def submit(self, task: Task) -> None:
        self._tasks.append(replace(task, most_megapixels=math.inf))

    def next_done(self) -> tuple[Task, Reading | TooLarge]:
        from faces.reading import face_reader  # a folder where nothing changed loads no network

        self._reader = self._reader or face_reader(self._options, threads=1)
        task = self._tasks.popleft()
        return task, read_task(task, self._reader)
