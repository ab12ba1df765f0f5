"""How the commands say amounts: of time, of disk, and of things."""

from __future__ import annotations

import unicodedata

WAITS_TO_LEARN = "another process learns or chooses among the model versions; this one waits for it"
"""Said by whoever comes second."""
_MINUTE, _HOUR = 60, 3600


def spoken_time(seconds: float) -> str:
    """A duration as one says it: "a few seconds", "40 s", "12 min", "3 h 20 min"."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    minutes = round(seconds / _MINUTE / 10) * 10
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def spoken_bytes(size: float) -> str:
    """An amount of disk: "740 kB", "12 MB", "3.4 GB"."""
    for unit, power in (("GB", 1e9), ("MB", 1e6)):
        if size >= power:
            return (
                f"{size / power:.1f} {unit}" if size < 10 * power else f"{size / power:,.0f} {unit}"
            )
    return f"{max(size, 1000) / 1000:.0f} kB"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its thing: "1 photo", "30,000 photos"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """A text with what would steer the terminal or hide in it made visible, on one line.

    A file may be named with a line break, an escape sequence, or signs that turn the direction of
    writing.
    """
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    joins = character in "\u200c\u200d"  # between letters of some scripts, and in emoji
    return character.encode("unicode_escape").decode("ascii") if hidden and not joins else character
