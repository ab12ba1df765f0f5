"""Adding people to a version, one after the other, beside learning all of them from the start.

DATA is a folder of `Person/image`, or an .npz with `names` ("Person/image"), `enc` and `mirrored`.
Whoever has three photos or more is one of the people, whoever has one is a stranger. Without DATA
PEOPLE (1,000) people with FACES (5,000) faces, and as many strangers, are drawn. ADDED (10) of the
people are added one by one. The version that grew is told under plain keys, the one that learned
everybody from the start under `rivals`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median

import numpy as np

from benchmarks.convention import asked, note, report, whole_number
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

    data = _asked_data()
    added_one_by_one = whole_number("ADDED", 10, least=1)
    if added_one_by_one >= len(data.people) - 1:
        raise SystemExit(f"of {len(data.people)} people {added_one_by_one} cannot be added")
    rng = np.random.default_rng(0)
    added = rng.choice(len(data.people), size=added_one_by_one, replace=False).tolist()
    version, _, _ = _timed(without(data, added), None)
    steps = []
    for left in range(len(added) - 1, -1, -1):
        version, *took = _timed(without(data, added[:left]), version)
        if version.lineage is None or not version.lineage.new:
            raise SystemExit("so few people and faces are learned from the start: give more")
        note(f"  one more of {len(version.people)} people: {took[0]:.2f} s")
        steps.append(took)
    scratch, scratch_s, scratch_cpu_s = _timed(data, None)
    counted = {
        "people": len(data.people),
        "faces": len(data.faces),
        "added": len(added),
        "grow_s": median(seconds for seconds, _ in steps),
        "grow_cpu_s": median(seconds for _, seconds in steps),
        "from_scratch_s": scratch_s,
        "from_scratch_cpu_s": scratch_cpu_s,
    }
    told = {name: _figures(one, data, added) for name, one in (("", version), ("s", scratch))}
    report({**counted, **told[""]}, {"from_scratch": told["s"]})


def _asked_data() -> DataSet:
    given = asked("Adding people to a version.", file_type=".npz")
    if given.data is None:
        people, faces = whole_number("PEOPLE", 1000, least=3), whole_number("FACES", 5000, least=3)
        if faces < 5 * people:
            raise SystemExit(f"{people} people need {5 * people} faces at least, not {faces}")
        return drawn(people, faces, seed=0)
    read = read_people(given.data) if given.data.is_dir() else read_npz(given.data)
    return of_encodings(read, seed=0)


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
