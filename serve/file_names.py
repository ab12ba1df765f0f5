"""Names for files that visitors take home: of what they called them, whatever is harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_LONGEST_BYTES = 100
"""Of a name without its ending: every file system takes as much."""
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Kinds of characters that nobody sees, or that turn the direction of writing."""
_TAKEN_BY_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_NAMELESS = "picture"


def safe_names(called: Sequence[str], suffixes: Sequence[str]) -> list[str]:
    """A name for each file, all different, in the same order.

    Each is a name alone: no folder, nothing hidden in it, good on any system, and it ends with the
    suffix of what the file holds, whatever it was called.
    """
    names: list[str] = []
    taken: set[str] = set()
    for name, suffix in zip(called, suffixes, strict=True):
        stem = _stem(name)
        found, count = f"{stem}{suffix}", 1
        while found.casefold() in taken:
            count += 1
            found = f"{stem}-{count}{suffix}"
        taken.add(found.casefold())
        names.append(found)
    return names


def last_part(called: str) -> str:
    """A name without the folders in front of it, on one line, as it is shown in messages."""
    name = re.split(r"[/\\]", called)[-1]
    return "".join(" " if _is_hidden(sign) else sign for sign in name).strip() or _NAMELESS


def _stem(called: str) -> str:
    """What a file is called, without folders, ending and whatever could do harm."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", called)[-1])
    plain = " ".join(_FORBIDDEN.sub("_", name).split())
    shown = "".join(sign for sign in plain if not _is_hidden(sign))
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", shown.strip(". ")).strip(". ")
    short = stem.encode("utf-8")[:_LONGEST_BYTES].decode("utf-8", errors="ignore").strip(". ")
    if not short:
        return _NAMELESS
    return f"_{short}" if _TAKEN_BY_WINDOWS.fullmatch(short) else short


def _is_hidden(sign: str) -> bool:
    return unicodedata.category(sign) in _HIDDEN
