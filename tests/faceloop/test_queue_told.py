from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faceloop.status import told_queue
from faces.jobs import Job, Jobs, waiting_jobs
from faces.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(workspace=tmp_path, redis_url="")


def test_an_empty_queue_is_none(settings: Settings) -> None:
    assert told_queue(settings, now=datetime.now(UTC)) == "none"


@pytest.mark.parametrize(
    ("later_s", "told"),
    [
        (1, "2, for 1 second"),
        (90, "2, for 90 seconds"),
        (300, "2, for 5 minutes: is `faceloop worker` (or `faceloop up`) running?"),
        (-60, "2, for 0 seconds"),
    ],
)
def test_what_waits_is_told_with_its_time_and_the_remedy(
    settings: Settings, later_s: int, told: str
) -> None:
    jobs = Jobs(settings)
    jobs.enqueue(Job.PULL)
    jobs.enqueue(Job.PUSH)
    since = waiting_jobs(settings).since
    assert since is not None
    assert told_queue(settings, now=since + timedelta(seconds=later_s)) == told


def test_a_queue_that_does_not_answer_is_told(settings: Settings) -> None:
    (settings.workspace / "jobs.sqlite3").write_bytes(b"no database" * 100)
    assert "does not answer" in told_queue(settings, now=datetime.now(UTC))


def test_an_address_of_redis_that_is_none_is_told(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    lost = load_settings(workspace=tmp_path, redis_url="nowhere")
    assert "cannot be understood" in told_queue(lost, now=datetime.now(UTC))


@pytest.mark.parametrize("at", ["2026-03-01T10:20:06", "soon", 5, None])
def test_a_job_that_says_no_moment_waits_all_the_same(settings: Settings, at: object) -> None:
    job = {"id": "1", "name": "pull", "at": at}
    Jobs(settings).huey.storage.enqueue(json.dumps(job).encode())
    assert told_queue(settings, now=datetime.now(UTC)) == "1"
