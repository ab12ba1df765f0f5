"""What a day was like, and what is wrong after those that were disturbed."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.convention import note
from benchmarks.faults_state import Found, State


@dataclass
class Measured:
    """What an undisturbed day was like: seconds and writes of each step, what was there after."""

    seconds: dict[str, float] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)


@dataclass
class Tally:
    """How many were killed, by whom it was, and what is wrong, in words."""

    killed: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many were killed."""
        return sum(self.killed.values())

    def count(self, who: str) -> None:
        """Somebody was killed."""
        self.killed[who] = self.killed.get(who, 0) + 1

    def add(self, found: Found, *, after: str) -> None:
        """Something is wrong; what it was after is told once."""
        for name in ("lost", "doubled", "stuck"):
            wrong: list[str] = getattr(found, name)
            getattr(self, name).extend(wrong)
            for one in wrong[:20]:
                note(f"  {name} after {after}: {one}")
