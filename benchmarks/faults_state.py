"""What is there after a fault: in the store, beside it, and in Label Studio; and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults_answers import Desk, Given
from faces.confirmation_lines import word_to_json
from faces.confirmations import Event, Revised, Truth
from faces.errors import BrokenModelVersion
from faces.identify import CurrentModel
from faces.locks import Work, alone_if_free
from faces.media import media_of
from faces.records import NETWORK
from faces.settings import Settings
from faces.store import ledger, log, photos
from faces.store.database import Store
from faces.store.ledger import PushedTask
from faces.studio_format import WORTH
from faces.versions import current_id, list_versions, load_version
from sync.desk import Project
from sync.gathering import Gathered, gather
from sync.push import plan_only
from sync.wanted import Wanted

_LEFT_HALF = (".*", "*.new", "*.writing", "*.part")
"""How files are called while they are written."""
_ON_CLICK = ("context", WORTH)
"""What a page's data has that a push may leave as it was."""


@dataclass
class State:
    """What is held, how often; what stands there once too often; what was left undone.

    `held` is what another run over the same photos and answers must hold, too: photos, faces,
    names, whoever was named.
    """

    held: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


@dataclass
class Found:
    """What is wrong, in words."""

    lost: list[str]
    doubled: list[str]
    stuck: list[str]

    @property
    def is_nothing(self) -> bool:
        """Whether all is well."""
        return not (self.lost or self.doubled or self.stuck)


def compared(state: State, undisturbed: State) -> Found:
    """What is missing beside the undisturbed run, there too often, or undone."""
    return Found(
        state.lost + sorted((undisturbed.held - state.held).elements()),
        state.doubled + sorted((state.held - undisturbed.held).elements()),
        state.stuck,
    )


def observed(settings: Settings, given: Sequence[Given], *, is_pushed: bool) -> State:
    """All of it, while nothing runs but Label Studio; `is_pushed`: it should show what is known."""
    state = State()
    with closing(Store(settings.store_url)) as store:
        with store.read() as connection:
            truth, events = log.truth(connection), log.events(connection)
        _see_photos(settings, store, state)
        _see_truth(truth, state)
        state.doubled += said_twice(events)
        lines = log.read_lines(settings.log_lines) if settings.log_lines.exists() else []
        state.doubled += [f"line {one.number}" for one in (Counter(lines) - Counter(events))]
        _see_models(settings, state)
        _see_left_halves(settings, state)
        if is_pushed:
            state.lost += [f"line {one.number}" for one in (Counter(events) - Counter(lines))]
            _see_studio(settings, store, given, state)
    return state


def _see_photos(settings: Settings, store: Store, state: State) -> None:
    media = media_of(settings)
    with store.read() as connection:
        files = photos.files_of_photos(connection)
        there = photos.photos_there(connection)
        faces = photos.faces(connection)
        encoded = set(photos.encodings(connection, NETWORK).faces)
    for photo in there:
        state.held[f"photo {photo.id[:12]}"] += len(files[photo.id])
        state.held[f"preview of {photo.id[:12]}"] += media.preview(photo.id, photo.turned).exists()
    for face in faces:
        state.held[f"face {face.id}"] += 1
        state.held[f"encoding of {face.id}"] += face.id in encoded
        state.held[f"crop of {face.id}"] += media.crop(face.id).exists()


def _see_truth(truth: Truth, state: State) -> None:
    for face, said in truth.confirmed.items():
        state.held[f"{face} is {truth.people[truth.resolve(said.person)].name}"] += 1
    for what, faces in (
        ("a stranger", truth.strangers),
        ("not a face", truth.not_faces),
        ("disputed", truth.disputed),
    ):
        state.held.update(f"{face} is {what}" for face in faces)
    named = {truth.resolve(said.person) for said in truth.confirmed.values()}
    state.held.update(f"person {truth.people[person].name}" for person in named)


def said_twice(events: Iterable[Event]) -> list[str]:
    """Words that one answer says twice in one of its revisions."""
    said: dict[str, Counter[str]] = {}
    doubled = []
    for event in events:
        place = event.occasion.place
        if isinstance(event.word, Revised):
            said[place] = Counter()
            continue
        word = str(word_to_json(event.word))
        words = said.setdefault(place, Counter())
        words[word] += 1
        if words[word] > 1:
            doubled.append(f"{word} in {place}")
    return doubled


def _see_models(settings: Settings, state: State) -> None:
    made = list_versions(settings.models)
    broken = [version for version in made if not _loads(settings.models, version)]
    state.stuck += [f"half a model version: {version}" for version in broken]
    current = current_id(settings.models)
    if made and current not in made:
        state.lost.append(f"the model version in use, {current}")
    digests = Counter(version.rpartition("-")[2] for version in made)
    state.doubled += [f"model {digest}" for digest, count in digests.items() if count > 1]


def _loads(models: Path, version: str) -> bool:
    try:
        load_version(models, version)
    except BrokenModelVersion:
        return False
    return True


