"""The confusion matrix as the report on a model version shows it: lines and columns by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from faceloop.model_report_faces import Someone
from training.mistakes import Matrix
from training.report import VersionReport

_FAINT = 0.12
"""Even a single face in a full line of the matrix has a colour."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many faces, how many of them wrong if others are right, and how strong the colour is."""

    count: int
    wrong: int
    strength: float
    kind: str


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """Whoever the faces are of, and a cell for each answer."""

    who: Someone
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """The confusion matrix, less what is empty."""

    heads: tuple[Someone, ...]
    lines: tuple[MatrixLine, ...]
    left_out: int


def grid_of(report: VersionReport, portrait: Callable[[int], Someone]) -> Grid:
    """The matrix in the order of names, without lines and columns in which nobody is.

    Except for those of one person. `portrait` gives a person by their number in the version.
    """
    shown = {person: portrait(person) for person in report.matrix.people}
    matrix = _by_name(report.matrix, [shown[person].name for person in report.matrix.people])
    everybody = [shown[person] for person in matrix.people]
    kept = [at < len(everybody) or any(row) for at, row in enumerate(matrix.counts)]
    columns = [
        at < len(everybody) or any(row[at] for row in matrix.counts)
        for at in range(len(everybody) + 2)
    ]
    last = [Someone("others", None), Someone("no name", None)]
    heads = [*everybody, *last]
    called = [*everybody, Someone("others", None), Someone("strangers", None)]
    lines = [
        MatrixLine(called[at], tuple(_cells(at, matrix, columns)))
        for at, row in enumerate(matrix.counts)
        if kept[at]
    ]
    return Grid(
        tuple(head for at, head in enumerate(heads) if columns[at]),
        tuple(lines) if report.test_faces or report.test_strangers else (),
        sum(one.person not in shown for one in report.named),
    )


def _by_name(matrix: Matrix, names: Sequence[str]) -> Matrix:
    people = len(names)
    order = sorted(range(people), key=lambda at: names[at].casefold())
    order += [people, people + 1]
    return replace(
        matrix,
        people=tuple(matrix.people[at] for at in order[:people]),
        counts=tuple(tuple(matrix.counts[line][at] for at in order) for line in order),
    )


def _cells(line: int, matrix: Matrix, columns: Sequence[bool]) -> list[Cell]:
    """Right answers, wrong ones and no name each have a colour; strangers are right without one."""
    row, people = matrix.counts[line], len(matrix.people)
    total = max(sum(row), 1)
    last = len(row) - 1
    found: list[Cell] = []
    for at, count in enumerate(row):
        if not columns[at]:
            continue
        of_others = line == at == people
        wrong = count - matrix.others_right if of_others else 0
        is_right = at == line and not wrong
        kind = "right" if is_right else "unknown" if at == last else "wrong"
        strength = max(count / total, _FAINT) if count else 0.0
        found.append(Cell(count, wrong, round(strength, 2), kind))
    return found
