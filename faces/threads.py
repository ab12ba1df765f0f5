"""Work in blocks on all processors: numpy lets others run while it computes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from itertools import chain, islice
from typing import TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from faces.records import FloatRows

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_ROW_BY_ROW = 8
"""So many rows are multiplied faster one by one."""


def by_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """`map` on all processors, a thread each; results come in order, items are taken as needed.

    A single item needs no thread beside ours, and starting one takes longer than a small block.
    """
    processors = len(os.sched_getaffinity(0))
    under_way: deque[Future[_Result]] = deque()
    left = iter(items)
    first = list(islice(left, 2))
    with products_by_one_thread():
        if len(first) < 2:
            yield from map(function, first)
            return
    with products_by_one_thread(), ThreadPoolExecutor(processors) as pool:
        for item in chain(first, left):
            under_way.append(pool.submit(function, item))
            if len(under_way) > processors:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def products_by_one_thread() -> AbstractContextManager[object]:
    """Within this, a matrix product runs on one thread: for small ones waiting costs more."""
    limited: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limited


def products(rows: FloatRows, others: FloatRows) -> FloatRows:
    """The product of each row with each other, (k, d) and (n, d) -> (k, n)."""
    if len(rows) > _ROW_BY_ROW:
        return rows @ others.T
    return np.array([others @ row for row in rows])


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
