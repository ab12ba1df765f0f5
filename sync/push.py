"""The store to Label Studio: gather what there is, plan what to change, apply it in small steps."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faces.encode import NETWORK
from faces.errors import StudioError
from faces.identify import CurrentModel
from faces.records import Proposal
from faces.showing import FIRST_ROUND, ROUND_FACT
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos
from faces.store.database import Store
from faces.store.ledger import PushedTask, Shown
from faces.studio import IMPORT_CHUNK, PREDICTION_CHUNK, Studio
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG
from faces.studio_format import PEOPLE_VERSION
from faces.studio_validator import Validator
from sync.desk import Desk, Project
from sync.montage import draw_montage, lay_out
from sync.proposing import guess
from sync.wanted import Wanted, WantedPage, shown_digest, wanted_pages, wanted_photos

HALF_PUSHED = ""
"""The round of a task whose predictions are being replaced right now."""

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""


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


@dataclass(frozen=True)
class Gathered:
    """All that a push starts from."""

    wanted: Mapping[Project, Mapping[str, Wanted]]
    pushed: Mapping[Project, Mapping[str, PushedTask]]
    proposals: Sequence[Proposal]
    source: str
    shown_round: str
    round: str

    def version(self, project: Project) -> str:
        """The model version of a project's predictions."""
        return PEOPLE_VERSION if project is Project.PEOPLE else self.round


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


def push(
    store: Store, desk: Desk, models: CurrentModel, *, on_progress: OnProgress
) -> dict[Project, Plan]:
    """Bring both projects to what the store says; returns what was done.

    A new classifier or cluster run makes a new round: its predictions are pushed whole, counted
    and selected before the old round's are deleted, so that annotators never see none.
    """
    reconcile(store, desk)
    gathered = gather(store, models)
    with store.write() as connection:
        cluster_store.replace_proposals(connection, gathered.proposals)
    plans = _plans(gathered)
    for project, plan in plans.items():
        _Push(store, desk, project, gathered, on_progress).apply(plan)
    if gathered.round != gathered.shown_round:
        _select_round(store, desk, gathered)
    return plans


def plan_only(store: Store, models: CurrentModel) -> dict[Project, Plan]:
    """What a push would do, for a dry run."""
    return _plans(gather(store, models))


def gather(store: Store, models: CurrentModel) -> Gathered:
    """Read the store and let the machine guess."""
    identifier = models.snapshot()
    with store.read() as connection:
        encodings = photos.encodings(connection, NETWORK)
        all_photos = photos.photos(connection)
        all_faces = photos.faces(connection)
        files = photos.files_of_photos(connection)
        clusters = cluster_store.clusters(connection)
        run = cluster_store.current_run(connection) or "none"
        truth = log.truth(connection)
        pushed = {p: ledger.pushed_tasks(connection, p) for p in Project}
        shown_round = str(ledger.fact(connection, ROUND_FACT) or FIRST_ROUND)
        shown_source = ledger.fact(connection, "source of the round")
    guesses = guess(encodings, truth, clusters, run=run, identifier=identifier)
    captions = {photo: places[0].path for photo, places in files.items()}
    photo_of = {face.id: face.photo for face in all_faces}
    wanted_by_project: dict[Project, Mapping[str, Wanted]] = {
        Project.PEOPLE: {w.key: w for w in wanted_pages(clusters, photo_of, truth, guesses)},
        Project.PHOTOS: {
            w.key: w for w in wanted_photos(all_photos, all_faces, captions, truth, guesses)
        },
    }
    source = run if identifier is None else identifier.version.id
    return Gathered(
        wanted_by_project,
        pushed,
        tuple(guesses.proposals.values()),
        source,
        shown_round,
        shown_round if shown_source == source else _next_round(shown_round),
    )


def _next_round(name: str) -> str:
    stem, _, number = name.rpartition("-")
    return f"{stem}-{int(number) + 1:04d}"


def _plans(gathered: Gathered) -> dict[Project, Plan]:
    return {
        project: plan_push(
            {key: shown_digest(one) for key, one in gathered.wanted[project].items()},
            gathered.pushed[project],
            version=gathered.version(project),
        )
        for project in Project
    }


