"""What Label Studio is asked by `faceloop doctor`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from faceloop.doctor_facts import (
    Desk,
    Picture,
    Prediction,
    SomethingElse,
    StudioSide,
    TokenKind,
    Told,
    Unknown,
    Webhook,
    told,
)
from faces.decoding import orientation_of, size_of
from faces.errors import StudioError
from faces.media import media_of
from faces.records import Photo
from faces.settings import Settings
from faces.showing import FIRST_ROUND
from faces.store.ledger import PushedTask
from faces.studio import Studio
from faces.studio_checks import ProjectState, WebhookState
from sync.desk import (
    BACKEND_TITLE,
    SECRET_HEADER,
    WEBHOOK_ACTIONS,
    Project,
    ProjectNote,
    config_of,
    folder_of,
)

_WITHIN_S = 10
_WANTS_PASSWORD = frozenset({401, 403, 407})
_BEHIND_A_PROXY = frozenset({502, 503, 504})


@dataclass(frozen=True)
class Pushed:
    """What the store says of Label Studio; `first` is a task with the photo that it shows."""

    round: str = FIRST_ROUND
    notes: Mapping[Project, ProjectNote] = field(default_factory=dict)
    counts: Mapping[Project, int] = field(default_factory=dict)
    first: tuple[PushedTask, Photo] | None = None
    answered_last: datetime | None = None


def ask_studio(settings: Settings, pushed: Pushed, *, now: datetime) -> Told[StudioSide]:
    """What Label Studio says of itself and of our projects in it."""
    try:
        health = requests.get(f"{settings.studio_url}/health", timeout=_WITHIN_S)
    except requests.RequestException as error:
        return Unknown(f"nothing answers at {settings.studio_url} ({type(error).__name__})")
    if not is_label_studio(health):
        return SomethingElse(f"at {settings.studio_url} answers {answering(health)}")
    key = settings.studio_api_key.get_secret_value()
    token, expires = kind_of(key)
    nothing = Unknown("there is no token" if not key else "the token cannot be used")
    side = StudioSide(
        version=nothing,
        speaker=nothing,
        token=token,
        expires=expires,
        asked_at=now,
        time_there=time_of(health.headers.get("Date") or ""),
    )
    if not key:
        return side
    try:
        studio = Studio(settings.studio_url, key)
    except StudioError as error:
        return replace(side, speaker=Unknown(str(error)))
    with closing(studio):
        side = replace(side, version=told(studio.version), speaker=told(studio.speaker))
        if isinstance(side.speaker, Unknown):
            return side
        return _with_desks(side, studio, settings, pushed)


def is_label_studio(health: requests.Response) -> bool:
    """Whether this is what a Label Studio that runs says of its health."""
    try:
        told = health.json()
    except ValueError:
        return False
    return health.ok and isinstance(told, dict) and told.get("status") == "UP"


def answering(health: requests.Response) -> str:
    """What answers in the place of a Label Studio, in words."""
    if health.history:
        return f"something that sends to {urlsplit(health.url).hostname}: a login page, or a proxy"
    if health.status_code in _WANTS_PASSWORD:
        return f"something that wants a password ({health.status_code}): a proxy, or another server"
    if health.status_code in _BEHIND_A_PROXY:
        return f"a proxy ({health.status_code}), and no Label Studio behind it"
    kind = health.headers.get("Content-Type", "")
    what = "a web page" if "html" in kind else "another server"
    return f"{what} ({health.status_code}), and no Label Studio"


def time_of(date: str) -> datetime | None:
    """What the head of an answer tells as its time, None if that is none."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def kind_of(key: str) -> tuple[TokenKind, datetime | None]:
    """Which kind of token this is, and when it expires as it tells itself."""
    parts = key.split(".")
    if len(parts) != 3:
        return TokenKind.LEGACY, None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        expires = datetime.fromtimestamp(json.loads(base64.urlsafe_b64decode(padded))["exp"], UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return TokenKind.PERSONAL, None
    return TokenKind.PERSONAL, expires


def _with_desks(side: StudioSide, studio: Studio, settings: Settings, pushed: Pushed) -> StudioSide:
    desks = {
        project: _desk(studio, settings, pushed, project, note)
        for project, note in pushed.notes.items()
    }
    side = replace(side, desks=desks)
    photos = desks.get(Project.PHOTOS)
    if photos is None or not isinstance(photos.state, ProjectState):
        return side
    unreachable, prediction = _backend(studio, settings, photos)
    return replace(
        side,
        picture=told(lambda: _picture(studio, pushed)),
        is_strict=told(lambda: studio.checks_strictly(photos.id)),
        unreachable=unreachable,
        prediction=prediction,
    )


def _desk(
    studio: Studio, settings: Settings, pushed: Pushed, project: Project, note: ProjectNote
) -> Desk:
    secret = settings.backend_secret.get_secret_value()
    return Desk(
        id=note.id,
        made_at=note.made_at,
        config=config_of(project, pictures=settings.studio_pictures),
        pushed=pushed.counts.get(project, 0),
        state=told(lambda: studio.project_state(note.id)),
        backends=told(lambda: studio.backends(note.id)),
        webhooks=told(lambda: [_webhook(hook, secret) for hook in studio.webhooks(note.id)]),
        counts=told(lambda: studio.version_counts(note.id)),
        storages=told(lambda: _storages(studio, settings, project, note)),
    )


def _storages(
    studio: Studio, settings: Settings, project: Project, note: ProjectNote
) -> int | None:
    if settings.studio_pictures != "local":
        return None
    ours = str(folder_of(project, media_of(settings)))
    return sum(folder == ours for folder in studio.folders_served(note.id))


def _webhook(hook: WebhookState, secret: str) -> Webhook:
    shown = {name.lower(): value for name, value in hook.headers.items()}.get(SECRET_HEADER.lower())
    return Webhook(
        url=hook.url,
        is_active=hook.is_active,
        has_our_actions=hook.actions is None or hook.actions >= set(WEBHOOK_ACTIONS),
        shows_secret=shown == secret,
        carries_secret=bool(secret) and secret in hook.headers.values(),
    )


def _picture(studio: Studio, pushed: Pushed) -> Picture | None:
    if pushed.first is None:
        return None
    task, photo = pushed.first
    content = studio.picture(task.picture_url)
    width_px, height_px = size_of(content)
    if not width_px:
        raise StudioError(f"what Label Studio shows for task {task.task_id} is no picture")
    return Picture(
        task=f"task {task.task_id}",
        bytes=len(content),
        width_px=width_px,
        height_px=height_px,
        orientation=orientation_of(content),
        stored_width_px=photo.width_px,
        stored_height_px=photo.height_px,
    )


def _backend(
    studio: Studio, settings: Settings, photos: Desk
) -> tuple[str | None, Told[Prediction] | None]:
    """Why Label Studio cannot call the backend, or what came when it asked for a prediction."""
    there = [] if isinstance(photos.backends, Unknown) else photos.backends
    ours = [one for one in there if one.title == BACKEND_TITLE]
    if not ours or not ours[0].is_connected:
        url = settings.backend_url_for_studio.rstrip("/")
        return studio.why_unreachable(photos.id, url), None
    if not photos.pushed:
        return None, None
    return None, told(lambda: _prediction(studio, ours[0].id))


def _prediction(studio: Studio, backend: int) -> Prediction:
    begun = time.monotonic()
    answers = studio.try_prediction(backend)
    versions = {str(one.get("model_version")) for one in answers if isinstance(one, dict)}
    return Prediction(len(answers), frozenset(versions), time.monotonic() - begun)
