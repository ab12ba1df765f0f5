from pathlib import Path

import pytest
from huey.exceptions import HueyException

from faces.jobs import Job, Jobs
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
