"""Whatever goes wrong, neither a log nor an answer tells a secret, a name or where code lies."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import requests
from flask.testing import FlaskClient

from backend.app import create_app
from backend.hints import Hints
from backend.mishaps import fault_of
from faces.errors import StoreError
from faces.jobs import Job
from faces.store.database import Store
from faces.studio_configs import PHOTOS_CONFIG
from tests.backend.conftest import SECRET, STUDIO, World, direction, hints_at_once, picture, task

TOKEN = "0123456789abcdef"  # of the Media in conftest
NAME = "Zoë Private"
FILE = "zoe-on-the-beach.jpg"
PRIVATE = (SECRET, TOKEN, NAME, "Zo\\u00eb", FILE, "Traceback", 'File "', "/site-packages", "\n  ")
HEADERS = {"X-Faceloop-Secret": SECRET}
URL = f"/data/local-files/?d=previews/{FILE}"
DRAWN = {
    "result": [
        {
            "id": "zz",
            "type": "rectanglelabels",
            "original_width": 160,
            "original_height": 120,
            "image_rotation": 0,
            "value": {"x": 5, "y": 5, "width": 50, "height": 50, "rectanglelabels": [NAME]},
            "from_name": "face",
            "to_name": "image",
        }
    ]
}

Break = Callable[[World, pytest.MonkeyPatch], None]


def ask(client: FlaskClient, url: object, *, context: object = None) -> Any:
    asked = task(url=url)  # type: ignore[arg-type]
    asked["data"]["people"] = [{"value": NAME}]
    body = {"tasks": [asked], "label_config": PHOTOS_CONFIG, "params": {"context": context}}
    return client.post("/predict", json=body, headers=HEADERS)


def answering(**answer: Any) -> Break:
    def serve(world: World, patch: pytest.MonkeyPatch) -> None:
        world.studio.get(STUDIO + URL, **answer)

    return serve


def breaking(place: str, error: Exception) -> Break:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    def change(world: World, patch: pytest.MonkeyPatch) -> None:
        world.studio.get(STUDIO + URL, body=picture())
        patch.setattr(place, fail)

    return change


def too_slow(world: World, patch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    threading.Timer(1.0, go_on.set).start()
    world.studio.get(STUDIO + URL, body=picture())
    patch.setattr(world.reader, "read", lambda _opened: go_on.wait(5))
    patch.setattr(world.reader, "encode_boxes", lambda *_: go_on.wait(5))


def of_another_network(world: World, patch: pytest.MonkeyPatch) -> None:
    world.studio.get(STUDIO + URL, body=picture())
    world.reader.network = "another"
    world.reader.found = [(_box(), direction(0))]
    patch.setattr(world.reader, "encode_boxes", lambda *_: (np.zeros((1, 9)), np.zeros((1, 9))))


def _box() -> Any:
    from faces.records import Box

    return Box(1, 2, 30, 40)


SAID = f"{NAME} {SECRET} {TOKEN} {FILE}"
FAILURES: dict[str, tuple[str, Break]] = {
    "a token that is not let in": ("media", answering(status=401, body=SAID)),
    "a picture that is not there": ("media", answering(status=404, body=SAID)),
    "a server that fails": ("media", answering(status=500, body=SAID)),
    "a redirect": ("media", answering(status=302, headers={"Location": f"http://{FILE}/{TOKEN}"})),
    "a connection that breaks": ("media", answering(body=requests.ConnectionError(SAID))),
    "what is no picture": ("picture", answering(body=SAID.encode())),
    "half a picture": ("picture", answering(body=picture()[:60])),
    "a database that is away": (
        "store",
        breaking("backend.moments.log.truth", StoreError("the database does not answer")),
    ),
    "a fault of ours": ("bug", breaking("backend.predictor.open_picture", KeyError(SAID))),
    "a fault of a library": (
        "bug",
        breaking("backend.opening.megapixels_of", sqlite3.OperationalError(SAID)),
    ),
    "too slow a machine": ("late", too_slow),
}


@pytest.mark.parametrize("context", [None, DRAWN], ids=["predict", "interactive"])
@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_tells_a_secret_a_name_or_a_place(
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    failure: str,
    context: object,
) -> None:
    kind, damage = FAILURES[failure]
    world.learn(**{NAME: direction(0)})
    damage(world, monkeypatch)
    caplog.set_level(logging.DEBUG)
    predictor = world.predictor(predict_s=0.3, interactive_s=0.3)
    client = world.client(secret=SECRET, predictor=predictor)
    answer = ask(client, URL, context=context)
    assert (answer.status_code, len(answer.get_json()["results"])) == (200, 1)
    assert predictor.counters.count("failures_total", kind=kind) == 1
    metrics = client.get("/metrics", headers=HEADERS).get_data(as_text=True)
    assert f'failures_lately{{kind="{kind}"}} 1' in metrics.splitlines()
    assert caplog.records
    said = caplog.text + answer.get_data(as_text=True) + metrics
    assert not [private for private in PRIVATE if private in said], said


@pytest.mark.parametrize(
    ("method", "route", "body", "headers"),
    [
        ("POST", "/predict", SAID.encode(), HEADERS),
        ("POST", "/predict", b'{"tasks": 1}', HEADERS),
        ("POST", "/setup", f'"{SAID}'.encode(), HEADERS),
        ("POST", "/webhook", f'{{"action": "{SAID}'.encode(), HEADERS),
        ("GET", f"/{NAME}/{FILE}?token={TOKEN}", b"", HEADERS),
        ("PUT", f"/setup?token={TOKEN}", b"", HEADERS),
        ("POST", "/setup", SAID.encode(), {"X-Faceloop-Secret": TOKEN}),
        ("POST", "/setup", SAID.encode(), {"Authorization": f"Bearer {TOKEN}"}),
    ],
)
def test_no_refusal_repeats_what_was_sent(
    world: World,
    caplog: pytest.LogCaptureFixture,
    method: str,
    route: str,
    body: bytes,
    headers: dict[str, str],
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = world.client(secret=SECRET).open(route, method=method, data=body, headers=headers)
    assert 400 <= answer.status_code < 500
    said = caplog.text + answer.get_data(as_text=True) + str(answer.headers)
    assert not [private for private in PRIVATE if private in said], said


@pytest.mark.parametrize("route", ["/setup", "/webhook", "/metrics", "/predict"])
def test_a_fault_in_any_route_is_one_line_in_the_log_and_a_plain_answer(
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    route: str,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(SAID)

    predictor = world.predictor()
    for name in ("version", "predict"):
        monkeypatch.setattr(predictor, name, fail)
    monkeypatch.setattr(predictor.counters, "as_text", fail)
    monkeypatch.setattr(Hints, "note", fail)
    app = create_app(predictor, secret=SECRET, hints=hints_at_once(fail, predictor))
    method = "GET" if route == "/metrics" else "POST"
    body = {"action": "ANNOTATION_CREATED", "tasks": [], "label_config": PHOTOS_CONFIG}
    answer = app.test_client().open(route, method=method, headers=HEADERS, json=body)
    assert (answer.status_code, set(answer.get_json())) == (500, {"error", "detail"})
    [record] = [one for one in caplog.records if one.name.startswith("backend")]
    assert record.getMessage().endswith("RuntimeError at backend/test_leaks.py:" + str(_line(fail)))
    assert record.exc_info is None
    said = caplog.text + answer.get_data(as_text=True)
    assert not [private for private in PRIVATE if private in said], said
    assert predictor.counters.count("failures_total", kind="bug") == 1


def _line(function: Callable[..., Any]) -> int:
    return function.__code__.co_firstlineno + 1


def test_a_queue_that_is_away_is_told_without_its_address(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def away(job: Job) -> None:
        raise StoreError("the queue of jobs does not answer (ConnectionError)")

    predictor = world.predictor()
    app = create_app(predictor, secret=SECRET, hints=hints_at_once(away, predictor))
    body = {"action": "ANNOTATION_CREATED", "task": {"data": {"image": URL}}, "who": NAME}
    assert app.test_client().post("/webhook", json=body, headers=HEADERS).status_code == 200
    assert caplog.records
    assert not [private for private in PRIVATE if private in caplog.text]


def test_a_fault_that_was_never_raised_has_no_place() -> None:
    assert fault_of(KeyError(SAID)) == "KeyError at an unknown place"


def test_a_fault_in_a_library_names_our_line_too(tmp_path: Any) -> None:
    store = Store(f"sqlite:///{tmp_path}/none.sqlite3")
    with pytest.raises(TypeError) as raised, store.read() as connection:
        connection.exec_driver_sql(7)  # type: ignore[arg-type]
    store.close()
    told = fault_of(raised.value)
    assert told.startswith("TypeError at ")
    assert ", called at backend/test_leaks.py:" in told
