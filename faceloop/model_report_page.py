"""What the report on a model version shows, and the page made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from faceloop.charts import Chart, learning_chart, open_set_chart, reliability_chart
from faceloop.pages import rendered
from faceloop.report_page import Tile
from faceloop.report_tiles import PORTRAIT_PX, Tiles
from faceloop.wording import printable
from faces.records import FaceId
from training.learners import Learner
from training.mistakes import Confusion, Doubt, Matrix, Named
from training.report import Loss, VersionReport
from training.shares import Share

STRANGER = "a stranger"
NEVER_BETTER = "run, and never better on the calibration faces: the network stays as it was"
_HEADS = (
    "right one the likeliest",
    "named right, if 1\u202f% of others get a name",
    "named right, if 0.1\u202f% do",
    "named right, as used",
    "strangers named, as used",
    "probabilities off by",
)
MOST_PORTRAITS = 60
"""So many people are shown; of more, those who are always named right are left out first."""
_FAINT = 0.12
"""Even a single face in a full line of the matrix has a colour."""


@dataclass(frozen=True)
class Around:
    """What the store tells of the faces: `names` by confirmed face, the photos' `files`.

    `links` are the addresses where a face got its name, in Label Studio.
    """

    names: Mapping[FaceId, str]
    files: Mapping[FaceId, str]
    links: Mapping[FaceId, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as one reads it, and between which it may lie."""

    value: str
    between: str
    what: str


@dataclass(frozen=True, slots=True)
class Someone:
    """A person and a face of theirs, with how likely they are."""

    name: str
    tile: Tile | None
    chance: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A face, what it is called, whom it is taken for, and where to change that."""

    tile: Tile
    called: Someone
    taken_for: Someone
    note: str
    link: str = ""


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


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person, and how many test faces are named right, wrong and not at all."""

    who: Someone
    counts: tuple[tuple[str, int], ...]
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """A learner, and its figures in the order of the table's head, or why there are none."""

    name: str
    note: str
    instead: str
    is_this: bool
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Page:
    """All that the page shows."""

    report: VersionReport
    figures: tuple[Figure, ...]
    everybody: tuple[Portrait, ...]
    doubts: tuple[Shown, ...]
    confusions: tuple[Shown, ...]
    losses: tuple[Shown, ...]
    grid: Grid
    open_set: Chart
    reliability: Chart
    learning: Chart
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


def page_of(report: VersionReport, around: Around, tiles: Tiles) -> Page:
    """Decide how a version's figures are shown."""
    draw = _Drawing(report, around, tiles)
    return Page(
        report=report,
        figures=tuple(_figures(report)),
        everybody=tuple(draw.person(one) for one in report.named[:MOST_PORTRAITS]),
        doubts=tuple(draw.doubt(one) for one in report.doubts),
        confusions=tuple(draw.confusion(one) for one in report.confusions),
        losses=tuple(draw.loss(one) for one in report.losses),
        grid=draw.grid(report.matrix),
        open_set=open_set_chart(
            report.curve,
            report.hidden_curve,
            in_use=report.named_right,
            accepted=report.strangers_accepted,
            hidden_accepted=report.hidden_accepted,
        ),
        reliability=reliability_chart(report.steps),
        learning=learning_chart(report.learning_curve, report.named_right),
        heads=_HEADS,
        rows=tuple(_row(learner) for learner in report.learners),
    )


def render(page: Page, *, now: datetime) -> str:
    """The report as one HTML page; `now` is told as it is spoken where the reader is."""
    return rendered(
        "model_report.html", page=page, report=page.report, made=f"{now:%d %B %Y, %H:%M}"
    )


def figure_of(share: Share | None, what: str) -> Figure:
    """A share with what few faces leave open; a dash where nothing was measured."""
    if share is None:
        return Figure("—", "", what)
    return Figure(_percent(share.value), f"{_percent(share.low)} to {_percent(share.high)}", what)


def _figures(report: VersionReport) -> list[Figure]:
    return [
        figure_of(report.named_right, "of known faces get the right name"),
        figure_of(report.named_wrong, "of known faces get a wrong name"),
        figure_of(report.strangers_accepted, "of strangers get a name"),
        figure_of(
            report.hidden_accepted, "of known faces get another's name if their own is hidden"
        ),
        figure_of(report.rank1, "of known faces have the right name as the likeliest"),
    ]


