"""Our side of the benchmark `cluster_speed`: FOLDER."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.convention import tell


def run(folder: Path) -> dict[str, float]:
    """Find the cut and group all faces, as a full run does; labels.npy gets the groups."""
    clock = [time.perf_counter()]
    import numpy as np

    from faces.beginnings import NO_PAIRS
    from faces.cut import identity_rows_at
    from faces.cut_finding import find_cut
    from faces.grouping import Grouping

    clock.append(time.perf_counter())
    plain, mirrored, apart = (
        np.load(folder / f"{name}.npy") for name in ("plain", "mirrored", "apart")
    )
    loaded = time.perf_counter()
    clock.append(loaded)
    cut = find_cut(plain, mirrored, apart=apart)
    clock.append(time.perf_counter())
    rows = identity_rows_at(cut, plain, mirrored)
    clock.append(time.perf_counter())
    labels = Grouping.of(rows, cut, together=NO_PAIRS, apart=apart).labels
    clock.append(time.perf_counter())
    np.save(folder / "labels.npy", labels)
    took = np.diff(clock).tolist()
    stages = dict(zip(("import_s", "load_s", "cut_s", "rows_s", "grouping_s"), took, strict=True))
    return {**stages, "clustering_s": clock[-1] - loaded}


if __name__ == "__main__":
    (_folder,) = sys.argv[1:]
    tell(run(Path(_folder)))
