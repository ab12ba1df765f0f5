"""Background work: a Huey queue in a file, or in Redis. A job is a name and carries no data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from huey import Huey, RedisHuey
from huey.registry import Message

from faces.errors import SetupError, StoreError
from faces.queue_file import QueueFile, is_damage, lying_in
from faces.settings import Settings

_ASKING_WAITS_S = 1.0
"""How long who only asks waits for a locked file: Label Studio waits for that answer."""
_WORKING_WAITS_S = 5.0
_BEGUN_ANEW = "it is damaged, and was set aside: ask again, and a new one is there"
_TO_BE_BEGUN = (
    "it is damaged: whichever of backend and worker uses it next sets it aside and begins a new one"
)


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
        self._errors = _errors(settings)
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

    def _answering(self) -> AbstractContextManager[None]:
        return _answering(self._errors, damaged=_BEGUN_ANEW)


@dataclass(frozen=True)
class Waiting:
    """How many jobs wait, and when the one that waits longest was asked for, as far as one says."""

    jobs: int
    since: datetime | None


def waiting_jobs(settings: Settings) -> Waiting:
    """What nobody has taken yet; the queue is only looked at, whatever is wrong with it.

    Raises:
        SetupError: it is in Redis, and what talks to it is not installed.
        StoreError: it does not answer.
    """
    with _answering(_errors(settings), damaged=_TO_BE_BEGUN):
        if _is_in_redis(settings):
            lying = _open(settings, wait_s=_ASKING_WAITS_S).storage.enqueued_items()
        else:
            lying = lying_in(queue_file(settings))
    said = (at for at in map(_asked_at, lying) if at is not None)
    return Waiting(len(lying), min(said, default=None))


@contextmanager
def _answering(errors: tuple[type[Exception], ...], *, damaged: str) -> Iterator[None]:
    """Turn what the queue raises into ours, without the address in its messages."""
    try:
        yield
    except errors as error:
        remedy = damaged if is_damage(error) else "if it goes on, restart the worker"
        raise StoreError(
            f"the queue of jobs does not answer ({type(error).__name__}); {remedy}"
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
    if _is_in_redis(settings):
        return _open_redis(settings.redis_url.get_secret_value(), **same)
    settings.workspace.mkdir(parents=True, exist_ok=True)
    file = str(queue_file(settings))
    return Huey("faceloop", storage_class=QueueFile, filename=file, timeout=wait_s, **same)


def _open_redis(url: str, **options: object) -> Huey:
    """The queue in Redis; nothing is sent there yet.

    Raises:
        SetupError: the address is none. It is not quoted, since a password may stand in it.
    """
    try:
        huey = RedisHuey("faceloop", url=url, **options)
        huey.storage.pool.make_connection()
    except (ValueError, TypeError):
        raise SetupError(
            "FACELOOP_REDIS_URL cannot be understood; give an address like "
            "redis://:PASSWORD@HOST:6379/0, with signs like / and @ in the password written as "
            "%2F and %40"
        ) from None
    return huey


def _is_in_redis(settings: Settings) -> bool:
    return bool(settings.redis_url.get_secret_value())


def queue_file(settings: Settings) -> Path:
    """Where the queue lies unless it is in Redis."""
    return settings.workspace / "jobs.sqlite3"


def _errors(settings: Settings) -> tuple[type[Exception], ...]:
    """What this queue raises when it is locked or away."""
    if not _is_in_redis(settings):
        return (sqlite3.Error,)
    try:
        redis = import_module("redis")  # comes with the extra `server`
    except ImportError as error:
        raise SetupError(
            "FACELOOP_REDIS_URL is set, and redis is not installed; install faceloop[server]"
        ) from error
    return (redis.RedisError,)
