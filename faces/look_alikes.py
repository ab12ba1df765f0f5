"""Who is often taken for whom, by what people said: nobody of them is chosen for another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from faces.records import Confirmation, FaceId, PersonId

LookAlikes = Mapping[PersonId, frozenset[PersonId]]
"""For each person those they are often taken for; both ways."""

_FEWEST, _SHARE = 2, 0.05
"""Often is so many faces, and so large a share of the faces of whoever has fewer."""


def look_alikes_of(
    confirmed: Mapping[FaceId, Confirmation],
    rejected: Mapping[FaceId, Iterable[PersonId]],
    apart: Iterable[tuple[FaceId, FaceId]],
) -> dict[PersonId, frozenset[PersonId]]:
    """The people whose faces were often said not to be the other, or not the same as the other's.

    A single face thrown out of a page is a slip of the machine, and tells of no likeness.
    """
    person_of = {face: said.person for face, said in confirmed.items()}
    refused = Counter(
        frozenset((person_of[face], other))
        for face, others in rejected.items()
        if face in person_of
        for other in others
        if other != person_of[face]
    )
    sizes = Counter(person_of.values())
    found: dict[PersonId, set[PersonId]] = defaultdict(set)
    told_apart = _told_apart(person_of, apart)
    for pair in refused.keys() | told_apart.keys():
        one, other = sorted(pair)
        often = max(_FEWEST, _SHARE * min(sizes[one], sizes[other]))
        if max(refused[pair], told_apart.get(pair, 0)) >= often:
            found[one].add(other)
            found[other].add(one)
    return {person: frozenset(others) for person, others in sorted(found.items())}


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
