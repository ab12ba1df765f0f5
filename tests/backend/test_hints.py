from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from backend.counters import Counters
from backend.hints import Hints
from faces.jobs import Job

PATIENCE_S = 10.0


def test_whoever_sends_a_hint_does_not_wait_for_the_queue() -> None:
    is_free, asked = threading.Event(), threading.Event()

    def slowly(job: Job) -> None:
        is_free.wait(PATIENCE_S)
        asked.set()

    Hints(slowly, Counters()).note()
    assert not asked.is_set()
    is_free.set()
    assert asked.wait(PATIENCE_S)


def test_hints_that_come_before_the_queue_was_asked_ask_it_once() -> None:
    asks, asked = [], []
    hints = Hints(asked.append, Counters(), start=asks.append)
    for _ in range(3):
        hints.note()
    for ask in asks:
        ask()
    assert asked == [Job.PULL]


def test_a_hint_that_comes_while_the_queue_is_asked_asks_once_more() -> None:
    asks, asked = [], []

    def meanwhile(job: Job) -> None:
        asked.append(job)
        if len(asked) == 1:
            hints.note()

    hints = Hints(meanwhile, Counters(), start=asks.append)
    hints.note()
    while asks:
        asks.pop()()
    assert asked == [Job.PULL, Job.PULL]


def test_a_hint_after_one_that_could_not_be_followed_is_followed() -> None:
    asked: list[Job] = []
    tries = iter([True, False])

    def start(ask: Callable[[], None]) -> None:
        if next(tries):
            raise RuntimeError("can't start new thread")
        ask()

    hints = Hints(asked.append, Counters(), start=start)
    with pytest.raises(RuntimeError):
        hints.note()
    hints.note()
    assert asked == [Job.PULL]


def test_a_fault_of_ours_is_told_though_nobody_waits_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(job: Job) -> None:
        raise RuntimeError("at /home/ann/secret.py")

    counters = Counters()
    with caplog.at_level(logging.ERROR):
        Hints(fail, counters, start=lambda ask: ask()).note()
    assert counters.count("failures_total", kind="bug") == 1
    [record] = caplog.records
    assert "RuntimeError" in record.getMessage()
    assert "/home/ann" not in record.getMessage()
