"""Annotators as the backend sees them: what Label Studio sends when they open, draw and save.

Each request has a connection of its own and Label Studio's patience: an answer that it would not
have waited for, or not have understood, is an error.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backend.access import USER
from benchmarks.backend_pages import Page
from benchmarks.backend_workspace import KnownPage, Tasks
from faces.records import Box
from faces.studio_configs import PHOTOS_CONFIG
from faces.studio_format import UNKNOWN

SHARE_NEW = 0.1
_PATIENCE_S = {"health": 1.0, "setup": 3.0, "webhook": 1.0}
_PREDICT_PATIENCE_S = 100.0
_THOUGHT_S = (5.0, 15.0)
_DRAWN_REGION = "drawn"

Answer = dict[str, Any]


class Wrong(Exception):
    """An answer that Label Studio could do nothing with."""


class _TimeIsOver(Exception):
    """The measurement ends."""


@dataclass
class Measured:
    """How long answers took by kind, in seconds, and what went wrong; safe for several threads."""

    took_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> int:
        """How many were sent."""
        return sum(map(len, self.took_s.values())) + self.errors.total()

    def p99_ms(self, kind: str) -> float | None:
        """What 99 of 100 answers took at most, None if there were none."""
        return self._percentile_ms(kind, 99)

    def p50_ms(self, kind: str) -> float | None:
        """What half of the answers took at most, None if there were none."""
        return self._percentile_ms(kind, 50)

    def _percentile_ms(self, kind: str, percent: float) -> float | None:
        took_s = self.took_s.get(kind)
        return 1000 * float(np.percentile(took_s, percent)) if took_s else None


@dataclass(frozen=True)
class Desk:
    """Where annotators work, with what, and until when; `on_saved` is told of each answer."""

    port: int
    secret: str
    tasks: Tasks
    until: float
    on_saved: Callable[[KnownPage, int], None]
    measured: Measured = field(default_factory=Measured)
    new: Iterator[Page] = field(init=False)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2))

    def __post_init__(self) -> None:
        """Nobody opens a new photo that somebody else has opened."""
        object.__setattr__(self, "new", iter(self.tasks.new))

    def ask(self, kind: str, route: str, body: object = None) -> Answer:
        """Send a request; how long it took is noted under its kind.

        Raises:
            Wrong: the answer is none that Label Studio takes, or came too late.
        """
        method = "GET" if body is None else "POST"
        content = None if body is None else json.dumps(body).encode()
        patience_s = _PATIENCE_S.get(kind, _PREDICT_PATIENCE_S)
        start = time.perf_counter()
        try:
            status, told = self._send(method, route, content, patience_s)
        except (OSError, http.client.HTTPException) as error:
            raise self._wrong(kind, type(error).__name__) from error
        took_s = time.perf_counter() - start
        answer = json.loads(told)
        if status != http.client.OK or not isinstance(answer, dict) or took_s > patience_s:
            raise self._wrong(kind, f"{status} after {took_s:.1f} s")
        with self.measured.lock:
            self.measured.took_s[kind].append(took_s)
        return answer

    def ask_for_names(self, kind: str, task: Answer, *, drawn: Answer | None = None) -> Answer:
        """Ask for one task's prediction.

        Raises:
            Wrong: there is none.
        """
        context = None if drawn is None else {"result": [drawn]}
        params = {"login": None, "password": None, "context": context}
        body = {"tasks": [task], "project": "1.1", "label_config": PHOTOS_CONFIG, "params": params}
        answer = self.ask(kind, "/predict", body)
        results = answer.get("results", [])
        if len(results) != 1 or not results[0] or not results[0]["result"]:
            raise self._wrong(kind, "no region")
        prediction: Answer = results[0]
        return prediction

    def wrong_unless(self, holds: bool, kind: str, what: str) -> None:  # noqa: FBT001
        """Note an answer that says something else than it should.

        Raises:
            Wrong: it does.
        """
        if not holds:
            raise self._wrong(kind, what)

    def _wrong(self, kind: str, what: str) -> Wrong:
        with self.measured.lock:
            self.measured.errors[f"{kind}: {what}"] += 1
        return Wrong(kind, what)

    def _send(
        self, method: str, route: str, content: bytes | None, timeout_s: float
    ) -> tuple[int, bytes]:
        told = base64.b64encode(f"{USER}:{self.secret}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {told}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, route, body=content, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def annotate(desk: Desk, *, seed: int) -> None:
    """Open, draw and save, with thought in between, until the time is over.

    Everybody begins at some moment of the time that a task takes, so that no step is crowded.
    """
    rng = np.random.default_rng(seed)
    with suppress(_TimeIsOver):
        time.sleep(rng.uniform(0, 3 * np.mean(_THOUGHT_S)))
        while True:
            with suppress(Wrong):  # it is counted; the annotator goes on with the next task
                _work_on_one(desk, rng)
            _think(desk, rng)


def open_alone(desk: Desk, page: Page, *, faces: int) -> None:
    """What one user waits for with nobody else there: a new photo's prediction.

    Raises:
        Wrong: not all of the faces are in it.
    """
    prediction = desk.ask_for_names("predict_alone", _task(1, page))
    found = len(prediction["result"])
    desk.wrong_unless(found == faces, "predict_alone", f"{found} faces instead of {faces}")


def _work_on_one(desk: Desk, rng: np.random.Generator) -> None:
    number = next(desk.numbers)
    is_new = rng.random() < SHARE_NEW
    page = next(desk.new, None) if is_new else None
    known = None
    if page is None:
        known = desk.tasks.known[int(rng.integers(len(desk.tasks.known)))]
        page = known.page
    task = _task(number, page, known)
    _open(desk, task, known)
    _think(desk, rng)
    drawn = _drawn(page.faces[int(rng.integers(len(page.faces)))].box, page)
    prediction = desk.ask_for_names("interactive", task, drawn=drawn)
    same = {region["id"] for region in prediction["result"]} == {_DRAWN_REGION}
    desk.wrong_unless(same, "interactive", "another region")
    _think(desk, rng)
    desk.ask("webhook", "/webhook", _saved(number, task, prediction["result"]))
    if known is not None:
        desk.on_saved(known, number)


def _open(desk: Desk, task: Answer, known: KnownPage | None) -> None:
    """What Label Studio asks when somebody opens a task."""
    desk.ask("health", "/health")
    setup = desk.ask("setup", "/setup", _SETUP)
    kind = "predict_new" if known is None else "predict_known"
    prediction = desk.ask_for_names(kind, task)
    same = prediction["model_version"] == setup["model_version"]
    desk.wrong_unless(same, kind, "another version than /setup's")
    if known is not None:
        regions = {region["id"] for region in prediction["result"]}
        desk.wrong_unless(known.people.keys() <= regions, kind, "a face is missing")


def _think(desk: Desk, rng: np.random.Generator) -> None:
    """Wait for as long as somebody looks at a picture.

    Raises:
        _TimeIsOver: the measurement ends meanwhile; nobody hurries to be done by then.
    """
    done = time.monotonic() + rng.uniform(*_THOUGHT_S)
    if done > desk.until:
        raise _TimeIsOver
    time.sleep(done - time.monotonic())


def _task(number: int, page: Page, known: KnownPage | None = None) -> Answer:
    """A task of the Photos project as Label Studio sends it; a new photo came in without sync."""
    data = {"image": page.url, "people": [{"value": UNKNOWN}], "caption": page.file.name}
    return {
        "id": number,
        "data": data if known is None else {**data, "photo": known.photo},
        "meta": {},
        "is_labeled": False,
        "overlap": 1,
        "inner_id": number,
        "project": 1,
        "annotations": [],
        "predictions": [],
    }


def _drawn(box: Box, page: Page) -> Answer:
    """The region of a box that was just drawn around a portrait's face."""
    return {
        "id": _DRAWN_REGION,
        "type": "rectanglelabels",
        "from_name": "face",
        "to_name": "image",
        "original_width": page.width_px,
        "original_height": page.height_px,
        "image_rotation": 0,
        "origin": "manual",
        "value": {
            "x": 100 * (box.left + 0.15 * box.width) / page.width_px,
            "y": 100 * (box.top + 0.25 * box.height) / page.height_px,
            "width": 70 * box.width / page.width_px,
            "height": 57 * box.height / page.height_px,
            "rotation": 0,
            "rectanglelabels": [UNKNOWN],
        },
    }


def _saved(number: int, task: Answer, result: list[Answer]) -> Answer:
    annotation = {"id": number, "result": result, "was_cancelled": False, "task": number}
    project = {"id": 1, "title": "Photos", "label_config": PHOTOS_CONFIG, "model_version": ""}
    return {
        "action": "ANNOTATION_CREATED",
        "annotation": annotation,
        "project": project,
        "task": {key: task[key] for key in ("id", "data", "meta", "is_labeled")},
    }


_SETUP = {
    "project": "1.1",
    "schema": PHOTOS_CONFIG,
    "hostname": "http://127.0.0.1:8080",
    "access_token": "",
    "extra_params": None,
}
