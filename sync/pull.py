"""Label Studio to the log: read the annotations that are new, changed or gone, and what they say.

A task, project or whole Label Studio that vanished takes back nothing; only an annotation that is
gone from a task that still exists does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from faces.confirmations import Occasion, PersonCreated, Retracted, Revised
from faces.name_book import NameBook, new_person_id
from faces.records import Face, FaceId, PhotoId
from faces.store import ledger, log, photos
from faces.store.database import Connection, Store
from faces.store.ledger import PushedTask, ReadAnnotation
from faces.store.suggestions import drop_suggestions
from faces.studio_answers import read_photo_answer
from faces.studio_format import suggestions_shown
from faces.studio_rows import passed_of_skipped, read_page_answer
from sync.answers import Said, words_of_page_answer, words_of_photo_answer
from sync.desk import HEARD, Desk, Project


@dataclass
class Pulled:
    """What reading Label Studio brought, and how many photos were turned for it."""

    answers: int = 0
    taken_back: int = 0
    words: int = 0
    turned: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def brought_news(self) -> bool:
        """Whether anything changed in the log, or in how photos lie."""
        return bool(self.answers or self.taken_back or self.turned)


GONE = "gone"
"""What the ledger notes as seen of a task that is no longer in Label Studio."""


@dataclass(frozen=True)
class _Answered:
    """A task whose annotations have to be read: what it is in the ledger, what and where now."""

    task_id: int
    seen: str
    pushed: PushedTask | None
    address: str


@dataclass(frozen=True)
class _Listening:
    """Whom names mean, and the latest time in the log when the last whole pull began.

    What that pull did not find was said after all that stood in the log by then.
    """

    names: NameBook
    heard_until: datetime | None

    def moment(self, connection: Connection, stamp: str) -> datetime:
        """When something was said: as Label Studio has it, or last of all if its clock was set
        back meanwhile.
        """
        moment = _moment(stamp)
        if self.heard_until is None or moment >= self.heard_until:
            return moment
        return log.after_all(connection, moment)


def pull(store: Store, desk: Desk, *, log_lines: Path) -> Pulled:
    """Read both projects and write what is new into the log, then beside it as JSON lines."""
    pulled = Pulled()
    with store.read() as connection:
        written = log.last_number(connection)
        heard_until = log.latest(connection, until=ledger.fact(connection, HEARD) or 0)
        listening = _Listening(NameBook(log.truth(connection), new_person_id), heard_until)
    for project in Project:
        for answered in _changed_tasks(store, desk, project):
            task = desk.studio.task(answered.task_id)
            if task is None:
                _leave_as_it_is(store, project, answered)
            else:
                _read_task(store, project, answered, task, listening, pulled)
    _note_heard(store, written)
    with store.read() as connection:
        log.write_lines(connection, log_lines)
    return pulled


def _note_heard(store: Store, written: int) -> None:
    """All that was said until this pull began is read now, and this much was written by then."""
    with store.read() as connection:
        if ledger.fact(connection, HEARD) == written:
            return
    with store.write() as connection:
        ledger.set_fact(connection, HEARD, written)


def _changed_tasks(store: Store, desk: Desk, project: Project) -> list[_Answered]:
    """Tasks with annotations that changed since they were read, and those that lost them all."""
    with store.read() as connection:
        pushed = ledger.pushed_tasks(connection, project).values()
        read = ledger.read_annotations(connection, project).values()
        seen_before = ledger.fact(connection, f"seen {project}") or {}
    by_id = {task.task_id: task for task in pushed if task.task_id is not None}
    now = {
        int(task["id"]): _state(task)
        for task in desk.studio.tasks(desk.project(project), answered_only=True)
    }
    changed = [
        _Answered(task_id, state, by_id.get(task_id), desk.address(project, task_id))
        for task_id, state in now.items()
        if (by_id[task_id].seen if task_id in by_id else seen_before.get(str(task_id))) != state
    ]
    answered_before = {annotation.task_id for annotation in read} | {
        task_id for task_id, task in by_id.items() if task.seen not in ("", GONE)
    }
    emptied = answered_before - set(now)
    changed.sort(key=lambda answered: answered.seen)
    return changed + [
        _Answered(task_id, "", by_id.get(task_id), desk.address(project, task_id))
        for task_id in sorted(emptied)
    ]


def _leave_as_it_is(store: Store, project: Project, answered: _Answered) -> None:
    """A task that vanished takes no word back; it is not asked for again either."""
    with store.write() as connection:
        for annotation in ledger.read_annotations(connection, project, task_id=answered.task_id):
            ledger.drop_annotation(connection, annotation)
        if answered.pushed is not None:
            ledger.save_tasks(connection, [replace(answered.pushed, seen=GONE)])


def _state(task: Mapping[str, Any]) -> str:
    counters = f"{task['total_annotations']}/{task['cancelled_annotations']}"
    return f"{task['updated_at']} {counters}"


def _read_task(
    store: Store,
    project: Project,
    answered: _Answered,
    task: Mapping[str, Any],
    listening: _Listening,
    pulled: Pulled,
) -> None:
    """Bring the log up to one task's annotations, in one transaction."""
    annotations = {int(one["id"]): one for one in task.get("annotations") or []}
    speaking = {key: one for key, one in annotations.items() if not one.get("was_cancelled")}
    with store.write() as connection:
        before = ledger.read_annotations(connection, project, task_id=answered.task_id)
        for key, annotation in sorted(speaking.items(), key=lambda one: one[1]["updated_at"]):
            known = before.get(key)
            if known is None or known.revision != annotation["updated_at"]:
                said = _read_annotation(connection, project, task, annotation, known, listening)
                pulled.answers += 1
                pulled.words += len(said.words)
                told = (*said.problems, *_nearly_equal(said, listening.names))
                pulled.problems += [f"{answered.address}: {problem}" for problem in told]
        for key in sorted(set(before) - set(speaking)):
            _retract(connection, before[key], _moment(task["updated_at"]))
            pulled.taken_back += 1
        passed = _passed(connection, task) if project is Project.PEOPLE and annotations else ()
        _note_task(connection, project, answered, annotated=bool(annotations), passed=passed)


