"""Charts for pages: where lines, bands and points lie, in percent of a plot of any size.

The template draws lines that are as thick, and sets text that is as large, on any screen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.learning_curve import Learned
from training.shares import Point, Share, Step

_FLOORS = (0.95, 0.9, 0.8, 0.5, 0.0)
"""Where the axis of shares may begin; all that is drawn lies above."""
_MOST_TICKS = 5
_SMALLEST_DOT, _LARGEST_DOT = 7.0, 22.0
_FEWEST_APART = 16.0
"""Percent of the plot between two labels below it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A label at a place on an axis, in percent from the left or the bottom."""

    at: float
    label: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and the band in which the true one lies; `kind` is its look: one, two, plain."""

    kind: str
    path: str
    band: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with what few faces leave open above and below it, and what it tells."""

    kind: str
    x: float
    y: float
    low: float
    high: float
    width: float
    told: str


@dataclass(frozen=True)
class Chart:
    """One plot; places are percent of its width from the left and of its height from the top."""

    told: str
    across: str
    up: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]


def open_set_chart(
    strangers: Sequence[Point],
    hidden: Sequence[Point],
    *,
    in_use: Share | None,
    accepted: Share | None,
    hidden_accepted: Share | None,
) -> Chart:
    """How many are named right, by how many who should get no name get one."""
    floor = _floor([point.right.low for point in (*strangers, *hidden)] + _lows(in_use))
    first = min((point.accepted for point in (*strangers, *hidden)), default=0.01)

    def x(share: float) -> float:
        return _between(math.log10(max(share, first)), math.log10(first), 0.0)

    y = _up_from(floor)
    lines = [
        _line(kind, [(x(p.accepted), p.right) for p in points], y)
        for kind, points in (("two", hidden), ("one", strangers))
        if points
    ]
    dots = [
        _dot(kind, x(share.value), in_use, y, 11.0, f"as it is used, {_percent(share.value)} pass")
        for kind, share, points in (("two", hidden_accepted, hidden), ("one", accepted, strangers))
        if in_use is not None and share is not None and points
    ]
    ticks = [Tick(x(share), _percent(share)) for share in _ones_fives_twos(first)]
    return Chart(
        told="How many known faces are named right, by how many others get a name",
        across="of those who should get no name, so many get one",
        up="named right",
        x_ticks=_apart(ticks),
        y_ticks=_share_ticks(floor),
        lines=tuple(lines),
        dots=tuple(dots),
    )


def reliability_chart(steps: Sequence[Step]) -> Chart:
    """How likely answers were said to be, and how many of them are right."""
    y = _up_from(0.0)
    most = max((step.right.faces for step in steps), default=1.0)
    dots = [
        _dot(
            "one",
            100 * step.said,
            step.right,
            y,
            _SMALLEST_DOT + (_LARGEST_DOT - _SMALLEST_DOT) * math.sqrt(step.right.faces / most),
            f"said {_percent(step.said)}, right {_told(step.right)}",
        )
        for step in steps
    ]
    return Chart(
        told="How likely answers were said to be, and how many of them are right",
        across="said to be so likely",
        up="are right",
        x_ticks=_share_ticks(0.0),
        y_ticks=_share_ticks(0.0),
        lines=(Line("plain", "M0 100L100 0", ""),),
        dots=tuple(dots),
    )


def learning_chart(points: Sequence[Learned], in_use: Share | None) -> Chart:
    """How good names are by how many faces of each person were learned from."""
    last = math.log2(points[-1].each) if points else 1.0
    floor = _floor([point.named_right.low for point in points] + _lows(in_use))
    y = _up_from(floor)

    def x(each: int) -> float:
        return 100 * math.log2(each) / last if last else 50.0

    lines = [
        _line("two", [(x(p.each), p.rank1) for p in points], y, has_band=False),
        _line("one", [(x(p.each), p.named_right) for p in points], y),
    ]
    dots = [
        _dot("one", x(p.each), p.named_right, y, 7.0, f"{p.each} each: {_told(p.named_right)}")
        for p in points
    ]
    if in_use is not None and points:
        dots.append(_dot("three", x(points[-1].each), in_use, y, 13.0, "this version"))
    ticks = [Tick(x(p.each), f"{p.each:,}", f"{p.faces:,}") for p in reversed(points)]
    return Chart(
        told="How many faces are named right, by how many of each person were learned from",
        across="confirmed faces of each person to learn from, at most; below, of all people",
        up="right",
        x_ticks=_apart(ticks),
        y_ticks=_share_ticks(floor),
        lines=tuple(lines) if len(points) > 1 else (),
        dots=tuple(dots),
    )


def _line(
    kind: str,
    points: Sequence[tuple[float, Share]],
    y: Callable[[float], float],
    *,
    has_band: bool = True,
) -> Line:
    middle = [(x, y(share.value)) for x, share in points]
    around = [(x, y(share.high)) for x, share in points]
    around += [(x, y(share.low)) for x, share in reversed(points)]
    return Line(kind, _path(middle), _path(around) + "Z" if has_band else "")


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def _dot(
    kind: str, x: float, share: Share, y: Callable[[float], float], width: float, told: str
) -> Dot:
    value, low, high = (round(y(one), 2) for one in (share.value, share.low, share.high))
    return Dot(kind, round(x, 2), value, low, high, round(width, 1), told)


def _up_from(floor: float) -> Callable[[float], float]:
    """Percent from the top; what lies below the floor is drawn on it."""
    return lambda share: 100 - _between(max(share, floor), floor, 1.0)


def _between(value: float, low: float, high: float) -> float:
    return 100 * (value - low) / (high - low) if high > low else 100.0


def _floor(lows: Sequence[float]) -> float:
    return next(floor for floor in _FLOORS if floor <= min(lows, default=0.0))


def _lows(share: Share | None) -> list[float]:
    return [] if share is None else [share.low]


def _share_ticks(floor: float) -> tuple[Tick, ...]:
    places = [floor + (1 - floor) * step / _MOST_TICKS for step in range(_MOST_TICKS + 1)]
    return tuple(Tick(_between(place, floor, 1.0), _percent(place)) for place in places)


def _ones_fives_twos(first: float) -> list[float]:
    """Round shares from `first` up to 1, those that matter most first."""
    powers = range(0, math.floor(math.log10(first)) - 1, -1)
    steps = [one * 10.0**power for one in (1, 5, 2) for power in powers]
    return [step for step in steps if first <= step * (1 + 1e-9) and step <= 1]


def _apart(ticks: Sequence[Tick]) -> tuple[Tick, ...]:
    """Those of the labels that have room, the first ones before others."""
    kept: list[Tick] = []
    for tick in ticks:
        if all(abs(other.at - tick.at) >= _FEWEST_APART for other in kept):
            kept.append(tick)
    return tuple(sorted(kept, key=lambda tick: tick.at))


def _percent(share: float) -> str:
    return f"{100 * share:.3g}\u202f%"


def _told(share: Share) -> str:
    return f"{_percent(share.value)} ({_percent(share.low)} to {_percent(share.high)})"
