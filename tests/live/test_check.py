"""`faceloop up`: checked, started again, killed, and with nothing of it left afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.own_studio import free_ports
from faceloop.demo_album import make_album
from faceloop.running import UP, noted
from faceloop.workspace import Connection, read_connection
from faces.studio import Studio
from tests.live.conftest import environment, give_up, wait_until

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(600)]

PARTS = {"label-studio", "backend", "serve", "worker"}
PHOTOS_PROJECT = 2
READY_WITHIN_S = 420
LISTENING = """
import os, sys

def listen(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[-1] if event == "socket.sendto" else arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    else:
        return
    if host is not None:
        with open(os.environ["HOSTS_ASKED"], "a", encoding="utf-8") as hosts:
            hosts.write(f"{host.decode() if isinstance(host, bytes) else host}\\n")

sys.addaudithook(listen)
"""
"""Run by every Python that starts with this module's folder in PYTHONPATH."""


@dataclass(frozen=True)
class Place:
    """A workspace over a small album, and what is noted of the processes on it."""

    photos: Path
    workspace: Path
    ports: tuple[int, ...]
    environment: dict[str, str]

    def command(self, *options: str) -> list[str]:
        faceloop = [sys.executable, "-m", "faceloop", "up", "--no-browser"]
        return [*faceloop, "--workspace", str(self.workspace), *options]

    def port_options(self) -> list[str]:
        parts = ("studio", "backend", "app")
        return [f"--{part}-port={port}" for part, port in zip(parts, self.ports, strict=True)]

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_S,
            check=False,
        )

    def running(self) -> dict[str, int]:
        """The numbers of the processes that are noted, by name."""
        noted = json.loads((self.workspace / "running.json").read_bytes())
        return {process["name"]: process["pid"] for process in noted}

    def connection(self) -> Connection:
        connection = read_connection(self.workspace)
        assert connection is not None
        return connection

    def open_ports(self) -> list[int]:
        connection = self.connection()
        ports = (connection.studio_port, connection.backend_port, connection.app_port)
        return [port for port in ports if is_open(port)]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def runs(pid: int) -> bool:
    return noted("any", pid).runs


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Where nothing was started yet; every host that any part asks for is written down."""
    if not (Path(environment()["FACELOOP_STUDIO_VENV"]) / "bin" / "label-studio").exists():
        give_up("Label Studio is not installed; run `make setup`")
    folder = tmp_path_factory.mktemp("check")
    album = make_album(folder / "demo", people=4)
    (folder / "listening").mkdir()
    (folder / "listening" / "sitecustomize.py").write_text(LISTENING, encoding="utf-8")
    paths = [str(folder / "listening"), *filter(None, [os.environ.get("PYTHONPATH")])]
    heard = {"PYTHONPATH": ":".join(paths), "HOSTS_ASKED": str(folder / "hosts.txt")}
    return Place(
        photos=album.photos,
        workspace=folder / "workspace",
        ports=tuple(free_ports(3)),
        environment={**environment(), **heard},
    )


@pytest.fixture(scope="module")
def checked(place: Place) -> subprocess.CompletedProcess[str]:
    """`faceloop up PHOTOS --check` on a workspace that is not there yet."""
    return place.run(str(place.photos), *place.port_options(), "--check")


def test_a_busy_port_ends_the_check_with_one_line(place: Place, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    elsewhere = replace(place, workspace=workspace, ports=tuple(free_ports(3)))
    with socket.create_server(("127.0.0.1", elsewhere.ports[1])):
        done = elsewhere.run(str(place.photos), *elsewhere.port_options(), "--check")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"faceloop: port {elsewhere.ports[1]} for the backend")
    assert not workspace.exists()


def test_a_check_asks_every_part_and_ends_well(checked) -> None:
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stderr == ""
    table = dict(re.findall(r"^│ (\w[^│]+?) +│ (\w+) +│", checked.stdout, re.MULTILINE))
    assert table == dict.fromkeys(
        (
            *("store", "Label Studio", "People project", "Photos project", "a picture"),
            *("backend", "backend, asked by Label Studio", "worker", "app"),
        ),
        "ok",
    )


def test_after_a_check_nothing_is_left(place: Place, checked) -> None:
    assert not (place.workspace / "running.json").exists()
    assert place.open_ports() == []


def test_no_part_asked_for_any_other_machine(place: Place, checked) -> None:
    hosts = set(Path(place.environment["HOSTS_ASKED"]).read_text(encoding="utf-8").split())
    assert "127.0.0.1" in hosts
    assert hosts <= {"127.0.0.1", "localhost", "::1"}


def test_no_secret_is_in_a_log(place: Place, checked) -> None:
    connection = place.connection()
    logs = {log.stem: log.read_text(encoding="utf-8") for log in place.workspace.glob("logs/*")}
    assert set(logs) == PARTS
    for secret in secrets_of(connection):
        assert not [name for name, said in logs.items() if secret in said]


def secrets_of(connection: Connection) -> tuple[str, ...]:
    return connection.own_api_key, connection.backend_secret, connection.studio_password


@dataclass(frozen=True)
class Up:
    """A `faceloop up` that stays."""

    process: subprocess.Popen[bytes]
    output: Path

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        wait_until(
            lambda: self.process.poll() is not None or "faceloop is up" in self.said(),
            within_s=READY_WITHIN_S,
            what="faceloop up",
        )
        assert self.process.poll() is None, self.said()


@contextmanager
def started(place: Place, output: Path, *options: str) -> Iterator[Up]:
    """A `faceloop up` that is killed at the end, if it still runs."""
    with output.open("wb") as written:
        process = subprocess.Popen(
            place.command(*options),
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Up(process, output)
    finally:
        process.kill()
        process.wait()


def test_a_second_run_on_another_port_changes_nothing(
    place: Place, checked, tmp_path: Path
) -> None:
    with started(place, tmp_path / "up.txt", f"--studio-port={free_ports(1)[0]}") as up:
        up.wait_until_ready()
        said, connection, running = up.said(), place.connection(), place.running()
        assert "8 files: 8 as before" in said
        assert "people: nothing to do" in said
        assert "photos: nothing to do" in said
        assert connection.studio_port != place.ports[0]
        with closing(Studio(connection.studio_url, connection.studio_api_key)) as studio:
            assert sum(1 for _task in studio.tasks(PHOTOS_PROJECT)) == 8
        told = (connection.studio_url, connection.studio_user, connection.studio_password)
        assert all(word in said for word in told)
        assert set(running) == {UP, *PARTS}
        for pid in running.values():
            line = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
            assert not [secret for secret in secrets_of(connection) if secret in line]
        one_too_many = place.run("--check")
        assert one_too_many.returncode == 1
        [line] = one_too_many.stderr.splitlines()
        assert "everything is up" in line
        up.process.terminate()
        assert up.process.wait(timeout=60) == 0
        assert "Traceback" not in up.said()
    assert not [pid for pid in running.values() if runs(pid)]
    assert place.open_ports() == []


def parts_started(place: Place, up: Up) -> bool:
    """Whether Label Studio is starting and the photos are read."""
    if not (place.workspace / "running.json").exists():
        return False
    running = place.running()
    return running.get(UP) == up.process.pid and {"label-studio", "serve"} <= set(running)


def test_the_run_after_a_kill_stops_what_was_left_and_a_part_that_ends_is_named(
    place: Place, checked, tmp_path: Path
) -> None:
    with started(place, tmp_path / "killed.txt") as killed:
        wait_until(lambda: parts_started(place, killed), within_s=60, what="parts")
        left = {name: pid for name, pid in place.running().items() if name != UP}
        killed.process.kill()
        killed.process.wait()
    assert all(runs(pid) for pid in left.values())
    with started(place, tmp_path / "up.txt") as up:
        up.wait_until_ready()
        first_line = up.said().splitlines()[0]
        assert first_line == f"stopped what a killed run had left running: {', '.join(left)}"
        assert not [pid for pid in left.values() if runs(pid)]
        running = place.running()
        os.kill(running["worker"], signal.SIGKILL)
        assert up.process.wait(timeout=60) == 1
        assert "faceloop: worker stopped: killed by SIGKILL" in up.said()
    assert not [pid for pid in running.values() if runs(pid)]
    assert place.open_ports() == []


def test_a_stop_while_label_studio_starts_stops_everything(
    place: Place, checked, tmp_path: Path
) -> None:
    with started(place, tmp_path / "up.txt") as up:
        wait_until(lambda: parts_started(place, up), within_s=60, what="parts")
        running = place.running()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(timeout=60) == 130
        assert up.said().endswith("stopped before all was ready; the next run goes on from here\n")
        assert "Traceback" not in up.said()
    assert not [pid for pid in running.values() if runs(pid)]
    assert place.open_ports() == []
