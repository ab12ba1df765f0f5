"""Which faces are one person and which are two, as people said and as photos show.

What people said of each other's faces beats what photos show, and "not one person" beats "one
person, whoever it is" (`faces.bonds`). What contradicts is told, never hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from faces.bonds import A_STRANGER, Bound, Unit, bind
from faces.confirmations import Truth
from faces.contradictions import Contradiction, contradictions_in
from faces.records import NOBODY, STRANGER, FaceId, PersonId, PhotoId

IntPairs = npt.NDArray[np.intp]
"""Two rows each: (m, 2), the lower one first, each pair once, in ascending order."""
IntRows = npt.NDArray[np.intp]
"""A whole number for each row: (n,)."""


@dataclass(frozen=True)
class Constraints:
    """What must hold of any grouping of n rows, each of which is a face.

    `people` (n,) has the number of each row's person, NOBODY or STRANGER. Rows with the same number
    of a person are together; rows or clusters of which neither is NOBODY and whose numbers are not
    the same are apart, so that no pairs are needed for them. `persons[number]` is that person; a
    face with a name that is said not to be one with others of that name has a number of its own.
    `together` are rows that are one person without a name, as chains; `apart` are rows that are
    two. No two rows that are apart in either way are together by way of others.
    """

    people: IntRows
    persons: tuple[PersonId, ...]
    together: IntPairs
    apart: IntPairs
    contradictions: tuple[Contradiction, ...]


def constraints_of(
    faces: Sequence[FaceId],
    photo_of: Mapping[FaceId, PhotoId],
    truth: Truth,
    *,
    called: Mapping[PhotoId, str] | None = None,
) -> Constraints:
    """The constraints on rows of these faces; the order of the faces changes only the numbers.

    Together: the confirmed faces of one person, and what was said to be one person. Apart: two
    people, a stranger and a person, a face and whom it was said not to be, faces said to be apart,
    and the faces of one photo unless people said that they are one person. A disputed face is with
    nobody by its name, but still apart from the other faces of its photo. A chain of words holds
    also if a face in its middle has no row.

    `photo_of` needs every face; `called` is what people know the photos by in messages.

    Raises:
        ValueError: a face stands twice.
    """
    row_of = {face: row for row, face in enumerate(faces)}
    if len(row_of) != len(faces):
        raise ValueError("a face stands twice among the rows to be constrained")
    bound = bind(truth)
    groups = _groups(bound, truth, row_of)
    group_of_row = np.full(len(faces), NOBODY, dtype=np.intp)
    for number, group in enumerate(groups):
        group_of_row[[row_of[face] for face in group.faces]] = number
    apart, one_person = _apart_in_photos(faces, photo_of, group_of_row)
    excepted = _excepted(truth, row_of, len(faces))
    apart = apart[~np.isin(_codes(apart, len(faces)), excepted)]
    one_person = one_person[~np.isin(_codes(one_person, len(faces)), excepted)]
    return Constraints(
        people=_people(groups, row_of),
        persons=tuple(PersonId(group.kind) for group in groups if group.kind),
        together=_in_order(_chains(groups, row_of), len(faces)),
        apart=_in_order(np.concatenate([apart, _foes(bound, groups, row_of)]), len(faces)),
        contradictions=contradictions_in(
            truth,
            bound,
            _twice(one_person, group_of_row, faces, photo_of),
            photo_of=photo_of,
            called=called or {},
        ),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Units that are together by what people said.

    `kind` is their person, A_STRANGER or None; `faces` are those that have a row, one or more.
    """

    units: frozenset[Unit]
    kind: str | None
    faces: tuple[FaceId, ...]


def _groups(bound: Bound, truth: Truth, row_of: Mapping[FaceId, int]) -> list[_Group]:
    """Who is together by what people said, people first, in an order that rows do not change."""
    named: dict[Unit, list[FaceId]] = defaultdict(list)
    for face in row_of.keys() & bound.person_of.keys():
        named[bound.unit(face)].append(face)
    grouped = {unit for group in bound.groups for unit in group}
    of_a_kind = row_of.keys() & (truth.strangers | bound.foes.names.keys())
    alone = {*named, *map(bound.unit, of_a_kind)} - grouped
    found = []
    for units in (*bound.groups, *(frozenset((unit,)) for unit in alone)):
        faces = {FaceId(unit.id) for unit in units if unit.what == "face"} & row_of.keys()
        faces.update(face for unit in units for face in named.get(unit, ()))
        kinds = {kind for unit in units if (kind := bound.foes.kind(unit)) is not None}
        if faces:
            found.append(_Group(units, next(iter(kinds), None), tuple(sorted(faces))))
    return sorted(found, key=lambda group: (not group.kind, group.kind or "", group.faces))


