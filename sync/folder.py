"""A folder of photographs: which files it holds and which of them have to be read."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from faces.errors import SetupError
from faces.pictures import PHOTO_SUFFIXES
from faces.records import PhotoFile
from faces.store.photos import KnownFile

_ESCAPED = "./"
"""How the noted path of a file begins whose name is no UTF-8; no other path does."""


@dataclass(frozen=True)
class FolderPlan:
    """What reading a folder again means: files to read, files that are gone."""

    to_read: tuple[PhotoFile, ...]
    unchanged: int
    gone: tuple[str, ...]


def find_photo_files(folder: Path) -> list[PhotoFile]:
    """All files below a folder that look like photos, by path.

    Hidden folders and workspaces are left out.

    Raises:
        SetupError: the folder is missing or no folder, or its name cannot be noted.
    """
    if not folder.is_dir():
        raise SetupError(f"there is no folder {folder}; give the folder that holds your photos")
    root = folder.resolve()
    if not _is_unicode(str(root)):
        shown = readable(str(root))
        raise SetupError(f"the name of the folder {shown} is no UTF-8; rename it")
    found: list[PhotoFile] = []
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if "faceloop.sqlite3" in names:  # a workspace: its previews and crops are no photos
            folders.clear()
            continue
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
    return PhotoFile(str(root), _noted(str(path.relative_to(root))), size_bytes, modified_ns)


def place_of(file: PhotoFile) -> Path:
    """Where a file lies on disk."""
    if file.path.startswith(_ESCAPED):
        exact = os.fsdecode(urllib.parse.unquote_to_bytes(file.path.removeprefix(_ESCAPED)))
        return Path(file.root) / exact
    return Path(file.root) / file.path


def readable(text: str) -> str:
    """The text with what is no Unicode replaced, so that it can be stored and shown."""
    return os.fsencode(text).decode(errors="replace")


def _noted(path: str) -> str:
    """A path below a root as text that every database takes.

    A path with bytes that are no UTF-8 is percent-escaped as in an address, and begins with "./".
    """
    if _is_unicode(path):
        return path
    return _ESCAPED + urllib.parse.quote(os.fsencode(path))


def _is_unicode(path: str) -> bool:
    """Whether the path is text: bytes that are not, Python carries as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in path)


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
