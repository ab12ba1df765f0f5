"""The side that is measured: four syncs with Label Studio, one after another, each timed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.convention import note, note_progress, tell
from benchmarks.sync_store import NOW, RENAMED, save_clusters
from faceloop.workspace import settings_for
from faces.confirmations import Occasion, PersonRenamed
from faces.settings import Settings
from faces.store import clusters, log
from faces.store.database import Store, open_store
from sync.applying import OnProgress
from sync.loop import desk_of, sync_now


def main() -> None:
    """Sync, and sync again after each change; the last line tells the seconds of each."""
    folder = Path(sys.argv[1])
    settings = settings_for(folder)
    store = open_store(settings.store_url)
    try:
        tell(
            {
                "push_s": _timed("the first push", settings, store),
                "resync_s": _timed("nothing to do", settings, store),
                "rename_s": _timed("a person renamed", settings, store, change=rename),
                "new_round_s": _timed("a new round", settings, store, change=cluster_anew),
                "resync_again_s": _timed("nothing to do again", settings, store),
            }
        )
    finally:
        store.close()


def _timed(
    what: str, settings: Settings, store: Store, *, change: Callable[[Store], None] | None = None
) -> float:
    """Seconds of one `faceloop sync`."""
    if change is not None:
        change(store)
    start = time.perf_counter()
    desk = desk_of(settings, store)
    synced = sync_now(settings, store, desk, on_progress=_progress())
    seconds = time.perf_counter() - start
    plans = "; ".join(f"{project}: {plan}" for project, plan in synced.pushed.items())
    note(f"{what}: {seconds:.1f} s ({plans})")
    return seconds


def _progress() -> OnProgress:
    told: dict[str, Callable[[int, int], None]] = {}

    def progress(what: str, done: int, total: int) -> None:
        told.setdefault(what, note_progress(what))(done, total)

    return progress


def rename(store: Store) -> None:
    """Give the person who is in most photos another name."""
    with store.write() as connection:
        renamed = PersonRenamed(RENAMED, "Somebody Else")
        log.append(connection, Occasion("benchmark", NOW, "benchmark, later"), [renamed])


def cluster_anew(store: Store) -> None:
    """The same groups at another cut: every prediction belongs to a new round."""
    with store.write() as connection:
        save_clusters(connection, clusters.clusters(connection), run="dbscan-second")


if __name__ == "__main__":
    main()
