from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, jsonify, request
from PIL import Image

from backend import opening
from backend.limits import LARGEST_BODY_BYTES, MOST_TASKS, MOST_VALUES, limit_bodies
from backend.opening import open_picture
from faces.errors import BadPhoto
from faces.pictures import OpenPhoto
from tests.backend.conftest import World, direction, picture, task


@pytest.mark.parametrize(
    ("route", "most"),
    [("/predict", LARGEST_BODY_BYTES), ("/setup", 2 << 20), ("/webhook", 4 << 20)],
)
@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_refused_whether_it_tells_its_length_or_not(
    world: World, route: str, most: int, told: bool
) -> None:
    body = b"[" + b" " * most
    how: dict[str, Any] = {"data": body}
    if not told:
        how = {
            "input_stream": io.BytesIO(body),
            "environ_overrides": {"wsgi.input_terminated": True},
        }
    answer = world.client().post(route, **how)
    assert (answer.status_code, set(answer.get_json())) == (413, {"error", "detail"})


def test_more_tasks_than_are_answered_at_once_are_refused(world: World) -> None:
    client = world.client()
    many = client.post("/predict", json={"tasks": [None] * (MOST_TASKS + 1)})
    assert (many.status_code, set(many.get_json())) == (413, {"error", "detail"})


@pytest.mark.parametrize("value", [b"[],", b"{},", b"1,", b'{"a":[0,0]},'])
def test_json_that_takes_far_more_memory_than_room_is_refused_unparsed(
    world: World, monkeypatch: pytest.MonkeyPatch, value: bytes
) -> None:
    body = b'{"tasks": [' + value * MOST_VALUES + b"0]}"
    with monkeypatch.context() as patch:
        patch.setattr("backend.app.json.loads", pytest.fail)
        answer = world.client().post("/predict", data=body)
    assert (answer.status_code, set(answer.get_json())) == (413, {"error", "detail"})


def test_an_odd_request_of_the_most_tasks_is_answered(world: World) -> None:
    answer = world.client().post("/predict", json={"tasks": [None] * MOST_TASKS})
    assert len(answer.get_json()["results"]) == MOST_TASKS


@pytest.fixture
def slow() -> Iterator[tuple[Flask, threading.Event, threading.Event]]:
    """An application that answers when it is told to."""
    app, reached, go_on = Flask(__name__), threading.Event(), threading.Event()
    limit_bodies(app, waits_s=0.05)

    @app.post("/wait")
    def wait() -> Any:
        reached.set()
        go_on.wait(10)
        return jsonify(len(request.get_data()))

    yield app, reached, go_on
    go_on.set()


LARGE = b"x" * ((1 << 18) + 1)


def start_large(app: Flask) -> tuple[threading.Thread, list[int]]:
    """A large request that is being answered, and where its status will be."""
    status: list[int] = []
    asked = threading.Thread(
        target=lambda: status.append(app.test_client().post("/wait", data=LARGE).status_code)
    )
    asked.start()
    return asked, status


def test_large_bodies_are_answered_one_at_a_time_and_small_ones_meanwhile(
    slow: tuple[Flask, threading.Event, threading.Event],
) -> None:
    app, reached, go_on = slow
    asked, first = start_large(app)
    assert reached.wait(10)
    assert app.test_client().post("/wait", data=LARGE).status_code == 429
    go_on.set()
    assert app.test_client().post("/wait", data=b"small").status_code == 200
    asked.join(10)
    assert first == [200]
    assert app.test_client().post("/wait", data=LARGE).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_who_asks_whether_it_is_alive_waits_for_no_large_body(
    slow: tuple[Flask, threading.Event, threading.Event], method: str
) -> None:
    app, reached, _go_on = slow
    app.add_url_rule("/health", "health", lambda: "UP")
    start_large(app)
    assert reached.wait(10)
    assert app.test_client().open("/health", method=method).status_code == 200


def test_a_large_hint_waits_for_no_large_prediction(
    slow: tuple[Flask, threading.Event, threading.Event],
) -> None:
    app, reached, _go_on = slow
    app.add_url_rule("/webhook", "webhook", lambda: "noted", methods=["POST"])
    start_large(app)
    assert reached.wait(10)
    assert app.test_client().post("/webhook", data=LARGE).status_code == 200


def pixels(width_px: int, height_px: int) -> bytes:
    """A picture of one colour, packed to next to nothing."""
    content = io.BytesIO()
    Image.new("1", (width_px, height_px)).save(content, format="PNG")
    return content.getvalue()


def test_a_picture_with_too_many_pixels_is_refused_by_its_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "open_bytes", pytest.fail)
    bomb = pixels(10_100, 10_000)
    assert len(bomb) < 100_000
    with pytest.raises(BadPhoto, match="101 megapixels"):
        open_picture(bomb)


def test_large_pictures_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most = [0], [0]
    lock, plain = threading.Lock(), opening.open_bytes

    def watched(content: bytes, *, name: str) -> OpenPhoto:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        opened = plain(content, name=name)
        with lock:
            at_once[0] -= 1
        return opened

    monkeypatch.setattr(opening, "open_bytes", watched)
    monkeypatch.setattr(opening, "LARGE_MEGAPIXELS", 0.01)
    content = pixels(400, 300)
    threads = [threading.Thread(target=open_picture, args=(content,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (at_once, most) == ([0], [1])


def test_a_bomb_in_a_task_is_one_failed_task(world: World) -> None:
    world.learn(Anna=direction(0))
    good = world.serve_picture("good.png", picture())
    bomb = world.serve_picture("bomb.png", pixels(10_100, 10_000))
    predictor = world.predictor()
    answers = predictor.predict([task(url=bomb), task(url=good)])
    assert answers[0] is None
    assert answers[1] is not None
    assert predictor.counters.count("failures_total", kind="picture") == 1
    assert json.dumps(answers)
