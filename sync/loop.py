"""Pull, push and retrain as the command and the worker run them: each alone, in the right order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from faces.errors import SetupError
from faces.identify import CurrentModel
from faces.locks import Work, alone, alone_if_free
from faces.media import media_of
from faces.reading import ReadingOptions
from faces.settings import Settings
from faces.store.database import Store
from faces.store.owing import begin_push, end_push, owes_push, was_cut_off
from faces.studio import Studio
from faces.versions import current_id
from sync.applying import OnProgress
from sync.desk import Desk, Project, open_desk
from sync.drawn import encode_drawn_faces
from sync.own_network import encode_for
from sync.plan import Plan
from sync.pull import Pulled, pull
from sync.push import push, push_changes
from sync.turning import turn_photos, turns_due
from sync.unfinished import sweep_after_drawing


@dataclass(frozen=True)
class Synced:
    """What one round of pulling and pushing did."""

    pulled: Pulled
    pushed: dict[Project, Plan]


def desk_of(settings: Settings, store: Store) -> Desk:
    """Our projects in the Label Studio of this workspace.

    Raises:
        SetupError: it is not known how to reach Label Studio.
        StudioUnreachable: it does not answer.
        StudioError: it does not accept the token.
    """
    key = settings.studio_api_key.get_secret_value()
    if not key:
        raise SetupError(
            f"there is no token for Label Studio at {settings.studio_url}; start it with "
            "`faceloop up`, or set FACELOOP_STUDIO_API_KEY"
        )
    studio = Studio(settings.studio_url, key)
    return open_desk(
        store,
        studio,
        server=settings.studio_name or settings.studio_url,
        media=media_of(settings),
        pictures=settings.studio_pictures,
    )


def pull_now(settings: Settings, store: Store, desk: Desk) -> Pulled:
    """Bring the log up to what people said in Label Studio."""
    with alone(settings, Work.PULL):
        pulled = pull(store, desk, log_lines=settings.log_lines)
        _turn(settings, store, pulled)
        if encode_drawn_faces(store, media=media_of(settings)):
            sweep_after_drawing(settings)
    return pulled


def _turn(settings: Settings, store: Store, pulled: Pulled) -> None:
    """Turn photos as people said, unless photos are being read: then the next look does it."""
    due = turns_due(store)
    if not due:
        return
    with alone_if_free(settings, Work.INGEST) as is_free:
        if not is_free:
            waiting = "1 photo waits" if len(due) == 1 else f"{len(due):,} photos wait"
            pulled.problems.append(f"{waiting} to be turned until other photos are read")
            return
        done = turn_photos(store, media=media_of(settings), options=ReadingOptions.of(settings))
    pulled.turned += done.photos
    pulled.problems += done.problems


def push_now(
    settings: Settings, store: Store, desk: Desk, *, on_progress: OnProgress
) -> dict[Project, Plan]:
    """Bring Label Studio up to what the store says; one cut off is owed until one succeeds."""
    with alone(settings, Work.PUSH):
        return _push(push, settings, store, desk, on_progress)


def push_news(
    settings: Settings, store: Store, desk: Desk, *, on_progress: OnProgress
) -> dict[Project, Plan]:
    """Bring what changed to Label Studio; all its tasks are listed only after a push that was cut
    off, since with many photos that takes longer than the news.
    """
    with alone(settings, Work.PUSH):
        step = push if was_cut_off(store) else push_changes
        return _push(step, settings, store, desk, on_progress)


def sync_now(settings: Settings, store: Store, desk: Desk, *, on_progress: OnProgress) -> Synced:
    """Pull, then push: what people said is never overtaken by what the machine thinks."""
    pulled = pull_now(settings, store, desk)
    return Synced(pulled, push_now(settings, store, desk, on_progress=on_progress))


def follow_answers(settings: Settings, store: Store, *, say: Callable[[str], None]) -> None:
    """What the worker does after a hint and on a timer: pull, and push what the news change.

    A push that failed, here or anywhere, or that whoever had another model version used was killed
    before, is made up for by the next call that reaches Label Studio.
    """
    desk = desk_of(settings, store)
    pulled = pull_now(settings, store, desk)
    for problem in pulled.problems if pulled.brought_news else ():
        say(problem)
    if pulled.brought_news or owes_push(store, version=current_id(settings.models)):
        plans = push_news(settings, store, desk, on_progress=_silent)
        say(
            f"{pulled.answers} answers read, {pulled.taken_back} taken back, "
            f"{pulled.turned} photos turned; "
            + "; ".join(f"{project}: {plan}" for project, plan in plans.items())
        )


def _push(
    step: Callable[..., dict[Project, Plan]],
    settings: Settings,
    store: Store,
    desk: Desk,
    on_progress: OnProgress,
) -> dict[Project, Plan]:
    """Push, and note up to where; while it goes on, and if it fails, a push is owed."""
    begun, version = begin_push(store), current_id(settings.models)
    models = CurrentModel(settings.models)

    def on_photo(done: int, total: int) -> None:
        on_progress("photos seen by the tuned network", done, total)

    encode_for(store, models.snapshot(), on_photo=on_photo)
    plans = step(store, desk, models, on_progress=on_progress)
    end_push(store, begun, version=version)
    return plans


def _silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""
