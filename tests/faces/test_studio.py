"""What `faces.studio` relies on. With STUDIO_URL and STUDIO_KEY set, a real server is asked."""

import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from faces.errors import StudioError, StudioUnreachable
from faces.records import Box, FaceId, PhotoId
from faces.studio import Studio
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG
from faces.studio_format import ShownFace, photo_prediction, photo_task
from faces.studio_views import Filter, Tab
from tests.studio_double import API_KEY, URL, StudioDouble

PHOTO = PhotoId("a" * 64)
FIRST, SECOND = "faceloop-0001", "faceloop-0002"


@dataclass
class Server:
    """A Label Studio, a project in it, and plain requests to it."""

    studio: Studio
    project: int
    http: httpx.Client

    def answer(self, task: int, **parts: Any) -> Any:
        """Make an annotation of what the task's prediction shows."""
        shown = self.http.get(f"/api/tasks/{task}/").json()["predictions"][0]
        body = {"result": shown["result"], "parent_prediction": shown["id"], **parts}
        made = self.http.post(f"/api/tasks/{task}/annotations/", json=body)
        assert made.status_code == 201
        return made.json()["id"]

    def states(self, task: int) -> tuple[Any, ...]:
        """What a pull looks at to see whether a task changed."""
        (found,) = [one for one in self.studio.tasks(self.project) if one["id"] == task]
        keys = ("updated_at", "total_annotations", "cancelled_annotations")
        return tuple(found[key] for key in keys)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    url, key = os.environ.get("STUDIO_URL"), os.environ.get("STUDIO_KEY", "")
    if url:
        request.getfixturevalue("socket_enabled")
        http = httpx.Client(base_url=url, timeout=60)
    else:
        url, key, http = URL, API_KEY, StudioDouble().client()
    with http:
        http.headers["Authorization"] = f"Token {key}"
        studio = Studio(url, key, httpx_client=http)
        project = studio.create_project("a test", description="x", config=PHOTOS_CONFIG)
        yield Server(studio, project, http)
        http.delete(f"/api/projects/{project}/")


def task(number: int, *, version: str = FIRST) -> dict[str, Any]:
    data = photo_task(PHOTO, image_url="/x.jpg", caption="", people=["Zoë"], faces=[FaceId("f1")])
    return {"data": data, "meta": {"key": f"k{number}"}, "predictions": [prediction(version)]}


def prediction(version: str) -> dict[str, Any]:
    shown = [ShownFace(FaceId("f1"), Box(10, 20, 30, 40), "Zoë", 0.5)]
    return photo_prediction(shown, width_px=100, height_px=100, version=version)


def test_the_server_says_who_we_are(server: Server) -> None:
    assert "@" in server.studio.speaker()
    assert server.studio.version() == "1.23.2"


def test_a_project_is_there_until_it_is_not(server: Server) -> None:
    assert server.studio.made_at(server.project)
    assert server.studio.made_at(server.project + 99_999) is None


def test_bringing_a_config_that_is_there_writes_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watched(server.studio, monkeypatch)
    server.studio.set_config(server.project, PHOTOS_CONFIG)
    assert asked == ["GET"]
    server.studio.set_config(server.project, PEOPLE_CONFIG)
    server.studio.set_config(server.project, PEOPLE_CONFIG)
    assert asked == ["GET", "GET", "PATCH", "GET"]


