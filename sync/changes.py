"""What became of a folder since it was read: added, changed, moved, removed and returned files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from faces.records import PhotoFile, PhotoId
from faces.store.photos import KnownFile
from sync.folder import Found, exact, noted

_WHOLE_TO_MOST_LOST = 10
"""A folder that has lost more than a tenth of its photos is away; what it lost is not removed."""


@dataclass(frozen=True)
class FolderPlan:
    """What reading a folder again means; `first` and `after` part it.

    To be read: `to_read`, of which `before` has what was known by path, and `again` names those
    that are read though they did not change. Files that were removed and are back as they were:
    `returned`. Folders that could not be looked into: `refused`.

    Of what is not there any more, `gone` has the photos by path, `kept_out` those that
    `.faceloopignore` names now, `forgotten` what could not be read anyhow.

    `away` says in one line why nothing is removed, if that is clear before anything is read.
    `photos_before` is how many photos the folder had.
    """

    root: str
    found: int = 0
    to_read: tuple[PhotoFile, ...] = ()
    before: Mapping[str, KnownFile] = field(default_factory=dict)
    again: frozenset[str] = frozenset()
    unchanged: int = 0
    returned: tuple[str, ...] = ()
    refused: tuple[KnownFile, ...] = ()
    gone: Mapping[str, PhotoId] = field(default_factory=dict)
    kept_out: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    photos_before: int = 0
    away: str | None = None
    moved: frozenset[PhotoId] = frozenset()

    @property
    def bytes_to_read(self) -> int:
        """How large the files to read are together."""
        return sum(file.size_bytes for file in self.to_read)

    def first(self, count: int | None) -> FolderPlan:
        """The part that reads at most so many files; None: all of them."""
        return replace(self, to_read=self.to_read[:count])

    def after(self, part: FolderPlan, *, moved: Collection[PhotoId]) -> FolderPlan:
        """What is left once a part is done, and photos turned up in other files meanwhile."""
        return replace(
            self,
            to_read=self.to_read[len(part.to_read) :],
            unchanged=0,
            returned=(),
            refused=(),
            moved=self.moved.union(moved),
        )


@dataclass(frozen=True)
class Losses:
    """What is done about files that are gone: rows to drop, rows to mark, or why neither.

    `doubles` are files whose photo lies elsewhere too.
    """

    doubles: tuple[str, ...]
    removed: tuple[str, ...]
    away: str | None


def plan_changes(
    found: Found, known: Sequence[KnownFile], *, read_again: Collection[PhotoId] = ()
) -> FolderPlan:
    """Compare a folder with what is known of it: same size and time means unchanged.

    `read_again` are photos of which one file each is read even so.
    """
    before = {entry.file.path: entry for entry in known}
    as_before = [file for file in found.files if _is_as_before(file, before)]
    again = _one_file_each(as_before, before, read_again)
    kept = {file.path for file in as_before} - again
    to_read = tuple(file for file in found.files if file.path not in kept)
    returned = tuple(path for path in sorted(kept) if before[path].removed)
    missing = _missing(found, known)
    gone = {path: entry.photo for path, entry in missing.items() if entry.photo is not None}
    return FolderPlan(
        root=found.root,
        found=len(found.files),
        to_read=to_read,
        before={file.path: before[file.path] for file in to_read if file.path in before},
        again=again,
        unchanged=len(kept) - len(returned),
        returned=returned,
        refused=_newly_refused(found, before),
        gone={path: photo for path, photo in gone.items() if not _is_kept_out(path, found)},
        kept_out=tuple(path for path in gone if _is_kept_out(path, found)),
        forgotten=tuple(path for path in missing if path not in gone),
        photos_before=count_photos(known),
        away=_why_away(found, known),
    )


def plan_away(root: str, known: Sequence[KnownFile]) -> FolderPlan:
    """What it means that a folder is not there: nothing, until it is, or its loss is meant."""
    gone = {entry.file.path: entry.photo for entry in _live(known) if entry.photo is not None}
    before = count_photos(known)
    away = f"{root} is not there: {_they_stay(before)}"
    return FolderPlan(root=root, gone=gone, photos_before=before, away=away)


def settle_losses(
    plan: FolderPlan, elsewhere: Collection[PhotoId], *, accept: bool = False
) -> Losses:
    """Decide what is done about files that are gone, once all others were read.

    `elsewhere` are photos that other files hold. With `accept` somebody said that the loss is
    meant. A single photo is never too many: small folders lose one, too.
    """
    doubles = tuple(path for path, photo in plan.gone.items() if photo in elsewhere)
    lost = tuple(path for path, photo in plan.gone.items() if photo not in elsewhere)
    away = None
    if lost and not accept:
        away = plan.away or _too_many({plan.gone[path] for path in lost}, plan)
    removed = plan.kept_out if away else (*lost, *plan.kept_out)
    return Losses(doubles, removed, away)


def count_photos(known: Sequence[KnownFile]) -> int:
    """How many photos a folder had when it was last looked through."""
    return len({entry.photo for entry in _live(known) if entry.photo is not None})


def _live(known: Sequence[KnownFile]) -> list[KnownFile]:
    return [entry for entry in known if not entry.removed]


def _is_as_before(file: PhotoFile, before: Mapping[str, KnownFile]) -> bool:
    return file.path in before and before[file.path].file == file


def _one_file_each(
    files: Sequence[PhotoFile], before: Mapping[str, KnownFile], photos: Collection[PhotoId]
) -> frozenset[str]:
    """Of each of these photos the path of one file."""
    paths: dict[PhotoId, str] = {}
    for file in files:
        photo = before[file.path].photo
        if photo is not None and photo in photos:
            paths.setdefault(photo, file.path)
    return frozenset(paths.values())


def _missing(found: Found, known: Sequence[KnownFile]) -> dict[str, KnownFile]:
    """What was there, by path, and is not found; of unreadable folders nothing is said."""
    there = {file.path for file in found.files} | set(found.unreadable)
    return {
        entry.file.path: entry
        for entry in _live(known)
        if entry.file.path not in there
        and not any(folder in found.unreadable for folder in _folders_of(entry.file.path))
    }


def _newly_refused(found: Found, before: Mapping[str, KnownFile]) -> tuple[KnownFile, ...]:
    """Folders that could not be looked into, unless that is known."""
    refused = (
        KnownFile(PhotoFile(found.root, path, 0, 0), None, f"{found.root}/{path} {reason}")
        for path, reason in sorted(found.unreadable.items())
        if path
    )
    return tuple(entry for entry in refused if before.get(entry.file.path) != entry)


def _is_kept_out(path: str, found: Found) -> bool:
    if not found.kept_out:
        return False
    return path in found.kept_out or any(f in found.kept_out for f in _folders_of(path))


def _folders_of(path: str) -> Iterator[str]:
    """The folders that a file lies in, as they are noted: the root first, which is empty."""
    yield ""
    whole = exact(path)
    for place, character in enumerate(whole):
        if character == "/":
            yield noted(whole[: place + 1])


def _why_away(found: Found, known: Sequence[KnownFile]) -> str | None:
    """Why nothing can be said of what was in a folder, if that is so."""
    before = count_photos(known)
    if "" in found.unreadable:
        return f"{found.root} {found.unreadable['']}: {_they_stay(before)}"
    if before and not (found.files or found.kept_out or found.unreadable):
        return f"{found.root} holds no photo now: {_they_stay(before)}"
    return None


def _they_stay(photos: int) -> str:
    return "its photo stays as it is" if photos == 1 else f"its {photos:,} photos stay as they are"


def _too_many(lost: Collection[PhotoId], plan: FolderPlan) -> str | None:
    if len(lost) <= 1 or len(lost) * _WHOLE_TO_MOST_LOST <= plan.photos_before:
        return None
    return (
        f"{len(lost):,} of the {plan.photos_before:,} photos in {plan.root} are gone: "
        "they stay as they are until the loss is said to be meant (--removed)"
    )
