"""Where lines and points lie on the charts of the pages."""

from __future__ import annotations

import itertools

import pytest

from faceloop.charts import learning_chart, open_set_chart, reliability_chart
from training.learning_curve import Learned
from training.shares import Point, Share, Step


def a_share(value: float, *, low: float | None = None, high: float = 1.0) -> Share:
    return Share(value, value if low is None else low, high, 10)


def test_the_open_set_curve_is_drawn_by_powers_of_ten_of_the_share_that_passes() -> None:
    points = [Point(share, a_share(right)) for share, right in ((0.01, 0.5), (0.1, 0.75), (1, 1))]
    chart = open_set_chart(points, [], in_use=None, accepted=None, hidden_accepted=None)
    [line] = chart.lines
    assert line.path == "M0.00 100.00L50.00 50.00L100.00 0.00"
    assert chart.y_ticks[0].label == "50\u202f%", "all that is drawn lies above"
    assert [(tick.at, tick.label) for tick in chart.x_ticks if tick.label.startswith("1")] == [
        (0, "1\u202f%"),
        (50, "10\u202f%"),
        (100, "100\u202f%"),
    ]


def test_a_point_stands_where_the_threshold_is() -> None:
    points = [Point(share, a_share(0.9, low=0.8)) for share in (0.01, 1.0)]
    chart = open_set_chart(
        points, [], in_use=a_share(0.9, low=0.85), accepted=a_share(0.1), hidden_accepted=None
    )
    [dot] = chart.dots
    assert (dot.x, dot.y, dot.low, dot.high) == (50, pytest.approx(50), pytest.approx(75), 0)


def test_a_share_of_none_accepted_stands_at_the_edge() -> None:
    points = [Point(0.01, a_share(0.9)), Point(1.0, a_share(0.9))]
    chart = open_set_chart(
        points, [], in_use=a_share(0.9), accepted=a_share(0.0), hidden_accepted=None
    )
    assert chart.dots[0].x == 0


def test_labels_never_lie_on_each_other() -> None:
    points = [Point(share, a_share(0.9)) for share in (0.001, 1.0)]
    chart = open_set_chart(points, points, in_use=None, accepted=None, hidden_accepted=None)
    places = [tick.at for tick in chart.x_ticks]
    assert len(places) > 3
    assert min(b - a for a, b in itertools.pairwise(places)) >= 16
    assert places[-1] == 100


def test_what_came_true_as_said_lies_on_the_diagonal_and_more_faces_are_larger() -> None:
    steps = [Step(0.25, Share(0.25, 0.1, 0.5, 1)), Step(0.75, Share(0.75, 0.7, 0.8, 100))]
    first, second = reliability_chart(steps).dots
    assert (first.x, first.y) == (25, 75)
    assert (second.x, second.y) == (75, 25)
    assert first.width < second.width


def test_faces_to_learn_from_are_drawn_by_doubling() -> None:
    points = [Learned(each, 3 * each, a_share(1.0), a_share(0.5)) for each in (1, 2, 4)]
    chart = learning_chart(points, a_share(0.9))
    assert [(tick.at, tick.label, tick.below) for tick in chart.x_ticks] == [
        (0, "1", "3"),
        (50, "2", "6"),
        (100, "4", "12"),
    ]
    assert chart.dots[-1].told == "this version"


@pytest.mark.parametrize("each", [1, 7])
def test_a_single_point_is_drawn_without_a_line(each: int) -> None:
    chart = learning_chart([Learned(each, each, a_share(1.0), a_share(0.5))], None)
    assert chart.lines == ()
    assert 0 <= chart.dots[0].x <= 100


def test_nothing_measured_is_nothing_drawn() -> None:
    empty = open_set_chart([], [], in_use=None, accepted=None, hidden_accepted=None)
    assert (empty.lines, empty.dots) == ((), ())
    assert reliability_chart([]).dots == ()
    assert learning_chart([], None).dots == ()
