"""Draw the scores of groups against the setting, from what `make bench-cluster-curve` tells.

make -s bench-cluster-curve DATA=folder | tail -n 1 | python -m scripts.draw_curve cuts.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

_WIDTH, _HEIGHT = 760, 330
_TOP, _BOTTOM = 64, 52
_LINES = {"pairwise_f": ("pairwise F", "none"), "bcubed_f": ("BCubed F", "6 4")}
_GREY, _DARK = "#4b5563", "#111827"


class Curve(TypedDict):
    """Lists of equal length."""

    cut: Sequence[float]
    pairwise_f: Sequence[float]
    bcubed_f: Sequence[float]


@dataclass(frozen=True)
class _Panel:
    """One side's half of the picture."""

    title: str
    below: str
    colour: str
    left: float
    width: float
    span: tuple[float, float]

    def x(self, cut: float) -> float:
        first, last = self.span
        return self.left + (cut - first) / (last - first) * self.width


def main() -> int:
    """Read the curve from the standard input and write the picture."""
    (place,) = sys.argv[1:]
    Path(place).write_text(drawn(json.load(sys.stdin)), encoding="utf-8")
    return 0


def drawn(told: Mapping[str, Curve]) -> str:
    """The picture as SVG, on a ground of its own, so that it reads on light and dark pages."""
    theirs = _Panel("DBSCAN", "eps", "#b45309", 48, 320, (0.2, 0.7))
    ours = _Panel(
        "faceloop", "times the cut that faceloop finds by itself", "#0f766e", 416, 320, (0.25, 2.5)
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#ffffff"/>',
        *_panel(theirs, told["dbscan"], [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        *_panel(ours, told["ours"], [0.5, 1.0, 1.5, 2.0, 2.5]),
        f'<path d="M{ours.x(1):.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="{_DARK}" '
        'stroke-dasharray="1 3"/>',
    ]
    return "\n".join([*parts, "</svg>\n"])


def _y(score: float) -> float:
    return _HEIGHT - _BOTTOM - score * (_HEIGHT - _TOP - _BOTTOM)


def _panel(panel: _Panel, curve: Curve, ticks: Sequence[float]) -> Iterator[str]:
    yield _text(panel.left, 24, panel.title, _DARK, 'font-size="15" font-weight="600"')
    for fifth in range(6):
        y = _y(fifth / 5)
        yield f'<path d="M{panel.left} {y:.1f}h{panel.width}" stroke="#e5e7eb"/>'
        yield _text(panel.left - 8, y + 4, f"{fifth / 5:.1f}", _GREY, 'text-anchor="end"')
    for tick in ticks:
        place = 'text-anchor="middle"'
        yield _text(panel.x(tick), _HEIGHT - _BOTTOM + 18, f"{tick:g}", _GREY, place)
    middle = panel.left + panel.width / 2
    yield _text(middle, _HEIGHT - 10, panel.below, _DARK, 'text-anchor="middle"')
    legend = panel.left
    for key, (name, dashes) in _LINES.items():
        line = f'stroke="{panel.colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        yield f'<path d="M{legend:.1f} 42h26" {line}/>'
        yield _text(legend + 32, 46, name, _DARK)
        legend += 120
        scores = curve["pairwise_f"] if key == "pairwise_f" else curve["bcubed_f"]
        points = " ".join(
            f"{panel.x(cut):.1f},{_y(score):.1f}"
            for cut, score in zip(curve["cut"], scores, strict=True)
        )
        yield f'<polyline points="{points}" fill="none" stroke-linejoin="round" {line}/>'


def _text(x: float, y: float, said: str, colour: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" {more}>{said}</text>'


if __name__ == "__main__":
    sys.exit(main())
