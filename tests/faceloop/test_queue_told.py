from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faceloop.status import told_queue
from faces.jobs import Job, Jobs
from faces.settings import load_settings


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(load_settings(workspace=tmp_path, redis_url=""))


def test_an_empty_queue_is_none(jobs: Jobs) -> None:
    assert told_queue(jobs, now=datetime.now(UTC)) == "none"


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
    jobs: Jobs, later_s: int, told: str
) -> None:
    jobs.enqueue(Job.PULL)
    jobs.enqueue(Job.PUSH)
    since = jobs.waits_since()
    assert since is not None
    assert told_queue(jobs, now=since + timedelta(seconds=later_s)) == told


def test_a_queue_that_does_not_answer_is_told(jobs: Jobs, tmp_path: Path) -> None:
    jobs.huey.storage.close()
    (tmp_path / "jobs.sqlite3").write_bytes(b"no database" * 100)
    assert "does not answer" in told_queue(jobs, now=datetime.now(UTC))
