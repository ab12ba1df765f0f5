"""What Label Studio 1.23.2 holds a backend to, as it was read in its source and seen on the wire.

Where it is let down it tells nobody: wrong counts are thrown away, a null version locks annotators
out, and whatever is not JSON is no answer. Requests are those that it was seen to send.
"""

from __future__ import annotations

import copy
import json

import pytest
from label_studio_sdk.label_interface.interface import LabelInterface

from faces.jobs import Job
from faces.studio_configs import PHOTOS_CONFIG
from tests.backend.conftest import Captured, World, ask, direction, names, send, task

ANNA, BO = direction(0), direction(1)
MANY = 500
"""*Retrieve predictions* sends all selected tasks in one request."""
NEVER_A_WEBHOOK = "START_TRAINING"
EVENTS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "PROJECT_UPDATED",
    "TASKS_CREATED",
    NEVER_A_WEBHOOK,
)
CAPTURED = (
    "health", "setup", "versions", "predict_single", "predict_batch", "predict_interactive",
    *(f"webhook_{event}" for event in EVENTS),
)  # fmt: skip


@pytest.mark.parametrize("name", CAPTURED)
def test_every_captured_request_is_answered_with_a_json_object(
    world: World, captured: Captured, name: str
) -> None:
    """A list as the answer to START_TRAINING is a 500 on the annotator's save."""
    answer = send(world.client(), captured(name))
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert isinstance(answer.get_json(), dict)


@pytest.mark.parametrize(
    ("name", "secret"),
    [("setup", "0" * 40), ("webhook_ANNOTATION_CREATED", "PROJECT-TOKEN-PLACEHOLDER")],
)
def test_no_secret_of_a_request_comes_back_in_its_answer(
    world: World, captured: Captured, name: str, secret: str
) -> None:
    request = captured(name)
    assert secret in json.dumps(request["body"])
    assert secret not in send(world.client(), request).get_data(as_text=True)


@pytest.mark.parametrize("route", ["validate", "duplicate_model", "delete", "job_status", "train"])
def test_a_route_that_nobody_calls_any_more_is_a_404_in_json(world: World, route: str) -> None:
    answer = world.client().post(f"/{route}", json={"job": "1"})
    assert (answer.status_code, set(answer.get_json())) == (404, {"error", "detail"})


def test_a_path_before_the_routes_is_none_of_them(world: World) -> None:
    """Label Studio keeps a path in the backend's URL; a proxy has to take it away."""
    assert world.client().get("/faces/health").status_code == 404


def test_no_answer_holds_a_null_version(world: World, captured: Captured) -> None:
    """`model_version: null` makes Label Studio refuse the annotator's next task."""
    client = world.client()
    photo, _ = world.add_photo(1, ANNA)
    shown = ask(client, task(photo), {}, None)
    drawn = ask(client, task(), {}, context={"result": []})
    versions = [send(client, captured("setup")).get_json(), shown[0], *drawn]
    assert shown[1:] == [[], []]
    assert all(isinstance(one["model_version"], str) for one in versions)


def test_setup_and_predict_agree_before_any_round(world: World, captured: Captured) -> None:
    """Where they differ Label Studio stores one more prediction each time the task is opened."""
    client = world.client()
    photo, _ = world.add_photo(1, ANNA)
    told = send(client, captured("setup")).get_json()["model_version"]
    shown = ask(client, task(photo))
    drawn = ask(client, task(), context={"result": []})
    assert {one["model_version"] for one in (*shown, *drawn)} == {told}


def test_many_tasks_get_as_many_answers_in_their_order(world: World) -> None:
    first, _ = world.add_photo(1, ANNA)
    second, _ = world.add_photo(2, BO)
    world.learn(Anna=ANNA, Bo=BO)
    tasks = [task(first if number % 3 else second) for number in range(MANY)]
    answers = ask(world.client(), *tasks)
    assert [names(one)[0] for one in answers] == [
        "Anna" if number % 3 else "Bo" for number in range(MANY)
    ]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_of_tasks_that_fail_each_gets_an_answer_of_which_nothing_is_kept(
    world: World, count: int
) -> None:
    """One answer for several tasks makes Label Studio ask again, one by one; an empty prediction it
    keeps, and asks no more until the next round.
    """
    answers = ask(world.client(), *[task(url="/data/upload/1/gone.jpg")] * count)
    assert answers == [[]] * count


def test_a_task_brings_its_old_predictions_and_annotations_and_they_count_for_nothing(
    world: World, captured: Captured
) -> None:
    photo, faces = world.add_photo(1, ANNA)
    request = captured("predict_single")
    [asked] = request["body"]["tasks"]
    asked["data"]["photo"] = photo
    asked["annotations"] = captured("webhook_ANNOTATIONS_CREATED")["body"]["annotation"]
    asked["predictions"] *= 50
    request["body"]["label_config"] = PHOTOS_CONFIG
    [answer] = send(world.client(), request).get_json()["results"]
    assert [region["id"] for region in answer["result"]] == faces


