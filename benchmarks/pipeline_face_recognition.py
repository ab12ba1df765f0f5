"""The rival of the benchmark `pipeline`: FOLDER PROCESSES EPS MIN_SAMPLES.

`face_recognition` as its users write it, one photo after another in each process.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.cluster import DBSCAN

from benchmarks.convention import note_progress, tell
from benchmarks.face_recognition_photos import encodings_of
from sync.folder import find_photo_files


def run(folder: Path, *, processes: int, eps: float, min_samples: int) -> dict[str, int]:
    """Find the faces of a folder and group them; photos that cannot be opened are passed over."""
    files = [Path(file.root) / file.path for file in find_photo_files(folder)]
    progress = note_progress("photos")
    photos = 0
    rows: list[npt.NDArray[np.float64]] = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done, encodings in enumerate(pool.map(encodings_of, files), start=1):
            progress(done, len(files))
            photos += encodings is not None
            rows.extend(encodings or [])
    labels = DBSCAN(eps=eps, min_samples=min_samples).fit_predict(rows) if rows else np.array([])
    return {
        "photos": photos,
        "faces": len(rows),
        "clusters": len(set(labels.tolist()) - {-1}),
        "clustered_faces": int(np.count_nonzero(labels != -1)),
    }


if __name__ == "__main__":
    _folder, _processes, _eps, _min_samples = sys.argv[1:]
    tell(
        run(
            Path(_folder),
            processes=int(_processes),
            eps=float(_eps),
            min_samples=int(_min_samples),
        )
    )
