"""A small Label Studio for tests: it keeps projects, tasks, predictions and annotations in memory.

It answers the requests that `faces.studio` makes as Label Studio 1.23.2 does; the tests of
`tests/faces/test_studio.py` hold for both. `StudioDouble.client()` is a client for `Studio`.
"""

from __future__ import annotations

import copy
import io
import json
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import httpx
from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.local import LocalProxy

URL = "http://studio.test"
API_KEY = "0123456789abcdef0123456789abcdef01234567"
OWNER = {"id": 1, "first_name": "", "last_name": "", "email": "owner@studio.test"}
STATE = "faceloop.studio_double"
WRITES = ("POST", "PATCH", "PUT", "DELETE")

Rows = dict[int, dict[str, Any]]


@dataclass
class StudioDouble:
    """The server's state, what was asked of it, and ways to disturb it."""

    projects: Rows = field(default_factory=dict)
    tasks: Rows = field(default_factory=dict)
    predictions: Rows = field(default_factory=dict)
    annotations: Rows = field(default_factory=dict)
    webhooks: Rows = field(default_factory=dict)
    storages: Rows = field(default_factory=dict)
    backends: Rows = field(default_factory=dict)
    uploads: Rows = field(default_factory=dict)
    views: Rows = field(default_factory=dict)
    drafts: set[int] = field(default_factory=set)
    """The tasks in which somebody has begun an answer."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    watch: Callable[[], None] = lambda: None
    _ids: int = 0
    _moments: int = 0
    _cut: tuple[int, bool] | None = None

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that could change something."""
        return [(method, path) for method, path in self.requests if method in WRITES]

    def client(self) -> httpx.Client:
        """A client whose requests end here."""
        return httpx.Client(transport=_Transport(self), base_url=URL)

    def cut_write(self, number: int, *, done: bool) -> None:
        """Break the connection at the n-th write from now, after (or before) it is done."""
        self._cut = (len(self.writes) + number, done)

    def next_id(self) -> int:
        """A number that nothing has yet."""
        self._ids += 1
        return self._ids

    def moment(self) -> str:
        """A time a second after the last one."""
        self._moments += 1
        start = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
        return f"{start + timedelta(seconds=self._moments):%Y-%m-%dT%H:%M:%S.%f}Z"

    def tasks_of(self, project: int) -> list[dict[str, Any]]:
        """A project's tasks, oldest first."""
        return [task for _, task in sorted(self.tasks.items()) if task["project"] == project]

    def predictions_of(self, task: int) -> list[dict[str, Any]]:
        """A task's predictions, oldest first."""
        return [one for _, one in sorted(self.predictions.items()) if one["task"] == task]

    def annotations_of(self, task: int) -> list[dict[str, Any]]:
        """A task's annotations, oldest first."""
        return [one for _, one in sorted(self.annotations.items()) if one["task"] == task]

    def annotate(
        self,
        task: int,
        result: list[dict[str, Any]] | None = None,
        *,
        by: str = "owner@studio.test",
        prediction: bool = True,
        skipped: bool = False,
    ) -> int:
        """Submit an answer as the browser does; without a result the prediction as it stands."""
        shown = self.predictions_of(task)[-1:] if prediction else []
        number, now = self.next_id(), self.moment()
        self.annotations[number] = {
            "id": number,
            "result": copy.deepcopy(shown[0]["result"] if result is None else result),
            "completed_by": {**OWNER, "email": by},
            "was_cancelled": skipped,
            "created_at": now,
            "updated_at": now,
            "task": task,
            "project": self.tasks[task]["project"],
            "parent_prediction": shown[0]["id"] if shown else None,
        }
        self.tasks[task]["updated_at"] = self.moment()
        return number

    def change(self, annotation: int, **parts: Any) -> None:
        """Update an answer."""
        self.annotations[annotation] |= {**copy.deepcopy(parts), "updated_at": self.moment()}
        self.tasks[self.annotations[annotation]["task"]]["updated_at"] = self.moment()

    def take_back(self, annotation: int) -> None:
        """Delete an answer."""
        task = self.annotations.pop(annotation)["task"]
        self.tasks[task]["updated_at"] = self.moment()

    def drop_task(self, task: int) -> None:
        """Delete a task with all that hangs on it."""
        del self.tasks[task]
        for rows in (self.predictions, self.annotations):
            for number in [n for n, row in rows.items() if row["task"] == task]:
                del rows[number]

    def drop_prediction(self, prediction: int) -> None:
        """Delete a prediction; annotations that began from it forget so."""
        del self.predictions[prediction]
        for annotation in self.annotations.values():
            if annotation["parent_prediction"] == prediction:
                annotation["parent_prediction"] = None

    def drop_project(self, project: int) -> None:
        """Delete a project with its tasks."""
        for task in self.tasks_of(project):
            self.drop_task(task["id"])
        del self.projects[project]

    def summary(self, task: dict[str, Any]) -> dict[str, Any]:
        """A task with its counters."""
        cancelled = [one["was_cancelled"] for one in self.annotations_of(task["id"])]
        return {
            **task,
            "total_annotations": cancelled.count(False),
            "cancelled_annotations": cancelled.count(True),
            "total_predictions": len(self.predictions_of(task["id"])),
            "draft_exists": task["id"] in self.drafts,
        }

    def breaks_now(self, method: str, *, done: bool) -> bool:
        """Whether this request was to be broken here."""
        return method in WRITES and self._cut == (len(self.writes), done)


