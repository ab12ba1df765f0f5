"""Plain counters, and how Prometheus reads them."""

from __future__ import annotations

import threading
from collections import Counter

_HELP = {
    "requests_total": "Requests by route",
    "refused_total": "Requests refused for want of the secret",
    "predictions_total": "Tasks answered, empty answers among them",
    "failures_total": "Tasks, regions, configs and hints that went wrong, by kind",
    "hints_total": "Webhook events after which annotations are pulled",
}


class Counters:
    """Counts of what happened since the start; safe to use from several threads."""

    def __init__(self) -> None:
        """Start at zero."""
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Count something; labels are words of our own, never what a request brought."""
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += amount

    def count(self, name: str, **labels: str) -> int:
        """What was counted so far under exactly these labels."""
        with self._lock:
            return self._counts[name, tuple(sorted(labels.items()))]

    def as_text(self) -> str:
        """All counters in Prometheus' text format."""
        with self._lock:
            counts = dict(self._counts)
        lines: list[str] = []
        for name, meaning in _HELP.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} counter"]
            mine = sorted((labels, n) for (counted, labels), n in counts.items() if counted == name)
            lines += [f"{name}{_in_braces(labels)} {n}" for labels, n in mine]
        return "\n".join(lines) + "\n"


def _in_braces(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}"
