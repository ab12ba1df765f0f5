"""How long a retrain takes: the head, an epoch of tuning the network, and taking up the version.

PEOPLE (158) people have FACES (4,324) faces together, as those with ten photos or more do in
Labeled Faces in the Wild; they are drawn. Each part runs in a process of its own. There is no
rival: a classifier of `face_recognition` keeps all encodings and learns nothing.
"""

from __future__ import annotations

import os

from benchmarks.convention import (
    OURS,
    asked,
    in_own_process,
    in_turn,
    python_module,
    report,
    whole_number,
)

_PARTS = ("head", "network", "load")


def main() -> None:
    """Measure all parts and print the result."""
    os.environ.setdefault("ROUNDS", "1")
    given = asked("How long a retrain takes.")
    people, faces = whole_number("PEOPLE", 158, least=2), whole_number("FACES", 4324, least=2)
    if faces < 5 * people:
        raise SystemExit(f"{people} people need {5 * people} faces at least, not {faces}")

    def ours() -> dict[str, float]:
        figures: dict[str, float] = {}
        peaks = {}
        for part in _PARTS:
            told = in_own_process(python_module("benchmarks.retrain_ours", part, people, faces))
            peaks[part] = told.pop("peak_mb")
            told.pop("seconds")
            figures |= told
        return figures | {"peak_mb": max(peaks.values()), "head_peak_mb": peaks["head"]}

    told = in_turn({OURS: ours}, rounds=given.rounds)
    report({"people": people, "faces": faces, **told[OURS]}, {})


if __name__ == "__main__":
    main()
