from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_studio_sdk.label_interface.interface import LabelInterface

from backend.app import create_app
from backend.assembly import warm_until_it_works
from backend.limits import LARGEST_BODY_BYTES
from backend.predictor import Predictor
from faces.errors import SetupError, StoreError, StudioUnreachable
from faces.jobs import Job
from faces.store.database import Store
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG
from tests.backend.conftest import (
    SECRET,
    Captured,
    World,
    ask,
    direction,
    hints_at_once,
    names,
    picture,
    send,
    task,
)

ANNA = direction(0)
ANNOTATION_EVENTS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "START_TRAINING",
)


def basic(user: str, password: str) -> dict[str, str]:
    told = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


# What Label Studio sends, replayed.


def test_health_answers_json_with_the_round(world: World, captured: Captured) -> None:
    answer = send(world.client(), captured("health"))
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "UP", "model_version": "faceloop-0000", "model": None}


def test_setup_answers_the_round_and_says_when_the_config_is_another(
    world: World, captured: Captured
) -> None:
    request = captured("setup")
    ours = send(world.client(), request).get_json()
    assert ours == {"model_version": "faceloop-0000"}
    request["body"]["schema"] = PEOPLE_CONFIG
    assert "config" in send(world.client(), request).get_json()["warnings"][0]


def test_health_waits_for_nothing_and_tells_the_round_that_was_seen_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client()
    world.begin_round("faceloop-0003")
    client.post("/setup", json={})
    monkeypatch.delattr(Store, "read")
    answer = client.get("/health")
    assert (answer.status_code, answer.get_json()["model_version"]) == (200, "faceloop-0003")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[]", b'{"schema": 7, "extra_params": "x"}']
)
def test_setup_is_always_answered(world: World, body: bytes) -> None:
    answer = world.client().post("/setup", data=body)
    assert answer.status_code == 200
    assert answer.get_json()["model_version"] == "faceloop-0000"


def test_setup_and_predict_tell_the_same_version(world: World) -> None:
    client = world.client()
    photo, _ = world.add_photo(1, ANNA)
    for number in range(3):
        world.begin_round(f"faceloop-000{number}")
        told = client.post("/setup", json={}).get_json()["model_version"]
        assert told == f"faceloop-000{number}"
        assert {one["model_version"] for one in ask(client, task(photo))} == {told}


def test_versions_lists_the_round(world: World, captured: Captured) -> None:
    answer = send(world.client(), captured("versions")).get_json()
    assert answer == {"versions": ["faceloop-0000"]}


@pytest.mark.parametrize("name", ["predict_single", "predict_batch", "predict_interactive"])
def test_captured_predict_requests_get_one_sound_answer_a_task(
    world: World, captured: Captured, name: str
) -> None:
    request = captured(name)
    for each in request["body"]["tasks"]:
        each["data"]["image"] = world.serve_picture(f"{each['id']}.png")
    answer = send(world.client(), request)
    assert answer.status_code == 200
    results = answer.get_json()["results"]
    assert len(results) == len(request["body"]["tasks"])
    checker = LabelInterface(request["body"]["label_config"])
    for one in results:
        assert isinstance(one["model_version"], str)
        assert checker.validate_prediction(one, return_errors=True) == []


def test_a_captured_task_of_a_known_photo_is_named(world: World, captured: Captured) -> None:
    photo, faces = world.add_photo(1, ANNA)
    world.learn(Alice=ANNA)
    request = captured("predict_single")
    request["body"]["label_config"] = PHOTOS_CONFIG
    request["body"]["tasks"][0]["data"]["photo"] = photo
    [answer] = send(world.client(), request).get_json()["results"]
    assert [region["id"] for region in answer["result"]] == faces
    assert names(answer) == ["Alice"]


def test_a_captured_drawing_comes_back_under_its_region_id(
    world: World, captured: Captured
) -> None:
    world.learn(Alice=ANNA)
    request = captured("predict_interactive")
    request["body"]["label_config"] = PHOTOS_CONFIG
    request["body"]["tasks"][0]["data"]["image"] = world.serve_picture("seen.png")
    [region] = request["body"]["params"]["context"]["result"]
    region |= {"type": "rectanglelabels", "value": {"x": 5, "y": 5, "width": 20, "height": 25}}
    [answer] = send(world.client(), request).get_json()["results"]
    assert [one["id"] for one in answer["result"]] == [region["id"]]
    assert names(answer) == ["Alice"]


