"""How long jobs have waited for the worker, in words."""

from __future__ import annotations

from datetime import datetime

from faceloop.wording import counted
from faces.jobs import Waiting

_WORKER_COMES_WITHIN_S = 120
"""The worker looks every second; a job in its hands may take a while."""


def told_waiting(waiting: Waiting, *, now: datetime) -> str:
    """How many jobs wait, and for how long: "none", "2, for 90 seconds"."""
    if not waiting.jobs or waiting.since is None:
        return str(waiting.jobs or "none")
    seconds = _seconds(waiting.since, now)
    is_short = seconds < _WORKER_COMES_WITHIN_S
    spoken = counted(seconds, "second") if is_short else counted(seconds // 60, "minute")
    return f"{waiting.jobs}, for {spoken}"


def is_late(waiting: Waiting, *, now: datetime) -> bool:
    """Whether a job has waited for so long that no worker can be running."""
    since = waiting.since
    return since is not None and _seconds(since, now) >= _WORKER_COMES_WITHIN_S


def _seconds(since: datetime, now: datetime) -> int:
    return max(0, round((now - since).total_seconds()))