def _read_annotation(
    connection: Connection,
    project: Project,
    task: Mapping[str, Any],
    annotation: Mapping[str, Any],
    known: ReadAnnotation | None,
    listening: _Listening,
) -> Said:
    read = ReadAnnotation(
        annotation_id=int(annotation["id"]),
        project=project,
        task_id=int(task["id"]),
        place=_place(annotation) if known is None else known.place,
        revision=annotation["updated_at"],
        from_prediction=bool(annotation.get("parent_prediction"))
        or (known is not None and known.from_prediction),
    )
    said = _said(connection, project, task, annotation, listening.names, read.from_prediction)
    read = replace(read, problem=said.question)
    if known is not None or said.words:
        moment = listening.moment(connection, read.revision)
        occasion = Occasion(_speaker(annotation), moment, read.place)
        log.append(connection, occasion, [Revised(read.revision), *said.words])
    ledger.save_annotation(connection, read)
    return said


def _nearly_equal(said: Said, names: NameBook) -> Iterator[str]:
    """Who got a new name that may be meant as somebody's who is there; nobody is made one."""
    for word in said.words:
        near = names.nearly(word.name) if isinstance(word, PersonCreated) else []
        if isinstance(word, PersonCreated) and near:
            yield (
                f"{word.name} is new, and spelled nearly like {' and '.join(near)}; they are "
                f"different people unless you change the answer to {near[0]}"
            )


def _said(
    connection: Connection,
    project: Project,
    task: Mapping[str, Any],
    annotation: Mapping[str, Any],
    names: NameBook,
    from_prediction: bool,  # noqa: FBT001  # a fact about the annotation, not a mode
) -> Said:
    """What the annotation says; faces that it draws or moves are put into the store first, and
    what visitors suggested in sight of the annotator is answered.
    """
    data = task.get("data") or {}
    if project is Project.PEOPLE:
        return words_of_page_answer(
            read_page_answer(annotation, data, from_prediction=from_prediction), names
        )
    photo = photos.photo(connection, PhotoId(str(data.get("photo", ""))))
    if photo is None:
        return Said(())
    known: dict[FaceId, Face] = {face.id: face for face in photos.faces(connection, photo.id)}
    answer = read_photo_answer(annotation, data, photo=photo, from_prediction=from_prediction)
    said = words_of_photo_answer(answer, known, names)
    for face in said.drawn:
        photos.add_face(connection, face)
    drop_suggestions(connection, suggestions_shown(data))
    return said


def _retract(connection: Connection, annotation: ReadAnnotation, at: datetime) -> None:
    """Take back what a deleted or skipped annotation said."""
    occasion = Occasion("label-studio", at, annotation.place)
    log.append(connection, occasion, [Retracted()])
    ledger.drop_annotation(connection, annotation.annotation_id)


def _passed(connection: Connection, task: Mapping[str, Any]) -> frozenset[FaceId]:
    """The faces of a People task of which none of its answers says anything."""
    data = task.get("data") or {}
    read = ledger.read_annotations(connection, Project.PEOPLE, task_id=int(task["id"]))
    of_each = [
        passed_of_skipped(data)
        if annotation.get("was_cancelled")
        else read_page_answer(
            annotation, data, from_prediction=read[int(annotation["id"])].from_prediction
        ).passed
        for annotation in task["annotations"]
    ]
    return frozenset.intersection(*of_each)


def _note_task(
    connection: Connection,
    project: Project,
    answered: _Answered,
    *,
    annotated: bool,
    passed: Collection[FaceId],
) -> None:
    """Remember the state in which the task was read; a task that is not ours has no ledger row."""
    if answered.pushed is not None:
        state = answered.seen if annotated else ""
        said_nothing = tuple(sorted(passed))
        task = replace(answered.pushed, seen=state, annotated=annotated, passed=said_nothing)
        ledger.save_tasks(connection, [task])
        return
    name = f"seen {project}"
    seen = ledger.fact(connection, name) or {}
    ledger.set_fact(connection, name, {**seen, str(answered.task_id): answered.seen})


def _place(annotation: Mapping[str, Any]) -> str:
    """Its number and its birth: another Label Studio counts from 1 again."""
    return f"annotation:{annotation['id']} of {annotation['created_at']}"


def _speaker(annotation: Mapping[str, Any]) -> str:
    """Who answered, by e-mail address; numbers mean somebody else in another Label Studio."""
    who = annotation.get("completed_by")
    return f"annotator:{who['email'] if isinstance(who, Mapping) else who}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
