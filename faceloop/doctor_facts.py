"""What `faceloop doctor` looks at, as plain values without any secret in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar

from faces.errors import FaceloopError
from faces.jobs import Waiting
from faces.studio_checks import BackendState, ProjectState
from sync.desk import Project

T = TypeVar("T")


@dataclass(frozen=True)
class Unknown:
    """Something that could not be found out, and why."""

    why: str


@dataclass(frozen=True)
class SomethingElse(Unknown):
    """What was asked is not there: something else answers at its address, as told."""


Told: TypeAlias = T | Unknown
"""What was found out, or why it was not."""


def told(ask: Callable[[], T]) -> Told[T]:
    """Find something out, or why that is not possible."""
    try:
        return ask()
    except FaceloopError as error:
        return Unknown(str(error))


class TokenKind(StrEnum):
    """The two kinds of token that Label Studio knows."""

    LEGACY = "legacy token"
    PERSONAL = "personal access token"


@dataclass(frozen=True)
class Wanted:
    """How things are meant to be, by settings and store."""

    workspace: str
    studio_url: str
    backend_url: str
    has_secret: bool
    is_own_studio: bool
    round: str
    sdk: str
    tested_sdk: str
    tested_studio: str
    faceloop: str


@dataclass(frozen=True)
class Machine:
    """The workspace's database, disk, model version and queue; `database` says what is in it.

    `set_aside` is a damaged queue that was replaced, empty if there is none.
    """

    database: Told[str]
    free_bytes: int
    model: Told[str | None]
    queue: Told[Waiting]
    looked_at: datetime
    set_aside: str = ""


@dataclass(frozen=True)
class Webhook:
    """A webhook that fires for a project of ours."""

    url: str
    is_active: bool
    has_our_actions: bool
    shows_secret: bool
    """Whether it shows the backend what the backend asks for."""
    carries_secret: bool
    """Whether it sends our secret, to whatever address."""


@dataclass(frozen=True)
class Picture:
    """The picture of a task: its size and EXIF orientation as Label Studio serves it, and the size
    of the upright photo in the store.
    """

    task: str
    bytes: int
    width_px: int
    height_px: int
    orientation: int
    stored_width_px: int
    stored_height_px: int


@dataclass(frozen=True)
class Desk:
    """One of the two projects; `note` is when ours was made, `config` the labeling config meant."""

    id: int
    made_at: str
    config: str | None
    pushed: int
    state: Told[ProjectState | None]
    backends: Told[list[BackendState]]
    webhooks: Told[list[Webhook]]
    counts: Told[Mapping[str, int]]
    storages: Told[int | None]
    """How many of its storages hold our pictures; None where pictures are uploaded."""


@dataclass(frozen=True)
class Prediction:
    """What a random task got through Label Studio: how many answers, their versions, how long."""

    answers: int
    versions: frozenset[str]
    seconds: float


@dataclass(frozen=True)
class StudioSide:
    """What Label Studio says."""

    version: Told[str]
    speaker: Told[str]
    token: TokenKind
    expires: datetime | None
    asked_at: datetime
    time_there: Told[datetime | None]
    desks: Mapping[Project, Desk] = field(default_factory=dict)
    picture: Told[Picture | None] = None
    is_strict: Told[bool] | None = None
    unreachable: str | None = None
    """Why Label Studio cannot call the backend, as far as it had to be asked."""
    prediction: Told[Prediction] | None = None


@dataclass(frozen=True)
class BackendSide:
    """What the backend says to whoever asks it from this machine."""

    url: str
    version: str
    lets_in: bool
    failures: Mapping[str, int] = field(default_factory=dict)
    """Of the last minutes, by kind."""
    failures_ever: Mapping[str, int] = field(default_factory=dict)
    predictions: int = 0
    hints: int = 0
    started_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """All that was found out."""

    wanted: Wanted
    machine: Machine
    studio: Told[StudioSide]
    backend: Told[BackendSide]
    answered_last: datetime | None = None
    """When the answer was given that was read last."""
