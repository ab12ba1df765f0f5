"""How many actions it takes until every face has its right name: our desk, and others' ways.

DATA is a folder of `Person/image`, or an .npz as for `cluster_quality`. A simulated annotator knows
who everybody is and answers what is asked, in the order in which it is asked. People with one photo
are strangers. SLICE=10 takes only people with ten photos or more. One price for all sides: choosing
or typing a name, marking or moving a face, and submitting an answer are one action each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.cluster_quality import read
from benchmarks.convention import OURS, Figures, asked, note, report
from benchmarks.effort_data import Collection, as_collages, collection_of
from benchmarks.effort_desk import Session, worked
from benchmarks.effort_rivals import RIVALS, Named, best_dbscan

_SLICES = {"all": 1, "10": 10}
_OVERLOOKS = 0.1
_SEED = 0
_POINTS = 150
_OF_OTHER_WAYS = ("actions", "actions_per_face", "share_right", "keys_and_clicks")
"""What is told of a session under other conditions."""


def main() -> None:
    """Measure all sides and print the result."""
    given = asked("How many actions it takes to name everybody.", file_type=".npz")
    if given.data is None:
        raise SystemExit("whose faces? say DATA=folder, one of Person/image, or an .npz")
    collection = collection_of(read(given.data), fewest=_SLICES[_slice()])
    note(f"{len(collection.faces)} faces, {collection.people} people with a name")
    ours, rivals, curves = measured(collection)
    report(ours, rivals, curves=curves)


def measured(
    collection: Collection,
) -> tuple[Figures, dict[str, Figures], dict[str, Sequence[tuple[int, int]]]]:
    """Our figures, the rivals', and of each side the way there: actions, and faces right."""
    session = worked(collection)
    _tell(OURS, session.figures())
    collages = as_collages(collection, rng=np.random.default_rng(_SEED))
    overlooking = worked(collection, overlooks=_OVERLOOKS, seed=_SEED)
    ours = {
        **session.figures(),
        **_under("at_once", worked(collection, lag=0).figures()),
        **_under("overlooking", overlooking.figures()),
        **_under("collages", worked(collages).figures()),
    }
    _tell(OURS, ours)
    sides: dict[str, Session | Named] = {OURS: session}
    rivals: dict[str, Figures] = {}
    labels, of_collages = best_dbscan(collection), best_dbscan(collages)
    for name, rival in RIVALS.items():
        named = rival(collection, labels)
        sides[name] = named
        in_collages = _under("collages", rival(collages, of_collages).figures())
        rivals[name] = named.figures() | in_collages
        _tell(name, rivals[name])
    return ours, rivals, {name: thinned(side.curve) for name, side in sides.items()}


def thinned(curve: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """So many points that a drawing shows no difference, the last one among them."""
    step = max(1, len(curve) // _POINTS)
    return [*curve[:-1:step], *curve[-1:]]


def _under(name: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"{name}_{key}": figures[key] for key in _OF_OTHER_WAYS}


def _tell(side: str, figures: Figures) -> None:
    note(f"  {side}: " + ", ".join(f"{key} {value:.6g}" for key, value in figures.items()))


def _slice() -> str:
    """Which people are asked for.

    Raises:
        SystemExit: nobody knows such a slice.
    """
    told = os.environ.get("SLICE") or "all"
    if told not in _SLICES:
        raise SystemExit(f"SLICE is one of {', '.join(_SLICES)}, not {told!r}")
    return told


if __name__ == "__main__":
    main()
