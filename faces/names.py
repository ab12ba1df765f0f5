"""How the names that people type are cleaned and compared."""

from __future__ import annotations

import unicodedata

from faces.errors import BadName

LONGEST_NAME = 80
RESERVED = frozenset({"unknown", "stranger", "not a face", "same person", "someone else"})
"""Words with a meaning of their own on the screens; nobody can be called so."""


def clean_name(typed: str) -> str:
    """The name as it is stored and shown: NFC, trimmed, single spaces, no control characters.

    Raises:
        BadName: nothing is left, it is too long, or it is one of the reserved words.
    """
    visible = "".join(
        character if unicodedata.category(character)[0] != "C" else " " for character in typed
    )
    name = unicodedata.normalize("NFC", " ".join(visible.split()))
    if not name:
        raise BadName("the name is empty; type the person's name")
    if len(name) > LONGEST_NAME:
        raise BadName(f"the name {name[:20]}… has over {LONGEST_NAME} characters; shorten it")
    if compared(name) in RESERVED:
        raise BadName(f"{name!r} has a meaning of its own here; add something, like {name!r} Smith")
    return name


def compared(name: str) -> str:
    """The form in which two names are compared: without case and compatibility variants."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
