"""A plan carried out in one project of Label Studio, in small steps that may be cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from faces.errors import StudioError
from faces.montage import draw_montage
from faces.records import Photo, PhotoId
from faces.store import ledger
from faces.store.database import Store
from faces.store.ledger import PushedPage, PushedTask, Shown
from faces.studio import IMPORT_CHUNK, PREDICTION_CHUNK, Standing
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG
from faces.studio_validator import Validator
from sync.desk import Desk, Project
from sync.gathering import Gathered
from sync.plan import Plan
from sync.rounds import HALF_PUSHED
from sync.wanted import Wanted, WantedPhoto
from sync.wanted_pages import WantedPage

BATCH = 20
"""Tasks changed or deleted at once: somebody may answer the next ones meanwhile."""

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""


class ProjectPush:
    """One project's part of a push."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        project: Project,
        gathered: Gathered,
        shown: Mapping[str, Shown],
        on_progress: OnProgress,
    ) -> None:
        """Push what was gathered for this project; `shown` are digests of what tasks will show."""
        self._store = store
        self._desk = desk
        self._project = project
        self._id = desk.project(project)
        self._version = gathered.version(project)
        self._is_seen = project is Project.PEOPLE or gathered.round.is_shown
        self._wanted = gathered.wanted[project]
        self._photos = gathered.wanted[Project.PHOTOS]
        self._pushed = gathered.pushed[project]
        self._shown = shown
        self._progress = on_progress
        config = PEOPLE_CONFIG if project is Project.PEOPLE else PHOTOS_CONFIG
        self._validator = Validator(config)

    def apply(self, plan: Plan) -> None:
        """New tasks first, then changed ones; what nobody needs goes last."""
        self._in_chunks(f"new {self._project} tasks", plan.new, IMPORT_CHUNK, self._make)
        changed = self._by_id(plan.changed)
        if self._is_seen:
            self._in_chunks(f"{self._project} tasks", changed, BATCH, self._renew)
        else:
            self._in_chunks(f"{self._project} tasks", changed, PREDICTION_CHUNK, self._add_round)
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
                shown=self._shown[key],
                round=self._version,
                picture_url=urls[pictures[key]],
                page=_page(self._wanted[key]),
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
        standing = self._standing(keys)
        missing: dict[str, PushedTask] = {}
        right: list[PushedTask] = []
        for key, stands in standing.items():
            task, shown = self._there(key), self._shown[key]
            if (task.shown.data, task.round) != (shown.data, self._version):
                self._renew_data(key, stands)
            is_right = (task.round, task.shown.prediction) == (self._version, shown.prediction)
            if is_right or self._replaced_in_place(key, stands):
                right.append(self._renewed(key))
            else:
                missing[key] = task
        self._note(right)
        self._add_predictions(missing)

    def _add_round(self, keys: Sequence[str]) -> None:
        """Bring tasks into a round that nobody sees yet: its predictions go in many at once.

        Data is seen at once and takes a request for each task, so shortly before those that differ
        are written it is asked again which of them nobody has begun to answer.
        """
        standing = self._standing(keys)
        differing = [key for key, stands in standing.items() if stands.data != self._kept_data(key)]
        for start in range(0, len(differing), BATCH):
            for key in self._untouched(differing[start : start + BATCH]):
                self._renew_data(key, standing[key])
        untouched = self._untouched(list(standing)) if differing else list(standing)
        there = [key for key in untouched if self._replaced_in_place(key, standing[key])]
        self._note(map(self._renewed, there))
        self._add_predictions({key: self._there(key) for key in untouched if key not in there})

    def _standing(self, keys: Sequence[str]) -> dict[str, Standing]:
        """What stands in those of some tasks that nobody has answered or begun to."""
        found = self._desk.studio.standing(self._id, [_id(self._there(key)) for key in keys])
        ids = {key: _id(self._there(key)) for key in keys}
        return {key: found[number] for key, number in ids.items() if number in found}

    def _renew_data(self, key: str, stands: Standing) -> None:
        data = self._kept_data(key)
        if stands.data != data:
            self._desk.studio.update_task(_id(self._there(key)), data)

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
        self._note(map(self._renewed, tasks))

    def _renewed(self, key: str) -> PushedTask:
        """A task as it is noted once it shows what is wanted."""
        page = _page(self._wanted[key])
        return replace(self._there(key), shown=self._shown[key], round=self._version, page=page)

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
        if isinstance(wanted, WantedPhoto):
            return media.preview(wanted.photo.id, wanted.photo.turned)
        if not isinstance(wanted, WantedPage):
            raise TypeError(f"nobody knows how to draw {wanted.key}")
        place = media.montage(wanted.montage)
        if not place.exists():
            draw_montage(wanted.layout(), [media.crop(f) for f in wanted.faces], place)
        return place

    def _task(self, key: str, picture_url: str) -> dict[str, Any]:
        return {
            "data": self._data(key, picture_url),
            "meta": {"key": key},
            "predictions": [self._checked(self._wanted[key])],
        }

    def _kept_data(self, key: str) -> dict[str, Any]:
        """The data of a task that is there: its picture keeps its address."""
        return self._data(key, self._there(key).picture_url)

    def _data(self, key: str, picture_url: str) -> dict[str, Any]:
        wanted = self._wanted[key]
        if not isinstance(wanted, WantedPage):
            return wanted.data(picture_url)
        return wanted.data(picture_url, self._previews([one.photo for one in wanted.sightings]))

    def _previews(self, photos_shown: Sequence[Photo]) -> dict[PhotoId, str]:
        """Addresses of photos, as far as annotators can open them: those uploaded have tasks."""
        if self._desk.pictures == "upload":
            urls_of = self._addresses_of_tasks
            return {photo.id: urls_of[photo.id] for photo in photos_shown if photo.id in urls_of}
        media = self._desk.media
        previews = {photo.id: media.preview(photo.id, photo.turned) for photo in photos_shown}
        urls = self._desk.addresses(Project.PHOTOS, list(previews.values()))
        return {photo: urls[preview] for photo, preview in previews.items()}

    @cached_property
    def _addresses_of_tasks(self) -> Mapping[PhotoId, str]:
        """Where the pictures of photos are, by the tasks of Photos as they are now."""
        with self._store.read() as connection:
            tasks = ledger.pushed_tasks(connection, Project.PHOTOS)
        return {
            one.photo.id: tasks[key].picture_url
            for key, one in self._photos.items()
            if key in tasks and isinstance(one, WantedPhoto)
        }

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


def _page(wanted: Wanted) -> PushedPage | None:
    """What the ledger keeps of a page."""
    return wanted.page if isinstance(wanted, WantedPage) else None


def _id(task: PushedTask) -> int:
    """The id of a task that is known to be there."""
    if task.task_id is None:
        raise ValueError(f"the task {task.key} is still being made")
    return task.task_id
