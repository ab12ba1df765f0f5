"""Which People tasks no longer say what they are worth."""

from __future__ import annotations

from collections.abc import Mapping

BEST = 200
"""So many of the best tasks say what they are worth now; others are not next for a long while."""
_NOTABLE = 1.1
"""A worth that grew or shrank by less than a tenth leaves a task about where it is."""


def plan_renewal(listed: Mapping[int, str], worth: Mapping[int, str]) -> tuple[int, ...]:
    """Which tasks have to say anew what they are worth, the best first.

    `listed` are the best tasks by what they say (`BEST`, if there are as many), `worth` what all of
    them are worth: both as text, and compared as text. A task not listed says less than those.
    """
    off = {task for task in listed if task in worth and _is_notable(listed[task], worth[task])}
    by_worth = sorted(worth, key=lambda task: (worth[task], task), reverse=True)
    if len(listed) == BEST:
        least = min(listed.values())
        unlisted = [task for task in by_worth[:BEST] if task not in listed]
        off |= {t for t in unlisted if worth[t] > least and _is_notable(least, worth[t])}
    return tuple(task for task in by_worth if task in off)


def _is_notable(says: str, is_worth: str) -> bool:
    try:
        low, high = sorted((float(says), float(is_worth)))
    except ValueError:  # changed by hand
        return True
    return high > _NOTABLE * low