def _row(learner: Learner) -> Row:
    figures = learner.figures
    if figures is None:
        instead = NEVER_BETTER if learner.was_run else "not run"
        return Row(learner.name, "", instead, learner.is_this, ())
    told_before = "as measured when this version was made" if learner.is_told else ""
    note = "this version" if learner.is_this else told_before
    shares = (
        figures.rank1,
        figures.at_1,
        figures.at_01,
        figures.named_right,
        figures.strangers_accepted,
    )
    told = [figure_of(share, head) for share, head in zip(shares, _HEADS, strict=False)]
    error = "—" if figures.error is None else _percent(figures.error)
    return Row(learner.name, note, "", learner.is_this, (*told, Figure(error, "", _HEADS[-1])))


@dataclass(frozen=True)
class _Drawing:
    report: VersionReport
    around: Around
    tiles: Tiles

    def doubt(self, one: Doubt) -> Shown:
        """A name that may be wrong, between the two whom it may be."""
        return Shown(
            self._tile(one.face),
            Someone(self._called(one.face), self._like(one.own_like), _percent(one.chance)),
            Someone(self._name(one.other), self._like(one.other_like), _percent(one.other_chance)),
            "",
            self.around.links.get(one.face, ""),
        )

    def confusion(self, one: Confusion) -> Shown:
        """A test face beside the face that it is taken for."""
        more = f", with {one.times - 1} more" if one.times > 1 else ""
        return Shown(
            self._tile(one.face),
            Someone(self._called(one.face), None),
            Someone(self._name(one.taken_for), self._like(one.like), _percent(one.chance)),
            ("" if one.is_named else "too unsure to be named") + more,
            self.around.links.get(one.face, ""),
        )

    def loss(self, one: Loss) -> Shown:
        """A test face whose right answer was found unlikely."""
        return Shown(
            self._tile(one.face),
            Someone(self._called(one.face), None),
            Someone(self._name(one.likeliest), None, _percent(one.chance)),
            f"loss {one.loss:.2f}",
            self.around.links.get(one.face, ""),
        )

    def person(self, one: Named) -> Portrait:
        """A person's face over how their test faces are named."""
        kinds = (("right", one.right), ("wrong", one.wrong), ("unknown", one.nameless))
        face = self.report.portraits[one.person]
        return Portrait(
            Someone(self._name(one.person), None if face is None else self._tile(face)),
            tuple((kind, count) for kind, count in kinds if count),
            f"{one.right:,} of {one.faces:,}",
        )

    def grid(self, matrix: Matrix) -> Grid:
        """The matrix in the order of names, without lines and columns in which nobody is.

        Except for those of one person.
        """
        matrix = self._by_name(matrix)
        everybody = [self._portrait(person) for person in matrix.people]
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
            tuple(lines) if self.report.test_faces or self.report.test_strangers else (),
            max(self.report.test_people - len(everybody), 0),
        )

    def _by_name(self, matrix: Matrix) -> Matrix:
        people = len(matrix.people)
        order = sorted(range(people), key=lambda at: self._name(matrix.people[at]).casefold())
        order += [people, people + 1]
        return replace(
            matrix,
            people=tuple(matrix.people[at] for at in order[:people]),
            counts=tuple(tuple(matrix.counts[line][at] for at in order) for line in order),
        )

    def _portrait(self, person: int) -> Someone:
        face = self.report.portraits[person]
        return Someone(self._name(person), None if face is None else self._tile(face, PORTRAIT_PX))

    def _like(self, face: FaceId | None) -> Tile | None:
        return None if face is None else self._tile(face)

    def _called(self, face: FaceId) -> str:
        return printable(self.around.names.get(face, STRANGER))

    def _name(self, person: int) -> str:
        return printable(self.report.people[person].name)

    def _tile(self, face: FaceId, side_px: int | None = None) -> Tile:
        picture = self.tiles.of(face) if side_px is None else self.tiles.of(face, side_px)
        title = printable(PurePath(self.around.files.get(face, "")).name)
        return Tile(picture, title, doubtful=False)


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


def _percent(share: float) -> str:
    """One digit after the point where it tells something; nothing but all is 100 %."""
    if 0.9995 <= share < 1:
        return ">\u202f99.9\u202f%"
    if 0 < share < 0.0005:
        return "<\u202f0.1\u202f%"
    told = f"{100 * share:.1f}"
    return f"{told.removesuffix('.0')}\u202f%"
