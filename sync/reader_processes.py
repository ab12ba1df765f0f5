"""Photos read by processes of this machine, any of which may be killed without harm."""

from __future__ import annotations

import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Self

from faces.errors import SetupError
from faces.reading import ReadingOptions, face_reader
from sync.readings import Reading, Task, TooLarge, read_task
from sync.storage import place_shown

_TASKS_EACH = 2
"""The photo in hand and the next one, so that no process waits for this one."""
_IMPORTED_LATE = ("faces.chips", "faces.dlib_network", "faces.onnx_graph")
"""What encodes faces; whoever has nothing to read does without."""
_MOST_LOST_STARTS = 3
"""So many processes may be killed while they start; then the run ends."""


class _Event(Enum):
    """What a process may say that is no answer."""

    STARTED = auto()
    ENDED = auto()


class ReaderProcesses:
    """Processes that read a photo at a time on one thread each.

    A process that is killed, say for want of memory, is replaced. Its photo is tried once more at
    the end, in a fresh process while no other reads, and refused if that one is killed too.
    """

    def __init__(self, processes: int, options: ReadingOptions) -> None:
        """Note how many; they start with the first tasks."""
        self.at_once = processes * _TASKS_EACH
        self._options = options
        self._most = processes
        self._processes: list[_ReaderProcess] = []
        self._suspects: deque[Task] = deque()
        self._lost_starts = 0

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End all processes at once, whatever they do."""
        for process in self._processes:
            process.end()

    def submit(self, task: Task) -> None:
        """Have a photo read by the process that has least to do."""
        least = min(self._processes, key=lambda one: len(one.tasks), default=None)
        if least is None or (least.tasks and len(self._processes) < self._most):
            least = _ReaderProcess(self._options)
            self._processes.append(least)
        least.give(task)

    def next_done(self) -> tuple[Task, Reading | TooLarge]:
        """Wait for the next photo that is done.

        Raises:
            SetupError: no process that reads photos can be started.
        """
        while busy := {one.pipe: one for one in self._processes if one.tasks}:
            for pipe in wait(list(busy)):
                process = busy[pipe]  # type: ignore[index]  # one of those waited for
                told = process.told()
                if told is _Event.ENDED:
                    self._replace(process)
                elif told is not _Event.STARTED:
                    return process.tasks.popleft(), told
        return self._tried_alone(self._suspects.popleft())

    def _replace(self, ended: _ReaderProcess) -> None:
        """Note the photo that a killed process had in hand, and give what waited to others.

        Raises:
            SetupError: too many ended before they had anything in hand.
        """
        self._processes.remove(ended)
        ended.end()
        if ended.has_started:
            self._suspects.append(ended.tasks.popleft())
        else:
            self._lost_starts += 1
            if self._lost_starts == _MOST_LOST_STARTS or not ended.was_killed:
                raise ended.start_failure()
        for task in ended.tasks:
            self.submit(task)

    def _tried_alone(self, task: Task) -> tuple[Task, Reading | TooLarge]:
        """Read a photo in a fresh process while no other reads.

        Raises:
            SetupError: that process ended before it had the photo in hand.
        """
        process = _ReaderProcess(self._options)
        try:
            process.give(task)
            while (told := process.told()) is _Event.STARTED:
                pass
        finally:
            process.end()
        if told is _Event.ENDED and not process.has_started:
            raise process.start_failure()
        return task, _refused(task) if told is _Event.ENDED else told


def _refused(task: Task) -> Reading:
    """The answer for a photo that was tried often enough."""
    return Reading(
        task.file,
        refused=f"{place_shown(task.file)} twice ended the process that read it, "
        "probably for want of memory; shrink it",
    )


class _ReaderProcess:
    """One process, with the photo that it has in hand and those that wait for it."""

    def __init__(self, options: ReadingOptions) -> None:
        self.tasks: deque[Task] = deque()
        self.has_started = False
        context = _starting()
        self.pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_read_until_told, args=(theirs, options), daemon=True
        )
        with without_ctrl_c():
            self._process.start()
        theirs.close()

    def give(self, task: Task) -> None:
        """Send a task."""
        self.tasks.append(task)
        with suppress(BrokenPipeError):  # it was killed: noticed when it is asked
            self.pipe.send(task)

    def told(self) -> Reading | TooLarge | _Event:
        """Wait for what it says next: the answer to its oldest task, if it is no event.

        Raises:
            FaceloopError: what the process raised; anything else that it raised is a fault of ours.
        """
        try:
            told: Reading | TooLarge | _Event | Exception = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return _Event.ENDED
        if isinstance(told, Exception):
            raise told
        self.has_started = True
        return told

    @property
    def was_killed(self) -> bool:
        """Whether it ended by a signal that somebody sent."""
        return self._process.exitcode in (-signal.SIGKILL, -signal.SIGTERM)

    def start_failure(self) -> SetupError:
        """What is raised when it ended before it could read anything."""
        return SetupError(
            "a process that reads photos ended while it started "
            f"(exit code {self._process.exitcode}); what was read is kept: run again, with fewer "
            "processes (--jobs) if memory is short"
        )

    def end(self) -> None:
        """End it, whatever it does, and wait until it has."""
        self._process.kill()  # does nothing to one that ended by itself
        self._process.join()
        self.pipe.close()


def _read_until_told(pipe: Connection, options: ReadingOptions) -> None:
    """What a process does: read what it is given until nobody is there to give anything."""
    try:
        reader = face_reader(options, threads=1)
        pipe.send(_Event.STARTED)
        while True:
            pipe.send(read_task(pipe.recv(), reader))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:  # noqa: BLE001  # whoever asked raises it
        error.add_note("".join(traceback.format_exception(error)))
        pipe.send(error)


def _starting() -> ForkServerContext | SpawnContext:
    """How processes are started: where that is sound, as copies of one that imported it all."""
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, *_IMPORTED_LATE])
    return context


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C from this thread for a moment, and for good from processes started meanwhile.

    They end when they are told to; a Ctrl-C of their own would end them with a traceback.
    """
    resource_tracker.ensure_running()  # its start would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
