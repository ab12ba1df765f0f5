"""Who is often taken for whom, by people or a model: nobody of them is chosen for another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from faces.records import Confirmation, FaceId, PersonId

LookAlikes = Mapping[PersonId, frozenset[PersonId]]
"""For each person those they are often taken for; both ways."""

NO_LOOK_ALIKES: LookAlikes = {}

_FEWEST, _SHARE = 2, 0.05
"""Often is so many faces, and so large a share of the faces of whoever has fewer."""


def look_alikes_of(
    confirmed: Mapping[FaceId, Confirmation],
    rejected: Mapping[FaceId, Iterable[PersonId]],
    apart: Collection[tuple[FaceId, FaceId]],
) -> dict[PersonId, frozenset[PersonId]]:
    """The people whose faces were often said not to be the other, or not the same as the other's.

    A single face thrown out of a page is a slip of the machine, and tells of no likeness.
    """
    spoken_of = {*rejected, *(face for pair in apart for face in pair)}
    person_of = {face: confirmed[face].person for face in spoken_of if face in confirmed}
    refused = Counter(
        frozenset((person_of[face], other))
        for face, others in rejected.items()
        if face in person_of
        for other in others
        if other != person_of[face]
    )
    told_apart = _told_apart(person_of, apart)
    times = {
        pair: max(refused[pair], told_apart.get(pair, 0))
        for pair in refused.keys() | told_apart.keys()
    }
    sizes = Counter(said.person for said in confirmed.values()) if times else Counter()
    return both_ways(often_taken(times, sizes))


def often_taken(
    times: Mapping[frozenset[PersonId], int], sizes: Mapping[PersonId, int]
) -> list[tuple[PersonId, PersonId]]:
    """The pairs who were taken for each other often, by so many faces, of so many of each."""
    return sorted(
        (min(pair), max(pair))
        for pair, faces in times.items()
        if faces >= max(_FEWEST, _SHARE * min(sizes[person] for person in pair))
    )


def both_ways(
    pairs: Iterable[tuple[PersonId, PersonId]], beside: LookAlikes = NO_LOOK_ALIKES
) -> dict[PersonId, frozenset[PersonId]]:
    """For each person those whom these pairs, or what is given `beside` them, tell of."""
    found: dict[PersonId, set[PersonId]] = defaultdict(set)
    for person, others in beside.items():
        found[person] |= others
    for one, other in pairs:
        found[one].add(other)
        found[other].add(one)
    return {person: frozenset(others) for person, others in sorted(found.items())}


def joined(
    look_alikes: LookAlikes,
    pairs: Iterable[tuple[PersonId, PersonId]],
    resolve: Callable[[PersonId], PersonId],
) -> LookAlikes:
    """What people said and the pairs that a model took for each other, whoever they are by now."""
    now = [(resolve(one), resolve(other)) for one, other in pairs]
    distinct = [pair for pair in now if pair[0] != pair[1]]
    return both_ways(distinct, look_alikes) if distinct else look_alikes


def side_by_side(people: Iterable[PersonId], look_alikes: LookAlikes) -> Iterator[PersonId]:
    """These people in their order, each followed by whoever they are taken for."""
    told: set[PersonId] = set()
    for person in people:
        for one in (person, *sorted(look_alikes.get(person, ()))):
            if one not in told:
                told.add(one)
                yield one


def _told_apart(
    person_of: Mapping[FaceId, PersonId], apart: Iterable[tuple[FaceId, FaceId]]
) -> dict[frozenset[PersonId], int]:
    """For two people how many faces were told apart from the other's, of whom they are fewer."""
    sides: dict[tuple[PersonId, PersonId], set[FaceId]] = defaultdict(set)
    for first, second in apart:
        one, other = person_of.get(first), person_of.get(second)
        if one is not None and other is not None and one != other:
            sides[one, other].add(first)
            sides[other, one].add(second)
    return {
        frozenset(pair): min(len(faces), len(sides[pair[1], pair[0]]))
        for pair, faces in sides.items()
    }
