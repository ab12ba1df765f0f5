"""`faceloop sync`: what people said comes in, what changed goes out."""

from __future__ import annotations

from faceloop import options
from faceloop.console import named_progress, say, warn
from faceloop.wording import counted
from faceloop.workspace import existing_store, settings_for
from faces.errors import StudioError, StudioUnreachable
from faces.identify import CurrentModel
from faces.settings import Settings
from sync.desk import Desk, connect_backend
from sync.loop import Synced, desk_of, sync_now
from sync.push import plan_only
from sync.queues import annotators_told, note_annotators


def sync(
    workspace: options.Workspace = None,
    dry_run: options.DryRun = False,
    studio: options.Studio = None,
    api_key: options.ApiKey = None,
    annotators: options.Annotators = None,
) -> None:
    """Read what people said in Label Studio, then show there what follows from it.

    Tabs in both projects show the tasks that are worth most first.
    """
    settings = settings_for(workspace, studio_url=studio, studio_api_key=api_key)
    store = existing_store(settings)
    names = None if annotators is None else annotators_told(annotators)
    if dry_run:
        plans = plan_only(store, CurrentModel(settings.models), annotators=names)
        for project, plan in plans.items():
            say(f"{project}: {plan}")
        return
    if names is not None:
        with store.write() as connection:
            note_annotators(connection, names)
    desk = desk_of(settings, store)
    with named_progress() as advance:
        synced = sync_now(settings, store, desk, on_progress=advance)
    tell_synced(synced)
    if names is not None:
        say(f"tabs of their own: {', '.join(names)}" if names else "one queue for all")
    connect(settings, desk)


def tell_synced(synced: Synced) -> None:
    """Say what came in and what went out."""
    pulled = synced.pulled
    say(f"{pulled.answers} answers read ({pulled.words} words), {pulled.taken_back} taken back")
    if pulled.turned:
        say(f"{counted(pulled.turned, 'photo')} turned and read again")
    for problem in pulled.problems:
        warn(problem)
    for project, plan in synced.pushed.items():
        say(f"{project}: {'nothing to do' if plan.is_empty else plan}")


def connect(settings: Settings, desk: Desk) -> str | None:
    """Connect the backend; why Label Studio may not call it, if it may not.

    A Label Studio that may not still shows all that is pushed. What is pushed comes first: a
    project that shows no predictions yet would be set to show the backend's.
    """
    url = settings.backend_url_for_studio
    try:
        connect_backend(desk, url=url, secret=settings.backend_secret.get_secret_value())
    except StudioUnreachable:
        raise
    except StudioError as reason:
        refusal = (
            "Label Studio does not call the backend, so boxes just drawn get no name and answers "
            f"are read once a minute: {reason}"
        )
        warn(refusal)
        return refusal
    return None
