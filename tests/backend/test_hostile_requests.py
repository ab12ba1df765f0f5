"""The real server under requests that no Label Studio sends: bounds hold, and nothing is told."""

from __future__ import annotations

import base64
import json
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import gunicorn
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend.limits import LARGEST_BODY_BYTES
from tests.backend.test_server import start

SECRET = "s3cret-of-tests"
GROWTH_MB = 200
"""What 8 bodies of the largest size at once, of the JSON that takes most memory, may add."""
pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


@dataclass
class Server:
    """A running backend; `said` is its log once it has ended."""

    port: int
    pid: int
    said: str = ""

    def send(self, *lines: str, body: bytes = b"") -> int:
        """Send a request as it is written here; the status of what comes back, 0 for nothing."""
        answer = self.answer(*lines, body=body)
        return int(answer.split()[1]) if answer else 0

    def answer(self, *lines: str, body: bytes = b"") -> bytes:
        """Send a request as it is written here; all that comes back, if anything does."""
        head = "\r\n".join((*lines, "Host: x", "Connection: close", "", "")).encode("latin-1")
        return self.answered(head + body)

    def answered(self, request: bytes) -> bytes:
        """Send these bytes and nothing more; all that comes back."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=30)) as sent:
            try:
                sent.sendall(request)
                sent.shutdown(socket.SHUT_WR)
                return sent.makefile("rb").read()
            except (BrokenPipeError, ConnectionResetError):
                return b""

    def peak_mb(self) -> int:
        """The most memory that any process of it has had."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        found = [
            re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
            for pid in (self.pid, *children.split())
        ]
        return max(int(one[1]) for one in found if one) // 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Server]:
    """One for all of them: what one request does to it, the next ones feel."""
    workspace = tmp_path_factory.mktemp("workspace")
    shutil.copy(empty_database, workspace / "faceloop.sqlite3")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    process = start(workspace, backend_port=str(port), backend_secret=SECRET)
    running = Server(port, process.pid)
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.get(f"http://127.0.0.1:{port}/health", timeout=5)
            break
        except requests.ConnectionError:
            assert time.monotonic() < deadline, "the backend does not answer"
            time.sleep(0.05)
    yield running
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    _, running.said = process.communicate(timeout=20)
    assert process.returncode == 0, running.said
    assert SECRET not in running.said
    assert base64.b64encode(SECRET.encode()).decode()[:-2] not in running.said
    assert "Traceback" not in running.said


def test_headers_that_are_doubled_or_broken_open_nothing(server: Server) -> None:
    shown = f"X-Faceloop-Secret: {SECRET}"
    basic = base64.b64encode(f"faceloop:{SECRET}".encode()).decode()
    ask = "GET /versions HTTP/1.1"
    assert server.send(ask, shown) == 200
    assert server.send(ask, f"Authorization: Basic {basic}") == 200
    refused = [
        server.send(ask, shown, shown),
        server.send(ask, f"Authorization: Basic {basic}", f"Authorization: Basic {basic}"),
        server.send(ask, f"X_Faceloop_Secret: {SECRET}"),
        server.send(ask, "X-Faceloop-Secret: wrong", f"x_faceloop_secret: {SECRET}"),
        server.send(ask, f"X-Faceloop-Secret: {SECRET}\x00"),
        server.send(ask, f"X-Faceloop-Secret : {SECRET}"),
        server.send(ask, f"X-Faceloop-Secret {SECRET}"),
        server.send(ask, f" {shown}"),
        server.send(f"GET /versions?secret={SECRET} HTTP/1.1"),
        server.send(f"GET /versions {SECRET} HTTP/1.1"),
        server.send(f"{SECRET}"),
        server.send(ask, f"X-Faceloop-Secret: {'x' * 100_000}"),
        server.send(ask, *(f"X-{number}: {SECRET}" for number in range(200))),
    ]
    assert set(refused) <= {400, 401, 431}, refused


