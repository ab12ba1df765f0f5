"""What Label Studio sent once, changed in whatever way: never a fault of ours, and always an answer
that `docs/backend.openapi.json` describes.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.unreader import IterUnreader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from backend.limits import MOST_INTERACTIVE
from backend.opening import open_picture
from faces.errors import BadPhoto, StudioUnreachable
from faces.studio_configs import PHOTOS_CONFIG
from tests.backend.conftest import REQUESTS, SECRET, World, direction, picture, task

DESCRIPTION = json.loads(
    (Path(__file__).parents[2] / "docs" / "backend.openapi.json").read_text(encoding="utf-8")
)
CAPTURED = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted(REQUESTS.glob("*.json"))
}
ROUTES = {
    (method.upper(), route) for route, methods in DESCRIPTION["paths"].items() for method in methods
}
HEADERS = {"X-Faceloop-Secret": SECRET, "Content-Type": "application/json"}
KNOWN, NEW, BROKEN = "/data/upload/1/known.png", "/data/upload/1/new.png", "/data/upload/1/no.png"
UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def client(world: World) -> Any:
    """A backend that knows a photo and a person, and fetches without a network."""

    def fetch(url: object) -> bytes:
        if url == NEW:
            return picture()
        if url == BROKEN:
            return picture()[:50]
        raise StudioUnreachable("no network here")

    world.learn(Anna=direction(0))
    world.add_photo(1, direction(0))
    predictor = world.predictor()
    predictor._media.fetch = fetch
    predictor.warm()
    yield world.client(secret=SECRET, predictor=predictor)
    predictor.close()


@cache
def _checker(route: str, method: str, status: int) -> Draft202012Validator | None:
    """What an answer has to be like; None where it is no JSON."""
    told = DESCRIPTION["paths"][route][method.lower()]["responses"][str(status)]
    if "$ref" in told:
        told = DESCRIPTION["components"]["responses"][told["$ref"].rpartition("/")[2]]
    content = told["content"].get("application/json")
    if content is None:
        return None
    return Draft202012Validator({**content["schema"], "components": DESCRIPTION["components"]})


def check(client: FlaskClient, method: str, route: str, body: bytes, **how: Any) -> int:
    """Send something; whatever it is, the answer is one that the description knows."""
    answer = client.open(route, method=method, data=body, headers=HEADERS, **how)
    assert answer.status_code < 500, answer.get_data(as_text=True)
    metrics = client.get("/metrics", headers=HEADERS).get_data(as_text=True)
    assert 'failures_total{kind="bug"}' not in metrics
    checker = _checker(route, method, answer.status_code)
    if checker is not None:
        checker.validate(answer.get_json())
    return answer.status_code


def test_the_description_names_all_routes_and_no_others(client: FlaskClient) -> None:
    served = {
        (method, rule.rule)
        for rule in client.application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert served == ROUTES


@pytest.mark.parametrize("name", CAPTURED)
def test_what_label_studio_really_sends_is_answered_as_described(
    client: FlaskClient, name: str
) -> None:
    sent = CAPTURED[name]
    body = b"" if sent["body"] is None else json.dumps(sent["body"]).encode()
    assert check(client, sent["method"], sent["path"], body) == 200


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [KNOWN, NEW, BROKEN, f"{1:064x}", 10**400, -1, "\ud800", "\0", "9" * 5000, PHOTOS_CONFIG,
         "s3://photos/a.jpg", "http://169.254.169.254/", "../../etc/passwd", "ANNOTATION_CREATED"]
    ),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["tasks", "data", "image", "photo", "people", "result", "value", "$a"]),
        inner,
    ),
    max_leaves=6,
)  # fmt: skip
"""Anything that JSON can say, some of it of interest."""


def _places(value: object, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    steps: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    return [so_far] + [path for key, inner in steps for path in _places(inner, (*so_far, key))]


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, str, Any]:
    """A captured request with something else, or nothing, in up to three places of it."""
    name = draw(st.sampled_from(sorted(CAPTURED)))
    sent = CAPTURED[name]
    body = copy.deepcopy(sent["body"])
    if isinstance(body, dict) and "label_config" in body and draw(st.booleans()):
        body["label_config"] = PHOTOS_CONFIG
        for one in body["tasks"]:
            one["data"] |= {"image": draw(st.sampled_from([NEW, BROKEN])), "people": []}
            one["data"]["photo"] = draw(st.sampled_from([f"{1:064x}", "f" * 64, ""]))
    for _ in range(draw(st.integers(1, 3))):
        body = _changed_once(draw, body)
    return sent["method"], sent["path"], body


def _changed_once(draw: st.DrawFn, body: Any) -> Any:
    place = draw(st.sampled_from(_places(body)))
    if not place:
        return draw(ODD)
    inside = body
    for step in place[:-1]:
        inside = inside[step]
    match draw(st.sampled_from(["other", "gone", "double"])):
        case "gone":
            del inside[place[-1]]
        case "double" if isinstance(inside, list):
            inside.insert(0, copy.deepcopy(inside[place[-1]]))
        case _:
            inside[place[-1]] = draw(ODD)
    return body


@given(request=changed())
@settings(UNHURRIED, max_examples=150)
def test_a_changed_request_is_answered_as_described(
    client: FlaskClient, request: tuple[str, str, Any]
) -> None:
    method, route, body = request
    check(client, method, route, json.dumps(body).encode())


@given(
    name=st.sampled_from(sorted(CAPTURED)),
    cut=st.floats(0, 1),
    put=st.binary(max_size=6) | st.sampled_from([b"{", b"]", b'"', b"NaN", b"1e999", b"\xff"]),
    drop=st.integers(0, 9),
    kind=st.sampled_from(
        ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "application/xml",
         "application/x-www-form-urlencoded"]
    ),
)  # fmt: skip
@settings(UNHURRIED, max_examples=100)
def test_a_request_with_broken_bytes_is_answered_as_described(
    client: FlaskClient, name: str, cut: float, put: bytes, drop: int, kind: str
) -> None:
    sent = CAPTURED[name]
    whole = json.dumps(sent["body"]).encode()
    at = int(cut * len(whole))
    body = whole[:at] + put + whole[at + drop :]
    check(client, sent["method"], sent["path"], body, content_type=kind)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]),
    route=st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)
    | st.sampled_from([*(route for _, route in sorted(ROUTES)), "/../setup", "/%00", "//x", "/."]),
)
@settings(UNHURRIED, max_examples=100)
def test_any_address_and_method_is_answered_without_a_fault(
    client: FlaskClient, method: str, route: str
) -> None:
    path = "/" + route.lstrip("/").partition("?")[0].partition("#")[0]
    answer = client.open(path, method=method, headers=HEADERS)
    assert answer.status_code < 500
    if method not in ("HEAD", "OPTIONS") and path != "/metrics":
        assert answer.is_json or 300 <= answer.status_code < 400


@given(
    asked=st.sampled_from(sorted(ROUTES)),
    query=st.text(max_size=12) | st.sampled_from(["a=1&a=2", "%", "%ff%00", "d=../..", "[]=;"]),
    headers=st.dictionaries(
        st.sampled_from(
            ["Authorization", "X-Faceloop-Secret", "Content-Type", "Content-Encoding", "Accept",
             "Content-Length", "Transfer-Encoding", "Cookie", "Expect", "Host", "Origin", "Range",
             "If-None-Match", "If-Modified-Since", "X-Forwarded-For", "X-HTTP-Method-Override"]
        ),
        st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=12)
        | st.sampled_from(["Basic =", "Basic Zm9v", "Bearer x", "gzip", "9" * 30, "-1"]),
        max_size=4,
    ),
    body=st.binary(max_size=12),
)  # fmt: skip
@settings(UNHURRIED, max_examples=80)
def test_any_query_and_headers_are_answered_as_described(
    client: FlaskClient,
    asked: tuple[str, str],
    query: str,
    headers: dict[str, str],
    body: bytes,
) -> None:
    method, route = asked
    answer = client.open(
        route, method=method, query_string=query, headers={**HEADERS, **headers}, data=body
    )
    assert answer.status_code < 500
    checker = _checker(route, method, answer.status_code)
    if checker is not None:
        checker.validate(answer.get_json())


def test_more_tasks_than_anybody_draws_in_at_once_are_a_bad_request(client: FlaskClient) -> None:
    body = {"tasks": [task()] * (MOST_INTERACTIVE + 1), "label_config": PHOTOS_CONFIG}
    drawn = {**body, "params": {"context": {"result": []}}}
    assert check(client, "POST", "/predict", json.dumps(body).encode()) == 200
    assert check(client, "POST", "/predict", json.dumps(drawn).encode()) == 413


@given(at=st.floats(0, 1), put=st.binary(min_size=1, max_size=4), width_px=st.integers(1, 90))
@settings(UNHURRIED, max_examples=60)
def test_a_picture_with_broken_bytes_opens_or_is_refused(
    at: float, put: bytes, width_px: int
) -> None:
    whole = picture(width_px, 40)
    start = int(at * (len(whole) - 1))
    broken = whole[:start] + put + whole[start + len(put) :]
    try:
        width = open_picture(broken).pixels.shape[1]
    except BadPhoto:
        return
    assert width >= 1


@pytest.mark.parametrize("pieces", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX0\r\n\r\n", b"2\r\n{}"])
def test_a_body_in_pieces_that_are_none_is_no_fault_of_ours(world: World, pieces: bytes) -> None:
    predictor = world.predictor()
    sent = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "wsgi.input": Body(ChunkedReader(None, IterUnreader(iter([pieces])))),
    }
    answer = world.client(predictor=predictor).post("/setup", environ_overrides=sent)
    assert (answer.status_code, set(answer.get_json())) == (400, {"error", "detail"})
    assert predictor.counters.count("failures_total", kind="bug") == 0
