from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

import pytest

from backend.turns import Turns


class Desk:
    """One thread that does nothing until it is told to, and notes what it did."""

    def __init__(self) -> None:
        self.turns = Turns[str](ThreadPoolExecutor(1))
        self.done: list[str] = []
        self.has_begun, self._goes_on = threading.Event(), threading.Event()
        self.turns.line_up([self._held_up])
        assert self.has_begun.wait(10)

    def line_up(self, *names: str) -> list[Future[str]]:
        return self.turns.line_up([partial(self._do, name) for name in names])

    def go_on(self) -> None:
        self._goes_on.set()

    def _do(self, name: str) -> str:
        self.done.append(name)
        return name.upper()

    def _held_up(self) -> str:
        self.has_begun.set()
        self._goes_on.wait(10)
        return ""


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.go_on()
    desk.turns.close()


def test_requests_take_turns_and_each_keeps_its_order(desk: Desk) -> None:
    asked = [desk.line_up("a1", "a2", "a3"), desk.line_up("b1"), desk.line_up("c1", "c2")]
    desk.go_on()
    told = [[future.result(10) for future in one] for one in asked]
    assert told == [["A1", "A2", "A3"], ["B1"], ["C1", "C2"]]
    assert desk.done == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_whoever_comes_while_an_album_is_read_is_next() -> None:
    turns = Turns[None](ThreadPoolExecutor(1))
    done: list[str] = []

    def first_of_album() -> None:
        done.append("album 1")
        turns.line_up([lambda: done.append("single")])

    album: list[Callable[[], None]] = [
        first_of_album, *(partial(done.append, f"album {number}") for number in (2, 3))
    ]  # fmt: skip
    wait(turns.line_up(album))
    turns.close()
    assert done == ["album 1", "single", "album 2", "album 3"]


def test_two_threads_share_one_album() -> None:
    both = threading.Barrier(2, timeout=10)
    turns = Turns[int](ThreadPoolExecutor(2))
    futures = turns.line_up([both.wait] * 4)
    assert sorted(future.result(10) for future in futures) == [0, 0, 1, 1]
    turns.close()


def test_an_error_is_that_of_its_piece_alone(desk: Desk) -> None:
    def fail() -> str:
        raise KeyError("nose")

    [wrong, right] = desk.turns.line_up([fail, lambda: "right"])
    desk.go_on()
    assert isinstance(wrong.exception(10), KeyError)
    assert right.result(10) == "right"


def test_what_nobody_waits_for_any_more_is_not_done(desk: Desk) -> None:
    first, second = desk.line_up("first", "second")
    assert first.cancel()
    desk.go_on()
    assert second.result(10) == "SECOND"
    assert desk.done == ["second"]


def test_closing_lets_go_of_all_who_wait(desk: Desk) -> None:
    waiting = desk.line_up("a", "b")
    desk.turns.close()
    assert all(future.cancelled() for future in waiting)


def test_nothing_to_do_is_done_at_once(desk: Desk) -> None:
    assert desk.line_up() == []
