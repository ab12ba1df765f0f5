"""A folder of photographs behind an address such as s3://bucket/photos: which files it holds."""

from __future__ import annotations

from faces.errors import BadPhoto
from faces.records import PhotoFile
from sync.folder import WORKSPACE_FILE, Found, is_photo_name
from sync.ignoring import RULES_FILE, Rules
from sync.storage import content_of, listed


def look_through_address(root: str) -> Found:
    """Find the files below an address that look like photos, by path.

    The same is left out as in a folder of this machine.

    Raises:
        SetupError: the address is missing or cannot be read.
    """
    root = root.rstrip("/")
    there = {path: PhotoFile(root, path, size, time) for path, size, time in listed(root)}
    look = _Look(there)
    files = tuple(file for path, file in there.items() if look.is_photo(path))
    return Found(root, files, look.unreadable, frozenset(look.kept_out))


class _Look:
    """What holds for each folder, worked out once; paths of folders end in /, the root's is ""."""

    def __init__(self, there: dict[str, PhotoFile]) -> None:
        self.unreadable: dict[str, str] = {}
        self.kept_out: set[str] = set()
        self._there = there
        self._rules: dict[str, Rules | None] = {}

    def is_photo(self, path: str) -> bool:
        """Whether a file looks like a photo and is not left out."""
        folder, _, name = path.rpartition("/")
        if not is_photo_name(name):
            return False
        rules = self._rules_in(f"{folder}/" if folder else "")
        if rules is not None and rules.keep_out(path):
            self.kept_out.add(path)
            return False
        return rules is not None

    def _rules_in(self, folder: str) -> Rules | None:
        """The rules in a folder; None: nothing in it is looked at."""
        if folder not in self._rules:
            above = Rules() if not folder else self._rules_in(_folder_above(folder))
            self._rules[folder] = None if above is None else self._rules_below(folder, above)
        return self._rules[folder]

    def _rules_below(self, folder: str, above: Rules) -> Rules | None:
        name = folder.removeprefix(_folder_above(folder))
        if name.startswith(".") or f"{folder}{WORKSPACE_FILE}" in self._there:
            return None
        rules = None if folder and above.keep_out(folder) else self._with_own(folder, above)
        if rules is None and folder not in self.unreadable:
            self.kept_out.add(folder)
        return rules

    def _with_own(self, folder: str, above: Rules) -> Rules | None:
        file = self._there.get(f"{folder}{RULES_FILE}")
        if file is None:
            return above
        try:
            return above.with_file(folder, content_of(file).decode("utf-8-sig", "replace"))
        except (BadPhoto, ValueError) as error:
            self.unreadable[folder] = f"cannot be looked into: {error}"
            return None


def _folder_above(folder: str) -> str:
    return folder[: folder.rstrip("/").rfind("/") + 1]
