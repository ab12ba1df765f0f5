"""Questions that come back: pages whose answer contradicted itself, asked as tasks of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from faces.store.ledger import PushedTask, ReadAnnotation
from sync.wanted import WantedPage


def ask_again(
    pages: Iterable[WantedPage],
    pushed: Mapping[str, PushedTask],
    read: Iterable[ReadAnnotation],
) -> list[WantedPage]:
    """The pages that are wanted; one that was answered and understood by nobody is a new task.

    The task that was answered stays as it is, with its answer. What contradicted in it stands on
    the new one, whose key tells how often the page was asked before.
    """
    problems = {one.task_id: one.problem for one in read if one.problem}
    return [_asked(page, pushed, problems) for page in pages]


def _asked(
    page: WantedPage, pushed: Mapping[str, PushedTask], problems: Mapping[int, str]
) -> WantedPage:
    while (task := pushed.get(page.key)) is not None and task.annotated:
        problem = problems.get(task.task_id or 0)
        if problem is None:
            break
        page = replace(page, asked=page.asked + 1, question=problem)
    return page
