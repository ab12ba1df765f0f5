"""A queue whose file is damaged: whoever works with it begins a new one, whoever looks does not."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from huey.storage import SqliteStorage

from faces.errors import StoreError
from faces.jobs import Job, Jobs, Waiting, queue_file, waiting_jobs
from faces.queue_file import set_aside_at
from faces.settings import Settings, load_settings

NO_DATABASE = b"no database " * 100


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(workspace=tmp_path, redis_url="")


@pytest.fixture
def file(settings: Settings) -> Path:
    return queue_file(settings)


def waiting(settings: Settings) -> int:
    return waiting_jobs(settings).jobs


def test_a_damaged_queue_is_set_aside_at_the_start_and_a_new_one_works(
    settings: Settings, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(NO_DATABASE)
    Jobs(settings).enqueue(Job.PULL)
    assert waiting(settings) == 1
    assert set_aside_at(file).read_bytes() == NO_DATABASE
    [told] = caplog.messages
    assert f"{file} is damaged (file is not a database)" in told
    assert "nothing is lost" in told
    assert "\n" not in told


def test_a_queue_that_another_program_has_made_is_set_aside_too(
    settings: Settings, file: Path
) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE task (holiday)")
    Jobs(settings).enqueue(Job.PULL)
    assert waiting(settings) == 1


@pytest.mark.parametrize("seed", range(4))
def test_wherever_the_damage_lies_it_is_over_after_asking_twice(
    settings: Settings, file: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    filled = Jobs(settings).huey.storage
    jobs_waiting = [("faceloop", b'{"id": "%d", "name": "x"}' % number) for number in range(200)]
    with filled.db(commit=True, close=True) as cursor:
        cursor.executemany("INSERT INTO task (queue, data) VALUES (?, ?)", jobs_waiting)
    content = bytearray(file.read_bytes())
    for at in rng.integers(0, len(content) - 2048, size=4):
        content[at : at + 2048] = rng.bytes(2048)
    file.write_bytes(content)
    jobs = Jobs(settings)
    try:
        jobs.enqueue(Job.PULL)
    except StoreError as error:
        assert "was set aside" in str(error)  # noqa: PT017  # whether it is raised is left to chance
        jobs.enqueue(Job.PULL)
    assert jobs.waiting() >= 1


def test_a_queue_damaged_while_it_is_used_works_again_for_all_who_use_it(
    settings: Settings, file: Path
) -> None:
    asking, working = Jobs(settings), Jobs(settings, run=lambda _job: None)
    asking.enqueue(Job.PUSH)
    working.huey.dequeue()
    for jobs in (asking, working):
        jobs.huey.storage.close()
    file.write_bytes(NO_DATABASE)
    with pytest.raises(StoreError, match="damaged, and was set aside: ask again"):
        asking.enqueue(Job.PULL)
    asking.enqueue(Job.PULL)
    assert working.huey.dequeue().name == "pull"


def test_who_still_has_the_old_file_open_follows_to_the_new_one(
    settings: Settings, file: Path
) -> None:
    asking, working = Jobs(settings), Jobs(settings, run=lambda _job: None)
    assert asking.waiting() == working.waiting() == 0
    file.rename(set_aside_at(file))
    working.enqueue(Job.PUSH)
    asking.enqueue(Job.PULL)
    assert (asking.waiting(), working.waiting()) == (2, 2)


def test_who_opens_a_file_that_is_replaced_meanwhile_follows_to_the_new_one(
    settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Jobs(settings).huey.storage.close()
    opened = SqliteStorage._create_connection

    def replaced_meanwhile(storage: SqliteStorage) -> sqlite3.Connection:
        monkeypatch.setattr(SqliteStorage, "_create_connection", opened)
        connection = opened(storage)
        file.rename(set_aside_at(file))
        Jobs(settings).enqueue(Job.PUSH)
        return connection

    jobs = Jobs(settings)
    monkeypatch.setattr(SqliteStorage, "_create_connection", replaced_meanwhile)
    jobs.waiting()
    assert jobs.waiting() == 1


def test_two_threads_that_follow_at_once_do_not_stumble(settings: Settings, file: Path) -> None:
    jobs = Jobs(settings)
    assert not jobs.waiting()
    storage = jobs.huey.storage
    file.rename(set_aside_at(file))
    with ThreadPoolExecutor(2) as threads:
        with storage.lock:
            found = [threads.submit(jobs.waiting) for _ in range(2)]
            time.sleep(0.05)  # both have seen that the file is another one, and stand in line
        assert [one.result() for one in found] == [0, 0]


def test_what_was_written_beside_the_damaged_file_does_not_reach_the_new_one(
    settings: Settings, file: Path
) -> None:
    jobs = Jobs(settings)
    jobs.enqueue(Job.PUSH)
    left = file.with_name(f"{file.name}-wal").read_bytes()
    assert left, "the job lies beside the file as yet"
    jobs.huey.storage.close()
    file.write_bytes(NO_DATABASE)
    file.with_name(f"{file.name}-wal").write_bytes(left)
    Jobs(settings).enqueue(Job.PULL)
    assert waiting(settings) == 1


def test_only_the_last_damaged_queue_is_kept(settings: Settings, file: Path) -> None:
    for content in (NO_DATABASE, NO_DATABASE * 2):
        file.write_bytes(content)
        Jobs(settings).huey.storage.close()
    assert set_aside_at(file).read_bytes() == NO_DATABASE * 2
    assert len([*file.parent.glob("*damaged*")]) == 1


def test_who_only_looks_makes_and_mends_nothing(settings: Settings, file: Path) -> None:
    assert waiting_jobs(settings) == Waiting(0, None)
    assert not file.exists()
    file.write_bytes(NO_DATABASE)
    with pytest.raises(StoreError, match="damaged: whichever of backend and worker"):
        waiting_jobs(settings)
    assert file.read_bytes() == NO_DATABASE


def test_a_locked_queue_is_not_taken_for_a_damaged_one(
    settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.jobs._ASKING_WAITS_S", 0.05)
    jobs = Jobs(settings)
    with closing(sqlite3.connect(file, isolation_level=None)) as holding:
        holding.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="does not answer"):
            jobs.enqueue(Job.PULL)
    jobs.enqueue(Job.PULL)
    assert waiting(settings) == 1
    assert not set_aside_at(file).exists()