def reconcile(store: Store, desk: Desk) -> None:
    """Bring what is noted up to what is there before anything is planned.

    Of an import that was cut off, what arrived once is kept and what arrived twice is deleted; a
    task that somebody deleted is forgotten, so that it is made again.
    """
    for project in Project:
        with store.read() as connection:
            pushed = ledger.pushed_tasks(connection, project)
        if not pushed:
            continue
        unsure = {key: task for key, task in pushed.items() if task.task_id is None}
        arrived: dict[str, list[int]] = {}
        there: set[int] = set()
        for task in desk.studio.tasks(desk.project(project)):
            there.add(int(task["id"]))
            key = (task.get("meta") or {}).get("key")
            if key in unsure:
                arrived.setdefault(key, []).append(int(task["id"]))
        doubles = [task for ids in arrived.values() for task in ids[1:]]
        desk.studio.delete_tasks(desk.project(project), doubles)
        gone = [key for key in unsure if key not in arrived]
        gone += [key for key, task in pushed.items() if _vanished(task, there, desk.studio)]
        with store.write() as connection:
            found = [replace(unsure[key], task_id=ids[0]) for key, ids in arrived.items()]
            ledger.save_tasks(connection, found)
            ledger.drop_tasks(connection, project, gone)


def _vanished(task: PushedTask, there: Container[int], studio: Studio) -> bool:
    """Whether a task is gone; a list read page by page can miss one, so it is asked for by id."""
    if task.task_id is None or task.task_id in there:
        return False
    return studio.task(task.task_id) is None


