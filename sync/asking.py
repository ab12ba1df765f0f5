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
    problems: dict[int | None, str] = {one.task_id: one.problem for one in read if one.problem}
    questions = _questions(pushed.values(), problems)
    return [_asked(page, pushed, questions, problems) for page in pages]


def _questions(
    tasks: Iterable[PushedTask], problems: Mapping[int | None, str]
) -> dict[FaceId, str]:
    """What contradicted in the newest answers about each face, as far as they said anything of it.

    What was answered on a newer page without a contradiction is no question any more.
    """
    questions: dict[FaceId, str] = {}
    answered = (task for task in tasks if task.annotated and task.page is not None)
    for task in sorted(answered, key=lambda task: task.task_id or 0):
        faces = set(task.page.faces if task.page else ()).difference(task.passed)
        for face in faces:
            questions.pop(face, None)
            if task.task_id in problems:
                questions[face] = problems[task.task_id]
    return questions


def _asked(
    page: WantedPage,
    pushed: Mapping[str, PushedTask],
    questions: Mapping[FaceId, str],
    problems: Mapping[int | None, str],
) -> WantedPage:
    asked = list(dict.fromkeys(questions[face] for face in page.faces if face in questions))
    page = replace(page, question=" ".join(asked))
    while (task := pushed.get(page.key)) is not None and task.annotated:
        if not asked and task.task_id not in problems and not _was_passed(page, task):
            break
        page = replace(page, asked=page.asked + 1)
    return page


def _was_passed(page: WantedPage, task: PushedTask) -> bool:
    """Whether nothing was said of a page that has names chosen now."""
    return page.task.is_named and set(page.faces) <= set(task.passed)
