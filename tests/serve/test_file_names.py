from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serve.file_names import last_part, safe_names

names = st.text(max_size=300) | st.sampled_from(
    ["../../etc/passwd", "C:\\boot.ini", "/root", "..", ".", "", "con.jpg", "a\0b", "x" * 5000]
)


@given(st.lists(names, max_size=8))
@example(["a.jpg", "A.JPG", "a.jpeg", "a-2.png"])
@example(["\xa0", "\u3000"])
@example(["é.jpg", "e\u0301.jpg"])
def test_no_name_leaves_its_folder_and_no_two_are_the_same_file(called: list[str]) -> None:
    made = safe_names(called, [".jpg"] * len(called))
    assert len({name.casefold() for name in made}) == len(called)
    for name in made:
        for path in (PurePosixPath("in") / name, PureWindowsPath("in") / name):
            assert path.parts == ("in", name)
        assert name not in {".", ".."}
        assert not PureWindowsPath(name).is_reserved()
        assert name.isprintable()
        assert len(name.encode()) < 255


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("Zoë & Ida.HEIC", "Zoë & Ida.jpg"),
        ("2024.05.01 party.jpeg", "2024.05.01 party.jpg"),
        ("photos/holiday.png", "holiday.jpg"),
        ("C:\\photos\\holiday.png", "holiday.jpg"),
        ("page.html", "page.jpg"),
        ("gpj.\u202eexe", "gpj.jpg"),
        ("NUL.png", "_NUL.jpg"),
        ("...", "picture.jpg"),
        ("=1+1.jpg", "=1+1.jpg"),
    ],
)
def test_a_name_stays_as_it_is_as_far_as_it_is_harmless(called: str, name: str) -> None:
    assert safe_names([called], [".jpg"]) == [name]


@given(st.text())
def test_what_is_shown_of_a_name_is_one_line(called: str) -> None:
    shown = last_part(called)
    assert len(shown.splitlines()) == 1
    assert "/" not in shown
