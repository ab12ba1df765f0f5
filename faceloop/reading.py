"""All folders of a workspace, looked through and read as if they were one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from faceloop.console import Advance, say, warn
from faceloop.folders import forget_folder, refuse_mixing
from faceloop.forecast import Forecast, Pace, forecast, note_pace, pace_of
from faceloop.taken import Taken
from faceloop.wording import counted, printable
from faces.errors import SetupError
from faces.locks import Work, alone
from faces.media import media_of
from faces.reading import ReadingOptions
from faces.settings import Settings
from faces.store import ledger, photos
from faces.store.database import Store
from sync.changes import FolderPlan
from sync.ingest import Ingested, ingest, plan_ingest
from sync.storage import is_address
from sync.unfinished import sweep_after_reading

READING = "Reading photos"
_AWAY_FACT = "folders that are away"
_NOT_THERE = "is not there, and no photo of it is missing"
_MEANT = "; bring it back, or say with --removed that this is meant"


class _Timer:
    """Counts what is read, in however many folders, and how long that takes."""

    def __init__(self) -> None:
        self.read = 0
        self._done = 0
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def advance(self, advance: Advance, before: int, total: int, done: int, _of: int) -> None:
        """Tell how much of all folders is read, from how much of one is."""
        self.read += max(0, done - self._done)
        self._done = done
        advance(READING, before + done, total)


class PhotoFolders:
    """All folders of a workspace, looked through and read as one.

    With `again` photos are read though they did not change; what is gone from the folders in
    `removed` is meant to be, however much. Both hold for the first look only. What is away is said
    once.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        folders: list[str],
        *,
        again: bool = False,
        removed: frozenset[str] = frozenset(),
        dry: bool = False,
    ) -> None:
        """Nothing is looked at yet; with `dry`, nothing is noted while looking."""
        self._dry = dry
        self._settings = settings
        self._store = store
        self.folders = folders
        self._again = again
        self._removed = removed
        self._plans: dict[str, FolderPlan] = {}
        self._away: dict[str, str] = {}

    @property
    def left(self) -> int:
        """How many files are to be read, as of the last look."""
        return sum(len(plan.to_read) for plan in self._plans.values())

    @property
    def local_folders(self) -> list[Path]:
        """Those that lie on this machine, or look like it."""
        return [Path(folder) for folder in self.folders if not is_address(folder)]

    def known(self) -> int:
        """How many photos were read and are there."""
        with self._store.read() as connection:
            return photos.count_photos(connection)

    def pace(self) -> Pace:
        """How fast photos are read here."""
        processes = self._settings.jobs or os.cpu_count() or 1
        size = sum(plan.bytes_to_read for plan in self._plans.values())
        if not self.left:
            return pace_of(self._settings, self._store, processes=processes)
        mean = size / self.left
        return pace_of(self._settings, self._store, processes=processes, mean_bytes=mean)

    def look(self) -> dict[str, FolderPlan]:
        """Find out what is to be read, by folder; of one that is away, a line says so."""
        self._plans = dict(self._looked())
        return self._plans

    def forecast(self) -> Forecast:
        """What it takes to read what is to be read."""
        new, seen_before = [], 0
        for plan in self._plans.values():
            new += [file for file in plan.to_read if file.path not in plan.again]
            seen_before += sum(file.path in plan.again for file in plan.to_read)
        return forecast(self._settings, self.pace(), new, seen_before=seen_before)

    def read(
        self,
        advance: Advance,
        *,
        limit: int | None = None,
        read_before: int = 0,
        shows_all: bool = True,
    ) -> Taken:
        """Read what is to be read, at most so many files now; without a plan, look first.

        `read_before` is how many files were read since the progress that is shown began, which
        goes on to all that is left, or, without `shows_all`, to the end of this part.

        Raises:
            SetupError: photos cannot be read; what was read is kept.
        """
        if not self._plans:
            self.look()
        plans, self._plans = self._plans, {}
        now = sum(len(plan.to_read) for plan in plans.values())
        if limit is not None and not shows_all:
            now = min(now, limit)
        taken = Taken()
        with self._timed(plans.values()) as timer:
            for root, plan in sorted(plans.items(), key=_loses_photos):
                shown = partial(timer.advance, advance, read_before + taken.read, read_before + now)
                part = self._read_one(
                    root,
                    plan,
                    limit=None if limit is None else limit - taken.read,
                    on_progress=shown,
                )
                taken += self._noted(root, part)
        found = sum(plan.found for plan in plans.values())
        taken += Taken(found=found, left=self.left, seconds=timer.seconds)
        if not taken.left:
            self._again, self._removed = False, frozenset()
        return taken

    def states(self) -> Iterator[tuple[str, str]]:
        """Each folder, and what a person wants to know of it; nothing is noted."""
        since = self._away_since()
        for folder in self.folders:
            try:
                plan = plan_ingest(self._store, folder)
            except SetupError as reason:
                yield folder, str(reason)
                continue
            if plan.away is not None:
                at = f", since {since[folder]}" if folder in since else ""
                one, many = "photo stays as it is", "photos stay as they are"
                yield folder, f"away{at}: {counted(plan.photos_before, one, many)}"
            else:
                left = f", {len(plan.to_read):,} still to be read" if plan.to_read else ""
                yield folder, f"there, {counted(plan.found, 'photo')}{left}"

    @contextmanager
    def _timed(self, plans: Iterable[FolderPlan]) -> Iterator[_Timer]:
        """Note how fast photos are read, also when that is interrupted; known ones do not count."""
        timer = _Timer()
        before = self._ever_read()
        try:
            yield timer
        finally:
            opened = self._ever_read() - before + sum(len(plan.again) for plan in plans)
            read = min(timer.read, opened)
            note_pace(self._settings, self._store, photos=read, seconds=timer.seconds)

    def _ever_read(self) -> int:
        with self._store.read() as connection:
            return photos.count_ever_read(connection)

    def _looked(self) -> Iterator[tuple[str, FolderPlan]]:
        again = ReadingOptions.of(self._settings) if self._again else None
        for folder in list(self.folders):
            try:
                refuse_mixing(folder, self._settings.workspace)
                plan = plan_ingest(self._store, folder, again=again)
            except SetupError as reason:
                self._tell_missing(folder, reason)
                continue
            yield folder, plan

    def _tell_missing(self, folder: str, reason: SetupError) -> None:
        """Say that nothing can be read in a folder; one that is gone for good is forgotten."""
        is_gone = not is_address(folder) and not Path(folder).exists()
        if not is_gone:
            self._tell_away(folder, f"{reason} (what was read of it before stays)")
        elif folder not in self._removed:
            self._tell_away(folder, f"{folder} {_NOT_THERE}; --removed forgets it")
        else:
            say(printable(f"{folder} {_NOT_THERE}: it is forgotten"))
            if not self._dry:
                self._tell_away(folder, None)
                self.folders.remove(folder)
                forget_folder(self._store, folder)

    def _read_one(
        self,
        root: str,
        plan: FolderPlan,
        *,
        limit: int | None,
        on_progress: Callable[[int, int], None],
    ) -> Ingested:
        settings = self._settings
        with alone(settings, Work.INGEST):
            ingested = ingest(
                self._store,
                plan,
                media=media_of(settings),
                jobs=settings.jobs,
                now=datetime.now(UTC),
                on_progress=on_progress,
                options=ReadingOptions.of(settings),
                scheduler=settings.scheduler,
                accept_removals=root in self._removed,
                limit=None if limit is None else max(0, limit),
            )
            if plan.to_read:
                sweep_after_reading(settings)
            return ingested

    def _noted(self, root: str, part: Ingested) -> Taken:
        """Keep what is left of a folder's plan, and tell if it is away."""
        if part.rest is not None:
            self._plans[root] = part.rest
        else:
            meant = "" if part.away is None or "--removed" in part.away else _MEANT
            self._tell_away(root, None if part.away is None else f"{part.away}{meant}")
        counts = {f.name: getattr(part, f.name) for f in fields(Taken) if hasattr(part, f.name)}
        return Taken(**counts)

    def _tell_away(self, root: str, line: str | None) -> None:
        """Say that a folder is away unless that was said, and note since when."""
        if line is not None and self._away.get(root) != line:
            warn(line)
        self._away = (
            {**self._away, root: line}
            if line
            else {r: w for r, w in self._away.items() if r != root}
        )
        since = self._away_since()
        if self._dry or (line is not None) == (root in since):
            return
        now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
        still = {r: at for r, at in since.items() if r != root}
        with self._store.write() as connection:
            ledger.set_fact(connection, _AWAY_FACT, {**still, root: now} if line else still)

    def _away_since(self) -> dict[str, str]:
        with self._store.read() as connection:
            return dict(ledger.fact(connection, _AWAY_FACT) or {})


def _loses_photos(looked: tuple[str, FolderPlan]) -> bool:
    """Folders that lost something go last: it may have moved into another."""
    _, plan = looked
    return bool(plan.gone)


def tell_plan(folders: PhotoFolders) -> Forecast:
    """Look through the folders, and say what there is to do and what it takes."""
    plans = folders.look()
    for root, plan in plans.items():
        gone = len(plan.gone) + len(plan.kept_out)
        if gone and plan.away is None:
            say(f"{printable(root)}: {counted(gone, 'file is', 'files are')} gone or elsewhere")
    expected = folders.forecast()
    if expected.photos:
        say(str(expected))
    return expected
