"""How well faces are grouped by person: ours as shipped, and what others use at its very best.

DATA is a folder of `Person/image`, or an .npz with `names` ("Person/image"), `enc` and `mirrored`
(both (n, 128)). On each photo the face nearest the middle counts. Every photo counts: one without a
face, and a face that is left out or in no cluster, is a cluster of one. PEOPLE takes so many people
at random, by SEED (0); SEEDS draws more than once.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.clustering_ours import ours
from benchmarks.clustering_rivals import RIVALS, best_figures
from benchmarks.clustering_scores import Labels, scores
from benchmarks.convention import OURS, Figures, asked, note, report, whole_number
from benchmarks.people_encodings import PeopleEncodings, read_npz
from benchmarks.people_photos import read_people

_KINDS = ("pairwise", "bcubed")

Group = Callable[[PeopleEncodings], Labels]


@dataclass(frozen=True)
class Draw:
    """The figures of one set of people; a rival that could not be tried has none."""

    ours: Figures
    rivals: Mapping[str, Figures | None]


def main() -> None:
    """Measure all sides and print the result."""
    about = "How well faces are grouped by person."
    report(*over([figures(people, ours) for people in given_people(about)]))


def given_people(about: str) -> Iterator[PeopleEncodings]:
    """Who was asked for by DATA, PEOPLE, SEED and SEEDS: all at once, or some, draw after draw.

    Raises:
        SystemExit: there is no DATA, or nobody in it.
    """
    given = asked(about, file_type=".npz")
    if given.data is None:
        raise SystemExit("whose faces? say DATA=folder, one of Person/image, or an .npz")
    count, seed, seeds = (whole_number(*of) for of in (("PEOPLE", 0), ("SEED", 0), ("SEEDS", 1)))
    everyone = read(given.data)
    if not count:
        note(_counted(everyone))
        yield everyone
        return
    for drawn in range(seed, seed + max(1, seeds)):
        people = everyone.of_some_people(count, rng=np.random.default_rng(drawn))
        note(f"seed {drawn}: {_counted(people)}")
        yield people


def read(data: Path) -> PeopleEncodings:
    """The photos of a folder, or the encodings in a file."""
    return read_people(data) if data.is_dir() else read_npz(data)


def figures(people: PeopleEncodings, ours: Group) -> Draw:
    """What one set of people gives.

    `behind_pairwise_f` and `behind_bcubed_f` are how far ours is below the best rival's best
    setting, below 0 if it is above.
    """
    truth = people.people
    told = scores(truth, ours(people))
    note(f"  {OURS}: {_shown(told)}")
    rivals = {}
    for name, rival in RIVALS.items():
        rivals[name] = best_figures(rival(people))
        note(f"  {name}: {_shown(rivals[name])}")
    behind = {
        f"behind_{key}": max(best[key] for best in rivals.values() if best) - told[key]
        for key in (f"{kind}_f" for kind in _KINDS)
        if any(rivals.values())
    }
    counted = {
        "faces": len(people.names),
        "people": int(truth.max()) + 1,
        "without_face": int(np.count_nonzero(~people.found)),
    }
    return Draw(counted | told | behind, rivals)


def over(draws: Sequence[Draw]) -> tuple[Figures, dict[str, Figures | None]]:
    """Medians over the draws, but of `behind_` the largest: the draw that is worst for ours."""
    told = _medians([draw.ours for draw in draws])
    worst = {
        key: max(draw.ours[key] for draw in draws) for key in told if key.startswith("behind_")
    }
    rivals = {}
    for name in draws[0].rivals:
        tried = [draw.rivals[name] for draw in draws]
        could = [best for best in tried if best is not None]
        rivals[name] = _medians(could) if len(could) == len(tried) else None
    return {**told, **worst}, rivals


def _medians(draws: Sequence[Figures]) -> Figures:
    return {key: statistics.median(figures[key] for figures in draws) for key in draws[0]}


def _shown(told: Figures | None) -> str:
    if told is None:
        return "could not be tried"
    return ", ".join(f"{kind} F {told[f'{kind}_f']:.4f}{_at(told, kind)}" for kind in _KINDS)


def _at(told: Figures, kind: str) -> str:
    """The setting, where there is one."""
    names = (f"{kind}_f_setting", f"{kind}_f_min_samples")
    set_to = [f"{told[name]:g}" for name in names if name in told]
    return f" (at {', '.join(set_to)})" if set_to else ""


def _counted(people: PeopleEncodings) -> str:
    without_face = np.count_nonzero(~people.found)
    return f"{len(people.names)} photos, {without_face} of them without a face"


if __name__ == "__main__":
    main()
