import pickle
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from huey import crontab
from huey.exceptions import HueyException

from faces.errors import SetupError, StoreError
from faces.jobs import Job, Jobs, Waiting, waiting_jobs
from faces.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(workspace=tmp_path / "workspace", redis_url="")


def work_off(jobs: Jobs) -> int:
    """Do what the worker does until nothing waits; returns how many jobs there were."""
    done = 0
    while (task := jobs.huey.dequeue()) is not None:
        jobs.huey.execute(task)
        done += 1
    return done


def test_a_job_is_run_by_the_worker(settings: Settings) -> None:
    done: list[Job] = []
    Jobs(settings).enqueue(Job.PULL)
    Jobs(settings).enqueue(Job.PUSH)
    assert work_off(Jobs(settings, run=done.append)) == 2
    assert done == [Job.PULL, Job.PUSH]


def test_asking_twice_while_it_waits_is_asking_once(settings: Settings) -> None:
    asking, another = Jobs(settings), Jobs(settings)
    for jobs in (asking, another, asking):
        jobs.enqueue(Job.PULL)
    assert work_off(Jobs(settings, run=lambda _: None)) == 1


def test_who_asks_is_not_disturbed_by_a_job_that_only_the_worker_knows(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Jobs(settings, run=lambda _: None)
    looking = worker.huey.periodic_task(crontab(minute="*"), name="look")(lambda: None)
    looking()
    asking = Jobs(settings)
    asking.enqueue(Job.PULL)
    asking.enqueue(Job.PULL)
    assert caplog.text == ""
    assert work_off(worker) == 2


def test_a_job_asked_for_while_it_runs_runs_again(settings: Settings) -> None:
    asked: list[Job] = []

    def ask_again(job: Job) -> None:
        asked.append(job)
        if len(asked) == 1:
            Jobs(settings).enqueue(job)

    Jobs(settings).enqueue(Job.PULL)
    assert work_off(Jobs(settings, run=ask_again)) == 2


def test_a_job_waits_when_the_worker_is_away(settings: Settings) -> None:
    Jobs(settings).enqueue(Job.PUSH)
    assert [task.name for task in Jobs(settings).huey.pending()] == ["push"]


def test_a_job_that_waits_tells_since_when(settings: Settings) -> None:
    jobs = Jobs(settings)
    assert waiting_jobs(settings) == Waiting(0, None)
    before = datetime.now(UTC)
    jobs.enqueue(Job.PULL)
    after = datetime.now(UTC)
    jobs.enqueue(Job.PUSH)
    waiting = waiting_jobs(settings)
    assert waiting.since is not None
    assert before <= waiting.since <= after
    assert waiting.jobs == jobs.waiting() == 2
    assert work_off(Jobs(settings, run=lambda _: None)) == 2
    assert waiting_jobs(settings) == Waiting(0, None)


@pytest.mark.parametrize("lies", [b"x", b"[]", b"{}", b'{"at": 7}', b'{"at": "then"}'])
def test_a_job_that_does_not_tell_since_when_is_counted_all_the_same(
    settings: Settings, lies: bytes
) -> None:
    jobs = Jobs(settings)
    jobs.huey.storage.enqueue(lies)
    assert waiting_jobs(settings) == Waiting(1, None)


def test_who_only_asks_cannot_run(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    asking = Jobs(settings)
    asking.enqueue(Job.PULL)
    work_off(asking)
    assert "a process that only asks" in caplog.text


def test_a_job_that_fails_does_not_stop_the_next(settings: Settings) -> None:
    done: list[Job] = []

    def run(job: Job) -> None:
        if job is Job.PULL:
            raise HueyException("this one fails")
        done.append(job)

    jobs = Jobs(settings, run=run)
    jobs.enqueue(Job.PULL)
    jobs.enqueue(Job.PUSH)
    work_off(jobs)
    assert done == [Job.PUSH]


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.folder,)


def test_a_pickle_in_the_queue_is_never_opened(settings: Settings, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    jobs = Jobs(settings)
    jobs.huey.storage.enqueue(pickle.dumps(Trap(trap)))
    jobs.enqueue(Job.PULL)
    with pytest.raises(ValueError, match="no job"):
        jobs.huey.dequeue()
    assert work_off(Jobs(settings, run=lambda _: None)) == 1
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"{}", b'{"id": 1, "name": "pull"}'])
def test_what_is_no_job_is_not_taken_for_one(settings: Settings, content: bytes) -> None:
    jobs = Jobs(settings)
    jobs.huey.storage.enqueue(content)
    with pytest.raises(ValueError, match="no job"):
        jobs.huey.dequeue()


def test_a_job_with_data_cannot_be_asked_for(settings: Settings) -> None:
    carrying = Jobs(settings).huey.task(name="carrying")(lambda _: None)
    with pytest.raises(TypeError, match="without data"):
        carrying("a name")


def test_a_locked_queue_is_said_soon_and_in_our_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.jobs._ASKING_WAITS_S", 0.05)
    jobs = Jobs(settings)
    holding = sqlite3.connect(settings.workspace / "jobs.sqlite3", isolation_level=None)
    holding.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreError, match="queue of jobs does not answer"):
            jobs.enqueue(Job.PULL)
    finally:
        holding.close()


def test_a_redis_that_is_away_is_said_without_its_address(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    nobody = tmp_path / "redis.sock"
    jobs = Jobs(load_settings(workspace=tmp_path, redis_url=f"unix://{nobody}"))
    with pytest.raises(StoreError) as told:
        jobs.enqueue(Job.PULL)
    assert str(nobody) not in str(told.value)


def test_redis_wanted_and_not_installed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SetupError, match=r"install faceloop\[server\]"):
        Jobs(load_settings(workspace=tmp_path, redis_url="redis://127.0.0.1:6379/0"))


@pytest.mark.parametrize(
    "url",
    [
        "secret-1",
        "redis://:secret-1/2@127.0.0.1:6379/0",
        "redis://:secret-1@127.0.0.1:port/0",
        "redis://:secret-1@127.0.0.1/0?socket_timeout=soon",
        "redis://:secret-1@127.0.0.1/0?holiday=1",
        "redis://:secret-1@[::1/0",
    ],
)
def test_an_address_of_redis_that_is_none_is_one_line_without_it(tmp_path: Path, url: str) -> None:
    pytest.importorskip("redis")
    with pytest.raises(SetupError, match="FACELOOP_REDIS_URL cannot be understood") as told:
        Jobs(load_settings(workspace=tmp_path, redis_url=url))
    assert "secret-1" not in str(told.value)
    assert told.value.__suppress_context__
