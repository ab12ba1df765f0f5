import re
from collections.abc import Iterator

import numpy as np
import pytest

from faces.density import dbscan
from faces.errors import SetupError
from sync import dask_readers
from sync.dask_blocks import blocks_on

distributed = pytest.importorskip("distributed")

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two workers on this machine."""
    with dask_readers.local_cluster(2) as started:
        yield started.scheduler_address


def test_blocks_on_a_cluster_give_the_clusters_that_threads_give(cluster: str) -> None:
    random = np.random.default_rng(0)
    middles = random.normal(size=(20, 8))
    rows = middles[random.integers(0, 20, 3000)] + random.normal(scale=0.1, size=(3000, 8))
    rows = rows.astype(np.float32)
    with blocks_on(cluster, jobs=0) as mapped:
        there = dbscan(rows, reach=0.05, min_samples=3, mapped=mapped, block_rows=512)
    here = dbscan(rows, reach=0.05, min_samples=3)
    assert there.labels.max() > 0
    np.testing.assert_array_equal(there.labels, here.labels)
    np.testing.assert_array_equal(there.core, here.core)


def test_a_scheduler_that_does_not_answer_is_told_in_one_line() -> None:
    with (
        pytest.raises(
            SetupError, match=re.escape("no Dask scheduler answers at tcp://127.0.0.1:9")
        ),
        blocks_on("tcp://127.0.0.1:9", jobs=0),
    ):
        pass
