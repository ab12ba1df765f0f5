"""Long lists in small parts: a statement of SQLite takes 32,766 values at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

CHUNK = 10_000

Value = TypeVar("Value")


def in_chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values in their order, at most CHUNK at a time."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
