"""The desk grows while people work: photos are read in slices, grouped, and shown."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from faceloop.console import Advance, named_progress, say, warn
from faceloop.contradicting import tell_contradictions
from faceloop.reading import PhotoFolders
from faceloop.taken import Taken, tell_taken
from faceloop.watching import news
from faceloop.wording import counted
from faces.errors import FaceloopError
from faces.locks import Work, alone, alone_if_free
from faces.regrouping import Regrouping
from faces.settings import Settings
from faces.store import given, ledger, log
from faces.store.database import Store
from faces.store.owing import owe_push
from sync.clustering import Clustered, cluster_photos, cluster_photos_by_dbscan

if TYPE_CHECKING:
    from sync.desk import Desk

SHOW_EVERY_S = 600.0
"""People see what was read at least this often, as long as grouping and showing is quick."""
_SHOWING_SHARE = 5
"""Between two times of grouping and showing, photos are read for so many times as long."""
QUIET_S = 600.0
"""What people say changes groups once they have said nothing more for this long.

Their pages would change under their hands otherwise; new photos change them whenever they come, and
where no page is left to answer nothing is waited for.
"""
_NICENESS = 10
"""Label Studio, backend and app come first while people work."""


def photos_before_opening(to_read: int, known: int, *, first: int) -> int | None:
    """How many photos are read before the desk opens; None: all.

    With few to read all are: then people see them at once.
    """
    return None if to_read <= first else max(0, first - known)


def next_slice(*, known: int, photos_per_s: float, showing_s: float, least: int) -> int:
    """How many photos to read before grouping anew and showing what came of it.

    As many again as are known: grouping takes the longer the more there are, and in this way all
    the runs before the last one take less than that one alone. Fewer, if that many take long.
    """
    longest_s = max(SHOW_EVERY_S, _SHOWING_SHARE * showing_s)
    return max(least, min(known, int(photos_per_s * longest_s)))


def group_faces(
    settings: Settings, store: Store, *, new_cut: bool = False, kept: Regrouping | None = None
) -> Clustered:
    """Group all faces by the method that is set, going on from what is `kept` of the last time.

    `new_cut` has it found out anew how alike faces must be; DBSCAN is told that.
    """
    with alone(settings, Work.INGEST):
        return _group(settings, store, new_cut=new_cut, kept=kept)


def group_given(settings: Settings, store: Store) -> bool:
    """Group the faces in photos that visitors of the app gave since; whether that was done.

    Where photos are being read now, whoever reads them groups these as well, or the next look does.
    """
    with store.read() as connection:
        waits = given.waits_to_be_grouped(connection)
    if not waits:
        return False
    with alone_if_free(settings, Work.INGEST) as is_free:
        if is_free:
            _group(settings, store)
    return is_free


def _group(
    settings: Settings, store: Store, *, new_cut: bool = False, kept: Regrouping | None = None
) -> Clustered:
    """Group all faces; nobody else may read photos meanwhile.

    Where photos were given since, that they are grouped and a push is owed is noted as one.
    """
    now = datetime.now(UTC)
    with store.read() as connection:
        so_far = given.given_so_far(connection)
    if settings.method == "dbscan":
        eps, min_samples = settings.eps, settings.min_samples
        done = cluster_photos_by_dbscan(store, eps=eps, min_samples=min_samples, now=now)
    else:
        elsewhere, jobs = settings.scheduler, settings.jobs or os.cpu_count() or 1
        done = cluster_photos(
            store, now=now, new_cut=new_cut, kept=kept, scheduler=elsewhere, jobs=jobs
        )
    with store.write() as connection:
        if given.waits_to_be_grouped(connection):
            owe_push(connection)
        given.note_grouped(connection, so_far)
    return done


def tell_clustered(done: Clustered) -> None:
    """Say what grouping found, and which of people's words it could not all heed."""
    in_groups = f"{counted(done.clusters, 'group')} of {counted(done.clustered_faces, 'face')}"
    groups = in_groups if done.clusters else "no group of faces"
    single = counted(done.faces - done.clustered_faces, "face stands", "faces stand")
    poor = f", {done.poor:,} too small, blurred or turned away to be grouped" if done.poor else ""
    say(f"{groups}; {single} alone{poor}")
    tell_contradictions(done.contradictions)


