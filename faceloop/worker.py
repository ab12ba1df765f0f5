"""`faceloop worker`: reads answers after a hint and every minute, pushes what follows, learns."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from huey import crontab
from huey.consumer import Consumer

from faceloop import options
from faceloop.disk import told_if_full
from faceloop.growing import group_given
from faceloop.retrain_policy import RetrainPolicy
from faceloop.workspace import prepare, settings_for
from faces.errors import FaceloopError
from faces.jobs import Job, Jobs
from faces.logs import begin_logging
from faces.settings import Settings
from faces.store.database import Store
from sync.loop import desk_of, follow_answers, push_now

_logger = logging.getLogger("faceloop.worker")


def worker(workspace: options.Workspace = None) -> None:
    """Do the background work: hints from Label Studio, and a look every minute."""
    settings = settings_for(workspace)
    begin_logging(settings, program=_logger.name)
    store = prepare(settings)
    policy = RetrainPolicy(settings, store, say=_logger.info)
    jobs = Jobs(settings, lambda job: _work(settings, store, job, policy))
    jobs.huey.periodic_task(crontab(minute="*"), name="look")(lambda: jobs.enqueue(Job.PULL))
    _logger.info("waiting for work")
    Consumer(jobs.huey, workers=1, periodic=True, max_delay=1.0).run()


def _work(settings: Settings, store: Store, job: Job, policy: RetrainPolicy) -> None:
    """Do one job, and learn again if what it brought makes that due."""
    run_job(settings, store, job)
    learn_if_due(policy, now=datetime.now(UTC))


def learn_if_due(policy: RetrainPolicy, *, now: datetime) -> None:
    """Learn if that is due; what stands in its way is one line in the log."""
    try:
        with told_if_full():
            policy.look(now)
    except FaceloopError as error:
        _logger.warning("retrain failed: %s", error)


def run_job(settings: Settings, store: Store, job: Job) -> None:
    """Do one job; what stands in its way is one line in the log, and the next look tries again."""
    try:
        with told_if_full():
            _run(settings, store, job)
    except FaceloopError as error:
        _logger.warning("%s failed: %s", job, error)


def _run(settings: Settings, store: Store, job: Job) -> None:
    if job is Job.PULL:
        try:
            group_given(settings, store)
        finally:  # what people said is pulled, whatever is wrong with the photos
            follow_answers(settings, store, say=_logger.info)
    elif job is Job.PUSH:
        desk = desk_of(settings, store)
        push_now(settings, store, desk, on_progress=lambda _what, _done, _total: None)