class _Transport(httpx.BaseTransport):
    """To the double, with broken connections where they were asked for."""

    def __init__(self, double: StudioDouble) -> None:
        self._double = double
        app = create_app()
        self._wsgi = httpx.WSGITransport(
            app=lambda environ, start: app({**environ, STATE: double}, start)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        double, method, path = self._double, request.method, request.url.path
        double.requests.append((method, path))
        if double.breaks_now(method, done=False):
            raise httpx.ConnectError("the connection was broken before", request=request)
        answer = self._wsgi.handle_request(request)
        double.watch()
        if double.breaks_now(method, done=True):
            raise httpx.ReadError("the connection was broken after", request=request)
        return answer


@cache
def create_app() -> Flask:
    """Label Studio's requests; each finds the state that it is about in its environment."""
    double = cast("StudioDouble", LocalProxy(lambda: request.environ[STATE]))
    app = Flask("studio_double", static_folder=None)
    app.before_request(_needs_the_token)
    for add in (
        _add_server,
        _add_projects,
        _add_versions,
        _add_import,
        _add_list,
        _add_views,
        _add_tasks,
        _add_predictions,
        _add_single_predictions,
        _add_annotations,
        _add_connections,
    ):
        api = Blueprint(add.__name__, __name__)
        add(api, double)
        app.register_blueprint(api)
    return app


def _needs_the_token() -> tuple[Response, int] | None:
    if request.headers.get("Authorization") != f"Token {API_KEY}":
        return _refused(401, "Invalid token.")
    return None


def _refused(status: int, detail: str, **errors: Any) -> tuple[Response, int]:
    body = {"id": "0", "status_code": status, "version": "1.23.2", "detail": detail}
    return jsonify({**body, "validation_errors": errors} if errors else body), status


def _gone(what: str) -> tuple[Response, int]:
    return _refused(404, f"No {what} matches the given query.")


def _add_server(api: Blueprint, double: StudioDouble) -> None:
    @api.get("/api/version/")
    def version() -> Any:
        return {"release": "1.23.2"}

    @api.get("/api/current-user/whoami")
    def whoami() -> Any:
        return OWNER


def _add_projects(api: Blueprint, double: StudioDouble) -> None:
    @api.post("/api/projects/")
    def create() -> Any:
        number = double.next_id()
        given = dict(request.get_json())
        given["label_config"] = given["label_config"].strip()
        double.projects[number] = {
            "model_version": "",
            "created_at": double.moment(),
            **given,
            "id": number,
        }
        return double.projects[number], 201

    @api.get("/api/projects/")
    def list_all() -> Any:
        found = [
            {**one, "task_number": len(double.tasks_of(number))}
            for number, one in double.projects.items()
        ]
        page, size = int(request.args.get("page", 1)), int(request.args.get("page_size", 30))
        shown = found[(page - 1) * size : page * size]
        return {"count": len(found), "next": None, "previous": None, "results": shown}

    @api.get("/api/projects/<int:project>/")
    def show(project: int) -> Any:
        return double.projects.get(project) or _gone("Project")

    @api.patch("/api/projects/<int:project>/")
    def change(project: int) -> Any:
        if project not in double.projects:
            return _gone("Project")
        given = dict(request.get_json())
        version = given.get("model_version")
        if version and version not in _counts(double, project):
            return _refused(400, "Validation error", model_version=["it doesn't exist"])
        if "label_config" in given:
            given["label_config"] = given["label_config"].strip()
        double.projects[project] |= given
        return double.projects[project]


def _add_versions(api: Blueprint, double: StudioDouble) -> None:
    @api.get("/api/projects/<int:project>/model-versions/")
    def versions(project: int) -> Any:
        counts = _counts(double, project)
        static = [{"model_version": name, "count": count} for name, count in counts.items()]
        return {"static": static, "live": None}

    @api.delete("/api/projects/<int:project>/model-versions/")
    def drop_version(project: int) -> Any:
        name = request.get_json()["model_version"]
        dropped = [
            number
            for number, one in double.predictions.items()
            if one["project"] == project and one["model_version"] == name
        ]
        for number in dropped:
            double.drop_prediction(number)
        if double.projects[project]["model_version"] == name:
            double.projects[project]["model_version"] = None
        return {"deleted_predictions": len(dropped)}


def _counts(double: StudioDouble, project: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in double.predictions.values():
        if one["project"] == project:
            counts[one["model_version"]] = counts.get(one["model_version"], 0) + 1
    return counts


def _add_import(api: Blueprint, double: StudioDouble) -> None:
    @api.post("/api/projects/<int:project>/import")
    def import_tasks(project: int) -> Any:
        if project not in double.projects:
            return _gone("Project")
        if request.files:
            return _keep_files(double, project)
        given = request.get_json()
        if not given:
            return _refused(400, "Validation error", non_field_errors=["No tasks added"])
        ids = [_new_task(double, project, task) for task in given]
        return {"task_count": len(ids), "task_ids": ids}, 201


def _add_list(api: Blueprint, double: StudioDouble) -> None:
    @api.get("/api/tasks/")
    def list_tasks() -> Any:
        project = int(request.args["project"])
        if project not in double.projects:
            return _gone("Project")
        found = [double.summary(task) for task in double.tasks_of(project)]
        query = json.loads(request.args.get("query", "{}"))
        filters = query.get("filters")
        if filters:
            holds = all if filters["conjunction"] == "and" else any
            found = [task for task in found if holds(_passes(task, f) for f in filters["items"])]
        column = "".join(query.get("ordering", ())).partition("tasks:data.")[2]
        if column:
            found.sort(key=lambda task: str(task["data"].get(column, "")), reverse=True)
        page, size = int(request.args["page"]), int(request.args["page_size"])
        shown = found[(page - 1) * size : page * size]
        if not shown and page > 1:
            return _refused(404, "Invalid page.")
        keys = [
            key
            for key in request.args["include"].split(",")
            if key != "draft_exists" or key in json.dumps(filters)
        ]
        if request.args["fields"] == "all":
            shown = [{**one, "predictions": double.predictions_of(one["id"])} for one in shown]
        return {"total": len(found), "tasks": [{key: task[key] for key in keys} for task in shown]}


def _add_views(api: Blueprint, double: StudioDouble) -> None:
    api.add_url_rule("/api/dm/views/", "list", _listing(lambda: double.views), methods=["GET"])
    api.add_url_rule(
        "/api/dm/views/", "add", _adding(double, lambda: double.views), methods=["POST"]
    )

    @api.post("/api/dm/views/order/")
    def order() -> Any:
        given = request.get_json()["ids"]
        moved = {view: double.views.pop(view) for view in given}
        double.views |= moved
        return ""

    @api.get("/api/dm/views/<int:view>/")
    def show(view: int) -> Any:
        return double.views.get(view) or _gone("View")

    @api.patch("/api/dm/views/<int:view>/")
    def change(view: int) -> Any:
        if view not in double.views:
            return _gone("View")
        double.views[view] |= request.get_json()
        return double.views[view]

    @api.delete("/api/dm/views/<int:view>/")
    def drop(view: int) -> Any:
        return ("", 204) if double.views.pop(view, None) else _gone("View")


def _passes(task: dict[str, Any], item: dict[str, Any]) -> bool:
    found, value = task[item["filter"].rpartition(":")[2]], item["value"]
    passes: dict[str, Callable[[Any, Any], bool]] = {
        "greater": operator.gt,
        "equal": operator.eq,
        "in_list": _is_in,
        "in": _is_between,
    }
    return passes[item["operator"]](found, value)


def _is_between(found: int, value: dict[str, int]) -> bool:
    return value["min"] <= found <= value["max"]


def _is_in(found: Any, value: list[Any]) -> bool:
    return found in value


def _add_tasks(api: Blueprint, double: StudioDouble) -> None:
    @api.get("/api/tasks/<int:task>/")
    def show(task: int) -> Any:
        if task not in double.tasks:
            return _gone("Task")
        return {
            **double.summary(double.tasks[task]),
            "predictions": double.predictions_of(task),
            "annotations": double.annotations_of(task),
        }

    @api.patch("/api/tasks/<int:task>/")
    def change(task: int) -> Any:
        if task not in double.tasks:
            return _gone("Task")
        double.tasks[task] |= {**request.get_json(), "updated_at": double.moment()}
        return double.tasks[task]

    @api.post("/api/dm/actions/")
    def act() -> Any:
        if request.args["id"] != "delete_tasks":
            return _refused(404, "No such action")
        chosen = request.get_json()["selectedItems"]["included"]
        mine = [task["id"] for task in double.tasks_of(int(request.args["project"]))]
        dropped = [task for task in chosen if task in mine]
        for task in dropped:
            double.drop_task(task)
        return {"processed_items": len(dropped), "reload": False}


def _new_task(double: StudioDouble, project: int, given: dict[str, Any]) -> int:
    number = double.next_id()
    double.tasks[number] = {
        "id": number,
        "project": project,
        "data": given["data"],
        "meta": given.get("meta", {}),
        "updated_at": double.moment(),
    }
    for prediction in given.get("predictions", []):
        _new_prediction(double, project, number, prediction)
    if given.get("predictions") and not double.projects[project]["model_version"]:
        double.projects[project]["model_version"] = given["predictions"][-1]["model_version"]
    return number


def _new_prediction(double: StudioDouble, project: int, task: int, given: dict[str, Any]) -> None:
    number = double.next_id()
    double.predictions[number] = {**given, "id": number, "project": project, "task": task}


def _keep_files(double: StudioDouble, project: int) -> tuple[Response, int]:
    """Keep what was sent, then refuse: such a file cannot be a task under our configs."""
    for sent in request.files.values():
        number = double.next_id()
        name = re.sub(r"[^\w.-]", "_", sent.filename or "")
        double.uploads[number] = {
            "id": number,
            "project": project,
            "file": f"upload/{project}/{number:08x}-{name}",
            "size": len(io.BytesIO(sent.read()).getvalue()),
        }
    problem = "Your label config has more than one data key and direct file upload supports one"
    return _refused(400, "Validation error", non_field_errors=[problem])


def _add_predictions(api: Blueprint, double: StudioDouble) -> None:
    @api.post("/api/projects/<int:project>/import/predictions")
    def import_predictions(project: int) -> Any:
        mine = {task["id"] for task in double.tasks_of(project)}
        given = request.get_json()
        if any(one["task"] not in mine for one in given):
            problem = 'contains invalid "task" field'
            return _refused(400, "Validation error", non_field_errors=[problem])
        valid = [one for one in given if all("type" in region for region in one["result"])]
        for one in valid:
            _new_prediction(double, project, one["task"], one)
        return {"created": len(valid)}, 201


def _add_single_predictions(api: Blueprint, double: StudioDouble) -> None:
    @api.get("/api/predictions/")
    def list_predictions() -> Any:
        return jsonify(double.predictions_of(int(request.args["task"])))

    @api.patch("/api/predictions/<int:prediction>/")
    def change(prediction: int) -> Any:
        if prediction not in double.predictions:
            return _gone("Prediction")
        shown = double.predictions[prediction]
        shown |= request.get_json()
        double.tasks[shown["task"]]["updated_at"] = double.moment()
        return shown

    @api.delete("/api/predictions/<int:prediction>/")
    def drop(prediction: int) -> Any:
        if prediction not in double.predictions:
            return _gone("Prediction")
        double.drop_prediction(prediction)
        return "", 204


def _add_annotations(api: Blueprint, double: StudioDouble) -> None:
    @api.post("/api/tasks/<int:task>/annotations/")
    def create(task: int) -> Any:
        given = request.get_json()
        parent = given.get("parent_prediction")
        if parent is not None and parent not in double.predictions:
            problem = f'Invalid pk "{parent}" - object does not exist.'
            return _refused(400, "Validation error", parent_prediction=[problem])
        number = double.annotate(
            task, given["result"], prediction=False, skipped=given.get("was_cancelled", False)
        )
        double.annotations[number]["parent_prediction"] = parent
        return {"id": number}, 201

    @api.patch("/api/annotations/<int:annotation>/")
    def change(annotation: int) -> Any:
        double.change(annotation, **request.get_json())
        return {"id": annotation}

    @api.delete("/api/annotations/<int:annotation>/")
    def drop(annotation: int) -> Any:
        double.take_back(annotation)
        return "", 204


def _add_connections(api: Blueprint, double: StudioDouble) -> None:
    @api.get("/api/projects/<int:project>/file-uploads")
    def list_uploads(project: int) -> Any:
        return jsonify([one for one in double.uploads.values() if one["project"] == project])

    kinds: tuple[tuple[str, Callable[[], Rows]], ...] = (
        ("webhooks", lambda: double.webhooks),
        ("storages/localfiles", lambda: double.storages),
        ("ml", lambda: double.backends),
    )
    for name, rows in kinds:
        api.add_url_rule(f"/api/{name}/", f"{name} list", _listing(rows), methods=["GET"])
        adding = _adding(double, rows)
        api.add_url_rule(f"/api/{name}/", f"{name} add", adding, methods=["POST"])
        dropping = _dropping(rows)
        api.add_url_rule(f"/api/{name}/<int:row>", f"{name} drop", dropping, methods=["DELETE"])
        api.add_url_rule(f"/api/{name}/<int:row>/", f"{name} drop", dropping, methods=["DELETE"])


def _listing(rows: Callable[[], Rows]) -> Callable[[], Response]:
    def list_rows() -> Response:
        project = int(request.args["project"])
        return jsonify([row for row in rows().values() if row["project"] == project])

    return list_rows


def _adding(double: StudioDouble, rows: Callable[[], Rows]) -> Callable[[], Any]:
    def add() -> Any:
        number = double.next_id()
        rows()[number] = {**request.get_json(), "id": number}
        return rows()[number], 201

    return add


def _dropping(rows: Callable[[], Rows]) -> Callable[[int], Any]:
    def drop(row: int) -> Any:
        rows().pop(row, None)
        return "", 204

    return drop
