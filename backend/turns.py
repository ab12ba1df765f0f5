"""A few threads do the work of many requests, and whoever asks for one photo waits for no album."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Turns(Generic[_Result]):
    """Lines of pieces of work, one for each request, which take turns; safe for several threads.

    A line goes to the end whenever a piece of it is done. So somebody who comes waits, of each
    line that is there, for one piece at most.
    """

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        """Work with these threads, which get nothing else to do."""
        self._threads = threads
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._lines: dict[int, deque[tuple[Future[_Result], Callable[[], _Result]]]] = {}

    def line_up(self, pieces: Sequence[Callable[[], _Result]]) -> list[Future[_Result]]:
        """Have these done, in this order; what is cancelled before its turn is left out."""
        futures: list[Future[_Result]] = [Future() for _ in pieces]
        if futures:
            with self._lock:
                line = deque(zip(futures, pieces, strict=True))
                self._lines[next(self._numbers)] = line
            for _ in futures:
                self._threads.submit(self._do_next)
        return futures

    def close(self) -> None:
        """Begin nothing more; what waits is cancelled."""
        with self._lock:
            waiting = [future for line in self._lines.values() for future, _ in line]
            self._lines.clear()
        for future in waiting:
            future.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _do_next(self) -> None:
        """Do the first piece of the line whose turn it is."""
        with self._lock:
            number = next((number for number, line in self._lines.items() if line), None)
            if number is None:  # closed meanwhile
                return
            future, piece = self._lines[number].popleft()
        if future.set_running_or_notify_cancel():
            try:
                result = piece()
            except BaseException as error:  # noqa: BLE001  # whoever asked for it decides
                future.set_exception(error)
            else:
                future.set_result(result)
        with self._lock:
            line = self._lines.pop(number, None)
            if line:
                self._lines[number] = line
