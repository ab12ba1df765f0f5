"""How much a request may bring: bytes by route, tasks, and large bodies one after the other.

Predictions, which may take a minute, have a line of their own: Label Studio waits a second for a
hint and three for a setup.

What JSON takes in memory is many times what it takes on the way (a list of empty lists: thirty
times), so the body's size alone would bound nothing where 32 threads read at once.
"""

from __future__ import annotations

import threading

from flask import Flask, g, request
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests

LARGEST_BODY_BYTES = 8 << 20
_SMALL_BODY_BYTES = 1 << 18
_LARGEST_BY_ROUTE = {"setup": 2 << 20, "webhook": 4 << 20}
MOST_VALUES = 500_000
"""Lists, objects and their items in a body; parsing lets nothing else run meanwhile."""
MOST_TASKS = 5_000
"""Label Studio sends all tasks that somebody has chosen at once; more are pushed by `sync`."""
MOST_INTERACTIVE = 10
"""Tasks in which somebody draws at one moment; Label Studio asks about one."""
_WAITS_S = 20.0


def limit_bodies(app: Flask, *, waits_s: float = _WAITS_S) -> None:
    """Refuse bodies that are too large; of large ones, answer one at a time in each line."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    turn_of_short, turn_of_long = threading.Lock(), threading.Lock()

    @app.before_request
    def wait_for_turn() -> None:
        request.max_content_length = _LARGEST_BY_ROUTE.get(
            request.endpoint or "", LARGEST_BODY_BYTES
        )
        length = request.content_length
        is_small = length is not None and length <= _SMALL_BODY_BYTES
        if request.method != "POST" or is_small:
            return
        if length is not None and length > request.max_content_length:
            raise RequestEntityTooLarge
        turn = turn_of_short if request.endpoint in _LARGEST_BY_ROUTE else turn_of_long
        if not turn.acquire(timeout=waits_s):
            raise TooManyRequests("another large request is being answered; try again")
        g.turn = turn

    @app.teardown_request
    def give_turn_up(_error: BaseException | None) -> None:
        if "turn" in g:
            g.pop("turn").release()


def check_body(body: bytes) -> None:
    """Refuse a body that was cut off, and JSON that takes far more memory and time than room.

    A body that does not tell its length is read up to the limit and no further, and nobody says
    so. Signs inside of strings count as values, of which no request has as many.

    Raises:
        RequestEntityTooLarge: it is too large, or holds too many values.
    """
    if len(body) >= (request.max_content_length or LARGEST_BODY_BYTES):
        raise RequestEntityTooLarge
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > MOST_VALUES:
        raise RequestEntityTooLarge(f"more than {MOST_VALUES:,} values in one body")


def check_count(tasks: list[object], *, most: int = MOST_TASKS) -> None:
    """Refuse more tasks than are answered at once.

    Raises:
        RequestEntityTooLarge: there are too many.
    """
    if len(tasks) > most:
        raise RequestEntityTooLarge(f"more than {most:,} tasks at once")
