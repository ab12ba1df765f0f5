"""What the report on a model version shows, and the page made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from faceloop.charts import Chart, learning_chart, open_set_chart, reliability_chart
from faceloop.model_report_faces import Around, Faces, Portrait, Shown, percent
from faceloop.model_report_matrix import Grid, grid_of
from faceloop.pages import rendered
from faceloop.report_tiles import Tiles
from training.learners import Learner
from training.report import Loss, VersionReport
from training.shares import Share

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
_HARD = 0.05
"""The loss of a face whose right answer was found 95 % likely; what was easier is not shown."""
_AT_LEAST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as one reads it, and between which it may lie."""

    value: str
    between: str
    what: str


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
    draw = Faces(report, around, tiles)
    return Page(
        report=report,
        figures=tuple(_figures(report)),
        everybody=tuple(draw.person(one) for one in report.named[:MOST_PORTRAITS]),
        doubts=tuple(draw.doubt(one) for one in report.doubts),
        confusions=tuple(draw.confusion(one) for one in report.confusions),
        losses=tuple(draw.loss(one) for one in _hard(report.losses)),
        grid=grid_of(report, draw.portrait),
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
    return Figure(percent(share.value), f"{percent(share.low)} to {percent(share.high)}", what)


def _hard(losses: Sequence[Loss]) -> Sequence[Loss]:
    """Those that were not found easily; a few, anyway."""
    return [one for one in losses if one.loss >= _HARD] or losses[:_AT_LEAST_SHOWN]


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
    error = "—" if figures.error is None else percent(figures.error)
    return Row(learner.name, note, "", learner.is_this, (*told, Figure(error, "", _HEADS[-1])))
