"""Hints that something was said: whoever sends one waits for nothing, the queue least of all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from backend.counters import Counters
from backend.mishaps import fault_of
from faces.errors import FaceloopError
from faces.jobs import Job

_logger = logging.getLogger(__name__)

Start = Callable[[Callable[[], None]], object]


class Hints:
    """Asks for a pull after hints, in a thread of its own; safe to use from several threads.

    A hint that is lost costs a minute: the worker looks by itself.
    """

    def __init__(
        self, enqueue: Callable[[Job], None], counters: Counters, *, start: Start | None = None
    ) -> None:
        """Ask for jobs by `enqueue`; `start` begins what is to be done, None: in a thread."""
        self._enqueue = enqueue
        self._counters = counters
        self._start = start or ThreadPoolExecutor(1, thread_name_prefix="hints").submit
        self._lock = threading.Lock()
        self._is_noted = False

    def note(self) -> None:
        """Something was said; of many at once one pull comes."""
        self._counters.add("hints_total")
        with self._lock:
            was_noted, self._is_noted = self._is_noted, True
        if was_noted:
            return
        try:
            self._start(self._ask)
        except BaseException:
            with self._lock:
                self._is_noted = False  # or no hint would ever be followed again
            raise

    def _ask(self) -> None:
        with self._lock:
            self._is_noted = False
        try:
            self._enqueue(Job.PULL)
        except FaceloopError as error:
            self._counters.add("failures_total", kind="queue")
            _logger.warning("a hint is lost: %s", error)
        except Exception as error:  # noqa: BLE001  # nobody waits for this thread, so it is told
            self._counters.add("failures_total", kind="bug")
            told = "a hint is lost in a way that nobody thought of: %s"
            _logger.error(told, fault_of(error))  # noqa: TRY400  # no traceback: it quotes
