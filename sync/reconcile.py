"""What is noted of Label Studio's tasks, brought up to what is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from faces.store import ledger
from faces.store.database import Store
from faces.store.ledger import PushedTask, Shown
from faces.studio import Studio
from sync.desk import Desk, Project
from sync.rounds import HALF_PUSHED

_MOST_RUNS = 50
"""With more gaps than that between the numbers of our tasks, listing them is about as quick."""
_UNSURE = Shown("", "")
"""What a task shows of which that is not known."""


def reconcile(store: Store, desk: Desk) -> None:
    """Bring what is noted up to what is there before anything is planned.

    Of an import that was cut off, or finished after we gave up on it, one task of each kind is
    kept (an answered one, if there is) and the others are deleted, never an answered one. A task
    that somebody deleted is forgotten, so that it is made again; one whose predictions somebody
    deleted gets a new one.
    """
    for project in Project:
        with store.read() as connection:
            pushed = ledger.pushed_tasks(connection, project)
        if pushed:
            _reconcile(store, desk, project, pushed)


@dataclass
class _Found:
    """Label Studio's tasks by key, and what was seen of them."""

    ids: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    answered: set[int] = field(default_factory=set)
    empty: set[int] = field(default_factory=set)


def _reconcile(
    store: Store, desk: Desk, project: Project, pushed: Mapping[str, PushedTask]
) -> None:
    found = _seen(desk.studio, desk.project(project), pushed)
    kept = {key: _kept(task, found) for key, task in pushed.items()}
    doubles = [
        task
        for key, ids in found.ids.items()
        for task in sorted(ids - found.answered)
        if task != kept[key]
    ]
    desk.studio.delete_tasks(
        desk.project(project), sorted(desk.studio.untouched(desk.project(project), doubles))
    )
    now = {
        key: _as_found(pushed[key], task, found) for key, task in kept.items() if task is not None
    }
    with store.write() as connection:
        ledger.save_tasks(connection, (one for key, one in now.items() if one != pushed[key]))
        ledger.drop_tasks(connection, project, [key for key in pushed if key not in now])


def _seen(studio: Studio, project: int, pushed: Mapping[str, PushedTask]) -> _Found:
    """What is there: counted, and listed only where the count is another than was noted."""
    if not _is_exactly(studio, project, [task.task_id for task in pushed.values()]):
        found = _find(studio.tasks(project), pushed)
        _add_unlisted(found, pushed, studio)
        return found
    found = _find(studio.unpredicted(project), pushed)
    for key, task in pushed.items():
        if task.task_id is not None:
            found.ids[key].add(task.task_id)
    return found


def _is_exactly(studio: Studio, project: int, noted: Sequence[int | None]) -> bool:
    """Whether a project has just these tasks: as many in all, and each run of numbers is full."""
    ids = [number for number in noted if number is not None]
    runs = _runs(ids)
    return (
        len(ids) == len(noted)
        and len(runs) <= _MOST_RUNS
        and studio.task_count(project) == len(ids)
        and all(studio.task_count(project, first=run[0], last=run[-1]) == len(run) for run in runs)
    )


def _runs(numbers: Sequence[int]) -> list[range]:
    """Numbers as runs without a gap."""
    runs: list[range] = []
    for number in sorted(numbers):
        if runs and number == runs[-1].stop:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs


def _find(listed: Iterable[Mapping[str, Any]], pushed: Mapping[str, PushedTask]) -> _Found:
    key_of = {task.task_id: key for key, task in pushed.items() if task.task_id is not None}
    found = _Found()
    for task in listed:
        number = int(task["id"])
        key = key_of.get(number) or str((task.get("meta") or {}).get("key"))
        if key not in pushed:
            continue
        found.ids[key].add(number)
        if task["total_annotations"] or task["cancelled_annotations"]:
            found.answered.add(number)
        if not task["total_predictions"]:
            found.empty.add(number)
    return found


def _add_unlisted(found: _Found, pushed: Mapping[str, PushedTask], studio: Studio) -> None:
    """A list read page by page can miss a task, so that is asked for by its id."""
    for key, task in pushed.items():
        known = task.task_id
        if known is not None and known not in found.ids[key] and studio.task(known) is not None:
            found.ids[key].add(known)


def _kept(task: PushedTask, found: _Found) -> int | None:
    """Of all tasks with one key, an answered one, else that which is known, else the oldest."""
    return min(
        found.ids[task.key],
        key=lambda number: (number not in found.answered, number != task.task_id, number),
        default=None,
    )


def _as_found(task: PushedTask, number: int, found: _Found) -> PushedTask:
    """What holds of a task that is there under this id."""
    if task.task_id is None:
        task = replace(task, task_id=number)
    elif task.task_id != number:
        task = replace(
            task, task_id=number, shown=_UNSURE, round=HALF_PUSHED, seen="", annotated=False
        )
    if number in found.empty and number not in found.answered and not task.annotated:
        return replace(task, round=HALF_PUSHED)
    return task