class _Heard:
    """What people said, and up to where the groups heed it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = self._heeded = self._said()
        self._since = time.monotonic()

    def heed(self) -> None:
        """Note that faces are grouped now."""
        self._heeded = self._said()

    def is_owed(self) -> bool:
        """Whether something was said since faces were grouped, and nothing more for a while or
        nothing more is asked.
        """
        last, now = self._said(), time.monotonic()
        if last != self._last:
            self._last, self._since = last, now
        return last != self._heeded and (now - self._since >= QUIET_S or not self._is_asked())

    def _said(self) -> int:
        with self._store.read() as connection:
            return log.last_number(connection)

    def _is_asked(self) -> bool:
        """Whether there is a page for people to answer."""
        from sync.desk import Project  # Label Studio's SDK takes a second

        with self._store.read() as connection:
            return ledger.has_open_tasks(connection, Project.PEOPLE)


@dataclass
class Growth:
    """Reads what is not read yet, and what comes; shows it at the desk, if there is one.

    `on_tick` is called while waiting and working; what it raises ends both.
    """

    settings: Settings
    store: Store
    photos: PhotoFolders
    desk: Desk | None = None
    on_tick: Callable[[], object] = lambda: None
    _owes_showing: bool = False
    _said: str = field(default="", init=False)
    _grouped: Clustered | None = field(default=None, init=False)
    _kept: Regrouping = field(default_factory=Regrouping, init=False)
    _heard: _Heard = field(init=False)

    def __post_init__(self) -> None:
        """What was said before is thought to be heeded."""
        self._heard = _Heard(self.store)

    def finish(self) -> None:
        """Read all that is left, in slices; each is grouped and shown before the next."""
        taken = self._in_slices()
        if taken is not None and taken.brought_news:
            self._tell(taken)

    def follow(self) -> None:
        """Take in what changes in the folders, for as long as it goes on."""
        for _ in news(self.photos.local_folders, on_tick=self.on_tick):
            self.finish()

    def give_way(self) -> None:
        """From now on the other processes come first, and with this one those that it starts."""
        with suppress(OSError):
            os.nice(_NICENESS)

    def _in_slices(self) -> Taken | None:
        """What was read, None if something stood in the way, which is said once."""
        try:
            with named_progress(one_line=True) as advance:
                return self._slices(self._ticking(advance))
        except FaceloopError as reason:
            self.on_tick()
            if str(reason) != self._said:
                warn(f"{reason} (what was read is kept, and is tried again)")
            self._said = str(reason)
            return None

    def _slices(self, advance: Advance) -> Taken:
        all_taken = Taken()
        showing_s, rate = 0.0, self.photos.pace().photos_per_s
        while True:
            limit = next_slice(
                known=self.photos.known(),
                photos_per_s=rate,
                showing_s=showing_s,
                least=self.settings.first_photos,
            )
            taken = self.photos.read(advance, limit=limit, read_before=all_taken.read)
            all_taken += taken
            if taken.read and taken.seconds:
                rate = taken.read / taken.seconds
            began = time.monotonic()
            if taken.brought_news or self._owes_showing or self._heard.is_owed():
                self._show(advance)
            showing_s = time.monotonic() - began
            self._said = ""
            if not taken.left:
                return all_taken

    def _show(self, advance: Advance) -> None:
        self._owes_showing = True
        advance("Grouping faces", 0, 1)
        self._heard.heed()
        self._grouped = group_faces(self.settings, self.store, kept=self._kept)
        advance("Grouping faces", 1, 1)
        if self.desk is not None:
            from sync.loop import sync_now  # Label Studio's SDK takes a second

            synced = sync_now(self.settings, self.store, self.desk, on_progress=advance)
            for problem in synced.pulled.problems:
                warn(problem)
        self._owes_showing = False

    def _tell(self, taken: Taken) -> None:
        tell_taken(taken)
        if self.desk is not None:
            say("Label Studio shows what was read")
        elif self._grouped is not None:
            tell_clustered(self._grouped)

    def _ticking(self, advance: Advance) -> Advance:
        def tick(what: str, done: int, total: int) -> None:
            self.on_tick()
            advance(what, done, total)

        return tick
