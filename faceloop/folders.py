"""The folders with photos: those given are remembered, and read again by the next run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from faceloop.forecast import UNKNOWN_PACE, forecast, refuse_full_disk
from faces.errors import SetupError
from faces.settings import Settings
from faces.store import ledger
from faces.store.database import Store
from sync.address import look_through_address
from sync.folder import look_through
from sync.ingest import root_of
from sync.storage import is_address

_FACT = "folders"
_NO_FOLDER = "no folder yet; give the one with your photos: faceloop up ~/Pictures"


def check_folder(folder: str, settings: Settings) -> None:
    """Make sure that a folder can be worked with, before anything is written or remembered.

    Raises:
        SetupError: it is missing, holds no photo, or what we make would end up among the photos, or
            would not fit on the disk of a workspace that is still to be made.
    """
    if is_address(folder):
        found = look_through_address(root_of(folder))
    else:
        found = look_through(Path(folder))
    if not found.files:
        raise SetupError(
            f"no photo in {folder}; give a folder that holds JPEG, PNG or other photos"
        )
    refuse_mixing(folder, settings.workspace)
    if not has_store(settings):
        refuse_full_disk(forecast(settings, UNKNOWN_PACE, found.files), settings.workspace)


def has_store(settings: Settings) -> bool:
    """Whether there is a database, so that a folder may be known."""
    return (
        bool(settings.database_url.get_secret_value())
        or (settings.workspace / "faceloop.sqlite3").exists()
    )


def refuse_no_folder(settings: Settings, given: str | None) -> None:
    """Make sure that there can be a folder to read, before a workspace is made for it.

    Raises:
        SetupError: none is given, and there is no database that could remember one.
    """
    if given is None and not has_store(settings):
        raise SetupError(_NO_FOLDER)


def remembered_folders(store: Store) -> list[str]:
    """All folders that were ever given, by path or address."""
    with store.read() as connection:
        return [str(folder) for folder in ledger.fact(connection, _FACT) or []]


def folders_to_read(store: Store, given: str | None, *, remember: bool = True) -> list[str]:
    """The folders that were ever given, and the one given now, which is remembered too.

    Raises:
        SetupError: none was ever given.
    """
    known = remembered_folders(store)
    if given is not None and root_of(given) not in known:
        known.append(root_of(given))
        if remember:
            with store.write() as connection:
                ledger.set_fact(connection, _FACT, known)
    if not known:
        raise SetupError(_NO_FOLDER)
    return known


def meant_to_lose(folders: Iterable[str], given: str | None, *, removed: bool) -> frozenset[str]:
    """The folders that `--removed` speaks of: the one given with it, or all when none is."""
    if not removed:
        return frozenset()
    return frozenset(folders if given is None else [root_of(given)])


def forget_folder(store: Store, folder: str) -> None:
    """Look through a folder no more, until it is given again."""
    known = [one for one in remembered_folders(store) if one != folder]
    with store.write() as connection:
        ledger.set_fact(connection, _FACT, known)


def refuse_mixing(folder: str, workspace: Path) -> None:
    """Make sure that what we make does not end up among the photos, nor the other way round.

    Raises:
        SetupError: one lies in the other.
    """
    if is_address(folder):
        return
    root = Path(folder).resolve()
    if root.is_relative_to(workspace):
        raise SetupError(
            f"{folder} lies in the workspace {workspace}, where faceloop keeps what it makes; "
            "give the folder with your photos"
        )
    if workspace.is_relative_to(root) and not _is_hidden(workspace.relative_to(root)):
        raise SetupError(
            f"the workspace {workspace} lies in {folder}, so previews would be read as photos; "
            "give a workspace somewhere else with --workspace"
        )


def _is_hidden(below: Path) -> bool:
    """Hidden folders are not read."""
    return any(part.startswith(".") for part in below.parts)
