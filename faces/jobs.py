"""Background work: a Huey queue in a file, or in Redis. A job is a name and carries no data."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from huey import Huey, RedisHuey, SqliteHuey

from faces.settings import Settings


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
        """Open the queue; the file appears with the first job."""
        self.huey = _open(settings)
        self._tasks = {job: self.huey.task(name=job.value)(_running(run, job)) for job in Job}

    def enqueue(self, job: Job) -> None:
        """Ask for a job unless the same one waits already."""
        waiting = {task.name for task in self.huey.pending()}
        if job.value not in waiting:
            self._tasks[job]()


def _running(run: Callable[[Job], None], job: Job) -> Callable[[], None]:
    def task() -> None:
        run(job)

    return task


def _open(settings: Settings) -> Huey:
    if settings.redis_url:
        return RedisHuey("faceloop", url=settings.redis_url, results=False)
    settings.workspace.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("faceloop", filename=str(settings.workspace / "jobs.sqlite3"), results=False)
