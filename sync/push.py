"""The store to Label Studio: gather what there is, plan what to change, apply it in small steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from faces.errors import BrokenModelVersion, StudioError
from faces.identify import CurrentModel
from faces.records import NETWORK, PhotoId, Proposal
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos
from faces.store.database import Store
from faces.store.ledger import PushedTask, Shown
from faces.studio import IMPORT_CHUNK, Standing
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG
from faces.studio_format import PEOPLE_VERSION
from faces.studio_validator import Validator
from sync.asking import ask_again
from sync.context import Places
from sync.desk import Desk, Project
from sync.everyone import names_of, offer_everyone
from sync.montage import draw_montage, lay_out
from sync.ordering import keep_order
from sync.proposing import guess
from sync.queues import Queues, note_queues, read_queues, share_out
from sync.reconcile import reconcile
from sync.rounds import HALF_PUSHED, Round, begin_round, round_of, show_round
from sync.tabs import differing_photos
from sync.wanted import (
    Wanted,
    WantedPage,
    best_first,
    shown_digest,
    wanted_pages,
    wanted_photos,
)

BATCH = 20
"""Tasks changed or deleted at once: somebody may answer the next ones meanwhile."""

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
    round: Round
    queues: Queues
    differing: Sequence[PhotoId]
    everyone: Sequence[str]

    @property
    def pages(self) -> list[WantedPage]:
        """The tasks of People, the best first."""
        people = self.wanted[Project.PEOPLE].values()
        return [page for page in people if isinstance(page, WantedPage)]

    def version(self, project: Project) -> str:
        """The model version of a project's predictions."""
        return PEOPLE_VERSION if project is Project.PEOPLE else self.round.name


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

    Before, all tasks are listed: what a push that was cut off left, and what somebody deleted, is
    made up for.

    Raises:
        BrokenModelVersion: the current model version cannot be used; all stays as it is.
        StudioError: Label Studio did not do what was asked.
    """
    reconcile(store, desk)
    return push_changes(store, desk, models, on_progress=on_progress)


def push_changes(
    store: Store, desk: Desk, models: CurrentModel, *, on_progress: OnProgress
) -> dict[Project, Plan]:
    """Bring both projects to what the store says, where the last push came to its end.

    A new classifier or cluster run makes a new round: its predictions are pushed whole, counted
    and selected before those of earlier rounds are deleted, so that annotators never see none.

    Raises:
        BrokenModelVersion: the current model version cannot be used; all stays as it is.
        StudioError: Label Studio did not do what was asked.
    """
    gathered = gather(store, models)
    with store.write() as connection:
        cluster_store.replace_proposals(connection, gathered.proposals)
        note_queues(connection, gathered.queues)
    begin_round(store, gathered.round)
    offer_everyone(desk, gathered.everyone)
    plans = _plans(gathered)
    for project in desk.order:
        _Push(store, desk, project, gathered, on_progress).apply(plans[project])
    show_round(store, desk, gathered.round)
    keep_order(
        store,
        desk,
        gathered.pages,
        annotators=gathered.queues.annotators,
        differing=gathered.differing,
    )
    return plans


def plan_only(
    store: Store, models: CurrentModel, *, annotators: Sequence[str] | None = None
) -> dict[Project, Plan]:
    """What a push would do, for a dry run; `annotators` if there are to be others than noted."""
    return _plans(gather(store, models, annotators=annotators))


def gather(
    store: Store, models: CurrentModel, *, annotators: Sequence[str] | None = None
) -> Gathered:
    """Read the store and let the machine guess; the best tasks come first.

    Raises:
        BrokenModelVersion: the current model version cannot be used.
    """
    identifier = models.snapshot()
    if models.problem:
        raise BrokenModelVersion(models.problem)
    with store.read() as connection:
        encodings = photos.encodings(connection, NETWORK)
        there = photos.photos_there(connection)
        all_faces = photos.faces(connection)
        files = photos.files_of_photos(connection)
        clusters = cluster_store.clusters(connection)
        run = cluster_store.current_run(connection) or "none"
        truth = log.truth(connection)
        pushed = {p: ledger.pushed_tasks(connection, p) for p in Project}
        queues = read_queues(connection).among(annotators)
        answers = ledger.read_annotations(connection, Project.PEOPLE)
    guesses = guess(encodings, truth, clusters, run=run, identifier=identifier)
    captions = {photo: places[0].path for photo, places in files.items()}
    ids_there = {photo.id for photo in there}
    photo_of = {face.id: face.photo for face in all_faces if face.photo in ids_there}
    places = Places(
        {photo.id: photo for photo in there}, {face.id: face for face in all_faces}, files
    )
    wanted = wanted_pages(clusters, photo_of, truth, guesses, places)
    asked = ask_again(wanted, pushed[Project.PEOPLE], answers.values())
    pages, queues = share_out(asked, queues)
    wanted_by_project: dict[Project, Mapping[str, Wanted]] = {
        Project.PEOPLE: {page.key: page for page in best_first(pages)},
        Project.PHOTOS: {
            w.key: w for w in wanted_photos(there, all_faces, captions, truth, guesses)
        },
    }
    current = round_of(store, run if identifier is None else identifier.version.id)
    proposals = tuple(guesses.proposals.values())
    differing = differing_photos(proposals, truth, photo_of)
    everyone = names_of(truth)
    return Gathered(wanted_by_project, pushed, proposals, current, queues, differing, everyone)


def _plans(gathered: Gathered) -> dict[Project, Plan]:
    return {
        project: plan_push(
            {key: shown_digest(one) for key, one in gathered.wanted[project].items()},
            gathered.pushed[project],
            version=gathered.version(project),
        )
        for project in Project
    }


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
        self._in_chunks(f"{self._project} tasks", self._by_id(plan.changed), BATCH, self._renew)
        self._in_chunks(f"old {self._project} tasks", self._by_id(plan.stale), BATCH, self._delete)

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

        Label Studio is asked what stands there, whatever is noted: this round may have been left
        for another one, or cut off, and come back to. What is right already is not written.
        """
        tasks = {key: self._there(key) for key in keys}
        ids = [_id(task) for task in tasks.values()]
        standing = self._desk.studio.standing(self._id, ids)
        missing: dict[str, PushedTask] = {}
        for key, task in tasks.items():
            stands = standing.get(_id(task))
            if stands is None:
                continue
            shown = shown_digest(self._wanted[key])
            self._renew_data(key, task, shown, stands)
            is_right = (task.round, task.shown.prediction) == (self._version, shown.prediction)
            if is_right or self._replaced_in_place(key, stands):
                self._note([replace(task, shown=shown, round=self._version)])
            else:
                missing[key] = task
        self._add_predictions(missing)

    def _renew_data(self, key: str, task: PushedTask, shown: Shown, stands: Standing) -> None:
        if (task.shown.data, task.round) == (shown.data, self._version):
            return
        data = self._data(key, task.picture_url)
        if stands.data != data:
            self._desk.studio.update_task(_id(task), data)

    def _replaced_in_place(self, key: str, stands: Standing) -> bool:
        """Whether the task had a prediction of this round, which shows the new one now."""
        studio = self._desk.studio
        there = stands.predictions.get(self._version, ())
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
        """Without the tasks in which somebody answered since the last pull, or has begun to."""
        ids = [_id(self._there(key)) for key in keys]
        untouched = self._desk.studio.untouched(self._id, ids)
        return [key for key, task in zip(keys, ids, strict=True) if task in untouched]

    def _picture(self, wanted: Wanted) -> Path:
        media = self._desk.media
        if not isinstance(wanted, WantedPage):
            return media.preview(wanted.key)  # type: ignore[arg-type]  # a photo's key is its id
        place = media.montage(wanted.montage)
        if not place.exists():
            draw_montage(lay_out(wanted.faces), [media.crop(f) for f in wanted.faces], place)
        return place

    def _task(self, key: str, picture_url: str) -> dict[str, Any]:
        return {
            "data": self._data(key, picture_url),
            "meta": {"key": key},
            "predictions": [self._checked(self._wanted[key])],
        }

    def _data(self, key: str, picture_url: str) -> dict[str, Any]:
        wanted = self._wanted[key]
        if not isinstance(wanted, WantedPage):
            return wanted.data(picture_url)
        return wanted.data(picture_url, self._previews([one.photo.id for one in wanted.sightings]))

    def _previews(self, photos_shown: Sequence[PhotoId]) -> dict[PhotoId, str]:
        """Addresses of photos, as far as annotators can open them: those uploaded have tasks."""
        if self._desk.pictures == "upload":
            tasks = self._photo_tasks
            return {photo: tasks[photo].picture_url for photo in photos_shown if photo in tasks}
        previews = {photo: self._desk.media.preview(photo) for photo in photos_shown}
        urls = self._desk.addresses(Project.PHOTOS, list(previews.values()))
        return {photo: urls[preview] for photo, preview in previews.items()}

    @cached_property
    def _photo_tasks(self) -> Mapping[str, PushedTask]:
        """The tasks of Photos as they are now."""
        with self._store.read() as connection:
            return ledger.pushed_tasks(connection, Project.PHOTOS)

    def _checked(self, wanted: Wanted) -> dict[str, Any]:
        """The prediction, which Label Studio's own validator accepts."""
        prediction = wanted.prediction(self._version)
        problems = self._validator.problems(prediction)
        if problems:
            raise StudioError(f"the prediction for {wanted.key} is not valid: {problems[0]}")
        return prediction

    def _by_id(self, keys: Sequence[str]) -> list[str]:
        """The keys in the order in which annotators get the tasks."""
        return sorted(keys, key=lambda key: _id(self._there(key)))

    def _there(self, key: str) -> PushedTask:
        return self._pushed[key]

    def _note(self, tasks: Iterable[PushedTask]) -> None:
        with self._store.write() as connection:
            ledger.save_tasks(connection, tasks)


def _id(task: PushedTask) -> int:
    """The id of a task that is known to be there."""
    if task.task_id is None:
        raise ValueError(f"the task {task.key} is still being made")
    return task.task_id
