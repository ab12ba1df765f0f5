"""What doctor asks: the real backend's routes, a real database, nobody at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import responses
from flask.testing import FlaskClient

from backend.app import create_app
from backend.media import Media
from backend.predictor import Predictor
from faceloop.doctor_facts import BackendSide, SomethingElse, Unknown
from faceloop.doctor_of_backend import ask_backend
from faceloop.doctor_of_studio import Pushed, ask_studio, time_of
from faceloop.workspace import prepare
from faces.errors import StudioError
from faces.identify import CurrentModel
from faces.settings import Settings, load_settings
from faces.store.database import Store
from faces.studio import Studio
from tests.backend.conftest import hints_at_once
from tests.faceloop.conftest import Faceloop

HERE = "http://127.0.0.1:9090"
SECRET = "a-secret"  # of tests


@pytest.fixture
def predictor(tmp_path: Path) -> Any:
    store = Store(f"sqlite:///{tmp_path / 'faceloop.sqlite3'}")
    store.migrate(lock=tmp_path / "lock")
    made = Predictor(
        store,
        CurrentModel(tmp_path / "models"),
        None,  # type: ignore[arg-type]  # nobody asks for a face here
        Media("http://studio.test", "0123"),
        network="n",
    )
    yield made
    made.close()
    store.close()


@pytest.fixture
def network() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def serve(network: responses.RequestsMock, client: FlaskClient, url: str = HERE) -> None:
    """The backend's own application at an address."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        told = client.open(
            request.path_url,
            method=request.method,
            headers=dict(request.headers),
            data=request.body,
        )
        return told.status_code, {}, told.data

    for method, route in (("GET", "health"), ("POST", "setup"), ("GET", "metrics")):
        network.add_callback(method, f"{url}/{route}", answer)


@pytest.fixture
def backend(network: responses.RequestsMock, predictor: Predictor) -> Callable[[str], None]:
    app = create_app(predictor, secret=SECRET, hints=hints_at_once(lambda _job: None, predictor))
    return lambda url: serve(network, app.test_client(), url)


def settings(**given: object) -> Settings:
    return load_settings(**{"backend_secret": SECRET, **given})


def test_what_the_backend_counts_is_read(
    backend: Callable[[str], None], predictor: Predictor
) -> None:
    backend(HERE)
    predictor.counters.add("failures_total", 3, kind="media")
    predictor.counters.add("hints_total")
    predictor.predict([{}, {}])
    side = ask_backend(settings())
    assert isinstance(side, BackendSide)
    assert (side.version, side.lets_in) == ("faceloop-0000", True)
    assert side.failures == side.failures_ever == {"media": 5}
    assert (side.predictions, side.hints) == (2, 1)
    assert side.started_at is not None


def test_a_backend_that_wants_another_secret_says_no_more(backend: Callable[[str], None]) -> None:
    backend(HERE)
    side = ask_backend(settings(backend_secret="another"))
    assert isinstance(side, BackendSide)
    assert not side.lets_in


def test_a_backend_elsewhere_is_asked_where_label_studio_finds_it(
    backend: Callable[[str], None],
) -> None:
    backend("http://ml.faces.internal:9090")
    side = ask_backend(settings(backend_url="http://ml.faces.internal:9090/"))
    assert isinstance(side, BackendSide)
    assert side.url == "http://ml.faces.internal:9090"


def test_where_nothing_or_something_else_answers_that_is_said(
    network: responses.RequestsMock,
) -> None:
    silent = ask_backend(settings())
    assert isinstance(silent, Unknown)
    assert f"nothing answers at {HERE}" in silent.why
    network.get(f"{HERE}/health", body="<html>")
    other = ask_backend(settings())
    assert isinstance(other, Unknown)
    assert "something else" in other.why


@pytest.mark.parametrize("setup", ["<html>", "[]", "null", "{}", '{"model_version": null}'])
def test_what_tells_no_version_is_something_else_than_the_backend(
    network: responses.RequestsMock, setup: str
) -> None:
    network.get(f"{HERE}/health", json={"status": "UP", "model_version": "1.0"})
    network.post(f"{HERE}/setup", body=setup)
    network.get(f"{HERE}/metrics", body="<html>")
    other = ask_backend(settings())
    assert isinstance(other, Unknown)
    assert "something else" in other.why


