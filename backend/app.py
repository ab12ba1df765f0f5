"""The routes that Label Studio calls, by the protocol of its version 1.23."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, Unauthorized
from werkzeug.wrappers import Response as WSGIResponse

from backend.access import is_allowed
from backend.asked import Prediction
from backend.checks import Checks, is_photos_config
from backend.counters import Counters
from backend.hints import Hints
from backend.limits import MOST_INTERACTIVE, check_body, check_count, limit_bodies
from backend.mishaps import fault_of
from backend.predictor import Predictor
from faces.studio_configs import PHOTOS_CONFIG

_logger = logging.getLogger(__name__)

_OPEN_ROUTES = frozenset({"health", "ready"})
_NOTHING_YET: list[Prediction] = []
"""The predictions of a task that went wrong: none, so that Label Studio keeps none and asks again.
An empty prediction it would keep, and ask no more until the next round. What was drawn is not kept,
and gets an empty one.
"""
_OUR_OWN_DOING = ("PROJECT_", "TASKS_")
"""Events that our own writes cause; following them would go round in circles."""


def create_app(predictor: Predictor, *, secret: str, hints: Hints) -> Flask:
    """The backend's WSGI application.

    Every route but /health and /ready asks for the secret (empty: none), as Basic auth's password
    or in the header X-Faceloop-Secret. Every answer is JSON, or text from /metrics.
    """
    app = Flask("backend", static_folder=None)
    counters = predictor.counters
    checks = Checks(counters)
    _guard(app, counters, secret=secret)
    limit_bodies(app)
    _tell_state(app, predictor)
    _predict(app, predictor, checks)
    _take_hints(app, hints)
    return app


def _guard(app: Flask, counters: Counters, *, secret: str) -> None:
    """Count and check every request; errors become JSON without a traceback."""

    @app.before_request
    def let_in() -> None:
        route = request.endpoint or "other"
        counters.add("requests_total", route=route)
        if route not in _OPEN_ROUTES and not is_allowed(request, secret):
            counters.add("refused_total")
            raise Unauthorized(
                "show the backend's secret: Basic auth as faceloop, or its header",
                www_authenticate=WWWAuthenticate("basic", {"realm": "faceloop"}),
            )

    @app.errorhandler(HTTPException)
    def tell_error(error: HTTPException) -> WSGIResponse:
        answer = error.get_response()
        answer.set_data(json.dumps({"error": error.name, "detail": error.description}))
        answer.content_type = "application/json"
        return answer

    @app.errorhandler(Exception)
    def tell_fault(error: Exception) -> WSGIResponse:
        counters.add("failures_total", kind="bug")
        _logger.error("a request failed in a way that nobody thought of: %s", fault_of(error))
        return tell_error(InternalServerError())


def _tell_state(app: Flask, predictor: Predictor) -> None:
    """The routes that say how the backend is; none waits for a model, /health for nothing."""

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="UP", model_version=predictor.last_round, model=predictor.model)

    @app.get("/ready")
    def ready() -> tuple[Response, HTTPStatus]:
        waits_for = predictor.waits_for()
        status = HTTPStatus.SERVICE_UNAVAILABLE if waits_for else HTTPStatus.OK
        return jsonify(ready=not waits_for, waits_for=waits_for), status

    @app.post("/setup")
    def setup() -> Response:
        body = _body()
        config = body.get("schema") if isinstance(body, dict) else None
        answer: dict[str, Any] = {"model_version": predictor.version()}
        if config is not None and not is_photos_config(config):
            answer["warnings"] = [
                "this project's labeling config is not that of Photos; faces cannot be shown in it"
            ]
        return jsonify(answer)

    @app.get("/versions")
    def versions() -> Response:
        return jsonify(versions=[predictor.version()])

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(predictor.counters.as_text(), content_type="text/plain; version=0.0.4")


def _predict(app: Flask, predictor: Predictor, checks: Checks) -> None:
    @app.post("/predict")
    def predict() -> Response:
        body = _body()
        tasks = body.get("tasks") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(tasks, list):
            raise BadRequest("the body needs a list of tasks")
        check_count(tasks)
        config = body.get("label_config", PHOTOS_CONFIG)
        context = _context(body.get("params"))
        if not is_photos_config(config):
            predictor.counters.add("failures_total", len(tasks), kind="config")
            nothing = _NOTHING_YET if context is None else predictor.empty(predictor.version())
            return jsonify(results=[nothing for _ in tasks])
        named = _named(predictor, tasks, context)
        return jsonify(
            results=[_NOTHING_YET if one is None else checks.passed(one, config) for one in named]
        )


def _context(params: object) -> object:
    """What an annotator has just drawn, None if nobody did."""
    return params.get("context") if isinstance(params, dict) else None


def _named(predictor: Predictor, tasks: list[object], context: object) -> list[Prediction | None]:
    """What each task shows, or the boxes that were just drawn in it."""
    if context is None:
        return predictor.predict(tasks)
    check_count(tasks, most=MOST_INTERACTIVE)
    return [predictor.interactive(task, context) for task in tasks]


def _take_hints(app: Flask, hints: Hints) -> None:
    @app.post("/webhook")
    def webhook() -> Response:
        body = _body()
        action = body.get("action") if isinstance(body, dict) else None
        if isinstance(action, str) and not action.startswith(_OUR_OWN_DOING):
            hints.note()
        return jsonify(status="noted")


def _body() -> object:
    """What the request brought; an empty body counts as an empty object.

    Raises:
        BadRequest: it is no JSON, or it did not come as its head says.
    """
    try:
        body = request.get_data(cache=False)
    except ParseException:
        raise BadRequest("the body did not come in the pieces that its head says") from None
    check_body(body)
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
