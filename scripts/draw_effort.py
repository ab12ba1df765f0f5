"""Draw how many faces are right after how many actions, from what `make bench-effort` tells.

make -s bench-effort DATA=folder | tail -n 1 | python -m scripts.draw_effort effort.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_WIDTH, _HEIGHT = 760, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 64, 52
_SIDES = {
    "faceloop": ("faceloop's People desk", "#0f766e"),
    "cluster_and_merge": ("name clusters, merge, move", "#b45309"),
    "one_by_one": ("photo after photo", "#6d28d9"),
}
_GREY, _DARK = "#4b5563", "#111827"

Curve = Sequence[Sequence[int]]
"""Points: actions so far, and faces right by then."""


def main() -> int:
    """Read the figures from the standard input and write the picture."""
    (place,) = sys.argv[1:]
    told = json.load(sys.stdin)
    Path(place).write_text(drawn(told["curves"], faces=told["faces"]), encoding="utf-8")
    return 0


def drawn(curves: Mapping[str, Curve], *, faces: int) -> str:
    """The picture as SVG, on a ground of its own, so that it reads on light and dark pages.

    It ends where all sides but the slowest are done.
    """
    ends = sorted(curve[-1][0] for curve in curves.values())
    most = ends[-2] if len(ends) > 1 else ends[-1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#ffffff"/>',
        _text(_LEFT, 24, "Faces with the right name", _DARK, 'font-size="15" font-weight="600"'),
        *_axes(most),
    ]
    for number, (side, (name, colour)) in enumerate(_SIDES.items()):
        if side in curves:
            parts += _line(curves[side], faces, most, colour)
            left = _LEFT + 210 * number
            parts.append(f'<path d="M{left} 42h26" stroke="{colour}" stroke-width="2"/>')
            parts.append(_text(left + 32, 46, name, _DARK))
    return "\n".join([*parts, "</svg>\n"])


def _axes(most: int) -> Iterator[str]:
    for fifth in range(6):
        y = _y(fifth / 5)
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>'
        yield _text(_LEFT - 8, y + 4, f"{20 * fifth} %", _GREY, 'text-anchor="end"')
        actions = most * fifth / 5
        place = 'text-anchor="middle"'
        yield _text(_x(actions, most), _HEIGHT - _BOTTOM + 18, f"{actions:.0f}", _GREY, place)
    middle = 'text-anchor="middle"'
    yield _text(_WIDTH / 2, _HEIGHT - 10, "actions: names, marks, submits", _DARK, middle)


def _line(curve: Curve, faces: int, most: int, colour: str) -> Iterator[str]:
    """The curve as far as the picture goes, and on at its last height if it ends before."""
    inside = [(actions, right) for actions, right in curve if actions <= most]
    if inside and inside[-1][0] < most and len(inside) == len(curve):
        inside.append((most, inside[-1][1]))
    points = " ".join(f"{_x(a, most):.1f},{_y(right / faces):.1f}" for a, right in inside)
    yield (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
        'stroke-linejoin="round"/>'
    )


def _x(actions: float, most: int) -> float:
    return _LEFT + actions / max(most, 1) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _text(x: float, y: float, said: str, colour: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" {more}>{said}</text>'


if __name__ == "__main__":
    sys.exit(main())