def watched(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    plain = studio._json

    def remember(method: str, *rest: Any, **options: Any) -> Any:
        asked.append(method)
        return plain(method, *rest, **options)

    monkeypatch.setattr(studio, "_json", remember)
    return asked


def test_tasks_are_imported_in_order_with_their_predictions(server: Server) -> None:
    ids = server.studio.import_tasks(server.project, [task(n) for n in range(3)])
    listed = list(server.studio.tasks(server.project))
    assert [one["id"] for one in listed] == ids
    assert [one["meta"]["key"] for one in listed] == ["k0", "k1", "k2"]
    whole = server.studio.task(ids[0])
    assert whole is not None
    assert whole["data"]["faces"] == ["f1"]
    assert whole["annotations"] == []
    assert [one["model_version"] for one in whole["predictions"]] == [FIRST]
    assert server.studio.version_counts(server.project) == {FIRST: 3}


def test_the_first_version_is_shown_by_itself(server: Server) -> None:
    assert server.studio.selected_version(server.project) == ""
    server.studio.import_tasks(server.project, [task(1)])
    assert server.studio.selected_version(server.project) == FIRST
    server.studio.import_tasks(server.project, [task(2, version=SECOND)])
    assert server.studio.selected_version(server.project) == FIRST


def test_many_tasks_are_listed_page_by_page(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.studio.TASK_PAGE", 2)
    for count in (4, 1):
        server.studio.import_tasks(server.project, [task(n) for n in range(count)])
        listed = [one["id"] for one in server.studio.tasks(server.project)]
        assert listed == sorted(set(listed))
    assert len(listed) == 5


def test_an_empty_project_lists_nothing(server: Server) -> None:
    assert list(server.studio.tasks(server.project)) == []
    assert list(server.studio.tasks(server.project, answered_only=True)) == []
    assert server.studio.version_counts(server.project) == {}


def test_tasks_are_counted_by_their_numbers(server: Server) -> None:
    before = server.studio.task_count(server.project)
    ids = server.studio.import_tasks(server.project, [task(n) for n in range(4)])
    server.studio.delete_tasks(server.project, [ids[1]])
    assert server.studio.task_count(server.project) == before + 3
    assert server.studio.task_count(server.project, first=ids[0], last=ids[2]) == 2


def test_tasks_without_a_prediction_can_be_listed_alone(server: Server) -> None:
    first, second = server.studio.import_tasks(server.project, [task(n) for n in range(2)])
    server.studio.delete_version(server.project, FIRST)
    server.studio.import_predictions(server.project, [{**prediction(SECOND), "task": first}])
    assert [one["id"] for one in server.studio.unpredicted(server.project)] == [second]


def test_a_task_that_is_gone_is_none(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    server.studio.delete_tasks(server.project, [made, made + 99_999])
    server.studio.delete_tasks(server.project, [made])
    server.studio.delete_tasks(server.project, [])
    assert server.studio.task(made) is None
    assert list(server.studio.tasks(server.project)) == []


def test_a_tasks_data_is_replaced(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    server.studio.update_task(made, {**task(1)["data"], "caption": "new"})
    whole = server.studio.task(made)
    assert whole is not None
    assert whole["data"]["caption"] == "new"
    assert whole["meta"] == {"key": "k1"}


def test_a_new_version_is_added_selected_and_the_old_one_deleted(server: Server) -> None:
    studio, project = server.studio, server.project
    ids = studio.import_tasks(project, [task(1), task(2)])
    studio.import_predictions(project, [{**prediction(SECOND), "task": made} for made in ids])
    assert studio.version_counts(project) == {FIRST: 2, SECOND: 2}
    studio.select_version(project, SECOND)
    studio.delete_version(project, FIRST)
    studio.delete_version(project, FIRST)
    assert studio.version_counts(project) == {SECOND: 2}
    assert studio.selected_version(project) == SECOND


def test_a_version_without_predictions_cannot_be_selected(server: Server) -> None:
    with pytest.raises(StudioError, match="400"):
        server.studio.select_version(server.project, "nobody-made-it")


def test_deleting_the_selected_version_selects_none(server: Server) -> None:
    server.studio.import_tasks(server.project, [task(1)])
    server.studio.delete_version(server.project, FIRST)
    assert server.studio.selected_version(server.project) == ""


def predictions_of(server: Server, made: int, version: str) -> list[int]:
    standing = server.studio.standing(server.project, [made])[made]
    return list(standing.predictions.get(version, ()))


def test_what_stands_in_a_task_is_its_data_as_given_and_its_predictions(server: Server) -> None:
    studio, project = server.studio, server.project
    made, other = studio.import_tasks(project, [task(1), task(2)])
    studio.import_predictions(project, [{**prediction(SECOND), "task": other}])
    standing = studio.standing(project, [made, other, other + 99_999])
    assert list(standing) == [made, other]
    assert standing[made].data == task(1)["data"]
    assert {version: len(ids) for version, ids in standing[other].predictions.items()} == {
        FIRST: 1,
        SECOND: 1,
    }


def test_one_prediction_replaces_another(server: Server) -> None:
    studio = server.studio
    (made,) = studio.import_tasks(server.project, [task(1)])
    (old,) = predictions_of(server, made, FIRST)
    studio.import_predictions(server.project, [{**prediction(FIRST), "task": made}])
    both = predictions_of(server, made, FIRST)
    assert both[0] == old
    studio.delete_prediction(old)
    studio.delete_prediction(old)
    assert predictions_of(server, made, FIRST) == both[1:]
    assert predictions_of(server, made, SECOND) == []


def test_a_prediction_changes_in_place(server: Server) -> None:
    studio = server.studio
    (made,) = studio.import_tasks(server.project, [task(1)])
    (there,) = predictions_of(server, made, FIRST)
    before = server.states(made)
    shown = prediction(FIRST)
    shown["result"][0]["value"]["rectanglelabels"] = ["Anna"]
    studio.update_prediction(there, {**shown, "score": 0.75})
    whole = studio.task(made)
    assert whole is not None
    (changed,) = whole["predictions"]
    assert (changed["id"], changed["model_version"], changed["score"]) == (there, FIRST, 0.75)
    assert changed["result"] == shown["result"]
    assert server.states(made) != before, "which makes a pull look at it once more"


def test_a_prediction_for_a_task_that_is_gone_is_refused(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    sent = [{**prediction(SECOND), "task": made}, {**prediction(SECOND), "task": made + 99_999}]
    with pytest.raises(StudioError, match="400"):
        server.studio.import_predictions(server.project, sent)
    assert server.studio.version_counts(server.project) == {FIRST: 1}, "all or none"


def test_an_invalid_prediction_is_missed_in_the_count(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    bad = {"task": made, "model_version": SECOND, "score": 0.5, "result": [{"id": "x"}]}
    with pytest.raises(StudioError, match="kept 1 of 2 predictions"):
        server.studio.import_predictions(
            server.project, [bad, {**prediction(SECOND), "task": made}]
        )


def test_every_change_of_an_answer_changes_the_state_of_its_task(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    seen = [server.states(made)]
    answer = server.answer(made)
    seen.append(server.states(made))
    for change in ({"result": []}, {"was_cancelled": True}, {"was_cancelled": False}):
        assert server.http.patch(f"/api/annotations/{answer}/", json=change).is_success
        seen.append(server.states(made))
    assert server.http.delete(f"/api/annotations/{answer}/").is_success
    seen.append(server.states(made))
    assert len(set(seen)) == len(seen)
    assert [state[1:] for state in seen] == [(0, 0), (1, 0), (1, 0), (0, 1), (1, 0), (0, 0)]


def test_our_own_predictions_do_not_change_the_state_of_a_task(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    before = server.states(made)
    server.studio.import_predictions(server.project, [{**prediction(SECOND), "task": made}])
    server.studio.delete_version(server.project, FIRST)
    assert server.states(made) == before


def test_answered_tasks_are_those_with_an_answer_or_a_skip(server: Server) -> None:
    ids = server.studio.import_tasks(server.project, [task(n) for n in range(3)])
    server.answer(ids[0])
    server.answer(ids[2], was_cancelled=True)
    answered = server.studio.tasks(server.project, answered_only=True)
    assert [one["id"] for one in answered] == [ids[0], ids[2]]


def test_an_answer_says_who_when_and_from_which_prediction(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    server.answer(made)
    whole = server.studio.task(made)
    assert whole is not None
    (answer,) = whole["annotations"]
    assert answer["completed_by"]["email"] == server.studio.speaker()
    assert answer["parent_prediction"] == whole["predictions"][0]["id"]
    assert answer["created_at"] <= answer["updated_at"]
    assert answer["result"] == whole["predictions"][0]["result"]
    assert answer["was_cancelled"] is False


def test_an_answer_forgets_a_prediction_that_is_deleted(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    server.answer(made)
    server.studio.delete_version(server.project, FIRST)
    whole = server.studio.task(made)
    assert whole is not None
    assert whole["annotations"][0]["parent_prediction"] is None


def test_an_answer_made_without_a_prediction_has_none(server: Server) -> None:
    (made,) = server.studio.import_tasks(server.project, [task(1)])
    server.answer(made, parent_prediction=None)
    whole = server.studio.task(made)
    assert whole is not None
    assert whole["annotations"][0]["parent_prediction"] is None


def test_a_webhook_is_set_once_and_replaced_when_it_differs(server: Server) -> None:
    url = "http://127.0.0.1:9/webhook"
    hooks: Callable[[], Any] = lambda: server.http.get(  # noqa: E731
        "/api/webhooks/", params={"project": server.project}
    ).json()
    for _ in range(2):
        server.studio.set_webhook(
            server.project, url, headers={"X-Secret": "s"}, actions=["TASKS_CREATED"]
        )
    (hook,) = hooks()
    assert hook["headers"] == {"X-Secret": "s"}
    assert hook["send_payload"] is False
    server.studio.set_webhook(server.project, url, headers={}, actions=["TASKS_CREATED"])
    (changed,) = hooks()
    assert changed["id"] != hook["id"]
    other = "http://127.0.0.1:9/elsewhere"
    server.studio.set_webhook(server.project, other, headers={}, actions=["TASKS_CREATED"])
    assert len(hooks()) == 2


def test_pictures_are_sent_once(server: Server, tmp_path: Path) -> None:
    pictures = [tmp_path / f"{uuid.uuid4().hex}.jpg" for _ in range(3)]
    for picture in pictures:
        picture.write_bytes(b"\xff\xd8\xff\xe0 a picture")
    first = server.studio.upload(server.project, pictures[:2])
    both = server.studio.upload(server.project, pictures)
    assert set(both) == {picture.name for picture in pictures}
    assert {name: both[name] for name in first} == first
    assert len(set(both.values())) == 3
    assert all(address.startswith("/data/upload/") for address in both.values())
    assert server.studio.upload(server.project, []) == {}
    assert list(server.studio.tasks(server.project)) == []


def test_a_wrong_token_is_explained(server: Server) -> None:
    client = httpx.Client(transport=server.http._transport, base_url=server.studio.url)
    with pytest.raises(StudioError, match=r"\(401\); give a token that is valid"):
        Studio(server.studio.url, "0" * 40, httpx_client=client).speaker()


def answering(reply: Callable[[httpx.Request], httpx.Response]) -> Studio:
    client = httpx.Client(transport=httpx.MockTransport(reply), base_url=URL)
    return Studio(URL, API_KEY, httpx_client=client)


def test_a_server_that_is_away_is_named() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(StudioUnreachable, match=f"no answer from Label Studio at {URL}"):
        answering(refuse).import_tasks(1, [task(1)])


def test_an_import_is_never_sent_twice() -> None:
    asked: list[str] = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(502, text="bad gateway")

    studio = answering(fail)
    for send in (
        lambda: studio.import_tasks(1, [task(1)]),
        lambda: studio.import_predictions(1, [prediction(FIRST)]),
        lambda: studio.create_project("abc", description="", config=PHOTOS_CONFIG),
    ):
        asked.clear()
        with pytest.raises(StudioError, match="502"):
            send()
        assert asked == ["POST"]


def test_fewer_tasks_than_were_sent_is_an_error() -> None:
    studio = answering(lambda _: httpx.Response(201, json={"task_ids": [1]}))
    with pytest.raises(StudioError, match="made 1 of 2 tasks"):
        studio.import_tasks(1, [task(1), task(2)])


def test_a_list_that_ends_early_is_an_error() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        first = request.url.params["page"] == "1"
        return httpx.Response(200, json={"total": 3, "tasks": [{"id": 1}] if first else []})

    with pytest.raises(StudioError, match="listed 1 of 3 tasks"):
        list(answering(page).tasks(1))


def test_a_page_that_is_no_json_is_an_error() -> None:
    studio = answering(lambda _: httpx.Response(200, text="<html>sign in</html>"))
    with pytest.raises(StudioError, match="no JSON"):
        studio.speaker()


def test_what_label_studio_refuses_is_passed_on() -> None:
    refusal = json.dumps({"detail": "Validation error"})
    studio = answering(lambda _: httpx.Response(400, text=refusal))
    with pytest.raises(StudioError, match="Validation error"):
        studio.update_task(1, {})


NEW = Tab(
    "New",
    (Filter("data.caption", "equal", "x"), Filter("total_annotations", "equal", 0)),
    "-data.caption",
    hidden=("data.faces",),
)


def views(server: Server) -> dict[int, Tab]:
    return server.studio.views(server.project)


def test_a_tab_is_found_as_it_was_made(server: Server) -> None:
    made = server.studio.save_view(server.project, NEW)
    assert views(server) == {made: NEW}


def test_a_tab_is_changed_and_what_people_set_stays(server: Server) -> None:
    made = server.studio.save_view(server.project, NEW)
    path = f"/api/dm/views/{made}/"
    data = server.http.get(path).json()["data"] | {"columnsWidth": {"tasks:id": 77}, "title": "x"}
    server.http.patch(path, json={"project": server.project, "data": data})
    changed = Tab("Other", NEW.filters[1:], "-id")
    assert server.studio.save_view(server.project, changed, view=made) == made
    assert views(server) == {made: changed}
    assert server.http.get(path).json()["data"]["columnsWidth"] == {"tasks:id": 77}
    assert server.http.get(path).json()["data"]["hiddenColumns"]["explore"] == ["tasks:data.faces"]


def test_a_tab_with_other_filters_is_read_too(server: Server) -> None:
    between = {"filter": "filter:tasks:id", "operator": "in", "type": "Number"}
    data = {
        "title": "mine",
        "filters": {"conjunction": "or", "items": [between | {"value": {"min": 1, "max": 2}}]},
    }
    body = {"project": server.project, "data": data}
    server.http.post("/api/dm/views/", json=body)
    server.http.post("/api/dm/views/", json={"project": server.project, "data": {}})
    assert sorted(tab.title for tab in views(server).values()) == ["", "mine"]


def test_tabs_stand_in_the_order_that_is_asked_for(server: Server) -> None:
    made = [server.studio.save_view(server.project, Tab(title, ordering="id")) for title in "abc"]
    server.studio.order_views(server.project, made[::-1])
    assert list(views(server)) == made[::-1]


def test_a_tab_is_deleted_once(server: Server) -> None:
    made = server.studio.save_view(server.project, NEW)
    server.studio.delete_view(made)
    server.studio.delete_view(made)
    assert views(server) == {}


def test_the_foremost_tasks_are_those_with_the_highest_text_that_nobody_answered(
    server: Server,
) -> None:
    tasks = [task(number) for number in range(4)]
    for number, one in enumerate(tasks):
        one["data"]["worth"] = f"{10 * number:03}"
    ids = server.studio.import_tasks(server.project, tasks)
    server.answer(ids[3])
    foremost = server.studio.foremost(server.project, "worth", 2)
    assert list(foremost) == [ids[2], ids[1]]
    assert foremost[ids[2]] == tasks[2]["data"]


@pytest.mark.enable_socket
def test_no_answer_waits_on_a_connection_that_is_kept() -> None:
    """The second piece of an answer would wait there until the first is acknowledged."""
    connections = set()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connections.add(self.client_address)
            body = b'{"release": "1.23.2"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        studio = Studio(f"http://127.0.0.1:{server.server_port}", "token")
        for _ in range(3):
            assert studio.version() == "1.23.2"
        studio.close()
        server.shutdown()
    assert len(connections) == 3
