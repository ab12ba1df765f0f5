"""How long one more face takes once N are grouped, and whether the groups are those of a full run.

The faces are synthetic, one person has three in ten. N are grouped at the cut that is found for
them, then ADDED more (1,000) come one at a time: many of people who are there, some of people who
are new, some with others of their photo, which are other people then. One face in a thousand has
its own mirror image for such a partner (or a poster), so that what is said of them is wrong. A
face's milliseconds run from its encodings to its group. In the end all faces are grouped anew at
the same cut.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.clustering_scores import Labels, scores
from benchmarks.convention import Figures, note, note_progress, report, whole_number
from benchmarks.synthetic_faces import (
    Pairs,
    SyntheticFaces,
    mirror_pairs,
    same_photo_pairs,
    synthetic_faces,
)
from faces.beginnings import NO_PAIRS
from faces.cut import Cut, identity_rows_at
from faces.cut_finding import find_cut
from faces.grouping import Grouping

_SEED = 0
_MIRRORS = 0.001


@dataclass(frozen=True)
class Added:
    """The groups after faces were added one by one, (n,), and the milliseconds of each of them."""

    labels: Labels
    took_ms: npt.NDArray[np.float64]


def main() -> None:
    """Measure and print the result."""
    count, more = whole_number("N", 100_000, least=1), whole_number("ADDED", 1000, least=1)
    faces = synthetic_faces(count + more, seed=_SEED)
    report(figures(faces, count, apart=pairs_apart(faces.people, seed=_SEED)), {})


def pairs_apart(people: Labels, *, seed: int) -> Pairs:
    """Pairs of faces that are said to be two people, rightly and wrongly, (m, 2)."""
    rng = np.random.default_rng(seed)
    mirrors = mirror_pairs(people, share=_MIRRORS, rng=rng)
    return np.concatenate([same_photo_pairs(people, rng=rng), mirrors])


def figures(faces: SyntheticFaces, count: int, *, apart: Pairs) -> Figures:
    """What the benchmark tells, of all faces but the first `count` as those that are added."""
    among = apart[(apart < count).all(axis=1)]
    since = time.perf_counter()
    cut = find_cut(faces.plain[:count], faces.mirrored[:count], apart=among)
    rows = identity_rows_at(cut, faces.plain[:count], faces.mirrored[:count])
    grouping = Grouping.of(rows, cut, together=NO_PAIRS, apart=among)
    grouped_s = time.perf_counter() - since
    note(f"{count} faces grouped in {grouped_s:.1f} s")
    added = add_one_by_one(grouping, cut, faces, count, apart=apart)
    rows = identity_rows_at(cut, faces.plain, faces.mirrored)
    anew = Grouping.of(rows, cut, together=NO_PAIRS, apart=apart).labels
    percentiles = np.percentile(added.took_ms, (50, 99, 100))
    fit = scores(faces.people, added.labels)
    return {
        "faces": count,
        "added": len(added.took_ms),
        **dict(zip(("p50_ms", "p99_ms", "max_ms"), percentiles.tolist(), strict=True)),
        "differences": differences(added.labels, anew),
        "grouped_s": grouped_s,
        "pairwise_f": fit["pairwise_f"],
        "bcubed_f": fit["bcubed_f"],
    }


def add_one_by_one(
    grouping: Grouping, cut: Cut, faces: SyntheticFaces, count: int, *, apart: Pairs
) -> Added:
    """Add all faces but the first `count`, each with the pairs in which it is the later one."""
    later = apart.max(axis=1)
    took, progress = [], note_progress("faces added")
    for row in range(count, len(faces.people)):
        pairs = apart[later == row]
        since = time.perf_counter()
        rows = identity_rows_at(cut, faces.plain[row : row + 1], faces.mirrored[row : row + 1])
        grouping.add(rows, together=NO_PAIRS, apart=pairs)
        took.append(1000 * (time.perf_counter() - since))
        progress(row + 1 - count, len(faces.people) - count)
    return Added(np.asarray(grouping.labels, dtype=np.intp), np.array(took))


def differences(groups: Labels, others: Labels) -> int:
    """How many faces have other faces beside them in one grouping than in the other."""
    _, first, first_size = np.unique(groups, return_inverse=True, return_counts=True)
    _, second, second_size = np.unique(others, return_inverse=True, return_counts=True)
    _, cell, shared = np.unique(
        first * len(second_size) + second, return_inverse=True, return_counts=True
    )
    same = (shared[cell] == first_size[first]) & (shared[cell] == second_size[second])
    return int(np.count_nonzero(~same))


if __name__ == "__main__":
    main()
