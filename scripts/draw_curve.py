"""Draw scores against cuts, from what `make bench-cluster-curve` tells.

make -s bench-cluster-curve DATA=folder | tail -n 1 | python -m scripts.draw_curve docs/pictures/cuts.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_WIDTH, _HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 34, 46
_LOWEST_SCORE = 0.5
_COLOURS = {"dbscan": "#b45309", "ours": "#0f766e"}
_NAMES = {"dbscan": "DBSCAN", "ours": "faceloop"}
_LINES = {"pairwise_f": ("pairwise F", "none"), "bcubed_f": ("BCubed F", "6 4")}


def main() -> int:
    """Read the curve from the standard input and write the picture."""
    (place,) = sys.argv[1:]
    Path(place).write_text(drawn(json.load(sys.stdin)), encoding="utf-8")
    return 0


def drawn(curve: Mapping[str, object]) -> str:
    """The picture as SVG; it reads on light and on dark ground."""
    sides = {side: curve[side] for side in _NAMES}
    cuts = [cut for told in sides.values() for cut in told["cut"]]  # type: ignore[index]
    span = min(cuts), max(cuts)
    parts = [*_frame(span)]
    for side, told in sides.items():
        for score, (_, dashes) in _LINES.items():
            points = zip(told["cut"], told[score], strict=True)  # type: ignore[index]
            parts.append(_line(points, span, _COLOURS[side], dashes))
    shipped = curve["shipped"]
    parts += [_shipped(float(shipped[score])) for score in _LINES]  # type: ignore[index]
    parts += _legend()
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="system-ui, sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _x(cut: float, span: tuple[float, float]) -> float:
    return _LEFT + (cut - span[0]) / (span[1] - span[0]) * (_WIDTH - _LEFT - _RIGHT)


def _y(score: float) -> float:
    share = (max(score, _LOWEST_SCORE) - _LOWEST_SCORE) / (1 - _LOWEST_SCORE)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _frame(span: tuple[float, float]) -> Iterator[str]:
    for tenth in range(5, 11):
        y = _y(tenth / 10)
        yield (
            f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#4b5563">'
            f"{tenth / 10:.1f}</text>"
        )
    for tenth in range(round(span[0] * 10), round(span[1] * 10) + 1):
        x = _x(tenth / 10, span)
        yield (
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle" fill="#4b5563">'
            f"{tenth / 10:.1f}</text>"
        )
    yield (
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle" '
        'fill="#111827">distance at which faces are cut apart (DBSCAN: eps)</text>'
    )


def _line(
    points: Iterator[tuple[float, float]], span: tuple[float, float], colour: str, dashes: str
) -> str:
    path = " ".join(f"{_x(cut, span):.1f},{_y(score):.1f}" for cut, score in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
        f'stroke-dasharray="{dashes}" stroke-linejoin="round"/>'
    )


def _shipped(score: float) -> str:
    x, y = _WIDTH - _RIGHT - 4, _y(score)
    return f'<path d="M{x} {y:.1f}l10 -5v10z" fill="{_COLOURS["ours"]}"/>'


def _legend() -> Sequence[str]:
    parts, x = [], float(_LEFT)
    for side, colour in _COLOURS.items():
        for told, dashes in _LINES.values():
            parts.append(
                f'<path d="M{x} 18h26" stroke="{colour}" stroke-width="2" '
                f'stroke-dasharray="{dashes}"/>'
                f'<text x="{x + 32}" y="22" fill="#111827">{_NAMES[side]}, {told}</text>'
            )
            x += 160 if side == "dbscan" else 166
    return parts


if __name__ == "__main__":
    sys.exit(main())