@pytest.mark.parametrize("event", ANNOTATION_EVENTS)
def test_an_event_about_annotations_asks_for_a_pull(
    world: World, captured: Captured, event: str
) -> None:
    answer = send(world.client(), captured(f"webhook_{event}"))
    assert (answer.status_code, type(answer.get_json())) == (200, dict)
    assert world.asked_for == [Job.PULL]


@pytest.mark.parametrize("event", ["PROJECT_UPDATED", "TASKS_CREATED"])
def test_an_event_that_our_own_writes_cause_asks_for_nothing(
    world: World, captured: Captured, event: str
) -> None:
    answer = send(world.client(), captured(f"webhook_{event}"))
    assert (answer.status_code, type(answer.get_json())) == (200, dict)
    assert world.asked_for == []


@pytest.mark.parametrize(
    "body", [{"action": "SOMETHING_NEW"}, {"action": 7}, {"action": None}, {}, [], 3, None]
)
def test_an_event_that_nobody_knows_is_answered_with_an_object(world: World, body: Any) -> None:
    answer = world.client().post("/webhook", data=json.dumps(body))
    assert (answer.status_code, type(answer.get_json())) == (200, dict)


def test_an_event_is_noted_when_the_queue_does_not_take_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(job: Job) -> None:
        raise StoreError("the queue of jobs does not answer")

    predictor = world.predictor()
    client = create_app(predictor, secret="", hints=hints_at_once(locked, predictor)).test_client()
    answer = client.post("/webhook", json={"action": "ANNOTATION_CREATED"})
    assert (answer.status_code, answer.get_json()) == (200, {"status": "noted"})
    assert predictor.counters.count("failures_total", kind="queue") == 1
    assert [record.getMessage() for record in caplog.records] == [
        "a hint is lost: the queue of jobs does not answer"
    ]


# Alive, and ready.


def test_it_is_ready_once_networks_are_warm_and_the_store_answers(
    world: World, tmp_path: Path
) -> None:
    predictor = world.predictor()
    client = world.client(secret=SECRET, predictor=predictor)
    answer = client.get("/ready")
    assert (answer.status_code, answer.get_json()["waits_for"]) == (503, ["networks"])
    predictor.warm()
    answer = client.get("/ready")
    assert (answer.status_code, answer.get_json()) == (200, {"ready": True, "waits_for": []})
    world.store.close()
    (tmp_path / "faceloop.sqlite3").write_bytes(b"no database" * 100)
    answer = client.get("/ready")
    assert (answer.status_code, answer.get_json()["waits_for"]) == (503, ["store"])
    assert client.get("/health").status_code == 200


def test_what_stands_in_the_way_of_being_ready_is_told_once_and_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    predictor = world.predictor()
    troubles = iter([SetupError("no weights"), SetupError("no weights"), None])

    def warm_up() -> None:
        trouble = next(troubles)
        if trouble is not None:
            raise trouble

    monkeypatch.setattr(predictor, "warm", warm_up)
    monkeypatch.setattr("backend.assembly._WARM_AGAIN_S", 0.0)
    warm_until_it_works(predictor)
    assert next(troubles, "none left") == "none left"
    assert [record.getMessage() for record in caplog.records] == ["not ready: no weights"]


# Who may call.


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("faceloop", "wrong"),
        basic("u", SECRET),
        basic("faceloop", ""),
        basic("", ""),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic Zm9v"},
        {"Authorization": "Basic gICA"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer"},
        {"Authorization": "Token 0123"},
        {"Authorization": ""},
        {"Authorization": 'Digest username="faceloop"'},
        {"Authorization": "ÿ"},
        {"X-Faceloop-Secret": ""},
        {"X-Faceloop-Secret": "wrong"},
        {"X-Faceloop-Secret": "Ω".encode().decode("latin-1")},
    ],
)
def test_without_the_secret_only_health_answers(world: World, headers: dict[str, str]) -> None:
    client = world.client(secret=SECRET)
    routes = [("POST", "/setup"), ("POST", "/predict"), ("POST", "/webhook"), ("POST", "/x")]
    for method, route in [*routes, ("GET", "/versions"), ("GET", "/metrics")]:
        answer = client.open(route, method=method, headers=headers, data=b"{}")
        assert (route, answer.status_code, answer.is_json) == (route, 401, True)
        assert SECRET not in answer.get_data(as_text=True)
    assert client.get("/health", headers=headers).status_code == 200
    assert world.asked_for == []


