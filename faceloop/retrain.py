"""`faceloop retrain`: learn from what people confirmed, and show what was learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceloop import options
from faceloop.console import Advance, named_progress, say, warn
from faceloop.model_report import report_on
from faceloop.retrain_policy import note_learned
from faceloop.wording import WAITS_TO_LEARN, printable
from faceloop.workspace import existing_store, settings_for
from faces.errors import NotEnoughToLearn, SetupError, StudioUnreachable
from faces.locks import Work, alone
from faces.records import NETWORK, FaceId
from faces.settings import Settings
from faces.store import log
from faces.store.database import Store
from sync.desk import Desk
from sync.loop import desk_of, pull_now, push_now
from sync.own_network import cut_chips

if TYPE_CHECKING:
    from training.retrain import Retrained
    from training.tuning import Chips

Seed = Annotated[
    int | None,
    typer.Option(help="The same seed, confirmations and version before give the same version."),
]

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Learn and compare from the answers read so far, but use nothing and push nothing.",
    ),
]
Json = Annotated[
    Path | None,
    typer.Option(help="Write what came of it to this file: figures, and each name that changes."),
]


TuneNetwork = Annotated[
    bool,
    typer.Option(
        "--tune-network",
        help="Tune the face network to these people as well; the better of the two is used.",
    ),
]


def retrain(
    workspace: options.Workspace = None,
    seed: Seed = None,
    tune_network: TuneNetwork = False,
    json: Json = None,
    dry_run: DryRun = False,
) -> None:
    """Learn a classifier from the confirmed faces; every proposal is renewed unless it is worse."""
    if json is not None:
        _refuse_no_file(json)
    settings = settings_for(workspace)
    store = existing_store(settings)
    desk = None if dry_run else _desk_if_there(settings, store)
    if desk is not None:
        pull_now(settings, store, desk)
    done = learn(settings, store, seed=seed, tune_network=tune_network, dry_run=dry_run)
    if done is None:
        return
    if json is not None:
        _write(json, done)
        say(f"all of it is in {printable(str(json))}")
    if desk is not None:
        with named_progress() as advance:
            push_now(settings, store, desk, on_progress=advance)
        if done.is_used:
            say("Label Studio shows the new names; backend and app follow by themselves.")


def learn(
    settings: Settings,
    store: Store,
    *,
    seed: int | None = None,
    tune_network: bool = False,
    dry_run: bool = False,
    report: Callable[[str], object] = say,
) -> Retrained | None:
    """Train and tell; None when too little is confirmed, which is no failure."""
    from training.retrain import retrain as train

    try:
        waits = partial(report, WAITS_TO_LEARN)
        with alone(settings, Work.TRAIN, on_wait=waits), named_progress() as advance:
            with store.read() as connection:
                until = log.last_number(connection)
            done = train(
                store,
                settings.models,
                network=NETWORK,
                now=datetime.now(UTC),
                seed=seed or 0,
                strangers_accepted=settings.strangers_accepted,
                report=lambda line: report(printable(line)),
                on_progress=advance,
                chips_of=partial(_chips_of, store, advance) if tune_network else None,
                dry_run=dry_run,
            )
            if not dry_run:
                note_learned(settings, store, until=until)
    except NotEnoughToLearn as reason:
        report(str(reason))
        return None
    if done.is_new and not dry_run:
        report_on(settings, store, done.version)
    if seed is not None and not done.is_new:
        say("so --seed changed nothing: it counts once there are new confirmations to learn from")
    return done


def _chips_of(store: Store, advance: Advance, faces: Sequence[FaceId]) -> Chips:
    from training.tuning import Chips

    return Chips(*cut_chips(store, faces, on_photo=partial(advance, "photos opened")))


def _refuse_no_file(place: Path) -> None:
    """Learning takes a while, so where no file can be is said before.

    Raises:
        SetupError: the place is a folder, or its folder is not there.
    """
    if place.is_dir() or not place.parent.is_dir():
        reason = "it is a folder" if place.is_dir() else f"there is no folder {place.parent}"
        raise SetupError(f"cannot write {place}: {reason}; give another place")


def _write(place: Path, done: Retrained) -> None:
    """All that came of it as JSON, whole or not at all, for the owner's eyes only.

    Raises:
        SetupError: it cannot be written there.
    """
    beside = place.with_name(f".{place.name}.writing")
    try:
        beside.touch(mode=0o600)
        beside.write_text(dumps(done.as_json(), ensure_ascii=False, indent=2), encoding="utf-8")
        beside.replace(place)
    except OSError as error:
        raise SetupError(f"cannot write {place}: {error.strerror}; give another place") from error


def _desk_if_there(settings: Settings, store: Store) -> Desk | None:
    """Training works without Label Studio; then its answers wait for the next sync."""
    try:
        return desk_of(settings, store)
    except (SetupError, StudioUnreachable) as reason:
        warn(f"without Label Studio: {reason}")
        return None
