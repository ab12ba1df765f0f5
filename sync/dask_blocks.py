"""Blocks of comparisons given to the workers of a Dask cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from faces.density import Mapped
from faces.density_blocks import Block, Found
from faces.errors import SetupError
from sync.dask_readers import connected

if TYPE_CHECKING:
    import distributed

_BLOCKS_EACH = 2


@contextmanager
def blocks_on(scheduler: str, *, jobs: int) -> Iterator[Mapped]:
    """A `map` on the workers of the cluster at this address; `jobs` is for a local one.

    Raises:
        SetupError: Dask is not installed, nobody answers, or the cluster is lost meanwhile.
    """
    with connected(scheduler, jobs=jobs) as client:
        yield partial(_map_on, client)


def _map_on(
    client: distributed.Client, function: Callable[[Block], Found], blocks: Iterable[Block]
) -> Iterator[Found]:
    import distributed

    at_once = _BLOCKS_EACH * max(1, sum(client.nthreads().values()))
    under_way: deque[distributed.Future[Found]] = deque()
    try:
        for block in blocks:
            under_way.append(client.submit(function, block, pure=False))
            if len(under_way) > at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except (distributed.KilledWorker, distributed.CancelledError) as error:
        raise SetupError(
            "the Dask cluster lost its workers while faces were grouped; nothing is lost: "
            "run again once they are back, or without --scheduler"
        ) from error
    finally:
        client.cancel(list(under_way))
