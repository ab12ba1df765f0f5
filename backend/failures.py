"""What goes wrong in tasks: counted by kind, and told in a line or two however many they are."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable

from backend.counters import Counters
from backend.mishaps import fault_of
from faces.errors import BadPhoto, FaceloopError, StoreError, StudioError

_KINDS: dict[type[BaseException], str] = {
    TimeoutError: "late",
    BadPhoto: "picture",
    StudioError: "media",
    StoreError: "store",
    FaceloopError: "setup",
}
"""What failures are counted as, the special before the general."""
_BUG = "bug"
_logger = logging.getLogger(__name__)


def note_failures(counters: Counters, errors: Iterable[BaseException]) -> None:
    """Count and log what went wrong in one request; our own messages hold no token and no name.

    Of each kind the message is told that came most often.
    """
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for error in errors:
        kind = _kind_of(error)
        by_kind[kind][fault_of(error) if kind == _BUG else str(error)] += 1
    for kind, messages in by_kind.items():
        counters.add("failures_total", messages.total(), kind=kind)
    bugs = by_kind.pop(_BUG, Counter[str]())
    if bugs:
        _logger.error("%d failed in a way that nobody thought of: %s", bugs.total(), _usual(bugs))
    if by_kind:
        told = (f"{of.total()} failed ({kind}): {_usual(of)}" for kind, of in by_kind.items())
        _logger.warning("%s", "; ".join(told))


def _kind_of(error: BaseException) -> str:
    return next((kind for family, kind in _KINDS.items() if isinstance(error, family)), _BUG)


def _usual(messages: Counter[str]) -> str:
    [(message, _)] = messages.most_common(1)
    return message
