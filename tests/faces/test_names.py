import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.errors import BadName
from faces.names import LONGEST_NAME, RESERVED, clean_name, compared


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Zoë  ", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("Anna\tMaria\n Berg", "Anna Maria Berg"),
        ("An\u200bna", "An na"),
        ("李小龍", "李小龍"),
    ],
)
def test_names_are_cleaned(typed: str, name: str) -> None:
    assert clean_name(typed) == name


@pytest.mark.parametrize("typed", ["", "  ", "\n\u200b\x00", "\u2028"])
def test_an_empty_name_is_refused(typed: str) -> None:
    with pytest.raises(BadName, match="empty"):
        clean_name(typed)


def test_a_name_may_be_long_but_not_longer() -> None:
    assert clean_name("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    with pytest.raises(BadName, match="shorten"):
        clean_name("x" * (LONGEST_NAME + 1))


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_the_words_of_the_screens_are_nobodys_name(word: str) -> None:
    for typed in (word, word.upper(), f"  {word.title()} "):
        with pytest.raises(BadName, match="meaning of its own"):
            clean_name(typed)


def test_names_are_compared_without_case_and_variants() -> None:
    assert compared("ZOË") == compared("zoe\u0308")
    assert compared("STRASSE") == compared("straße")
    assert compared("\uff21nna") == compared("Anna")
    assert compared("Zoe") != compared("Zoë")


@given(st.text(max_size=100))
def test_cleaning_a_clean_name_changes_nothing(typed: str) -> None:
    try:
        name = clean_name(typed)
    except BadName:
        return
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(character)[0] == "C" for character in name)
    assert name.splitlines() == [name]


@given(st.text(max_size=40))
def test_comparing_is_settled_after_once(name: str) -> None:
    assert compared(compared(name)) == compared(name)
