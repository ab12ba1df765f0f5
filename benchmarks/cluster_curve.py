"""The scores of plain DBSCAN against eps, and of ours against its cut, for the documents' picture.

DATA as in `bench-cluster-quality`, and PEOPLE and SEED too. The last line of JSON has of each side
lists of equal length: `cut` (for DBSCAN its eps, for ours how many times the cut that faceloop
finds), `pairwise_f` and `bcubed_f`; and `shipped`, both scores of the groups that faceloop makes by
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from benchmarks.cluster_quality import given_people
from benchmarks.clustering_ours import ours, ours_at
from benchmarks.clustering_rivals import dbscan_labels, links_of, of_all_photos
from benchmarks.clustering_scores import Labels, scores
from benchmarks.convention import note_progress, tell
from benchmarks.people_encodings import PeopleEncodings

MIN_SAMPLES = 4
"""What tutorials use."""
CUTS = tuple(round(0.2 + step / 100, 2) for step in range(51))
OUR_CUTS = tuple(round(0.25 + step / 20, 2) for step in range(46))

_F = ("pairwise_f", "bcubed_f")

GroupAt = Callable[[float], Labels]
"""The clusters of all photos at a cut, (n,)."""


def main() -> None:
    """Measure both sides at all cuts and print the result."""
    people = next(given_people("Scores of DBSCAN against eps, and of ours against its cut."))
    links = links_of(people.plain[people.found])

    def dbscan_at(eps: float) -> Labels:
        return of_all_photos(dbscan_labels(links, eps, min_samples=MIN_SAMPLES), people)

    near = [eps for eps in CUTS if eps <= links.reach]
    told = scores(people.people, ours(people))
    tell(
        {
            "faces": len(people.names),
            "dbscan": curve("DBSCAN", people, near, dbscan_at),
            "ours": curve("faceloop", people, OUR_CUTS, partial(ours_at, people)),
            "shipped": {f: round(told[f], 6) for f in _F},
        }
    )


def curve(
    name: str, people: PeopleEncodings, cuts: Sequence[float], group: GroupAt
) -> dict[str, list[float]]:
    """Both scores at each cut."""
    truth = people.people
    progress = note_progress(f"{name}: cuts")
    told = []
    for done, cut in enumerate(cuts):
        told.append(scores(truth, group(cut)))
        progress(done + 1, len(cuts))
    return {"cut": list(cuts)} | {f: _digits(one[f] for one in told) for f in _F}


def _digits(values: Iterable[float]) -> list[float]:
    return [round(value, 6) for value in values]


if __name__ == "__main__":
    main()
