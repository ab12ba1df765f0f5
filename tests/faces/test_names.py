import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.errors import BadName
from faces.names import LONGEST_NAME, RESERVED, NearNames, clean_name, compared, nearly_equal


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Zoë  ", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("Anna\tMaria\n Berg", "Anna Maria Berg"),
        ("An\u200bna", "Anna"),
        ("\ufeffAn\u00adna\u202e", "Anna"),
        ("Anna\x00Berg", "Anna Berg"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("क्\u200dष", "क्\u200dष"),
        ("\u200dAnna\u200c \u200dBerg 2\u200d", "Anna Berg 2"),
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
    for typed in (word, word.upper(), f"  {word.title()} ", f"{word[0]}\u200c{word[1:]}"):
        with pytest.raises(BadName, match="meaning of its own"):
            clean_name(typed)


def test_names_are_compared_without_case_and_variants() -> None:
    assert compared("ZOË") == compared("zoe\u0308")
    assert compared("STRASSE") == compared("straße")
    assert compared("\uff21nna") == compared("Anna")
    assert compared("An\u200dna") == compared("Anna")
    assert compared("Zoe") != compared("Zoë")


@given(st.text(max_size=100) | st.text("<a\u0338\u200c\u200d\u200b \n", max_size=20))
def test_cleaning_a_clean_name_changes_nothing(typed: str) -> None:
    try:
        name = clean_name(typed)
    except BadName:
        return
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    shown = name.replace("\u200c", "").replace("\u200d", "")
    assert not any(unicodedata.category(character)[0] == "C" for character in shown)
    assert name.splitlines() == [name]


@given(st.text(max_size=40))
def test_comparing_is_settled_after_once(name: str) -> None:
    assert compared(compared(name)) == compared(name)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("José", "Jose", id="an accent"),
        pytest.param("Anna Lena", "Anna-Lena", id="a hyphen"),
        pytest.param("Annalena", "Anna Lena", id="a space"),
        pytest.param("Berg Anna", "Anna Berg", id="the order of the words"),
        pytest.param("Jonny", "Johnny", id="a letter more"),
        pytest.param("Maria", "Marie", id="another letter"),
        pytest.param("Michael", "Micheal", id="two neighbours swapped"),
        pytest.param("Anna Berg", "Ana Berg", id="a letter less in one of two words"),
        pytest.param("Berg Ana", "Anna Berg", id="a letter less, and the order"),
        pytest.param("Мария", "Марія", id="in other scripts"),
        pytest.param("André B.", "Andre B", id="the same initial"),
        pytest.param("Annika (choir)", "Anika (Choir)", id="the same in brackets"),
    ],
)
def test_names_that_may_be_meant_as_one(first: str, second: str) -> None:
    assert nearly_equal(first, second)
    assert nearly_equal(second, first)
    assert NearNames([first]).like(second) == [first]
    assert NearNames([second]).like(first) == [second]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("Anna", "anna", id="one name, not two"),
        pytest.param("Anna", "Anne", id="too short for a letter to be a slip"),
        pytest.param("Johnny", "Joan", id="two letters"),
        pytest.param("Maria", "Maria (2)", id="told apart by a number"),
        pytest.param("Maria (choir)", "Maria (school)", id="told apart in brackets"),
        pytest.param("Person 1", "Person 2", id="numbers"),
        pytest.param("André B.", "André C.", id="initials"),
        pytest.param("André", "André B.", id="an initial and none"),
        pytest.param("राम सिंह", "रोमा सिंह", id="vowels are no accents"),
        pytest.param("", "A.", id="hardly any name"),
    ],
)
def test_names_that_are_told_apart(first: str, second: str) -> None:
    assert not nearly_equal(first, second)
    assert not nearly_equal(second, first)
    assert NearNames([first]).like(second) == []


@given(
    st.lists(st.text(alphabet="abé -.(2)", max_size=9), max_size=8),
    st.text(alphabet="abé -.(2)", max_size=9),
)
def test_near_names_are_those_that_are_nearly_equal(names: list[str], name: str) -> None:
    assert NearNames(names).like(name) == sorted({n for n in names if nearly_equal(name, n)})
