"""Progress where nobody watches: a plain line now and then, and nothing for what is quick."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from faceloop import console
from faceloop.console import A_LINE_EVERY_S, _Lines, named_progress


@pytest.fixture
def clock() -> list[float]:
    """The time, to be set."""
    return [0.0]


def advanced(lines: _Lines, clock: list[float], steps: list[tuple[float, int]]) -> None:
    for at, done in steps:
        clock[0] = at
        lines.advance("Reading photos", done, 30_000)


def test_a_step_that_is_soon_over_is_not_told(capsys, clock: list[float]) -> None:
    advanced(_Lines(lambda: clock[0]), clock, [(0, 0), (5, 20_000), (8, 30_000)])
    assert capsys.readouterr().out == ""


def test_a_long_step_tells_its_rate_and_the_time_left(capsys, clock: list[float]) -> None:
    every = A_LINE_EVERY_S
    steps = [(0, 0), (every, 600), (every + 1, 620), (2 * every, 1_200), (1_500, 30_000)]
    advanced(_Lines(lambda: clock[0]), clock, [(at, done) for at, done in steps])
    assert capsys.readouterr().out.splitlines() == [
        "Reading photos: 600 of 30,000 (20 a second, 24 min left)",
        "Reading photos: 1,200 of 30,000 (20 a second, 24 min left)",
        "Reading photos: 30,000 of 30,000 (20 a second)",
    ]


def test_what_was_done_before_counts_for_no_rate(capsys, clock: list[float]) -> None:
    advanced(_Lines(lambda: clock[0]), clock, [(0, 10_000), (40, 10_040)])
    assert "(1.0 a second, 5 h 30 min left)" in capsys.readouterr().out


def test_a_log_gets_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(console, "console", Console(file=written, highlight=False))
    monkeypatch.setattr(console, "A_LINE_EVERY_S", 0.0)
    for one_line in (False, True):
        with named_progress(one_line=one_line) as advance:
            for done in range(3):
                advance("Reading photos", done, 2)
    assert "Reading photos: 2 of 2" in written.getvalue()
    assert written.getvalue().replace("\n", "").isprintable()


def test_a_name_is_said_as_it_is(capsys) -> None:
    console.say(":100: [bold].jpg")
    assert capsys.readouterr().out == ":100: [bold].jpg\n"


def test_a_name_in_a_fault_steers_no_terminal(capsys) -> None:
    for tell in (console.warn, console.fail):
        tell("no photo in a\nb\x1b[2J:smile:")
        assert capsys.readouterr().err == "no photo in a\\nb\\x1b[2J:smile:\n"


@pytest.mark.parametrize("one_line", [False, True])
def test_a_terminal_gets_a_bar_for_each_step_which_may_vanish(
    monkeypatch: pytest.MonkeyPatch, one_line: bool
) -> None:
    written = io.StringIO()
    shown = Console(file=written, force_terminal=True, width=100, highlight=False)
    monkeypatch.setattr(console, "console", shown)
    with named_progress(one_line=one_line) as advance:
        advance("Reading [bold]photos", 1, 2)
        advance("Nothing to do", 0, 0)
        advance("Grouping", 1, 1)
    assert "Reading [bold]photos" in written.getvalue()
    assert "Nothing to do" not in written.getvalue()
    _, _, after = written.getvalue().rpartition("Grouping")
    vanishes = "\x1b[2K" in after
    assert vanishes is one_line
