"""Work in blocks on all processors: numpy lets others run while it computes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def by_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """`map` on all processors, a thread each; results come in order, items are taken as needed."""
    processors = len(os.sched_getaffinity(0))
    under_way: deque[Future[_Result]] = deque()
    with products_by_one_thread(), ThreadPoolExecutor(processors) as pool:
        for item in items:
            under_way.append(pool.submit(function, item))
            if len(under_way) > processors:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def products_by_one_thread() -> AbstractContextManager[object]:
    """Within this, a matrix product runs on one thread: for small ones waiting costs more."""
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
