"""The rival of the benchmark `ingest`: FOLDER PROCESSES; reads a slice for each line that it gets.

A line is two numbers, the first photo and the one after the last; the answer is one line of JSON.
The processes that read stay from slice to slice, so their start is counted once, in the first.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.convention import tell
from benchmarks.face_recognition_photos import encodings_of


def main(folder: Path, *, processes: int) -> None:
    """Read the slices asked for on standard input, until it ends."""
    files = sorted(folder.glob("*.jpg"))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for line in sys.stdin:
            start, stop = map(int, line.split())
            found = [rows for rows in pool.map(encodings_of, files[start:stop]) if rows is not None]
            tell({"photos": len(found), "faces": sum(map(len, found))})


if __name__ == "__main__":
    _folder, _processes = sys.argv[1:]
    main(Path(_folder), processes=int(_processes))
