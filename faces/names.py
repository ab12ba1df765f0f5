"""How the names that people type are cleaned and compared."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from faces.errors import BadName

LONGEST_NAME = 80
RESERVED = frozenset(
    {
        *("unknown", "stranger", "not a face", "same person", "someone else", "mixed"),
        *("cannot tell", "not faces", "one person", "two people", "the rest are strangers"),
    }
)
"""Words with a meaning of their own on the screens; nobody can be called so."""

_SHOWN = 5
"""So many names stand in a line; there may be thousands."""
_LONG_ENOUGH = 5
"""A letter more or less makes another name of a shorter one."""
_NO_ACCENT = frozenset({0, 9})
"""Combining classes of what is no accent: letters, signs for vowels, and what mutes a vowel."""
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


def some_of(names: Sequence[str], most: int = _SHOWN) -> str:
    """The first of these names, and how many more there are: "Ann, Bo and 3 more"."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def nearly_equal(first: str, second: str) -> bool:
    """Whether two different names are spelled so alike that one person may be meant.

    Accents, spaces, hyphens and the order of the words make no difference, nor does one letter in
    names of five or more. Initials, numbers and what stands in brackets do: they are there to tell
    people apart.
    """
    one, other = _spelled(first), _spelled(second)
    if compared(first) == compared(second) or one.marks != other.marks or not one.words:
        return False
    if one.words == other.words or one.joined == other.joined:
        return True
    return min(len(one.joined), len(other.joined)) >= _LONG_ENOUGH and any(
        _is_one_letter_apart(*pair)
        for pair in ((one.joined, other.joined), ("".join(one.words), "".join(other.words)))
    )


class NearNames:
    """Names that are there, found by others that are spelled nearly like them."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Know these names."""
        self._by_key: dict[str, list[str]] = defaultdict(list)
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Know one more name."""
        for key in _keys(name):
            self._by_key[key].append(name)

    def like(self, name: str) -> list[str]:
        """The names that are nearly equal to this one, in the order of the alphabet."""
        found = {known for key in _keys(name) for known in self._by_key.get(key, ())}
        return sorted(known for known in found if nearly_equal(name, known))


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A name without case and accents.

    `words` in the order of the alphabet, `joined` as written, `marks` what tells people apart.
    """

    words: tuple[str, ...]
    joined: str
    marks: tuple[str, ...]


def _spelled(name: str) -> _Spelling:
    folded = unicodedata.normalize("NFKD", compared(name))
    plain = "".join(one for one in folded if unicodedata.combining(one) in _NO_ACCENT)
    told_apart = re.findall(r"\(([^)]*)\)", plain)
    words = _words(re.sub(r"\([^)]*\)", " ", plain))
    marks = [word for word in words if len(word) == 1 or any(map(str.isdigit, word))]
    rest = [word for word in words if word not in marks]
    told = [word for part in told_apart for word in _words(part)]
    return _Spelling(tuple(sorted(rest)), "".join(rest), tuple(sorted((*marks, *told))))


def _words(text: str) -> list[str]:
    """Runs of letters, numbers and what belongs to letters."""
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text).split()


def _keys(name: str) -> Iterator[str]:
    """What nearly equal names have in common: one of themselves with a letter left out."""
    spelled = _spelled(name)
    for text in {spelled.joined, "".join(spelled.words)}:
        yield text
        if len(text) >= _LONG_ENOUGH:
            yield from {text[:place] + text[place + 1 :] for place in range(len(text))}


def _is_one_letter_apart(first: str, second: str) -> bool:
    """Whether one letter is more, less or another one, or two neighbours changed places."""
    shorter, longer = sorted((first, second), key=len)
    start = 0
    while shorter[start : start + 1] == longer[start : start + 1] != "":
        start += 1
    if len(longer) > len(shorter):
        return shorter[start:] == longer[start + 1 :]
    swapped = longer[start + 1 : start + 2] + longer[start : start + 1] + longer[start + 2 :]
    return shorter[start + 1 :] == longer[start + 1 :] or shorter[start:] == swapped


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