def _see_left_halves(settings: Settings, state: State) -> None:
    """Files that were being written, and locks that somebody still has."""
    for place in ("media", "crops", "models", "."):
        folder = settings.workspace / place
        for pattern in _LEFT_HALF:
            found = folder.glob(pattern) if place == "." else folder.rglob(pattern)
            state.stuck += [f"half a file: {one.relative_to(settings.workspace)}" for one in found]
    for work in Work:
        with alone_if_free(settings, work) as is_free:
            if not is_free:
                state.stuck.append(f"the lock {work} is taken")


def _see_studio(settings: Settings, store: Store, given: Sequence[Given], state: State) -> None:
    desk = Desk(settings.studio_url, settings.studio_api_key.get_secret_value())
    gathered = gather(store, CurrentModel(settings.models))
    plans = plan_only(store, CurrentModel(settings.models))
    state.stuck += [f"{p} is owed: {plan}" for p, plan in plans.items() if not plan.is_empty]
    there: dict[int, dict[str, Any]] = {}
    for project in Project:
        with store.read() as connection:
            number = int(ledger.fact(connection, f"project {project}")["id"])
            pushed = ledger.pushed_tasks(connection, project)
        tasks = list(_tasks(desk, number))
        there |= {int(task["id"]): task for task in tasks}
        state.doubled += _twice(f"{project} task", (str(one["meta"]["key"]) for one in tasks))
        selected = str(desk.get(f"/api/projects/{number}/")["model_version"] or "")
        state.stuck += _wrongly_shown(project, gathered, pushed, there, selected)
        for what in ("webhooks", "storages/localfiles", "ml"):
            found = desk.get(f"/api/{what}/", project=number)
            state.doubled += _twice(
                f"{project} {what}", (one.get("url", one.get("path")) for one in found)
            )
        views = desk.get("/api/dm/views/", project=number)
        state.doubled += _twice(f"{project} tab", (view["data"].get("title") for view in views))
    titles = (one["title"] for one in desk.get("/api/projects/", page_size=100)["results"])
    state.doubled += _twice("project", titles)
    _see_answers(store, given, there, state)


def _tasks(desk: Desk, project: int) -> Iterator[dict[str, Any]]:
    """All tasks of a project with all that hangs on them."""
    listed = desk.get(
        "/api/tasks/",
        project=project,
        page=1,
        page_size=1000,
        fields="task_only",
        include="id",
        query='{"ordering": ["tasks:id"]}',
    )
    yield from (desk.task(int(one["id"])) for one in listed["tasks"])


def _wrongly_shown(
    project: Project,
    gathered: Gathered,
    pushed: Mapping[str, PushedTask],
    there: Mapping[int, Mapping[str, Any]],
    selected: str,
) -> Iterator[str]:
    """Tasks that are missing, or show something else than they should."""
    version = gathered.version(project)
    if pushed and selected != version:
        yield f"{project} shows {selected!r} and not {version!r}"
    for key, wanted in gathered.wanted[project].items():
        noted = pushed.get(key)
        task = there.get(noted.task_id or 0) if noted else None
        if noted is None or task is None:
            yield f"no {project} task {key}"
            continue
        if task["annotations"]:
            continue
        shown = [one["result"] for one in task["predictions"] if one["model_version"] == version]
        if len(shown) != 1:
            yield f"{project} task {key} has {len(shown)} predictions of {version}"
        elif shown[0] != wanted.prediction(version)["result"]:
            yield f"{project} task {key} shows another prediction than it should"
        elif _differs(wanted, noted, task):
            yield f"{project} task {key} has other data than it should"


def _differs(wanted: Wanted, noted: PushedTask, task: Mapping[str, Any]) -> bool:
    expected = wanted.data(noted.picture_url)
    left = (*_ON_CLICK, "people", "people_ids")
    return any(task["data"].get(key) != value for key, value in expected.items() if key not in left)


def _see_answers(
    store: Store,
    given: Sequence[Given],
    there: Mapping[int, Mapping[str, Any]],
    state: State,
) -> None:
    """Answers that Label Studio took are there, once, and were read as they are."""
    with store.read() as connection:
        read = {
            n: one for p in Project for n, one in ledger.read_annotations(connection, p).items()
        }
    found = {int(one["id"]): one for task in there.values() for one in task["annotations"]}
    mine = {one.annotation for one in given}
    state.doubled += [f"answer {number}" for number in found if number not in mine]
    for one in given:
        if not one.stands:
            state.doubled += [f"answer {one.annotation} that was deleted"] * (
                one.annotation in read
            )
            continue
        annotation = found.get(one.annotation)
        if annotation is None:
            state.lost.append(f"answer {one.annotation} in Label Studio")
        elif annotation["was_cancelled"]:
            continue
        elif one.annotation not in read:
            state.lost.append(f"answer {one.annotation}, which was not read")
        elif read[one.annotation].revision != annotation["updated_at"]:
            state.lost.append(f"the newest revision of answer {one.annotation}")


def _twice(what: str, found: Iterable[object]) -> Iterator[str]:
    for name, count in Counter(found).items():
        yield from [f"{what} {name}"] * (count - 1)