class _Push:
    """One project's part of a push."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        project: Project,
        gathered: Gathered,
        on_progress: OnProgress,
    ) -> None:
        self._store = store
        self._desk = desk
        self._project = project
        self._id = desk.project(project)
        self._version = gathered.version(project)
        self._wanted = gathered.wanted[project]
        self._pushed = gathered.pushed[project]
        self._progress = on_progress
        config = PEOPLE_CONFIG if project is Project.PEOPLE else PHOTOS_CONFIG
        self._validator = Validator(config)

    def apply(self, plan: Plan) -> None:
        """New tasks first, then changed ones; what nobody needs goes last."""
        self._in_chunks(f"new {self._project} tasks", plan.new, IMPORT_CHUNK, self._make)
        self._in_chunks(f"{self._project} tasks", plan.changed, PREDICTION_CHUNK, self._renew)
        self._in_chunks(f"old {self._project} tasks", plan.stale, IMPORT_CHUNK, self._delete)

    def _in_chunks(
        self, what: str, keys: Sequence[str], size: int, step: Callable[[Sequence[str]], None]
    ) -> None:
        for start in range(0, len(keys), size):
            step(keys[start : start + size])
            self._progress(what, min(start + size, len(keys)), len(keys))

    def _make(self, keys: Sequence[str]) -> None:
        """Note what is about to be made, make it, note the ids: a crash between loses nothing."""
        pictures = {key: self._picture(self._wanted[key]) for key in keys}
        urls = self._desk.addresses(self._project, list(pictures.values()))
        tasks = [self._task(key, urls[pictures[key]]) for key in keys]
        notes = [
            PushedTask(
                project=self._project,
                key=key,
                task_id=None,
                shown=shown_digest(self._wanted[key]),
                round=self._version,
                picture_url=urls[pictures[key]],
            )
            for key in keys
        ]
        self._note(notes)
        ids = self._desk.studio.import_tasks(self._id, tasks)
        self._note(replace(note, task_id=task) for note, task in zip(notes, ids, strict=True))

    def _renew(self, keys: Sequence[str]) -> None:
        """Data first, then predictions: in place where the round stays, so that nobody who opens
        a task at this moment finds it empty or double.
        """
        tasks = {key: self._there(key) for key in self._untouched(keys)}
        missing: dict[str, PushedTask] = {}
        for key, task in tasks.items():
            shown = shown_digest(self._wanted[key])
            if task.shown.data != shown.data:
                self._desk.studio.update_task(_id(task), self._wanted[key].data(task.picture_url))
            is_right = (task.round, task.shown.prediction) == (self._version, shown.prediction)
            if is_right or self._replaced_in_place(key, task):
                self._note([replace(task, shown=shown, round=self._version)])
            else:
                missing[key] = task
        self._add_predictions(missing)

    def _replaced_in_place(self, key: str, task: PushedTask) -> bool:
        """Whether the task had a prediction of this round, which shows the new one now."""
        if task.round not in (self._version, HALF_PUSHED):
            return False
        studio = self._desk.studio
        there = studio.prediction_ids(_id(task), version=self._version)
        for prediction in there[:1]:
            studio.update_prediction(prediction, self._checked(self._wanted[key]))
        for double in there[1:]:
            studio.delete_prediction(double)
        return bool(there)

    def _add_predictions(self, tasks: Mapping[str, PushedTask]) -> None:
        """Noted before and after: what a crash leaves half done is looked at by the next push."""
        if not tasks:
            return
        self._note(replace(task, round=HALF_PUSHED) for task in tasks.values())
        predictions = [
            self._checked(self._wanted[key]) | {"task": task.task_id} for key, task in tasks.items()
        ]
        self._desk.studio.import_predictions(self._id, predictions)
        self._note(
            replace(task, shown=shown_digest(self._wanted[key]), round=self._version)
            for key, task in tasks.items()
        )

    def _delete(self, keys: Sequence[str]) -> None:
        keys = self._untouched(keys)
        self._desk.studio.delete_tasks(self._id, [_id(self._there(key)) for key in keys])
        with self._store.write() as connection:
            ledger.drop_tasks(connection, self._project, keys)

    def _untouched(self, keys: Sequence[str]) -> list[str]:
        """Without the tasks that somebody answered since the last pull."""
        answered = {int(t["id"]) for t in self._desk.studio.tasks(self._id, answered_only=True)}
        return [key for key in keys if self._there(key).task_id not in answered]

    def _picture(self, wanted: Wanted) -> Path:
        media = self._desk.media
        if not isinstance(wanted, WantedPage):
            return media.preview(wanted.key)  # type: ignore[arg-type]  # a photo's key is its id
        place = media.montage(wanted.key)
        if not place.exists():
            draw_montage(lay_out(wanted.faces), [media.crop(f) for f in wanted.faces], place)
        return place

    def _task(self, key: str, picture_url: str) -> dict[str, Any]:
        wanted = self._wanted[key]
        return {
            "data": wanted.data(picture_url),
            "meta": {"key": key},
            "predictions": [self._checked(wanted)],
        }

    def _checked(self, wanted: Wanted) -> dict[str, Any]:
        """The prediction, which Label Studio's own validator accepts."""
        prediction = wanted.prediction(self._version)
        problems = self._validator.problems(prediction)
        if problems:
            raise StudioError(f"the prediction for {wanted.key} is not valid: {problems[0]}")
        return prediction

    def _there(self, key: str) -> PushedTask:
        return self._pushed[key]

    def _note(self, tasks: Iterable[PushedTask]) -> None:
        with self._store.write() as connection:
            ledger.save_tasks(connection, tasks)


def _select_round(store: Store, desk: Desk, gathered: Gathered) -> None:
    """Show the new round once all of it is there, then let the old ones go."""
    studio, newer = desk.studio, gathered.round
    with store.read() as connection:
        pushed = ledger.pushed_tasks(connection, Project.PHOTOS)
    expected = sum(task.round == newer for task in pushed.values())
    counts = studio.version_counts(desk.photos)
    if counts.get(newer, 0) < expected:
        raise StudioError(
            f"Label Studio holds {counts.get(newer, 0)} of {expected} predictions of {newer}; "
            "run `faceloop sync` again"
        )
    if expected:
        studio.select_version(desk.photos, newer)
    with store.write() as connection:
        ledger.set_fact(connection, ROUND_FACT, newer)
        ledger.set_fact(connection, "source of the round", gathered.source)
    for version in counts:
        if version != newer and version.startswith("faceloop-"):
            studio.delete_version(desk.photos, version)


def _id(task: PushedTask) -> int:
    """The id of a task that is known to be there."""
    if task.task_id is None:
        raise ValueError(f"the task {task.key} is still being made")
    return task.task_id
