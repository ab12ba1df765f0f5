"""Work in a thread of its own, that tells how far it is while somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

from serve.album import Progress, Tell

Result = TypeVar("Result")


class _NobodyListens(Exception):
    """The visitor has left, so the work need not be finished."""


def telling(work: Callable[[Tell], Result]) -> Generator[Progress | Result, None, None]:
    """How far the work is, again and again, and at last what came of it.

    It ends early when nobody listens any more. What it raises is raised here.
    """
    news: SimpleQueue[Progress | None] = SimpleQueue()
    is_over = Event()

    def tell(now: Progress) -> None:
        if is_over.is_set():
            raise _NobodyListens
        news.put(now)

    with ThreadPoolExecutor(1, thread_name_prefix="making") as pool:
        task = pool.submit(work, tell)
        task.add_done_callback(lambda _task: news.put(None))
        try:
            while (now := _newest(news)) is not None:
                yield now
        finally:
            is_over.set()
        yield task.result()


def _newest(news: SimpleQueue[Progress | None]) -> Progress | None:
    """What was told last; waits until there is something."""
    now = news.get()
    while now is not None and not news.empty():
        now = news.get()
    return now
