"""Naming faces when most people are strangers: ours as shipped, and what others use.

DATA is a folder of `Person/image`, or an .npz with `names` ("Person/image"), `enc` and `mirrored`
(both (n, 128)). Whoever has ten photos or more is known by SHOTS (3) of them, drawn DRAWS (5)
times, and met in the others; whoever has one photo is a stranger. A project knows some strangers
itself: ours learns from and is calibrated with half of them and meets the other half, then the
other way round, so that it meets each of them, and none that it knows. Rivals meet all at once.
RIVALS=all also trains a network on the photos.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.convention import OURS, Figures, asked, note, report, whole_number
from benchmarks.identify_draws import Draw, draws
from benchmarks.identify_ours import ours
from benchmarks.identify_rivals import RIVALS
from benchmarks.identify_scores import Answers, figures
from benchmarks.people_encodings import PeopleEncodings, read_npz
from benchmarks.people_photos import boxes_of_people, read_people

Side = Callable[[PeopleEncodings, Draw], Answers]


def main() -> None:
    """Measure all sides and print the result."""
    given = asked("Naming faces when most people are strangers.", file_type=".npz")
    if given.data is None:
        raise SystemExit("whose faces? say DATA=folder, one of Person/image, or an .npz")
    people = read_people(given.data) if given.data.is_dir() else read_npz(given.data)
    shots, count = whole_number("SHOTS", 3), whole_number("DRAWS", 5)
    drawn = draws(people, shots=shots, count=count)
    first = drawn[0]
    counted = {
        "people": first.people,
        "strangers": len(first.strangers_met),
        "faces_met": len(first.met),
        "shots": shots,
        "draws": count,
    }
    note(", ".join(f"{name} {value}" for name, value in counted.items()))
    sides: dict[str, Side] = {OURS: ours, **RIVALS}
    told = {name: _measured(side, name, people, drawn) for name, side in sides.items()}
    rivals: dict[str, Figures | None] = {name: told[name] for name in RIVALS}
    if os.environ.get("RIVALS") == "all":
        rivals["resnet18"] = _network(given.data, first)
    report({**counted, **told[OURS]}, rivals)


def over(draws: Sequence[Figures]) -> Figures:
    """Means over the draws."""
    return {key: statistics.fmean(one[key] for one in draws) for key in draws[0]}


def _measured(side: Side, name: str, people: PeopleEncodings, drawn: Sequence[Draw]) -> Figures:
    """Means over the draws of what one side gives."""
    each = []
    for draw in drawn:
        each.append(figures(side(people, draw)))
        note(f"  draw {draw.number + 1}: {name}: {_shown(each[-1])}")
    return over(each)


def _network(data: Path, draw: Draw) -> Figures | None:
    """What a network does that learned from the photos of one draw; None without photos."""
    if not data.is_dir():
        return None
    from benchmarks.identify_network import resnet18_answers  # torch takes seconds to import

    told = figures(resnet18_answers(*boxes_of_people(data), draw))
    note(f"  draw {draw.number + 1}: resnet18: {_shown(told)}")
    return told


def _shown(told: Figures) -> str:
    return ", ".join(f"{key} {value:.4f}" for key, value in told.items())


if __name__ == "__main__":
    main()
