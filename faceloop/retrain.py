"""`faceloop retrain`: learn from what people confirmed, and show what was learned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from faceloop import options
from faceloop.console import named_progress, say, warn
from faceloop.wording import counted
from faceloop.workspace import existing_store, settings_for
from faces.errors import BrokenModelVersion, NotEnoughToLearn, SetupError, StudioUnreachable
from faces.locks import Work, alone
from faces.records import NETWORK
from faces.settings import Settings
from faces.store.database import Store
from faces.versions import current_id, load_version
from sync.desk import Desk
from sync.loop import desk_of, pull_now, push_now

Seed = Annotated[
    int | None, typer.Option(help="The same seed and confirmations give the same version.")
]


def retrain(
    workspace: options.Workspace = None, seed: Seed = None, dry_run: options.DryRun = False
) -> None:
    """Learn a classifier from the confirmed faces; every proposal is renewed by it."""
    settings = settings_for(workspace)
    store = existing_store(settings)
    if dry_run:
        tell_what_would_be_learned(settings, store)
        return
    desk = _desk_if_there(settings, store)
    if desk is not None:
        pull_now(settings, store, desk)
    if not learn(settings, store, seed=seed):
        return
    if desk is not None:
        with named_progress() as advance:
            push_now(settings, store, desk, on_progress=advance)
        say("Label Studio shows the new names; backend and app follow by themselves.")


def learn(settings: Settings, store: Store, *, seed: int | None) -> bool:
    """Train and tell; False when too little is confirmed, which is no failure."""
    from training.retrain import retrain as train

    try:
        with alone(settings, Work.TRAIN):
            done = train(
                store,
                settings.models,
                network=NETWORK,
                now=datetime.now(UTC),
                seed=seed or 0,
                strangers_accepted=settings.strangers_accepted,
                report=say,
            )
    except NotEnoughToLearn as reason:
        say(str(reason))
        return False
    if seed is not None and not done.is_new:
        say("so --seed changed nothing: it counts once there are new confirmations to learn from")
    return True


def tell_what_would_be_learned(settings: Settings, store: Store) -> None:
    """Say what there is to learn from, as far as answers were read."""
    from training.gathering import gathered

    try:
        data = gathered(store, NETWORK)
    except NotEnoughToLearn as reason:
        say(str(reason))
        return
    current = current_id(settings.models)
    if current is not None and _learned_from(settings, current) == data.hash:
        say(f"{current} was learned from the same confirmations; nothing would be learned")
        return
    people = counted(len(data.people), "person", "people")
    say(f"{people} would be learned from {counted(len(data.faces), 'confirmed face')}")
    if data.left_out:
        say("left out, for want of faces: " + ", ".join(person.name for person in data.left_out))


def _learned_from(settings: Settings, version_id: str) -> str | None:
    """The hash of what a version was learned from, None if it cannot be used."""
    try:
        return load_version(settings.models, version_id).data_hash
    except BrokenModelVersion:
        return None


def _desk_if_there(settings: Settings, store: Store) -> Desk | None:
    """Training works without Label Studio; then its answers wait for the next sync."""
    try:
        return desk_of(settings, store)
    except (SetupError, StudioUnreachable) as reason:
        warn(f"without Label Studio: {reason}")
        return None