@pytest.mark.parametrize(
    "params",
    [None, {}, {"context": None}, [], "x", {"login": None, "password": None, "context": None}],
)
def test_without_a_context_a_task_is_just_opened(world: World, params: object) -> None:
    photo, faces = world.add_photo(1, ANNA)
    body = {"tasks": [task(photo)], "label_config": PHOTOS_CONFIG, "params": params}
    [answer] = world.client().post("/predict", json=body).get_json()["results"]
    assert [region["id"] for region in answer["result"]] == faces


@pytest.mark.parametrize(
    "context", [{}, {"result": None}, {"result": []}, {"result": {}}, {"result": [None, 1]}, []]
)
def test_a_context_without_a_box_gets_an_empty_answer_for_each_task(
    world: World, context: object
) -> None:
    answers = ask(world.client(), task(), task(), context=context)
    assert [one["result"] for one in answers] == [[], []]


def test_what_a_person_did_not_draw_is_not_answered(world: World, captured: Captured) -> None:
    """A click for a polygon, a smart brush, and a box that was proposed."""
    world.learn(Alice=ANNA)
    request = captured("predict_interactive")
    [region] = request["body"]["params"]["context"]["result"]
    box = {"x": 5, "y": 5, "width": 20, "height": 25}
    request["body"]["params"]["context"]["result"] = [
        region | {"type": "keypointlabels", "value": {"x": 5, "y": 5, "width": 0.5}},
        region | {"type": "rectanglelabels", "value": box, "origin": "prediction"},
    ]
    request["body"]["label_config"] = PHOTOS_CONFIG
    [answer] = send(world.client(), request).get_json()["results"]
    assert answer["result"] == []


def test_scores_and_boxes_are_such_as_label_studio_takes(world: World) -> None:
    photo, _ = world.add_photo(1, ANNA, BO, width_px=150, height_px=90)
    world.learn(Anna=ANNA)
    [answer] = ask(world.client(), task(photo))
    assert LabelInterface(PHOTOS_CONFIG).validate_prediction(answer, return_errors=True) == []
    assert "NaN" not in json.dumps(answer)
    assert 0 <= answer["score"] <= 1
    for region in answer["result"]:
        value = region["value"]
        assert 0 <= region.get("score", 0) <= 1
        assert min(value["x"], value["y"]) >= 0
        assert min(value["width"], value["height"]) > 0
        assert value["x"] + value["width"] <= 100 + 1e-9
        assert value["y"] + value["height"] <= 100 + 1e-9


def test_all_faces_of_a_photo_are_in_one_prediction_and_each_region_has_its_own_id(
    world: World,
) -> None:
    photo, faces = world.add_photo(1, ANNA, BO, ANNA)
    [answer] = ask(world.client(), task(photo))
    assert isinstance(answer, dict)
    assert [region["id"] for region in answer["result"]] == faces
    assert len(set(faces)) == 3


@pytest.mark.parametrize("event", ["ANNOTATION_CREATED", "ANNOTATIONS_CREATED"])
def test_an_event_counts_whether_its_singular_keys_hold_one_or_many(
    world: World, captured: Captured, event: str
) -> None:
    body = captured(f"webhook_{event}")["body"]
    one, many = (body["annotation"], body["task"]), ([body["annotation"]] * 2, [body["task"]] * 2)
    for annotation, about in (one, many):
        world.client().post("/webhook", json=body | {"annotation": annotation, "task": about})
    assert world.asked_for == [Job.PULL, Job.PULL]


@pytest.mark.parametrize("event", [e for e in EVENTS if e.startswith("ANNOTATION")])
def test_an_event_counts_without_its_payload(world: World, event: str) -> None:
    """`send_payload: false` leaves the name of the event alone."""
    answer = world.client().post("/webhook", json={"action": event})
    assert (answer.status_code, world.asked_for) == (200, [Job.PULL])


def test_deleted_annotations_come_as_ids_alone(world: World, captured: Captured) -> None:
    request = captured("webhook_ANNOTATIONS_DELETED")
    assert request["body"]["annotations"] == [{"id": 1}]
    assert "task" not in request["body"]
    assert send(world.client(), request).status_code == 200
    assert world.asked_for == [Job.PULL]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_leaves_nothing_of_what_it_brought_in_the_store(
    world: World, captured: Captured, event: str
) -> None:
    """It is a hint: what people said is read from Label Studio and from nowhere else."""
    send(world.client(), captured(f"webhook_{event}"))
    with world.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM log").scalar() == 0
    assert set(map(type, world.asked_for)) <= {Job}


def test_a_request_is_answered_the_same_whatever_more_it_brings(
    world: World, captured: Captured
) -> None:
    client = world.client()
    for name in ("setup", "predict_batch", "webhook_ANNOTATION_CREATED"):
        request = captured(name)
        more = copy.deepcopy(request)
        more["body"]["something_new"] = {"of": ["a", "later", "version"]}
        assert send(client, more).get_json() == send(client, request).get_json()