def test_a_count_that_is_no_number_is_passed_over(network: responses.RequestsMock) -> None:
    for method, route in (("GET", "health"), ("POST", "setup")):
        network.add(method, f"{HERE}/{route}", json={"model_version": "faceloop-0001"})
    lines = ['failures_lately{kind="bug"} ...', "hints_total 1e+", "hints_total 2"]
    network.get(f"{HERE}/metrics", body="\n".join(lines))
    side = ask_backend(settings())
    assert isinstance(side, BackendSide)
    assert (side.failures, side.hints) == ({}, 2)


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Sat, 28 Nov 2026 20:34:28 GMT", datetime(2026, 11, 28, 20, 34, 28, tzinfo=UTC)),
        ("Sat, 28 Nov 2026 20:34:28 -0000", datetime(2026, 11, 28, 20, 34, 28, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_a_time_that_cannot_be_read_is_none(date: str, time: datetime | None) -> None:
    assert time_of(date) == time


@pytest.mark.parametrize("answer", [[], None, 5, "UP"])
def test_json_that_is_no_object_is_no_label_studio(answer: object) -> None:
    asked = httpx.MockTransport(lambda _request: httpx.Response(200, json=answer))
    with httpx.Client(transport=asked) as client:
        studio = Studio("http://studio.test", "0123", httpx_client=client)
        for ask in (studio.version, lambda: studio.project_state(1)):
            with pytest.raises(StudioError, match="does something else answer in its place"):
                ask()


REFUSED = "Can't connect to ML backend {url}, health check failed. Additional info: {why}"
"""What Label Studio 1.23.2 says of a backend that it could not register."""


@pytest.mark.parametrize("server", ["http://127.0.0.1:8080", "http://127.0.0.1:4040"])
@pytest.mark.parametrize("url", ["http://10.0.0.5:9090", "http://10.0.0.5:14040"])
@pytest.mark.parametrize(
    ("why", "is_reached"),
    [("404 Client Error: NOT FOUND for url: {url}/health", True), ("Connection refused", False)],
)
def test_whether_label_studio_reaches_the_backend_hangs_on_no_number_in_an_address(
    server: str, url: str, why: str, is_reached: bool
) -> None:
    said = REFUSED.format(url=url, why=why.format(url=url))
    refusal = {"detail": "Validation error", "validation_errors": {"non_field_errors": [said]}}
    refusing = httpx.MockTransport(lambda _request: httpx.Response(400, json=refusal))
    with httpx.Client(transport=refusing) as client:
        trouble = Studio(server, "0123", httpx_client=client).why_unreachable(1, url)
    assert (trouble is None) == is_reached


def test_before_anything_was_set_up_doctor_says_what_to_do_and_makes_nothing(
    network: responses.RequestsMock, faceloop: Faceloop, tmp_path: Path
) -> None:
    workspace = tmp_path / "none"
    said = faceloop("doctor", "--json", "--workspace", workspace)
    told = json.loads(said.out)
    found = {one["check"]: one for one in told["findings"]}
    assert said.code == 1
    assert {name for name, one in found.items() if one["verdict"] == "trouble"} == {
        "database",
        "Label Studio",
        "backend",
    }
    assert told["troubles"] == 3
    assert not workspace.exists()


def test_the_database_is_tried_by_a_write_that_is_taken_back(
    network: responses.RequestsMock, faceloop: Faceloop, tmp_path: Path
) -> None:
    made = load_settings(workspace=tmp_path / "workspace")
    prepare(made).close()
    before = (made.workspace / "faceloop.sqlite3").read_bytes()
    network.get("http://127.0.0.1:8080/health", json={"status": "UP"})
    said = faceloop("doctor", "--workspace", made.workspace)
    assert said.code == 1
    assert "0 photos, 0 faces; can be written" in said.out
    assert "there is no token" in " ".join(said.out.split())
    assert (made.workspace / "faceloop.sqlite3").read_bytes() == before


def test_a_damaged_queue_is_told_and_left_as_it_is(
    network: responses.RequestsMock, faceloop: Faceloop, tmp_path: Path
) -> None:
    damaged = tmp_path / "jobs.sqlite3"
    damaged.write_bytes(b"no database" * 100)
    said = faceloop("doctor", "--json", "--workspace", tmp_path)
    found = {one["check"]: one for one in json.loads(said.out)["findings"]}
    assert found["queue"]["verdict"] == "trouble"
    assert "damaged" in found["queue"]["told"]
    assert damaged.read_bytes() == b"no database" * 100


STUDIO = "http://127.0.0.1:8080"
PAGE = {"body": "<html>Welcome</html>", "content_type": "text/html"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (PAGE, "a web page (200), and no Label Studio"),
        (PAGE | {"status": 404}, "a web page (404), and no Label Studio"),
        (PAGE | {"status": 401}, "something that wants a password (401)"),
        (PAGE | {"status": 502}, "a proxy (502), and no Label Studio behind it"),
        ({"json": {"status": "ok"}}, "another server (200), and no Label Studio"),
        ({"json": ["UP"]}, "another server (200), and no Label Studio"),
        ({"status": 302, "headers": {"Location": "http://login.test/"}}, "sends to login.test"),
    ],
)
def test_what_answers_in_label_studios_place_is_told_and_no_token_asked_for(
    network: responses.RequestsMock, tmp_path: Path, answer: dict[str, Any], told: str
) -> None:
    network.get(f"{STUDIO}/health", **answer)
    network.get("http://login.test/", **PAGE)
    asked = ask_studio(load_settings(workspace=tmp_path), Pushed(), now=datetime.now(UTC))
    assert isinstance(asked, SomethingElse)
    assert asked.why.startswith(f"at {STUDIO} answers ")
    assert told in asked.why
