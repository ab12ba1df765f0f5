"""The order in which people get tasks: what tasks say they are worth, and tabs that go by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from faces.records import PhotoId
from faces.store import ledger
from faces.store.database import Store
from faces.store.ledger import PushedTask
from faces.studio_format import WORTH, place_of_task
from sync.desk import Desk, Project
from sync.tabs import keep_tabs, kinds_with_tabs, people_tabs, photo_tabs
from sync.wanted_pages import WantedPage
from sync.worth import BEST, plan_renewal

_LOOKS = 3
"""How many times a push looks at the best tasks."""


def keep_order(
    store: Store,
    desk: Desk,
    pages: Sequence[WantedPage],
    *,
    annotators: Sequence[str],
    differing: Iterable[PhotoId],
) -> None:
    """Bring what People tasks say they are worth, and the tabs of both projects, up to date.

    A project without tasks gets no tabs: Label Studio's front end drops a filter on a column that
    no task has.
    """
    with store.read() as connection:
        tasks = {project: ledger.pushed_tasks(connection, project) for project in Project}
    if tasks[Project.PEOPLE]:
        renew_worth(desk, pages, tasks[Project.PEOPLE])
        kinds = {page.kind for page in pages} | kinds_with_tabs(store)
        keep_tabs(store, desk, Project.PEOPLE, people_tabs(kinds, annotators))
    if tasks[Project.PHOTOS]:
        keep_tabs(store, desk, Project.PHOTOS, photo_tabs(differing, annotators))


def renew_worth(desk: Desk, pages: Sequence[WantedPage], tasks: Mapping[str, PushedTask]) -> None:
    """Let the best tasks say what they are worth now; those that somebody has begun stay.

    What comes up in place of those that sank is looked at too, but not without end: where nearly
    all have changed, the next push goes on.
    """
    worth: dict[int, str] = {}
    for page in pages:
        task = tasks.get(page.key)
        if task is not None and task.task_id is not None and not task.annotated:
            told = place_of_task(page.kind, worth=page.worth, queue=page.queue)
            worth[task.task_id] = told[WORTH]
    seen: set[int] = set()
    for _ in range(_LOOKS):
        foremost = desk.studio.foremost(desk.people, WORTH, BEST)
        listed = {number: str(data.get(WORTH)) for number, data in foremost.items()}
        off = [number for number in plan_renewal(listed, worth) if number not in seen]
        for number, stands in sorted(desk.studio.standing(desk.people, off).items()):
            desk.studio.update_task(number, {**stands.data, WORTH: worth[number]})
        seen.update(off)
        if not off:
            return
