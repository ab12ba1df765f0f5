"""A folder of photographs on this machine: which files it holds, and how their places are noted."""

from __future__ import annotations

import os
import urllib.parse
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faces.errors import SetupError
from faces.pictures import PHOTO_SUFFIXES
from faces.records import PhotoFile
from sync.ignoring import RULES_FILE, Rules

_ESCAPED = "./"
"""How the noted path of a file begins whose name is no UTF-8; no other path does."""
WORKSPACE_FILE = "faceloop.sqlite3"
"""What a workspace holds: its previews and crops are no photos of anybody's."""


@dataclass(frozen=True)
class Found:
    """What looking through a folder gave; noted paths of folders end in /, the root's is empty.

    `unreadable` are folders and why they could not be looked into, `kept_out` files and folders
    that `.faceloopignore` names. What lies below either was not looked at.
    """

    root: str
    files: tuple[PhotoFile, ...]
    unreadable: Mapping[str, str]
    kept_out: frozenset[str]


def find_photo_files(folder: Path) -> list[PhotoFile]:
    """All files below a folder that look like photos, by path.

    Raises:
        SetupError: the folder is missing or no folder, or its name cannot be noted.
    """
    return list(look_through(folder).files)


def look_through(folder: Path) -> Found:
    """Find the files below a folder that look like photos, by path; their content is not read.

    Hidden folders, workspaces and what `.faceloopignore` names are left out. A link to a file is
    that file; a link to a folder is followed, unless that lies in or above this folder, or was
    looked through already.

    Raises:
        SetupError: the folder is missing, may not be looked at or is none, or its name cannot be
            noted.
    """
    root = real_path(folder)
    try:
        is_there = folder.is_dir()
    except OSError as error:
        raise SetupError(f"{folder} cannot be looked into: {_reason(error)}") from error
    if not is_there:
        raise SetupError(f"there is no folder {folder}; give the folder that holds your photos")
    return _Look(root).found()


def real_path(folder: Path) -> str:
    """What a folder is called in the store, by whatever way it is given.

    Raises:
        SetupError: its name cannot be noted.
    """
    root = os.path.realpath(folder)
    if not _is_unicode(root):
        raise SetupError(f"the name of the folder {readable(root)} is no UTF-8; rename it")
    return root


def place_of(file: PhotoFile) -> Path:
    """Where a file lies on disk."""
    return Path(file.root) / exact(file.path)


def readable(text: str) -> str:
    """The text with what is no Unicode replaced, so that it can be stored and shown."""
    return os.fsencode(text).decode(errors="replace")


def noted(path: str) -> str:
    """A path below a root as text that every database takes.

    A path with bytes that are no UTF-8 is percent-escaped as in an address, and begins with "./".
    """
    if _is_unicode(path):
        return path
    return _ESCAPED + urllib.parse.quote(os.fsencode(path))


def exact(path: str) -> str:
    """The path below a root that `noted` gave as text, as the system has it."""
    if path.startswith(_ESCAPED):
        return os.fsdecode(urllib.parse.unquote_to_bytes(path.removeprefix(_ESCAPED)))
    return path


def is_photo_name(name: str) -> bool:
    """Whether a file is looked into, by its name."""
    return Path(name).suffix.lower() in PHOTO_SUFFIXES and not name.startswith(".")


def _is_unicode(path: str) -> bool:
    """Whether the path is text: bytes that are not, Python carries as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in path)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to look into: its path below the root, ending in /, and the rules above it."""

    path: str
    rules: Rules


class _Look:
    """One walk through a folder, without recursion: folders may lie in each other very deep."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._files: list[PhotoFile] = []
        self._unreadable: dict[str, str] = {}
        self._kept_out: set[str] = set()
        self._links: deque[_Folder] = deque()
        self._seen: set[tuple[int, int]] = set()

    def found(self) -> Found:
        """Look through the folder, then through those that links in it lead to."""
        self._look_below(_Folder("", Rules()), linked=False)
        while self._links:
            link = self._links.popleft()
            if self._leads_elsewhere(link.path):
                self._look_below(link, linked=True)
        kept_out = frozenset(self._kept_out)
        return Found(self._root, tuple(self._files), self._unreadable, kept_out)

    def _look_below(self, first: _Folder, *, linked: bool) -> None:
        to_do = [first]
        while to_do:
            folder = to_do.pop()
            if self._is_new(folder.path) or not linked:
                to_do += reversed(self._look_into(folder))

    def _look_into(self, folder: _Folder) -> list[_Folder]:
        """Note the files of one folder; returns the folders in it."""
        try:
            with os.scandir(self._place(folder.path)) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            if any(entry.name == WORKSPACE_FILE for entry in listed):
                return []
            rules = self._rules_in(folder, listed)
        except FileNotFoundError as error:
            if not folder.path:
                self._unreadable[""] = f"cannot be looked into: {_reason(error)}"
            return []  # a folder that vanished holds nothing
        except (OSError, ValueError) as error:
            reason = f"cannot be looked into: {_reason(error)}"
            self._unreadable[noted(folder.path)] = reason
            return []
        if rules is None:
            self._kept_out.add(noted(folder.path))
            return []
        below = _Folder(folder.path, rules)
        return [found for entry in listed if (found := self._note(entry, below)) is not None]

    def _rules_in(self, folder: _Folder, listed: list[os.DirEntry[str]]) -> Rules | None:
        for entry in listed:
            if entry.name == RULES_FILE:
                text = Path(entry.path).read_bytes().decode("utf-8-sig", "surrogateescape")
                return folder.rules.with_file(folder.path, text)
        return folder.rules

    def _note(self, entry: os.DirEntry[str], folder: _Folder) -> _Folder | None:
        """Note a file or a link; a folder is given back."""
        if entry.name.startswith("."):
            return None
        path = folder.path + entry.name
        if _is_folder(entry):
            return self._note_folder(entry, _Folder(f"{path}/", folder.rules))
        if is_photo_name(entry.name):
            if folder.rules.keep_out(path):
                self._kept_out.add(noted(path))
            else:
                self._note_file(entry, path)
        return None

    def _note_folder(self, entry: os.DirEntry[str], folder: _Folder) -> _Folder | None:
        if folder.rules.keep_out(folder.path):
            self._kept_out.add(noted(folder.path))
        elif entry.is_symlink():
            self._links.append(folder)
        else:
            return folder
        return None

    def _note_file(self, entry: os.DirEntry[str], path: str) -> None:
        """A file as it is now; one that cannot be looked at has size 0 and is refused when read."""
        try:
            status = entry.stat()
            size_bytes, modified_ns = status.st_size, status.st_mtime_ns
        except FileNotFoundError:
            if not entry.is_symlink():
                return  # it vanished
            size_bytes = modified_ns = 0
        except OSError:
            size_bytes = modified_ns = 0
        self._files.append(PhotoFile(self._root, noted(path), size_bytes, modified_ns))

    def _leads_elsewhere(self, link: str) -> bool:
        """Whether a link leads neither into the root nor to a folder that the link lies in."""
        target = os.path.realpath(self._place(link))
        place = os.path.realpath(self._place(link).parent)
        return not (
            _lies_in(target, self._root) or _lies_in(self._root, target) or _lies_in(place, target)
        )

    def _is_new(self, path: str) -> bool:
        """Whether a folder was not looked into before, whatever way led there."""
        try:
            status = self._place(path).stat()
        except OSError:
            return True
        identity = (status.st_dev, status.st_ino)
        is_new = identity not in self._seen
        self._seen.add(identity)
        return is_new

    def _place(self, path: str) -> Path:
        return Path(self._root, path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _lies_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")
