"""`faceloop retrain`: learn from what people confirmed, and show what was learned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from faceloop import options
from faceloop.console import named_progress, say, warn
from faceloop.workspace import existing_store, settings_for
from faces.encode import NETWORK
from faces.errors import NotEnoughToLearn, SetupError, StudioUnreachable
from faces.locks import Work, alone
from faces.settings import Settings
from faces.store.database import Store
from sync.desk import Desk
from sync.loop import desk_of, pull_now, push_now

Seed = Annotated[int, typer.Option(help="The same seed and confirmations give the same version.")]


def retrain(workspace: options.Workspace = None, seed: Seed = 0) -> None:
    """Learn a classifier from the confirmed faces; every proposal is renewed by it."""
    settings = settings_for(workspace)
    store = existing_store(settings)
    desk = _desk_if_there(settings, store)
    if desk is not None:
        pull_now(settings, store, desk)
    if not learn(settings, store, seed=seed):
        return
    if desk is not None:
        with named_progress() as advance:
            push_now(settings, store, desk, on_progress=advance)
        say("Label Studio shows the new names; backend and app follow by themselves.")


def learn(settings: Settings, store: Store, *, seed: int) -> bool:
    """Train and tell; False when too little is confirmed, which is no failure."""
    from training.retrain import retrain as train

    try:
        with alone(settings, Work.TRAIN):
            train(
                store,
                settings.models,
                network=NETWORK,
                now=datetime.now(UTC),
                seed=seed,
                report=say,
            )
    except NotEnoughToLearn as reason:
        say(str(reason))
        return False
    return True


def _desk_if_there(settings: Settings, store: Store) -> Desk | None:
    """Training works without Label Studio; then its answers wait for the next sync."""
    try:
        return desk_of(settings, store)
    except (SetupError, StudioUnreachable) as reason:
        warn(f"without Label Studio: {reason}")
        return None
