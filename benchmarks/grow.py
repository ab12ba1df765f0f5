"""Adding people to a version, one after the other, beside learning all of them from the start.

DATA is a folder of `Person/image`, or an .npz with `names` ("Person/image"), `enc` and `mirrored`.
Whoever has three photos or more is one of the people, whoever has one is a stranger. Without DATA
PEOPLE (1,000) people with FACES (5,000) faces, and as many strangers, are drawn. ADDED (10) of the
people are added one by one. Who serves for what and who is added is drawn DRAWS (5) times, and
medians are told. The version that grew is told under plain keys, the one that learned everybody
from the start under `rivals`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median

import numpy as np

from benchmarks.convention import Figures, asked, note, report, whole_number
from benchmarks.grow_data import drawn, of_encodings, without
from benchmarks.identify_scores import Answers, figures
from benchmarks.people_encodings import read_npz
from benchmarks.people_photos import read_people
from faces.identify import Identifier
from faces.settings import Settings
from faces.versions import ModelVersion
from training.dataset import DataSet, Part
from training.drafting import learned

_WHENEVER = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Measure both and print the result."""
    import training.learner  # noqa: F401  # torch takes seconds to import, which do not count

    data_of = _asked_data()
    added, draws = whole_number("ADDED", 10, least=1), whole_number("DRAWS", 5, least=1)
    drawn_before = data_of(0)
    if added >= len(drawn_before.people) - 1:
        raise SystemExit(f"of {len(drawn_before.people)} people {added} cannot be added")
    counted = {
        "people": len(drawn_before.people),
        "faces": len(drawn_before.faces),
        "added": added,
        "draws": draws,
    }
    measured = [_measured(data_of(seed), added, seed) for seed in range(draws)]
    ours, scratch = (medians([one[place] for one in measured]) for place in (0, 1))
    report({**counted, **ours}, {"from_scratch": scratch})


def medians(draws: Sequence[Figures]) -> dict[str, float]:
    """The median over the draws, figure by figure."""
    return {key: median(one[key] for one in draws) for key in draws[0]}


def _measured(data: DataSet, count: int, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """Of one draw what the version that grew gives, and what that from the start gives."""
    added = np.random.default_rng(seed).choice(len(data.people), size=count, replace=False).tolist()
    version, _, _ = _timed(without(data, added), None)
    steps = []
    for left in range(count - 1, -1, -1):
        version, *took = _timed(without(data, added[:left]), version)
        if version.lineage is None or not version.lineage.new:
            raise SystemExit("so few people and faces are learned from the start: give more")
        steps.append(took)
    scratch, scratch_s, scratch_cpu_s = _timed(data, None)
    times = {
        "grow_s": median(seconds for seconds, _ in steps),
        "grow_cpu_s": median(seconds for _, seconds in steps),
        "from_scratch_s": scratch_s,
        "from_scratch_cpu_s": scratch_cpu_s,
    }
    ours = times | _figures(version, data, added)
    note(f"  draw {seed + 1}: {', '.join(f'{key} {value:.4f}' for key, value in ours.items())}")
    return ours, _figures(scratch, data, added)


def _asked_data() -> Callable[[int], DataSet]:
    """What there is to learn from, for a seed."""
    given = asked("Adding people to a version.", file_type=".npz")
    if given.data is None:
        people, faces = whole_number("PEOPLE", 1000, least=3), whole_number("FACES", 5000, least=3)
        if faces < 5 * people:
            raise SystemExit(f"{people} people need {5 * people} faces at least, not {faces}")
        return lambda seed: drawn(people, faces, seed=seed)
    read = read_people(given.data) if given.data.is_dir() else read_npz(given.data)
    return lambda seed: of_encodings(read, seed=seed)


def _timed(data: DataSet, parent: ModelVersion | None) -> tuple[ModelVersion, float, float]:
    """A version, and the seconds that it took, on the clock and of the processors."""
    start, worked = time.perf_counter(), time.process_time()
    version = learned(
        data,
        now=_WHENEVER,
        parent=parent,
        seed=0,
        strangers_accepted=Settings.model_fields["strangers_accepted"].default,
        report=lambda _: None,
    )
    return version, time.perf_counter() - start, time.process_time() - worked


def _figures(version: ModelVersion, data: DataSet, added: list[int]) -> dict[str, float]:
    """How it answers the test faces: all of them, and those of the added people."""
    test = data.samples(Part.TEST)
    found = [likeliest[0] for likeliest in Identifier(version).likeliest(test.rows, 1)]
    scores = np.array([score for _, score in found])
    names = np.array([person for person, _ in found])
    own = np.array([*(person.id for person in data.people), ""])[test.labels]
    right = names == own
    of_strangers = scores[~test.known]
    all_of_them = Answers(
        right[test.known],
        scores[test.known],
        of_strangers,
        accepted=of_strangers >= version.threshold,
    )
    is_added = np.isin(test.labels, added)
    return {**figures(all_of_them), "added_rank1": float(right[is_added].mean())}


if __name__ == "__main__":
    main()