@pytest.mark.parametrize(
    "headers",
    [
        basic("faceloop", SECRET),
        {"X-Faceloop-Secret": SECRET},
        {"X-Faceloop-Secret": SECRET, "Authorization": "Bearer a.b.c"},
    ],
)
def test_the_secret_opens_every_route(world: World, headers: dict[str, str]) -> None:
    client = world.client(secret=SECRET)
    assert client.post("/setup", headers=headers, json={}).status_code == 200
    assert client.post("/predict", headers=headers, json={"tasks": []}).status_code == 200
    assert client.post("/webhook", headers=headers, json={}).status_code == 200
    assert client.get("/versions", headers=headers).status_code == 200
    assert client.get("/metrics", headers=headers).status_code == 200


# Bad requests.


@pytest.mark.parametrize(
    ("method", "route", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/train", 404),
        ("GET", "/health/", 404),
        ("GET", "/predict", 405),
        ("POST", "/health", 405),
    ],
)
def test_a_wrong_address_is_answered_in_json(
    world: World, method: str, route: str, status: int
) -> None:
    answer = world.client().open(route, method=method)
    assert answer.status_code == status
    assert set(answer.get_json()) == {"error", "detail"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"tasks": null}', b'{"tasks": {}}',
     b"[" * 100_000, b"9" * 10_000],
)  # fmt: skip
def test_a_body_without_tasks_is_a_bad_request(world: World, body: bytes) -> None:
    answer = world.client().post("/predict", data=body)
    assert answer.status_code == 400
    assert set(answer.get_json()) == {"error", "detail"}


def test_a_body_that_is_too_large_is_refused_unread(world: World) -> None:
    body = b" " * (LARGEST_BODY_BYTES + 1)
    answer = world.client().post("/predict", data=body)
    assert answer.status_code == 413
    assert set(answer.get_json()) == {"error", "detail"}


def test_our_own_mistakes_show_no_traceback(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise RuntimeError("at /home/ann/secret.py")

    predictor = world.predictor()
    monkeypatch.setattr(predictor, "version", refuse)
    answer = world.client(predictor=predictor).get("/versions")
    assert answer.status_code == 500
    assert set(answer.get_json()) == {"error", "detail"}
    assert "/home/ann" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "config",
    [PEOPLE_CONFIG, "", "<View", "<View/>", 7, None, "\ud800", "\x00",
     '<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>'],
)  # fmt: skip
def test_for_another_labeling_config_label_studio_keeps_nothing(world: World, config: Any) -> None:
    photo, _ = world.add_photo(1, ANNA)
    predictor = world.predictor()
    client = world.client(predictor=predictor)
    body = {"tasks": [task(photo), task(photo)], "label_config": config}
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200
    assert answer.get_json()["results"] == [[], []]
    assert predictor.counters.count("failures_total", kind="config") == 2


def test_what_is_drawn_under_another_labeling_config_gets_no_box(world: World) -> None:
    body = {"tasks": [task()], "label_config": PEOPLE_CONFIG, "params": {"context": {"result": []}}}
    [answer] = world.client().post("/predict", json=body).get_json()["results"]
    assert answer["result"] == []


def test_a_config_with_a_comment_is_still_ours(world: World) -> None:
    photo, _ = world.add_photo(1, ANNA)
    config = PHOTOS_CONFIG.replace("<View>", '<View><!-- {"data": {}} -->', 1)
    body = {"tasks": [task(photo)], "label_config": config}
    [answer] = world.client().post("/predict", json=body).get_json()["results"]
    assert names(answer) == ["Unknown"]


def test_regions_that_label_studio_would_refuse_are_left_out_and_counted(world: World) -> None:
    """A static label beside the dynamic ones makes Label Studio refuse all other names."""
    photo, _ = world.add_photo(1, ANNA, direction(5))
    world.learn(Anna=ANNA)
    predictor = world.predictor()
    config = PHOTOS_CONFIG.replace(
        'showInline="true" canRotate="false"/>',
        'showInline="true" canRotate="false"><Label value="Unknown"/></RectangleLabels>',
    )
    body = {"tasks": [task(photo)], "label_config": config}
    answer = world.client(predictor=predictor).post("/predict", json=body)
    [prediction] = answer.get_json()["results"]
    assert names(prediction) == ["Unknown"]
    assert predictor.counters.count("failures_total", kind="region") == 1


