"""Where a version errs: who is taken for whom, and which names people may have got wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faces.likeness import Probabilities
from faces.records import FaceId, FloatRows
from training.dataset import Labels
from training.evaluate import Judged

MOST_PEOPLE = 12
"""So many people have a line of their own in the confusion matrix."""
MOST_SHOWN = 24
_LIKELY = 0.5
"""Somebody else than the name says has to be likelier than not."""


@dataclass(frozen=True)
class Matrix:
    """How often faces of each person got which answer.

    `people` are columns of the version. Line i is of people[i], then one of everybody else, then
    one of strangers; column i likewise, the last being that of faces that got no name. Where
    everybody has a line, nobody is left for the line of the others. Of the others' faces that got
    another's name, `others_right` got the right one.
    """

    people: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    others_right: int


@dataclass(frozen=True, slots=True)
class Named:
    """How many test faces of a person got the right name, another one, or none."""

    person: int
    right: int
    wrong: int
    nameless: int

    @property
    def faces(self) -> int:
        """All of them."""
        return self.right + self.wrong + self.nameless


@dataclass(frozen=True, slots=True)
class Confusion:
    """A test face whose likeliest person is not the right one.

    `person` is None for a stranger, who has a right answer in that no name is right; `like` is that
    person's face which is most alike. `times` counts all faces that were taken so.
    """

    face: FaceId
    person: int | None
    taken_for: int
    chance: float
    is_named: bool
    like: FaceId | None
    times: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A face that got a name, or was called a stranger, and is likelier somebody else.

    Judged as if nothing had been learned from it; `person` is None for a stranger. `own_like` and
    `other_like` are the most alike faces of whom it is called and of the other; None where there is
    no further face.
    """

    face: FaceId
    person: int | None
    chance: float
    other: int
    other_chance: float
    own_like: FaceId | None
    other_like: FaceId | None


@dataclass(frozen=True)
class Album:
    """Faces with names, by which others are compared: row i is of faces[i] and labels[i]."""

    faces: tuple[FaceId, ...]
    rows: FloatRows
    labels: Labels

    def most_alike(self, row: FloatRows, person: int, *, but: FaceId) -> FaceId | None:
        """The face of a person that is most like this row, (128,), and not the very same."""
        of_person = np.flatnonzero(self.labels == person).tolist()
        there = [at for at in of_person if self.faces[at] != but]
        if not there:
            return None
        nearest: int = there[int(np.argmax(self.rows[there] @ row))]
        return self.faces[nearest]


def confusion_matrix(found: Judged, people: int) -> Matrix:
    """The matrix of those who are most often taken for each other, or for nobody."""
    answers = np.where(found.named, found.top, people)
    chosen = _worth_a_line(found.labels, answers, people)
    line = {person: at for at, person in enumerate(chosen)}
    others, last = len(chosen), len(chosen) + 1
    place = np.array([line.get(person, others) for person in range(people)] + [last], np.intp)
    counts = np.zeros((last + 1, last + 1), dtype=np.int64)
    np.add.at(counts, (place[found.labels], place[answers]), 1)
    is_other = (found.labels == answers) & found.known & (place[found.labels] == others)
    rows = tuple(tuple(row) for row in counts.tolist())
    return Matrix(tuple(chosen), rows, int(is_other.sum()))


def named_faces(found: Judged, people: int) -> list[Named]:
    """Everybody who has test faces, those first of whose faces the smallest share is named right.

    Of those who are equal, those with more faces.
    """
    kinds = (found.right & found.named, ~found.right & found.named, ~found.named)
    counts = np.array(
        [np.bincount(found.labels[found.known & kind], minlength=people) for kind in kinds]
    ).T.tolist()
    there = [Named(person, *row) for person, row in enumerate(counts) if any(row)]
    return sorted(there, key=lambda one: (one.right / one.faces, -one.faces, one.person))


def _worth_a_line(labels: Labels, answers: Labels, people: int) -> list[int]:
    """Who is taken for somebody else, or somebody else for them; then unknown; then with faces."""
    wrong: Counter[int] = Counter()
    for mistaken in (labels[(answers != labels) & (answers < people)], answers[answers != labels]):
        wrong.update(mistaken.tolist())
    unknown = Counter(labels[answers == people].tolist())
    faces = Counter(labels.tolist())
    ranked = sorted(
        (one for one in range(people) if faces[one] or wrong[one]),
        key=lambda one: (-wrong[one], -unknown[one], -faces[one], one),
    )
    return sorted(ranked[:MOST_PEOPLE])


def confusions(
    found: Judged, faces: Sequence[FaceId], rows: FloatRows, album: Album
) -> list[Confusion]:
    """Test faces that were taken for somebody else, one for each pair of people.

    Of strangers those only who get a name. The named ones first, then the surest.
    """
    people = found.chances.shape[1]
    wrong = np.flatnonzero((found.known & ~found.right) | (~found.known & found.named))
    order = sorted(wrong.tolist(), key=lambda at: (not found.named[at], -found.scores[at], at))
    pairs = [(int(found.labels[at]), int(found.top[at])) for at in order]
    times, told = Counter(pairs), set[tuple[int, int]]()
    shown: list[Confusion] = []
    for at, (person, taken_for) in zip(order, pairs, strict=True):
        if person < people and (person, taken_for) in told:
            continue  # every stranger is somebody else
        told.add((person, taken_for))
        shown.append(
            Confusion(
                face=faces[at],
                person=person if person < people else None,
                taken_for=taken_for,
                chance=float(found.scores[at]),
                is_named=bool(found.named[at]),
                like=album.most_alike(rows[at], taken_for, but=faces[at]),
                times=times[person, taken_for] if person < people else 1,
            )
        )
    return shown


def doubts(chances: Probabilities, album: Album) -> list[Doubt]:
    """Whom other people's faces may have been called, those furthest from their name first.

    `chances` (n, p) are those of the album's faces, each as if nothing had been learned from it.
    """
    people = chances.shape[1]
    nobody = 1.0 - chances.sum(axis=1)
    own = np.column_stack([chances, nobody])[np.arange(len(chances)), album.labels]
    others = np.array(chances)
    known = np.flatnonzero(album.labels < people)
    others[known, album.labels[known]] = -1.0
    other, chance = others.argmax(axis=1), others.max(axis=1)
    doubtful = np.flatnonzero((chance > own) & (chance >= _LIKELY))
    order = sorted(doubtful.tolist(), key=lambda at: (own[at] - chance[at], at))
    found: list[Doubt] = []
    for at in order:
        face, row, called = album.faces[at], album.rows[at], int(album.labels[at])
        is_known = called < people
        found.append(
            Doubt(
                face=face,
                person=called if is_known else None,
                chance=float(own[at]),
                other=int(other[at]),
                other_chance=float(chance[at]),
                own_like=album.most_alike(row, called, but=face) if is_known else None,
                other_like=album.most_alike(row, int(other[at]), but=face),
            )
        )
    return found