def test_what_is_no_request_is_refused_in_a_line_of_json_that_quotes_nothing(
    server: Server,
) -> None:
    ask = "GET /versions HTTP/1.1"
    sent = {
        ("GET /versions",): 400,
        (f"GET /versions {SECRET} HTTP/1.1",): 400,
        (ask, f"X-Faceloop-Secret {SECRET}"): 400,
        (ask, "Transfer-Encoding: gzip"): 400,
        (ask, f"Expect: {SECRET}"): 417,
        (f"GET /{'x' * 5_000} HTTP/1.1",): 414,
        (ask, f"X-Faceloop-Secret: {'x' * 100_000}"): 431,
    }
    for lines, status in sent.items():
        head, _, body = server.answer(*lines).partition(b"\r\n\r\n")
        assert int(head.split()[1]) == status, lines
        assert b"Content-Type: application/json" in head
        assert set(json.loads(body)) == {"error", "detail"}
        assert b"\n" not in body
        assert SECRET.encode() not in head + body


def test_no_answer_tells_the_version_of_the_server(server: Server) -> None:
    for lines in (("GET /health HTTP/1.1",), ("GET /nothing HTTP/1.1",), ("GET /versions",)):
        answer = server.answer(*lines).lower()
        assert gunicorn.__version__.encode() not in answer
        assert b"werkzeug" not in answer
        assert b"python" not in answer


BODY = json.dumps({"tasks": [{"id": 1, "data": {"image": "/data/upload/1/a.jpg"}}]}).encode()
WHOLE = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b"X-Faceloop-Secret: %s\r\nContent-Length: %d\r\n\r\n%s" % (SECRET.encode(), len(BODY), BODY)
)
PIECES = (
    b"\r\n",
    b"\0",
    b"\xff",
    b":",
    b" ",
    b"9",
    b"-",
    b"chunked",
    b"Transfer-Encoding: chunked\r\n",
)


@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, len(WHOLE)),
            st.sampled_from(PIECES) | st.binary(max_size=4),
            st.integers(0, 12),
        ),
        min_size=1,
        max_size=3,
    )
)
@settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.generate],  # the server's log goes into a pipe, and has to fit into it
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_request_with_other_bytes_anywhere_in_it_is_no_fault_of_ours(
    server: Server, changes: list[tuple[int, bytes, int]]
) -> None:
    sent = WHOLE
    for at, put, drop in changes:
        sent = sent[:at] + put + sent[at + drop :]
    answer = server.answered(sent)
    assert not answer or 200 <= int(answer.split()[1]) < 500, answer


def test_two_lengths_of_a_body_are_not_both_believed(server: Server) -> None:
    head = ("POST /setup HTTP/1.1", f"X-Faceloop-Secret: {SECRET}")
    both = server.send(*head, "Content-Length: 2", "Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    two = server.send(*head, "Content-Length: 2", "Content-Length: 3", body=b"{} ")
    negative = server.send(*head, "Content-Length: -1", body=b"{}")
    assert {both, two, negative} == {400}


def test_memory_stays_within_bounds_and_health_answers_while_bodies_are_huge(
    server: Server,
) -> None:
    nested = b'{"tasks": [' + b"[]," * ((LARGEST_BODY_BYTES - 64) // 3) + b"[]]}"
    headers = {"X-Faceloop-Secret": SECRET}
    url = f"http://127.0.0.1:{server.port}"
    before_mb = server.peak_mb()
    statuses: list[int] = []

    def post() -> None:
        answer = requests.post(f"{url}/predict", data=nested, headers=headers, timeout=60)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    slowest_s = 0.0
    while any(thread.is_alive() for thread in threads):
        begun = time.monotonic()
        assert requests.get(f"{url}/health", timeout=10).json()["status"] == "UP"
        slowest_s = max(slowest_s, time.monotonic() - begun)
        time.sleep(0.05)
    assert set(statuses) <= {413, 429}
    assert len(statuses) == 8
    chunked = requests.post(
        f"{url}/predict",
        data=iter([b" " * (1 << 20)] * ((LARGEST_BODY_BYTES >> 20) + 1)),
        headers=headers,
        timeout=60,
    )
    assert chunked.status_code == 413
    grown_mb = server.peak_mb() - before_mb
    assert grown_mb < GROWTH_MB, json.dumps({"grown_mb": grown_mb, "slowest_s": slowest_s})
