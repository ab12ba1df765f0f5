"""Background work: a Huey queue in a file, or in Redis. A job is a name and carries no data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message

from faces.errors import SetupError, StoreError
from faces.settings import Settings

_ASKING_WAITS_S = 1.0
"""How long who only asks waits for a locked file: Label Studio waits for that answer."""
_WORKING_WAITS_S = 5.0


class Job(StrEnum):
    """What can be asked for; what there is to do is derived from the store when it runs."""

    PULL = "pull"
    PUSH = "push"


def _nobody_runs(job: Job) -> None:
    raise RuntimeError(f"{job} was asked for in a process that only asks")


class Jobs:
    """The queue: `enqueue` asks for a job, a consumer of `huey` calls `run` with it.

    Processes that only ask leave `run` out.
    """

    def __init__(self, settings: Settings, run: Callable[[Job], None] = _nobody_runs) -> None:
        """Open the queue.

        Raises:
            SetupError: Redis is wanted, and what talks to it is not installed.
            StoreError: the queue's file cannot be used.
        """
        wait_s = _ASKING_WAITS_S if run is _nobody_runs else _WORKING_WAITS_S
        self._errors, self._settings = _errors(settings), settings
        with self._answering():
            self.huey = _open(settings, wait_s=wait_s)
        self._tasks = {job: self.huey.task(name=job.value)(_running(run, job)) for job in Job}

    def enqueue(self, job: Job) -> None:
        """Ask for a job unless the same one waits already.

        Raises:
            StoreError: the queue is locked or away.
        """
        with self._answering():
            if job.value not in self._names_waiting():
                self._tasks[job]()

    def _names_waiting(self) -> set[str]:
        """What waits, by name; jobs that only the worker knows, such as its look, are there too."""
        names = set()
        for content in self.huey.storage.enqueued_items():
            with suppress(ValueError):  # no job: whoever takes it says so
                names.add(NamesOnly().deserialize(content).name.rpartition(".")[2])
        return names

    def waiting(self) -> int:
        """How many jobs nobody has taken yet.

        Raises:
            StoreError: the queue does not answer.
        """
        with self._answering():
            return int(self.huey.pending_count())

    def waits_since(self) -> datetime | None:
        """When the job that waits longest was asked for; None if none waits that says so.

        Raises:
            StoreError: the queue does not answer.
        """
        with self._answering():
            lying = self.huey.storage.enqueued_items()
        return min((at for at in map(_asked_at, lying) if at is not None), default=None)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn what the queue raises into ours, without the address in its messages."""
        try:
            yield
        except self._errors as error:
            raise StoreError(
                f"the queue of jobs does not answer ({type(error).__name__}); "
                f"{_remedy(self._settings, error)}"
            ) from error


class NamesOnly:
    """How a job lies in the queue: its id, its name and since when, as JSON, so that nothing is
    ever unpickled.
    """

    def serialize(self, message: Message) -> bytes:
        """The job as bytes.

        Raises:
            TypeError: it is no job, or one that carries data.
        """
        if not isinstance(message, Message) or message.args or message.kwargs:
            raise TypeError("only jobs without data can be put into the queue")
        told = {"id": message.id, "name": message.name, "at": datetime.now(UTC).isoformat()}
        return json.dumps(told).encode()

    def deserialize(self, content: bytes) -> Message:
        """The job that these bytes tell.

        Raises:
            ValueError: they tell none.
        """
        try:
            told = json.loads(bytes(content))
        except ValueError:
            told = None
        match told:
            case {"id": str(job_id), "name": str(name)}:
                return Message(job_id, name, args=(), kwargs={})
        raise ValueError("the queue holds something that is no job; it is left out")


def _asked_at(content: bytes) -> datetime | None:
    """When a job that lies in the queue was asked for, if it says so."""
    try:
        at = datetime.fromisoformat(json.loads(bytes(content))["at"])
    except (ValueError, KeyError, TypeError):
        return None
    return at if at.tzinfo else None


def _running(run: Callable[[Job], None], job: Job) -> Callable[[], None]:
    def task() -> None:
        run(job)

    return task


def _open(settings: Settings, *, wait_s: float) -> Huey:
    same = {"results": False, "serializer": NamesOnly()}
    if settings.redis_url:
        return RedisHuey("faceloop", url=settings.redis_url, **same)
    settings.workspace.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("faceloop", filename=str(_file(settings)), timeout=wait_s, **same)


def _file(settings: Settings) -> Path:
    return settings.workspace / "jobs.sqlite3"


def _remedy(settings: Settings, error: Exception) -> str:
    """What helps: a file that is damaged stays so, and nothing in it is needed."""
    if type(error) is not sqlite3.DatabaseError:  # its subclasses speak of locks and of the disk
        return "if it goes on, restart the worker"
    return (
        f"stop faceloop, delete {_file(settings)} and start again: nothing is lost, since the "
        "worker looks by itself what there is to do"
    )


def _errors(settings: Settings) -> tuple[type[Exception], ...]:
    """What this queue raises when it is locked or away."""
    if not settings.redis_url:
        return (sqlite3.Error,)
    try:
        redis = import_module("redis")  # comes with the extra `server`
    except ImportError as error:
        raise SetupError(
            "FACELOOP_REDIS_URL is set, and redis is not installed; install faceloop[server]"
        ) from error
    return (redis.RedisError,)
