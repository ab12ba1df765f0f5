"""How the names that people type are cleaned and compared."""

from __future__ import annotations

import unicodedata

from faces.errors import BadName

LONGEST_NAME = 80
RESERVED = frozenset({"unknown", "stranger", "not a face", "same person", "someone else"})
"""Words with a meaning of their own on the screens; nobody can be called so."""

_JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner: Persian and Indian names are written with them."""


def clean_name(typed: str) -> str:
    """The name as it is stored and shown: NFC, trimmed, single spaces, nothing invisible.

    Only the joiners that change how the letters around them are written stay.

    Raises:
        BadName: nothing is left, it is too long, or it is one of the reserved words.
    """
    name = typed
    while (cleaner := _cleaner(name)) != name:
        name = cleaner
    if not name:
        raise BadName("the name is empty; type the person's name")
    if len(name) > LONGEST_NAME:
        raise BadName(f"the name {name[:20]}… has over {LONGEST_NAME} characters; shorten it")
    if compared(name) in RESERVED:
        raise BadName(f"{name!r} has a meaning of its own here; add something, like {name!r} Smith")
    return name


def compared(name: str) -> str:
    """The form in which two names are compared: without case, joiners and variants."""
    seen = "".join(character for character in name if character not in _JOINERS)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())


def _cleaner(name: str) -> str:
    """One round of cleaning; what it takes out can bring together what the next round changes."""
    visible = "".join(_seen(character) for character in name)
    joined = "".join(
        character
        for place, character in enumerate(visible)
        if character not in _JOINERS or _is_between_letters(visible, place)
    )
    return unicodedata.normalize("NFC", " ".join(joined.split()))


def _seen(character: str) -> str:
    """What a character leaves behind: controls a space, and what only formats nothing."""
    category = unicodedata.category(character)
    if character in _JOINERS or category[0] != "C":
        return character
    return "" if category == "Cf" else " "


def _is_between_letters(text: str, place: int) -> bool:
    """Whether letters, or marks on them, stand on both sides."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return len(around) == 2 and all(unicodedata.category(one)[0] in "LM" for one in around)
