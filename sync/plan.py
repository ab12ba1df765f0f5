"""What a push has to do in one project: tasks to make, to show anew, to delete; no input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from faces.store.ledger import PushedTask, Shown


@dataclass(frozen=True)
class Plan:
    """What one project needs: tasks to make, to show anew, to delete."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new or self.changed or self.stale)

    def __str__(self) -> str:
        """The plan in one line."""
        return f"{len(self.new)} new, {len(self.changed)} changed, {len(self.stale)} to delete"


def plan_push(
    wanted: Mapping[str, Shown], pushed: Mapping[str, PushedTask], *, version: str
) -> Plan:
    """Compare what each task should show (digests by key) with what was pushed.

    An annotated task is never touched: what people said of it stands in the log.
    """
    there = {key: task for key, task in pushed.items() if task.task_id is not None}
    new = [key for key in wanted if key not in there]
    changed = [
        key
        for key, digest in wanted.items()
        if key in there
        and not there[key].annotated
        and (there[key].shown, there[key].round) != (digest, version)
    ]
    stale = [key for key, task in there.items() if key not in wanted and not task.annotated]
    return Plan(tuple(new), tuple(changed), tuple(stale))
