"""A folder of photos to faces and encodings in the store, with previews and crops beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from faces.errors import BadPhoto, SetupError
from faces.media import Media
from faces.reading import ReadingOptions, detector_named
from faces.records import PhotoFile, PhotoId
from faces.store import files, photos, rereading, turnings
from faces.store.database import Store
from faces.store.photos import KnownFile
from sync.address import look_through_address
from sync.changes import (
    FolderPlan,
    Losses,
    count_photos,
    plan_away,
    plan_changes,
    settle_losses,
)
from sync.folder import Found, look_through, real_path
from sync.readers import TurnedBySize, read_all
from sync.readings import Known
from sync.saving import Saver
from sync.storage import content_of, is_address

OnProgress = Callable[[int, int], None]
"""Called with how many photos are done and how many there are."""

_AS_SHIPPED = ReadingOptions()
_MOST_OF_A_SIZE = 64
"""Photos of the size of a file that are worth sending along with it."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What reading a folder, or a part of what is to be read in it, did.

    Files by what became of them: `added` (new, or a copy), `changed`, `moved`, `returned`,
    `again` (read again as asked), `removed` (gone, or kept out now), `unchanged`; `refused` cannot
    be read. `faces` is how many were found in photos read now, `without_faces` in how many of these
    photos was none. `left` is how many files are still to be read, by `rest`. `away` says in one
    line why nothing was removed although files are gone.
    """

    found: int
    read: int
    added: int = 0
    changed: int = 0
    moved: int = 0
    returned: int = 0
    again: int = 0
    removed: int = 0
    unchanged: int = 0
    refused: int = 0
    faces: int = 0
    without_faces: int = 0
    away: str | None = None
    rest: FolderPlan | None = field(default=None, compare=False, repr=False)

    @property
    def left(self) -> int:
        """How many files are still to be read."""
        return 0 if self.rest is None else len(self.rest.to_read)


def ingest_folder(
    store: Store,
    folder: Path | str,
    *,
    media: Media,
    jobs: int,
    now: datetime,
    on_progress: OnProgress,
    options: ReadingOptions = _AS_SHIPPED,
    scheduler: str = "",
    again: bool = False,
    accept_removals: bool = False,
    limit: int | None = None,
) -> Ingested:
    """Read every new or changed photo below a folder; stopped half way, the next run goes on.

    Raises:
        SetupError: the folder is missing or holds no photo at all, and nothing is known of it.
    """
    plan = plan_ingest(store, folder, again=options if again else None)
    return ingest(
        store,
        plan,
        media=media,
        jobs=jobs,
        now=now,
        on_progress=on_progress,
        options=options,
        scheduler=scheduler,
        accept_removals=accept_removals,
        limit=limit,
    )


def plan_ingest(
    store: Store | None, folder: Path | str, *, again: ReadingOptions | None = None
) -> FolderPlan:
    """Find out what is to be read in a folder; no file is opened but `.faceloopignore`.

    With `again`, photos that did not change are read too: those that another detector than the one
    named there has looked through, or, if there are none, all. So a run that was stopped goes on.
    Without a store nothing is known of any folder.

    Raises:
        SetupError: the folder is missing or holds no photo at all, and nothing is known of it.
    """
    root = root_of(folder)
    known = [] if store is None else _known_files(store, root)
    try:
        found = look_through_address(root) if is_address(root) else look_through(Path(folder))
    except SetupError:
        if count_photos(known):
            return plan_away(root, known)
        raise
    read_again: frozenset[PhotoId] = frozenset()
    if again is not None and store is not None:
        read_again = _to_read_again(store, known, again)
    plan = plan_changes(found, known, read_again=read_again)
    if not (found.files or plan.photos_before):
        raise SetupError(_why_empty(folder, found))
    return plan


def ingest(
    store: Store,
    plan: FolderPlan,
    *,
    media: Media,
    jobs: int,
    now: datetime,
    on_progress: OnProgress,
    options: ReadingOptions = _AS_SHIPPED,
    scheduler: str = "",
    accept_removals: bool = False,
    limit: int | None = None,
) -> Ingested:
    """Do what a plan says, or read at most `limit` files of it now; the `rest` is a plan again.

    What is gone is removed at the end, when it is known what was only moved; `accept_removals`
    says that however much is gone, it is meant.

    Raises:
        SetupError: photos cannot be read, or previews not be written; what was read is kept.
    """
    part = plan.first(limit)
    _note_at_once(store, plan)
    with store.read() as connection:
        turned = turnings.turned_by_size(connection)
    on_progress(0, len(part.to_read))
    readings = read_all(
        part.to_read,
        options=options,
        known=_known_by_size(store, plan, media, turned),
        turned=turned,
        jobs=jobs,
        scheduler=scheduler,
    )
    with Saver(store, media, plan, now=now) as saver, closing(readings):
        for done, reading in enumerate(readings, start=1):
            saver.add(reading)
            on_progress(done, len(part.to_read))
    rest = plan.after(part, moved=saver.moved)
    losses, removed = None, 0
    if not rest.to_read:
        losses, removed = _settle(store, rest, accept=accept_removals, now=now)
    counts = saver.done
    return Ingested(
        found=plan.found,
        read=len(part.to_read),
        added=counts["added"],
        changed=counts["changed"],
        moved=counts["moved"],
        returned=counts["returned"] + len(plan.returned),
        again=counts["again"],
        removed=removed,
        unchanged=counts["unchanged"] + plan.unchanged,
        refused=counts["refused"] + len(plan.refused),
        faces=saver.faces,
        without_faces=saver.without_faces,
        away=None if losses is None else losses.away,
        rest=rest if rest.to_read else None,
    )


def root_of(folder: Path | str) -> str:
    """What the store calls a folder: its real path, or its address.

    Raises:
        SetupError: its name cannot be noted.
    """
    return str(folder).rstrip("/") if is_address(str(folder)) else real_path(Path(folder))


def _known_files(store: Store, root: str) -> list[KnownFile]:
    with store.read() as connection:
        return photos.known_files(connection, root)


def _to_read_again(
    store: Store, known: Iterable[KnownFile], options: ReadingOptions
) -> frozenset[PhotoId]:
    here = frozenset(e.photo for e in known if e.photo is not None and not e.removed)
    detector = detector_named(options.detector).name
    with store.read() as connection:
        otherwise = rereading.photos_read_otherwise(connection, detector)
    return here & otherwise or here


def _why_empty(folder: Path | str, found: Found) -> str:
    problem = next(iter(found.unreadable.items()), None)
    if problem is not None:
        return f"no photo in {folder}: {found.root}/{problem[0]} {problem[1]}"
    if found.kept_out:
        return f"no photo in {folder} but those that .faceloopignore keeps out"
    return f"no photo in {folder}; give a folder that holds JPEG, PNG or other photos"


def _note_at_once(store: Store, plan: FolderPlan) -> None:
    """Note what needs no reading: files that are back, folders that cannot be looked into."""
    if plan.returned or plan.refused:
        with store.write() as connection:
            files.return_files(connection, plan.root, plan.returned)
            photos.save_files(connection, plan.refused)


def _known_by_size(store: Store, plan: FolderPlan, media: Media, turned: TurnedBySize) -> Known:
    """Which photos a file may hold; those whose preview was lost are read anew.

    Where very many photos have the same size, as scans do, the file is hashed here instead.
    """

    def known(file: PhotoFile) -> list[PhotoId]:
        if file.path in plan.again or not file.size_bytes:
            return []
        with store.read() as connection:
            candidates = files.photos_of_size(connection, file.size_bytes, most=_MOST_OF_A_SIZE + 1)
            if len(candidates) > _MOST_OF_A_SIZE:
                photo = _hash_of(file)
                candidates = [photo] if photo and photos.has_photo(connection, photo) else []
        lying = turned.get(file.size_bytes, {})
        return [p for p in candidates if media.preview(p, lying.get(p, 0)).exists()]

    return known


def _hash_of(file: PhotoFile) -> PhotoId | None:
    try:
        return PhotoId(hashlib.sha256(content_of(file)).hexdigest())
    except BadPhoto:
        return None  # whoever reads it says why


def _settle(store: Store, plan: FolderPlan, *, accept: bool, now: datetime) -> tuple[Losses, int]:
    """Note what is gone; returns that, and how many files were removed and not just moved."""
    if not (plan.gone or plan.kept_out or plan.forgotten):
        return Losses((), (), plan.away), 0
    leaving = {*plan.gone, *plan.kept_out}
    with store.write() as connection:
        elsewhere = {
            entry.photo
            for entry in files.files_there(connection, plan.gone.values())
            if entry.photo is not None
            and not (entry.file.root == plan.root and entry.file.path in leaving)
        }
        losses = settle_losses(plan, elsewhere, accept=accept)
        files.remove_files(connection, plan.root, losses.removed, now=now)
        files.forget_files(connection, plan.root, (*losses.doubles, *plan.forgotten))
    moved = sum(plan.gone[path] in plan.moved for path in losses.doubles)
    return losses, len(losses.removed) + len(losses.doubles) - moved
