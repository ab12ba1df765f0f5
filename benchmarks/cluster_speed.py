"""How long N faces take to be grouped, and in how much memory: ours, and scikit-learn's DBSCAN.

The faces are synthetic, one person has three in ten. Seconds are those of the grouping alone: each
side has a process of its own, which has its encodings in memory before the clock starts. What it
holds of them counts for its memory. ROUNDS is 3 up to 20,000 faces, and 1 with more, unless given.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.clustering_scores import Labels, scores
from benchmarks.convention import (
    OURS,
    Figures,
    Side,
    asked,
    in_own_process,
    in_turn,
    note,
    python_module,
    report,
    whole_number,
)
from benchmarks.synthetic_faces import same_photo_pairs, synthetic_faces

RIVAL = "dbscan"
EPS, MIN_SAMPLES = 0.4, 4
"""The rival's: eps is the best for pairwise F on the 9,525 faces of Labeled Faces in the Wild."""
MOST_SECONDS, MOST_GB = 600, 16
"""What the rival may take."""
_FEW = 20_000
_MOST_TRIED = 200_000
_SEED = 0
_STAGES = ("import_s", "cut_s", "rows_s", "grouping_s")


def main() -> None:
    """Measure both sides and print the result."""
    count = whole_number("N", 10_000, least=1)
    os.environ.setdefault("ROUNDS", "3" if count <= _FEW else "1")
    given = asked("Seconds and memory from encodings to groups of faces.")
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        note(f"making {count} faces")
        people = make_faces(Path(beside), count)
        ours, theirs = measure(Path(beside), people, rounds=given.rounds)
    counted = {"faces": count, "people": len(np.unique(people))}
    beside_ours = {
        "theirs_s": theirs["seconds"] if theirs else None,
        "theirs_mb": theirs["peak_mb"] if theirs else None,
    }
    report({**counted, **ours, **beside_ours}, {RIVAL: theirs})


def make_faces(folder: Path, count: int) -> Labels:
    """Write plain.npy, mirrored.npy and apart.npy; whose each face is, (count,)."""
    people = synthetic_faces(count, seed=_SEED, folder=folder).people
    np.save(folder / "apart.npy", same_photo_pairs(people, rng=np.random.default_rng(_SEED)))
    return people


def measure(
    folder: Path, people: Labels, *, rounds: int
) -> tuple[dict[str, float], dict[str, float] | None]:
    """Both sides, in turn if they are few faces; of more, the rival is tried once, if at all."""
    stages: list[Figures] = []
    ours = _side("benchmarks.cluster_speed_ours", folder, people, stages=stages)
    theirs = _side(
        "benchmarks.cluster_speed_dbscan", folder, people, EPS, MIN_SAMPLES, MOST_SECONDS, MOST_GB
    )
    if len(people) <= _FEW:
        medians = in_turn({OURS: ours, RIVAL: theirs}, rounds=rounds)
    else:
        medians = in_turn({OURS: ours}, rounds=rounds) | _tried(theirs, len(people))
    told = {key: statistics.median(run[key] for run in stages) for key in _STAGES}
    return {**medians[OURS], **told}, medians.get(RIVAL)


def _side(
    module: str,
    folder: Path,
    people: Labels,
    *settings: object,
    stages: list[Figures] | None = None,
) -> Side:
    """A side by its module; `stages` gets what ours tells beyond that."""
    command = python_module(module, folder, *settings)

    def run() -> dict[str, float]:
        told = in_own_process(command)
        if stages is not None:
            stages.append(told)
        fit = scores(people, np.load(folder / "labels.npy"))
        return {
            "seconds": told["clustering_s"],
            "peak_mb": told["peak_mb"],
            "clusters": fit["clusters"],
            "pairwise_f": fit["pairwise_f"],
            "bcubed_f": fit["bcubed_f"],
        }

    return run


def _tried(theirs: Side, count: int) -> dict[str, dict[str, float]]:
    """The rival's figures, or none, and why."""
    if count > _MOST_TRIED:
        note(f"{RIVAL}: not tried with {count} faces: it keeps all neighbours of all faces")
        return {}
    try:
        return in_turn({RIVAL: theirs}, rounds=1)
    except SystemExit as error:
        note(f"{RIVAL}: none with {MOST_GB} GB and {MOST_SECONDS} seconds: {error}")
        return {}


if __name__ == "__main__":
    main()
