"""Photos a second from files to clusters: detect, encode and cluster, start-up included.

Without DATA on the pages of the demo's album. Ours is what `faceloop cluster` does, into a new
store, with previews and crops. The rival reads the same photos with `face_recognition`, in as many
processes, and groups them with scikit-learn's DBSCAN at the same setting.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.convention import (
    OURS,
    Side,
    asked,
    in_own_process,
    in_turn,
    note,
    python_module,
    report,
)
from faceloop.demo_album import make_album
from faces.settings import Settings

RIVAL = "face_recognition"


def main() -> None:
    """Measure both sides and print the result."""
    given = asked("Photos a second through detect, encode and cluster.")
    processes = os.cpu_count() or 1
    with _photos(given.data) as folder:
        note(f"{folder}, {processes} processes, {given.rounds} rounds")
        sides = {
            OURS: _side("benchmarks.pipeline_ours", folder, processes=processes),
            RIVAL: _side("benchmarks.pipeline_face_recognition", folder, processes=processes),
        }
        medians = in_turn(sides, rounds=given.rounds)
    ours = medians.pop(OURS)
    report({**ours, "processes": processes}, medians)


@contextmanager
def _photos(data: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or the demo's album made for this once."""
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        note("making the demo's album")
        yield make_album(Path(beside) / "demo").folder


def _side(module: str, folder: Path, *, processes: int) -> Side:
    """A side by its module; all sides get the settings that faceloop is shipped with."""
    shipped = Settings.model_fields
    settings = (shipped["eps"].default, shipped["min_samples"].default)
    command = python_module(module, folder, processes, *settings)

    def measure() -> dict[str, float]:
        figures = in_own_process(command)
        return {**figures, "photos_per_s": figures["photos"] / figures["seconds"]}

    return measure


if __name__ == "__main__":
    main()
