"""Questions that come back: pages whose answer contradicted itself, asked as tasks of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from faces.records import FaceId
from faces.store.ledger import PushedTask, ReadAnnotation
from sync.wanted_pages import WantedPage


def ask_again(
    pages: Iterable[WantedPage],
    pushed: Mapping[str, PushedTask],
    read: Iterable[ReadAnnotation],
) -> list[WantedPage]:
    """The pages that are wanted; one that was answered and understood by nobody is a new task.

    The task that was answered stays as it is, with its answer. What contradicted in it stands on
    the page that asks about its faces now. Where that is the same page, its key tells how often it
    was asked before. One that was passed over comes back with a name chosen beforehand.
    """
    questions = _questions(pushed.values(), read)
    return [_asked(page, pushed, questions) for page in pages]


def _questions(tasks: Iterable[PushedTask], read: Iterable[ReadAnnotation]) -> dict[FaceId, str]:
    """What contradicted in the answers about each face, as far as they said anything of it."""
    problems = {one.task_id: one.problem for one in read if one.problem}
    return {
        face: problems[task.task_id]
        for task in tasks
        if task.annotated and task.page is not None and task.task_id in problems
        for face in task.page.faces
        if face not in task.passed
    }


def _asked(
    page: WantedPage, pushed: Mapping[str, PushedTask], questions: Mapping[FaceId, str]
) -> WantedPage:
    asked = list(dict.fromkeys(questions[face] for face in page.faces if face in questions))
    page = replace(page, question=" ".join(asked))
    while (task := pushed.get(page.key)) is not None and task.annotated:
        if not asked and not _was_passed(page, task):
            break
        page = replace(page, asked=page.asked + 1)
    return page


def _was_passed(page: WantedPage, task: PushedTask) -> bool:
    """Whether nothing was said of a page that has names chosen now."""
    return page.task.is_named and set(page.faces) <= set(task.passed)
