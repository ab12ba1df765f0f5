"""How a worker follows another one, on SIGHUP: it takes over only when it answers.

gunicorn by itself stops the old worker at once, and nobody answers until the new one has loaded all
that it needs: longer than Label Studio waits.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from typing import Any

from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

ANSWERS_WITHIN_S = 120.0
"""A worker that has not come so far by then is taken for ready: the old one ends all the same."""
_LOOKS_EVERY_S = 1.0
"""A signal to stop is heeded this often meanwhile; gunicorn itself looks for signals as often."""
_STOPS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
_READY = b"1"
_logger = logging.getLogger(__name__)


class Succession(Arbiter):  # type: ignore[misc]  # gunicorn comes without types
    """gunicorn's master, which lets an old worker go only when the new one answers.

    If that cannot start, the old one stays. A worker calls `tell_ready` when it is about to answer.
    """

    def __init__(self, app: Any) -> None:
        """Serve this application."""
        self._starting: dict[int, int] = {}
        self._tell_fd = -1
        self._is_told_to_stop = False
        super().__init__(app)

    def spawn_worker(self) -> int:
        """Start a worker, and hold the end of a pipe of which it holds the other."""
        for gone in self._starting.keys() - self.WORKERS.keys():
            os.close(self._starting.pop(gone))
        hear_fd, self._tell_fd = os.pipe()
        pid: int = super().spawn_worker()  # the worker itself does not come back from here
        os.close(self._tell_fd)
        self._starting[pid] = hear_fd
        return pid

    def tell_ready(self) -> None:
        """Say, in the worker, that it answers from now on."""
        os.write(self._tell_fd, _READY)
        os.close(self._tell_fd)

    def signal(self, sig: int, frame: object) -> None:
        """Take note of a signal while others are dealt with."""
        self._is_told_to_stop |= sig in _STOPS
        super().signal(sig, frame)

    def manage_workers(self) -> None:
        """Start what is missing; of two workers the old one may go once the new one answers."""
        if len(self.WORKERS) > self.num_workers:
            newest = max(self.WORKERS, key=lambda pid: self.WORKERS[pid].age)
            if not self._has_begun(newest):
                self._bury(newest)
        super().manage_workers()

    def _has_begun(self, pid: int) -> bool:
        """Wait until a worker answers; False if it ended instead.

        Raises:
            StopIteration: everything is to stop, as gunicorn tells it itself.
        """
        hear_fd = self._starting.pop(pid, None)
        if hear_fd is None:
            return True
        until = time.monotonic() + ANSWERS_WITHIN_S
        heard: list[int] = []
        while not heard and time.monotonic() < until:
            if self._is_told_to_stop:
                raise StopIteration
            heard, _, _ = select.select([hear_fd], [], [], _LOOKS_EVERY_S)
        has_ended = bool(heard) and os.read(hear_fd, 1) != _READY
        os.close(hear_fd)
        return not has_ended

    def _bury(self, pid: int) -> None:
        """Take leave of a worker that could not start, before gunicorn stops everything for it."""
        os.waitpid(pid, 0)
        self.WORKERS.pop(pid).tmp.close()
        for stays in self.WORKERS.values():
            stays.age = self.worker_age + 1  # or gunicorn would wait for it to end
        _logger.error("the new worker could not start, so the old one goes on; see above for why")


class OwnLog(Logger):  # type: ignore[misc]
    """gunicorn's messages, written as ours are."""

    def setup(self, cfg: Any) -> None:
        """Hand all messages on instead of writing them."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
