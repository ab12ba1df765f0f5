"""The folders with photos: those given are remembered, and read again by the next run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from faceloop.console import named_progress, warn
from faceloop.wording import printable
from faces.errors import SetupError
from faces.locks import Work, alone
from faces.reading import ReadingOptions
from faces.settings import Settings
from faces.store import ledger
from faces.store.database import Store
from sync.folder import find_photo_files
from sync.ingest import Ingested, ingest_folder
from sync.media import media_of

_FACT = "folders"
_NO_FOLDER = "no folder yet; give the one with your photos: faceloop up ~/Pictures"


def check_folder(folder: Path, workspace: Path) -> None:
    """Make sure that a folder can be worked with, before anything is written or remembered.

    Raises:
        SetupError: it is missing, holds no photo, or what we make would end up among the photos.
    """
    root = folder.resolve()
    found = find_photo_files(folder)
    if root.is_relative_to(workspace):
        raise SetupError(
            f"{folder} lies in the workspace {workspace}, where faceloop keeps what it makes; "
            "give the folder with your photos"
        )
    if not found:
        raise SetupError(
            f"no photo in {folder}; give a folder that holds JPEG, PNG or other photos"
        )
    if workspace.is_relative_to(root) and not _is_hidden(workspace.relative_to(root)):
        raise SetupError(
            f"the workspace {workspace} lies in {folder}, so previews would be read as photos; "
            "give a workspace somewhere else with --workspace"
        )


def refuse_no_folder(settings: Settings, given: Path | None) -> None:
    """Make sure that there can be a folder to read, before a workspace is made for it.

    Raises:
        SetupError: none is given, and there is no database that could remember one.
    """
    database = settings.workspace / "faceloop.sqlite3"
    if given is None and not settings.database_url and not database.exists():
        raise SetupError(_NO_FOLDER)


def folders_to_read(settings: Settings, store: Store, given: Path | None) -> list[Path]:
    """The folder given, which is remembered, and the remembered ones that are there.

    A remembered folder that is missing or empty now, such as a disk that is not plugged in, keeps
    nobody from working with the others: one line says so, and what was read of it stays.

    Raises:
        SetupError: none was ever given.
    """
    known = _remembered(store, given)
    if not known:
        raise SetupError(_NO_FOLDER)
    return [folder for folder in known if _is_there(folder, settings.workspace)]


def read_folder(settings: Settings, store: Store, folder: Path) -> Ingested:
    """Read what is new in a folder, with a progress bar."""
    what = f"Reading {printable(folder.name)}"
    with alone(settings, Work.INGEST), named_progress() as advance:
        return ingest_folder(
            store,
            folder,
            media=media_of(settings),
            jobs=settings.jobs,
            now=datetime.now(UTC),
            on_progress=lambda done, total: advance(what, done, total),
            options=ReadingOptions.of(settings),
            scheduler=settings.scheduler,
        )


def _remembered(store: Store, given: Path | None) -> list[Path]:
    with store.write() as connection:
        known = [str(folder) for folder in ledger.fact(connection, _FACT) or []]
        if given is not None and str(given.resolve()) not in known:
            known.append(str(given.resolve()))
            ledger.set_fact(connection, _FACT, known)
    return [Path(folder) for folder in known]


def _is_there(folder: Path, workspace: Path) -> bool:
    try:
        check_folder(folder, workspace)
    except SetupError as reason:
        warn(f"{reason} (what was read of it before stays)")
        return False
    return True


def _is_hidden(below: Path) -> bool:
    """Hidden folders are not read."""
    return any(part.startswith(".") for part in below.parts)
