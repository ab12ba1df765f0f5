from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from backend.__main__ import main
from backend.server import check_exposure, listening
from faces.errors import SetupError
from faces.settings import load_settings

ANSWERS_WITHIN_S = 15.0
KEPT = ("PATH", "LANG", "PYTHONPATH")


def start(
    workspace: Path, *, program: Sequence[str] = ("-m", "backend"), **settings: str
) -> subprocess.Popen[str]:
    """`python -m backend` in an empty folder, with nothing of ours in its environment."""
    folder, home = workspace / "elsewhere", workspace / "home"
    folder.mkdir()
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    given = {f"FACELOOP_{name.upper()}": value for name, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, *program],
        cwd=folder,
        env=kept | {"HOME": str(home), "FACELOOP_WORKSPACE": str(workspace)} | given,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def workspace(tmp_path: Path, empty_database: Path) -> Path:
    shutil.copy(empty_database, tmp_path / "faceloop.sqlite3")
    return tmp_path


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "", "example.test"])  # noqa: S104
def test_an_address_that_others_reach_needs_a_secret(host: str) -> None:
    with pytest.raises(SetupError, match="FACELOOP_BACKEND_SECRET"):
        check_exposure(load_settings(backend_host=host))
    check_exposure(load_settings(backend_host=host, backend_secret="secret"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_a_local_address_needs_no_secret(host: str) -> None:
    check_exposure(load_settings(backend_host=host))


@pytest.mark.enable_socket
def test_a_busy_port_is_told_in_one_line(free_port: int) -> None:
    with listening("127.0.0.1", free_port), pytest.raises(SetupError, match=str(free_port)):
        listening("127.0.0.1", free_port)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "faceloop up"),
        ({"backend_host": "0.0.0.0"}, "FACELOOP_BACKEND_SECRET"),  # noqa: S104
        ({"backend_port": "many"}, "FACELOOP_BACKEND_PORT"),
        ({"backend_port": str(1 << 16)}, "FACELOOP_BACKEND_PORT"),
    ],
)
def test_what_prevents_starting_is_one_line_and_exit_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    said: str,
) -> None:
    monkeypatch.setenv("FACELOOP_WORKSPACE", str(tmp_path))
    for name, value in settings.items():
        monkeypatch.setenv(f"FACELOOP_{name.upper()}", value)
    assert main() == 1
    [line] = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.slow
