"""The worker learns by itself once enough was confirmed, and not too often; off unless set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from faces.confirmations import Truth
from faces.errors import BrokenModelVersion, NotEnoughToLearn
from faces.records import NETWORK, PersonId
from faces.retraining import News, Since, news_since, since_last
from faces.settings import Settings
from faces.store import ledger, log
from faces.store.database import Store
from faces.versions import ModelVersion, current_id, list_versions, load_version
from sync.loop import desk_of, push_now
from training.gathering import gathered

_LEARNED = "learned"
"""Under which name the store notes the last word of the log when something was learned last."""


class RetrainPolicy:
    """Looks now and then whether to learn again, and does it."""

    def __init__(self, settings: Settings, store: Store, *, say: Callable[[str], object]) -> None:
        """Look by these settings; `say` is told each step in a line."""
        self._settings, self._store, self._say = settings, store, say
        self._tried_at: datetime | None = None

    def look(self, now: datetime) -> bool:
        """Learn and push if that is due; returns whether it was.

        Raises:
            FaceloopError: it was due and something stood in its way; the next try comes after the
                same time as after success.
        """
        settings = self._settings
        if not settings.retrain_after_faces:
            return False
        _, since = _said_since(settings, self._store)
        if not since.is_due(
            faces=settings.retrain_after_faces,
            minutes=settings.retrain_after_minutes,
            now=now,
            tried_at=self._tried_at,
        ):
            return False
        if not news_of(settings, self._store).can_be_learned:
            return False  # asked only when it is due: who can be learned takes a while to tell
        from faceloop.retrain import learn  # it is rarely due

        self._tried_at = now
        desk = desk_of(settings, self._store)  # without it, nobody would see what was learned
        done = learn(settings, self._store, report=self._say)
        if done is not None and done.is_used:
            push_now(settings, self._store, desk, on_progress=lambda _what, _done, _total: None)
        return True


def news_of(settings: Settings, store: Store) -> News:
    """What would be new in another version; who can be learned is told by what would learn it."""
    truth, since = _said_since(settings, store)
    return news_since(
        since,
        truth,
        current=_loaded(settings.models, current_id(settings.models)),
        learnable=_learnable(store),
    )


def note_learned(settings: Settings, store: Store, *, until: int) -> None:
    """Note that all words up to this number were learned, by the version that was made last.

    Who is killed before learns again, and finds that it is all learned already.
    """
    with store.write() as connection:
        learned = {"version": _last_made(settings), "number": until}
        ledger.set_fact(connection, _LEARNED, learned)


def _said_since(settings: Settings, store: Store) -> tuple[Truth, Since]:
    """What holds now, and what of it was confirmed since something was learned last."""
    last = _last_made(settings)
    with store.read() as connection:
        truth = log.truth(connection)
        noted = ledger.fact(connection, _LEARNED)
    return truth, since_last(
        truth,
        last=_loaded(settings.models, last),
        learned_until=noted["number"] if noted and noted["version"] == last else None,
    )


def _learnable(store: Store) -> list[PersonId]:
    """Who would be learned now; nobody where that would be refused."""
    try:
        return [person.id for person in gathered(store, NETWORK).people]
    except NotEnoughToLearn:
        return []


def _last_made(settings: Settings) -> str | None:
    made = list_versions(settings.models)
    return made[-1] if made else None


def _loaded(models: Path, version_id: str | None) -> ModelVersion | None:
    """A version if it can be used: one that cannot counts as never learned."""
    try:
        return None if version_id is None else load_version(models, version_id)
    except BrokenModelVersion:
        return None
