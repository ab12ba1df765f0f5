"""Plain counters, and how Prometheus reads them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

_HELP = {
    "requests_total": "Requests by route",
    "refused_total": "Requests refused for want of the secret",
    "predictions_total": "Tasks that were asked about, those that failed among them",
    "failures_total": "Tasks, regions, configs and hints that went wrong, by kind",
    "hints_total": "Webhook events after which annotations are pulled",
}
_FAILURES = "failures_total"
LATELY_MIN = 10
"""Failures of so many minutes are told apart from those before."""

_Labels = tuple[tuple[str, str], ...]


class Counters:
    """Counts of what happened since the start; safe to use from several threads."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        started_at: float | None = None,
    ) -> None:
        """Start at zero; `started_at` is in seconds since 1970, by default now."""
        self._counts: Counter[tuple[str, _Labels]] = Counter()
        self._lately: dict[int, Counter[_Labels]] = {}
        self._clock = clock
        self._started_at = time.time() if started_at is None else started_at
        self._lock = threading.Lock()

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Count something; labels are words of our own, never what a request brought."""
        with self._lock:
            labelled = tuple(sorted(labels.items()))
            self._counts[name, labelled] += amount
            if name == _FAILURES:
                self._failures_now()[labelled] += amount

    def count(self, name: str, **labels: str) -> int:
        """What was counted so far under exactly these labels."""
        with self._lock:
            return self._counts[name, tuple(sorted(labels.items()))]

    def _failures_now(self) -> Counter[_Labels]:
        """The failures of this minute; those of long ago are forgotten."""
        minute = int(self._clock() // 60)
        self._lately = {at: n for at, n in self._lately.items() if at > minute - LATELY_MIN}
        return self._lately.setdefault(minute, Counter())

    def as_text(self) -> str:
        """All counters in Prometheus' text format."""
        with self._lock:
            counts = dict(self._counts)
            self._failures_now()
            lately = sum(self._lately.values(), Counter())
        lines: list[str] = []
        for name, meaning in _HELP.items():
            mine = {labels: n for (counted, labels), n in counts.items() if counted == name}
            lines += _family(name, "counter", meaning, mine)
        lines += _family("failures_lately", "gauge", "Those of the last ten minutes", lately)
        lines += [
            "# HELP process_start_time_seconds When the backend started, in seconds since 1970",
            "# TYPE process_start_time_seconds gauge",
            f"process_start_time_seconds {self._started_at:.3f}",
        ]
        return "\n".join(lines) + "\n"


def _family(name: str, kind: str, meaning: str, counts: Mapping[_Labels, int]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, count in sorted(counts.items()):
        yield f"{name}{_in_braces(labels)} {count}"


def _in_braces(labels: _Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}"