def test_the_backend_needs_neither_torch_nor_gradio_and_forks_before_threads_start() -> None:
    heavy = ("torch", "fastai", "gradio", "label_studio_sdk", "pandas")
    code = (
        "import sys, backend.__main__\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "import backend.assembly\n"
        f"assert not [module for module in {heavy} if module in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.slow
@pytest.mark.enable_socket
def test_it_serves_until_told_to_stop_and_leaves_nothing_behind(
    workspace: Path, free_port: int
) -> None:
    backend = start(workspace, backend_port=str(free_port), backend_secret="secret")
    url = f"http://127.0.0.1:{free_port}"
    try:
        health = _health(url)
        refused = requests.post(f"{url}/setup", json={}, timeout=30)
        said = requests.post(f"{url}/setup", json={}, auth=("faceloop", "secret"), timeout=30)
        hint = requests.post(
            f"{url}/webhook",
            json={"action": "ANNOTATION_CREATED"},
            headers={"X-Faceloop-Secret": "secret"},
            timeout=30,
        )
    finally:
        backend.send_signal(signal.SIGTERM)
        _, errors = backend.communicate(timeout=30)
    assert health["status"] == "UP"
    assert (refused.status_code, said.json()) == (401, {"model_version": "faceloop-0000"})
    assert (hint.status_code, hint.json()) == (200, {"status": "noted"})
    assert (backend.returncode, list((workspace / "elsewhere").iterdir())) == (0, [])
    assert len(errors.splitlines()) == 1, errors
    line = errors
    assert f"listening on 127.0.0.1:{free_port}" in line


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.enable_socket
def test_a_reload_takes_a_fresh_worker_without_a_request_that_fails(
    workspace: Path, free_port: int
) -> None:
    settings = {"backend_port": str(free_port), "log_format": "json"}
    backend = start(workspace, **settings)
    url = f"http://127.0.0.1:{free_port}"
    try:
        _health(url)
        [before] = _workers(backend.pid)
        asking = threading.Event()
        with ThreadPoolExecutor(3) as threads:
            asked = [threads.submit(_ask_until, asking, url, route) for route in ASKED]
            backend.send_signal(signal.SIGHUP)
            _wait_until(lambda: before not in _workers(backend.pid), "the old worker to go")
            [after] = _workers(backend.pid)
            database = (workspace / "faceloop.sqlite3").rename(workspace / "elsewhere.sqlite3")
            backend.send_signal(signal.SIGHUP)
            _wait_until(lambda: len(_workers(backend.pid)) == 2, "a worker that cannot start")
            _wait_until(lambda: _workers(backend.pid) == [after], "that worker to go")
            database.rename(workspace / "faceloop.sqlite3")
            asking.set()
        answers = [one for each in asked for one in each.result()]
    finally:
        backend.send_signal(signal.SIGTERM)
        _, errors = backend.communicate(timeout=30)
    assert set(answers) == {200}
    assert (backend.returncode, before == after) == (0, False)
    told = [json.loads(line) for line in errors.splitlines()]
    assert {line["level"] for line in told} == {"info", "error"}
    assert any("the old one goes on" in line["message"] for line in told)


@pytest.mark.slow
@pytest.mark.enable_socket
def test_it_stops_when_told_though_a_reload_hangs(workspace: Path, free_port: int) -> None:
    hangs = (
        "import time, backend.server\n"
        "load = backend.server._Server.load\n"
        "def hang(self): return time.sleep(300) if self._succeeds else load(self)\n"
        "backend.server._Server.load = hang\n"
        "from backend.__main__ import main\n"
        "main()"
    )
    backend = start(workspace, program=("-c", hangs), backend_port=str(free_port))
    try:
        _health(f"http://127.0.0.1:{free_port}")
        [serves] = _workers(backend.pid)
        backend.send_signal(signal.SIGHUP)
        _wait_until(lambda: len(_workers(backend.pid)) == 2, "a worker that hangs")
        backend.send_signal(signal.SIGTERM)
        _wait_until(lambda: serves not in _workers(backend.pid), "the old worker to go", 10)
    finally:
        for worker in _workers(backend.pid):
            os.kill(worker, signal.SIGKILL)  # or it would be given ten seconds to end
        backend.send_signal(signal.SIGTERM)
        backend.communicate(timeout=30)
    assert backend.returncode == 0


@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_worker_that_was_killed_is_replaced_and_leaves_nothing_open(
    workspace: Path, free_port: int
) -> None:
    backend = start(workspace, backend_port=str(free_port))
    url = f"http://127.0.0.1:{free_port}"
    opened = []
    try:
        for _ in range(3):
            _health(url)
            opened.append(len(list(Path(f"/proc/{backend.pid}/fd").iterdir())))
            [worker] = _workers(backend.pid)
            os.kill(worker, signal.SIGKILL)
            _wait_until(lambda gone=worker: gone not in _workers(backend.pid), "it to be gone")
            _wait_until(lambda: _workers(backend.pid) != [], "another worker")
    finally:
        backend.send_signal(signal.SIGTERM)
        backend.communicate(timeout=30)
    assert opened == [opened[0]] * 3


@pytest.mark.slow
@pytest.mark.enable_socket
def test_it_is_alive_before_it_is_ready(workspace: Path, free_port: int) -> None:
    backend = start(workspace, backend_port=str(free_port), backend_secret="secret")
    url = f"http://127.0.0.1:{free_port}"
    try:
        _health(url)
        first = requests.get(f"{url}/ready", timeout=5)
        _wait_until(lambda: requests.get(f"{url}/ready", timeout=5).ok, "the networks")
    finally:
        backend.send_signal(signal.SIGTERM)
        backend.communicate(timeout=15)
    assert (first.status_code, first.json()) == (503, {"ready": False, "waits_for": ["networks"]})


ASKED = ("health", "setup", "predict")


def _ask_until(over: threading.Event, url: str, route: str) -> list[int]:
    """The status of each answer; a refused connection is an error of the test."""
    answers = []
    while not over.is_set():
        if route == "health":
            answer = requests.get(f"{url}/health", timeout=30)
        else:
            answer = requests.post(f"{url}/{route}", json={"tasks": []}, timeout=30)
        answers.append(answer.status_code)
    return answers


def _workers(master: int) -> list[int]:
    """The processes that the master has started and that still run."""
    told = Path(f"/proc/{master}/task/{master}/children").read_text()
    return [int(pid) for pid in told.split()]


def _wait_until(holds: Callable[[], bool], what: str, within_s: float = 60) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


def _health(url: str) -> dict[str, str]:
    until = time.monotonic() + ANSWERS_WITHIN_S
    while True:
        try:
            return json.loads(requests.get(f"{url}/health", timeout=5).content)
        except requests.ConnectionError:
            assert time.monotonic() < until, "the backend does not answer"
            time.sleep(0.05)