@pytest.mark.parametrize("score", [7.0, -1.0, float("nan"), None, "high"])
def test_a_prediction_with_an_impossible_score_leaves_empty(
    world: World, monkeypatch: pytest.MonkeyPatch, score: Any
) -> None:
    wrong = {"model_version": "faceloop-0001", "score": score, "result": []}
    monkeypatch.setattr(Predictor, "predict", lambda _, tasks: [dict(wrong) for _ in tasks])
    [answer] = ask(world.client(), task())
    assert answer["result"] == []
    assert answer["score"] in (None, 0.0)


# What can be seen from outside.


def test_metrics_count_requests_and_failures(world: World) -> None:
    client = world.client()
    ask(client, task(), task())
    client.get("/health")
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    lines = answer.get_data(as_text=True).splitlines()
    assert 'requests_total{route="predict"} 1' in lines
    assert 'requests_total{route="health"} 1' in lines
    assert "predictions_total 2" in lines
    assert 'failures_total{kind="media"} 2' in lines
    assert "# TYPE failures_total counter" in lines


def test_no_token_and_no_name_appears_in_a_log_or_an_error(
    world: World, captured: Captured, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client = world.client(secret=SECRET)
    headers = basic("faceloop", SECRET)
    setup = captured("setup")["body"]
    client.post("/setup", headers=headers, json=setup)
    predict = captured("predict_batch")["body"]
    client.post("/predict", headers=headers, json=predict | {"label_config": PHOTOS_CONFIG})
    said = caplog.text
    assert "failed" in said
    for private in (SECRET, setup["access_token"], "0123456789abcdef", "Alice", "faces/0.jpg"):
        assert private not in said


# As many answers as tasks, whatever comes.

_CAPTURED_TASK: dict[str, Any] = {
    "id": 6,
    "data": {
        "image": "/data/local-files/?d=a.jpg",
        "photo": f"{1:064x}",
        "people": [{"value": "A"}],
    },
    "meta": {},
    "annotations": [],
    "predictions": [{"id": 1, "result": [], "model_version": "v", "score": 0.5}],
}
_DRAWN = {
    "result": [
        {
            "id": "zz",
            "type": "rectanglelabels",
            "original_width": 100,
            "original_height": 80,
            "image_rotation": 0,
            "value": {"x": 5, "y": 5, "width": 9, "height": 9, "rectanglelabels": ["Unknown"]},
            "from_name": "face",
            "to_name": "image",
        }
    ]
}
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["/data/upload/1/a.jpg", "0" * 64, 10**400, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["data", "image", "photo", "id", "result"]), inner),
    max_leaves=6,
)  # fmt: skip


def _paths(value: object, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    steps: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    return [so_far] + [path for key, inner in steps for path in _paths(inner, (*so_far, key))]


@st.composite
def _mutated(draw: st.DrawFn, original: Any) -> Any:
    """The original with something else in one place of it."""
    path = draw(st.sampled_from(_paths(original)))
    if not path:
        return draw(_ANYTHING)
    changed = copy.deepcopy(original)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = draw(_ANYTHING)
    return changed


@given(
    tasks=st.lists(_mutated(_CAPTURED_TASK), max_size=4),
    context=st.none() | _mutated(_DRAWN),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_there_are_always_as_many_sound_answers_as_tasks(
    world: World, tasks: list[Any], context: Any
) -> None:
    def fetch(url: object) -> bytes:
        if url == _CAPTURED_TASK["data"]["image"]:
            return picture()
        raise StudioUnreachable("no network here")

    world.add_photo(1, ANNA)
    if not world.models_folder.exists():
        world.learn(Anna=ANNA)
    predictor = world.predictor()
    predictor._media.fetch = fetch
    client = world.client(predictor=predictor)
    answers = ask(client, *tasks, context=context)
    predictor.close()
    assert len(answers) == len(tasks)
    for one in answers:
        if one == [] and context is None:
            continue  # it went wrong, and Label Studio keeps nothing
        assert isinstance(one["model_version"], str)
        assert isinstance(one["result"], list)
        assert LabelInterface(PHOTOS_CONFIG).validate_prediction(one, return_errors=True) == []
