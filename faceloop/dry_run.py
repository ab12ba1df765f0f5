"""What `cluster` and `up` would read, without writing anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from faceloop.console import say
from faceloop.folders import folders_to_read, has_store, meant_to_lose
from faceloop.forecast import refuse_full_disk
from faceloop.reading import PhotoFolders, tell_plan
from faceloop.workspace import existing_store
from faces.settings import Settings
from faces.store.database import Store


def tell_what_would_be_read(
    settings: Settings, given: str | None, *, again: bool, removed: bool
) -> None:
    """Look through the folders and print the plan.

    Raises:
        SetupError: there is nothing to look through, or the disk is too small.
    """
    with store_or_empty(settings) as store:
        folders = folders_to_read(store, given, remember=False)
        meant = meant_to_lose(folders, given, removed=removed)
        found = PhotoFolders(settings, store, folders, again=again, removed=meant, dry=True)
        expected = tell_plan(found)
        refuse_full_disk(expected, settings.workspace)
        if not expected.photos:
            say("nothing to read")


@contextmanager
def store_or_empty(settings: Settings) -> Iterator[Store]:
    """The workspace's store; an empty one somewhere else, where nothing was made yet."""
    if has_store(settings):
        yield existing_store(settings)
        return
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'empty.sqlite3'}")
        store.migrate(lock=Path(folder) / "lock")
        yield store
        store.close()
