"""The rival of the benchmark `cluster_speed`: FOLDER EPS MIN_SAMPLES MOST_SECONDS MOST_GB.

scikit-learn's DBSCAN as tutorials call it for faces, with all cores.
"""

from __future__ import annotations

import resource
import signal
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.cluster import DBSCAN

from benchmarks.convention import tell

_BYTES_PER_GB = 1_000_000_000


def run(folder: Path, *, eps: float, min_samples: int) -> dict[str, float]:
    """Group all faces; labels.npy gets the groups, noise as groups of one."""
    rows = np.load(folder / "plain.npy")
    since = time.perf_counter()
    grouped = DBSCAN(eps=eps, min_samples=min_samples, metric="euclidean", n_jobs=-1).fit(rows)
    seconds = time.perf_counter() - since
    labels = grouped.labels_.astype(np.intp)
    noise = labels < 0
    labels[noise] = len(labels) + np.flatnonzero(noise)
    np.save(folder / "labels.npy", labels)
    return {"clustering_s": seconds}


def _limit(*, seconds: int, gb: int) -> None:
    """End this process once it takes longer, wherever it is; refuse it more memory than that."""
    signal.alarm(seconds)
    most = gb * _BYTES_PER_GB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    _folder, _eps, _min_samples, _seconds, _gb = sys.argv[1:]
    _limit(seconds=int(_seconds), gb=int(_gb))
    try:
        tell(run(Path(_folder), eps=float(_eps), min_samples=int(_min_samples)))
    except MemoryError as error:
        sys.exit(f"out of memory: {error}")
