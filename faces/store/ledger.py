"""What was pushed to Label Studio and which of its annotations were read; small facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from faces.records import FaceId, PersonId
from faces.store import tables as t
from faces.store.chunks import in_chunks
from faces.store.upsert import upsert, upsert_all


@dataclass(frozen=True, slots=True)
class Shown:
    """Digests of what a task shows: of its data, and of its prediction."""

    data: str
    prediction: str


@dataclass(frozen=True, slots=True)
class PushedPage:
    """What a People task asks about: the faces that each row shows, and in whose queue it is.

    `chosen` is who is chosen beforehand for each row; it is empty where that was not noted.
    """

    rows: tuple[tuple[FaceId, ...], ...]
    queue: int = 1
    is_several: bool = False
    chosen: tuple[PersonId | None, ...] = ()

    @property
    def faces(self) -> tuple[FaceId, ...]:
        """All that it shows."""
        return tuple(face for row in self.rows for face in row)


@dataclass(frozen=True, slots=True)
class PushedTask:
    """A task in Label Studio. `task_id` is None while an import is under way or was cut off.

    `key` says what the task is about, `shown` are digests of what it shows, `round` the model
    version under which its prediction stands, `seen` its state when its annotations were read.
    Only a People task has a `page`; `passed` are faces of which its answers say nothing.
    """

    project: str
    key: str
    task_id: int | None
    shown: Shown
    round: str
    picture_url: str
    seen: str = ""
    annotated: bool = False
    page: PushedPage | None = None
    passed: tuple[FaceId, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadAnnotation:
    """An annotation whose words stand in the log at `place`, as of one revision.

    `from_prediction` stays true once it was: Label Studio forgets it with the prediction. `problem`
    is what contradicted itself in it, in a few words; it is empty for all others.
    """

    annotation_id: int
    project: str
    task_id: int
    place: str
    revision: str
    from_prediction: bool
    problem: str = ""


def pushed_tasks(connection: sa.Connection, project: str) -> dict[str, PushedTask]:
    """All tasks of one project, by key."""
    query = sa.select(t.studio_tasks).where(t.studio_tasks.c.project == project)
    return {row.key: _task(row) for row in connection.execute(query)}


def has_open_tasks(connection: sa.Connection, project: str) -> bool:
    """Whether a project has a task that nobody has answered."""
    table = t.studio_tasks
    open_ones = sa.select(table.c.key).where(table.c.project == project, ~table.c.annotated)
    return connection.execute(open_ones.limit(1)).first() is not None


def save_tasks(connection: sa.Connection, tasks: Iterable[PushedTask]) -> None:
    """Note tasks that are there or about to be."""
    rows = [
        {
            "project": task.project,
            "key": task.key,
            "task_id": task.task_id,
            "shown_data": task.shown.data,
            "shown_prediction": task.shown.prediction,
            "round": task.round,
            "picture_url": task.picture_url,
            "seen": task.seen,
            "annotated": task.annotated,
            "page": None if task.page is None else _page_to_json(task.page),
            "passed": list(task.passed) or None,
        }
        for task in tasks
    ]
    upsert_all(connection, t.studio_tasks, rows, key=("project", "key"))


def drop_tasks(connection: sa.Connection, project: str, keys: Iterable[str]) -> None:
    """Forget tasks that are no longer in Label Studio."""
    table = t.studio_tasks
    for some in in_chunks(sorted(keys)):
        these = sa.delete(table).where(table.c.project == project, table.c.key.in_(some))
        connection.execute(these)


def read_annotations(
    connection: sa.Connection, project: str, *, task_id: int | None = None
) -> dict[int, ReadAnnotation]:
    """The annotations of one project (of one task, if given) whose words stand, by their id."""
    query = sa.select(t.studio_annotations).where(t.studio_annotations.c.project == project)
    if task_id is not None:
        query = query.where(t.studio_annotations.c.task_id == task_id)
    return {row.annotation_id: ReadAnnotation(**row._mapping) for row in connection.execute(query)}


def save_annotation(connection: sa.Connection, annotation: ReadAnnotation) -> None:
    """Note that an annotation was read as of this revision."""
    upsert(
        connection,
        t.studio_annotations,
        key={"annotation_id": annotation.annotation_id},
        new={
            "revision": annotation.revision,
            "from_prediction": annotation.from_prediction,
            "problem": annotation.problem,
        },
        fixed={
            "project": annotation.project,
            "task_id": annotation.task_id,
            "place": annotation.place,
        },
    )


def drop_annotation(connection: sa.Connection, annotation_id: int) -> None:
    """Forget an annotation whose words were taken back."""
    table = t.studio_annotations
    connection.execute(sa.delete(table).where(table.c.annotation_id == annotation_id))


def forget_annotations(connection: sa.Connection, project: str) -> None:
    """Forget which annotations of a project were read; their words stay in the log."""
    table = t.studio_annotations
    connection.execute(sa.delete(table).where(table.c.project == project))


def project_fact(project: str) -> str:
    """The fact that notes which project of which Label Studio is ours."""
    return f"project {project}"


def project_id(connection: sa.Connection, project: str, *, server: str) -> int | None:
    """Label Studio's id of our project in this server; None as long as it has none."""
    known = fact(connection, project_fact(project))
    return int(known["id"]) if known and known["server"] == server else None


def fact(connection: sa.Connection, name: str) -> Any:
    """A small fact by name, None if it was never set."""
    return connection.scalar(sa.select(t.facts.c.value).where(t.facts.c.name == name))


def set_fact(connection: sa.Connection, name: str, value: Any) -> None:
    """Set a small fact."""
    upsert(connection, t.facts, key={"name": name}, new={"value": value})


def _task(row: sa.Row[Any]) -> PushedTask:
    return PushedTask(
        project=row.project,
        key=row.key,
        task_id=row.task_id,
        shown=Shown(row.shown_data, row.shown_prediction),
        round=row.round,
        picture_url=row.picture_url,
        seen=row.seen,
        annotated=row.annotated,
        page=None if row.page is None else _page_from_json(row.page),
        passed=tuple(row.passed or ()),
    )


def _page_to_json(page: PushedPage) -> dict[str, Any]:
    rows = [list(row) for row in page.rows]
    told = {"rows": rows, "queue": page.queue, "several": page.is_several}
    return told | ({"chosen": list(page.chosen)} if page.chosen else {})


def _page_from_json(told: dict[str, Any]) -> PushedPage:
    rows = tuple(map(tuple, told["rows"]))
    return PushedPage(rows, told["queue"], told["several"], tuple(told.get("chosen", ())))
