"""A workspace whose Label Studio is the small one behind a real server that can be made to fail."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from faces.studio import Studio
from sync.desk import open_desk
from sync.pull import Pulled
from tests.studio_double import API_KEY, StudioDouble
from tests.sync.conftest import Workspace, empty_database, workspace

__all__ = ["empty_database", "workspace"]

Fault = Callable[[BaseHTTPRequestHandler, httpx.Response], None]
"""What becomes of a request: it gets the true answer and sends what it likes."""


@dataclass
class Front:
    """A real server in front of the small Label Studio; the n-th request from now on goes wrong."""

    double: StudioDouble
    url: str = ""
    asked: int = 0
    _faults: dict[int, Fault] = field(default_factory=dict)

    def fail(self, fault: Fault, *, request: int) -> None:
        """Have the n-th request from now on go wrong, and no other."""
        self._faults = {self.asked + request: fault}

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._faults = {}

    def answer(self, handler: BaseHTTPRequestHandler, client: httpx.Client) -> None:
        """Pass a request on, and its answer back, unless it is to go wrong."""
        self.asked += 1
        number = self.asked
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        told = {n: v for n, v in handler.headers.items() if n.lower() not in _OF_ONE_HOP}
        answer = client.request(handler.command, handler.path, content=body, headers=told)
        self._faults.pop(number, as_it_is)(handler, answer)


_OF_ONE_HOP = ("host", "connection", "accept-encoding", "content-length", "transfer-encoding")


def as_it_is(handler: BaseHTTPRequestHandler, answer: httpx.Response) -> None:
    """Pass the answer on."""
    send(handler, answer.status_code, answer.content)


def send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, *, of: int | None = None
) -> None:
    """Send an answer, or what is there `of` so many bytes."""
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if of is None else of))
    handler.end_headers()
    handler.wfile.write(body)


def half_a_body(handler: BaseHTTPRequestHandler, answer: httpx.Response) -> None:
    """The connection ends in the middle of the answer."""
    send(handler, answer.status_code, answer.content[: len(answer.content) // 2], of=10_000_000)
    handler.close_connection = True


def half_a_json(handler: BaseHTTPRequestHandler, answer: httpx.Response) -> None:
    """Half of the answer, which is told to be all of it."""
    send(handler, answer.status_code, answer.content[: len(answer.content) // 2])


def error_500(handler: BaseHTTPRequestHandler, _answer: httpx.Response) -> None:
    """It did what was asked, and then something went wrong there."""
    send(handler, 500, b"<h1>Server Error (500)</h1>")


def gateway_page(handler: BaseHTTPRequestHandler, _answer: httpx.Response) -> None:
    """Something on the way answers with a page of its own, as if all were well."""
    send(handler, 200, b"<html>We are working on it</html>")


def something_else(handler: BaseHTTPRequestHandler, _answer: httpx.Response) -> None:
    """Something on the way answers with JSON of its own, as if all were well."""
    send(handler, 200, b'{"status": "ok"}')


def too_slow(handler: BaseHTTPRequestHandler, answer: httpx.Response) -> None:
    """The answer comes when nobody waits for it any more."""
    time.sleep(3 * PATIENCE_S)
    try:
        as_it_is(handler, answer)
    except OSError:
        handler.close_connection = True


def cut_line(handler: BaseHTTPRequestHandler, _answer: httpx.Response) -> None:
    """The connection is reset after the request was done."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


PATIENCE_S = 0.5
FAULTS = (half_a_body, half_a_json, error_500, gateway_page, something_else, too_slow, cut_line)


@dataclass
class Shaken:
    """A workspace that reaches Label Studio through the server that fails."""

    workspace: Workspace
    front: Front
    studio: Studio

    def sync(self) -> Pulled:
        """Open the desk, pull and push, as `faceloop sync` does."""
        inside = self.workspace
        inside.desk = open_desk(
            inside.store,
            self.studio,
            server="front",
            media=inside.media,
            pictures="local",
        )
        inside.studio = self.studio
        pulled = inside.pull()
        inside.push()
        return pulled


@pytest.fixture
def shaken(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shaken]:
    """Reading is tried again as often as ever, but at once."""
    monkeypatch.setattr("label_studio_sdk.core.http_client.INITIAL_RETRY_DELAY_SECONDS", 0.001)
    front = Front(workspace.double)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with workspace.double.client() as client:
                front.answer(self, client)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  # names of the base class

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        front.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        client = httpx.Client(timeout=PATIENCE_S)
        with closing(Studio(front.url, API_KEY, httpx_client=client)) as studio:
            yield Shaken(workspace, front, studio)
        server.shutdown()
        serving.join()