def _people(groups: Sequence[_Group], row_of: Mapping[FaceId, int]) -> IntRows:
    """For each row the number of its person, NOBODY or STRANGER; people are the first groups."""
    people = np.full(len(row_of), NOBODY, dtype=np.intp)
    for number, group in enumerate(groups):
        if group.kind is not None:
            who = STRANGER if group.kind == A_STRANGER else number
            people[[row_of[face] for face in group.faces]] = who
    return people


def _chains(groups: Iterable[_Group], row_of: Mapping[FaceId, int]) -> IntPairs:
    """Each face of a group without a person with the next one."""
    links = [
        (row_of[face], row_of[after])
        for group in groups
        if not group.kind
        for face, after in pairwise(group.faces)
    ]
    return _pairs(links)


def _foes(bound: Bound, groups: Sequence[_Group], row_of: Mapping[FaceId, int]) -> IntPairs:
    """A pair of rows for each two units that may not meet and are there.

    A face that has no row is stood for by one that is together with it, as a person is.
    """
    stands_for = {unit: row_of[group.faces[0]] for group in groups for unit in group.units}
    stands_for |= {
        unit: row_of[face]
        for unit in bound.foes.pairs
        if unit.what == "face" and (face := FaceId(unit.id)) in row_of
    }
    return _pairs(
        [
            (stands_for[unit], stands_for[foe])
            for unit, foes in bound.foes.pairs.items()
            if unit in stands_for
            for foe in foes
            if foe in stands_for
        ]
    )


def _apart_in_photos(
    faces: Sequence[FaceId], photo_of: Mapping[FaceId, PhotoId], group_of_row: IntRows
) -> tuple[IntPairs, IntPairs]:
    """The pairs of rows that share a photo: those apart, and those one person by people's words."""
    number_of: dict[PhotoId, int] = {}
    numbers = [number_of.setdefault(photo_of[face], len(number_of)) for face in faces]
    photos = np.array(numbers, dtype=np.intp)
    by_photo = np.argsort(photos, kind="stable")
    sizes = np.bincount(photos)
    starts = np.cumsum(sizes) - sizes
    found = [_NO_PAIRS]
    for size in np.unique(sizes[sizes > 1]):
        rows = by_photo[starts[sizes == size][:, np.newaxis] + np.arange(size)]
        first, second = np.triu_indices(size, k=1)
        found.append(np.stack([rows[:, first].ravel(), rows[:, second].ravel()], axis=1))
    pairs = np.concatenate(found)
    first, second = group_of_row[pairs[:, 0]], group_of_row[pairs[:, 1]]
    one_person = (first == second) & (first != NOBODY)
    return pairs[~one_person], pairs[one_person]


def _excepted(truth: Truth, row_of: Mapping[FaceId, int], rows: int) -> npt.NDArray[np.int64]:
    """The pairs of one photo that people said may be one person, as codes."""
    there = [
        [row_of[face] for face in pair]
        for pair in truth.same_photo_exceptions
        if len(pair) == 2 and all(face in row_of for face in pair)
    ]
    return _codes(_pairs([(min(pair), max(pair)) for pair in there]), rows)


def _twice(
    pairs: IntPairs,
    group_of_row: IntRows,
    faces: Sequence[FaceId],
    photo_of: Mapping[FaceId, PhotoId],
) -> list[list[FaceId]]:
    """The faces of each photo that are one person."""
    found: dict[tuple[PhotoId, int], set[FaceId]] = defaultdict(set)
    for first, second in pairs.tolist():
        one = found[photo_of[faces[first]], int(group_of_row[first])]
        one.update((faces[first], faces[second]))
    return [sorted(one) for one in found.values()]


_NO_PAIRS: IntPairs = np.empty((0, 2), dtype=np.intp)


def _pairs(rows: Sequence[tuple[int, int]]) -> IntPairs:
    return np.array(rows, dtype=np.intp).reshape(-1, 2)


def _codes(pairs: IntPairs, rows: int) -> npt.NDArray[np.int64]:
    """One number for each pair, (m, 2) -> (m,); ascending as pairs are."""
    return pairs[:, 0].astype(np.int64) * rows + pairs[:, 1]


def _in_order(pairs: IntPairs, rows: int) -> IntPairs:
    """Each pair once, its lower row first, all in ascending order."""
    codes = np.unique(_codes(np.sort(pairs, axis=1), rows))
    return np.stack(np.divmod(codes, max(rows, 1)), axis=1).astype(np.intp, copy=False)
