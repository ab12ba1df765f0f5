"""A folder of photographs: which files it holds and which of them have to be read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from faces.errors import SetupError
from faces.pictures import PHOTO_SUFFIXES
from faces.records import PhotoFile
from faces.store.photos import KnownFile


@dataclass(frozen=True)
class FolderPlan:
    """What reading a folder again means: files to read, files that are gone."""

    to_read: tuple[PhotoFile, ...]
    unchanged: int
    gone: tuple[str, ...]


def find_photo_files(folder: Path) -> list[PhotoFile]:
    """All files below a folder that look like photos, by path; hidden folders are left out.

    Raises:
        SetupError: the folder is missing or no folder.
    """
    if not folder.is_dir():
        raise SetupError(f"there is no folder {folder}; give the folder that holds your photos")
    root = folder.resolve()
    found: list[PhotoFile] = []
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(directory) / name
            if path.suffix.lower() in PHOTO_SUFFIXES and not name.startswith("."):
                found.append(_photo_file(root, path))
    return found


def _photo_file(root: Path, path: Path) -> PhotoFile:
    """A file as it is now; one that cannot be looked at has size 0 and is refused when read."""
    try:
        status = path.stat()
        size_bytes, modified_ns = status.st_size, status.st_mtime_ns
    except OSError:
        size_bytes = modified_ns = 0
    return PhotoFile(str(root), str(path.relative_to(root)), size_bytes, modified_ns)


def plan_folder(found: Iterable[PhotoFile], known: Iterable[KnownFile]) -> FolderPlan:
    """Compare a folder with what was read of it: same size and time means unchanged."""
    before: Mapping[str, KnownFile] = {entry.file.path: entry for entry in known}
    to_read: list[PhotoFile] = []
    paths: set[str] = set()
    for file in found:
        paths.add(file.path)
        entry = before.get(file.path)
        if entry is None or entry.file != file:
            to_read.append(file)
    gone = tuple(sorted(path for path in before if path not in paths))
    return FolderPlan(tuple(to_read), len(paths) - len(to_read), gone)
