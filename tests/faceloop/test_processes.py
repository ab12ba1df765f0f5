"""Whatever `up` starts, it stops; whatever ends by itself is told with its last words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from faceloop import processes, running
from faceloop.processes import Children
from faceloop.running import UP, Noted, note_running, noted, stop_leftovers
from faces.errors import SetupError

ENV = dict(os.environ)
SLEEP = ["sleep", "60"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks after orphans on this machine may be slow to bury them."""
    monkeypatch.setattr(processes, "STRAGGLERS_WITHIN_S", 0.2)


def wait_until(found: Callable[[], object], *, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    return noted("any", pid).runs


def started(workspace: Path, name: str) -> int:
    """The number of a process that is noted as running."""
    [process] = [one for one in running._read(workspace) if one.name == name]
    return process.pid


def written(file: Path) -> int:
    wait_until(lambda: file.exists() and file.read_text(encoding="utf-8").endswith("\n"))
    return int(file.read_text(encoding="utf-8"))


def test_children_and_what_they_started_are_stopped(tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    with Children(tmp_path) as children:
        children.start("parent", ["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], ENV)
        parent, grandchild = started(tmp_path, "parent"), written(note)
        assert runs(parent)
        assert runs(grandchild)
    assert not runs(parent)
    assert not runs(grandchild)


def test_what_a_child_left_behind_is_stopped_too(tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    with Children(tmp_path) as children:
        children.start("parent", ["sh", "-c", f"sleep 60 & echo $! > {note}"], ENV)
        grandchild = written(note)
        wait_until(lambda: not runs(started(tmp_path, "parent")))
        assert runs(grandchild)
    assert not runs(grandchild)


def test_the_stubborn_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_WITHIN_S", 0.2)
    note = tmp_path / "deaf"
    with Children(tmp_path) as children:
        script = f"trap '' TERM INT; echo $$ > {note}; while true; do sleep 0.05; done"
        children.start("stubborn", ["sh", "-c", script], ENV)
        stubborn = written(note)
    assert not runs(stubborn)


def test_a_mistake_of_ours_stops_them_too(tmp_path: Path) -> None:
    with suppress(RuntimeError), Children(tmp_path) as children:
        children.start("sleep", SLEEP, ENV)
        pid = started(tmp_path, "sleep")
        raise RuntimeError
    assert not runs(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_wait_and_stops_them(tmp_path: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Children(tmp_path) as children:
        children.start("sleep", SLEEP, ENV)
        pid = started(tmp_path, "sleep")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert not runs(pid)
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_does_not_wait_for_the_stubborn(tmp_path: Path) -> None:
    note = tmp_path / "deaf"
    with Children(tmp_path) as children:
        script = f"trap '' TERM INT; echo $$ > {note}; while true; do sleep 0.05; done"
        children.start("stubborn", ["sh", "-c", script], ENV)
        written(note)
        again = f"import os, time; time.sleep(0.3); os.kill({os.getpid()}, {signal.SIGINT:d})"
        impatient = subprocess.Popen([sys.executable, "-c", again])
        before = time.monotonic()
    assert time.monotonic() - before < processes.STOP_WITHIN_S / 2
    impatient.wait()


def test_which_process_ended_and_its_last_words_are_told(tmp_path: Path) -> None:
    for said in ("first", "second"):
        with Children(tmp_path) as children:
            children.start("sleep", SLEEP, ENV)
            children.start("talker", ["sh", "-c", f"echo some; echo {said} words; exit 3"], ENV)
            with pytest.raises(SetupError, match=f"^talker stopped: {said} words "):
                children.wait_until_one_ends()
    assert (tmp_path / "logs" / "talker.log").read_text(encoding="utf-8").count("some") == 2


def test_the_words_of_an_earlier_run_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    for script, words in (("echo before", "before"), ("kill -9 $$", "killed by SIGKILL")):
        with Children(tmp_path) as children:
            children.start("talker", ["sh", "-c", script], ENV)
            with pytest.raises(SetupError, match=f": {words}"):
                children.wait_until_one_ends()


def test_a_log_that_has_grown_large_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "talker.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (processes.LARGEST_LOG_BYTES + 1))
    with Children(tmp_path) as children:
        children.start("talker", ["echo", "new"], ENV)
        wait_until(lambda: log.read_bytes() == b"new\n")


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        Children(tmp_path) as children,
        pytest.raises(SetupError, match=r"ghost cannot be started: .*/nowhere/ghost"),
    ):
        children.start("ghost", ["/nowhere/ghost"], ENV)


@pytest.mark.enable_socket
def test_waiting_ends_when_it_answers_when_it_is_late_and_when_any_ends(tmp_path: Path) -> None:
    serve = (
        "import http.server, pathlib;"
        "s = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler);"
        "print(s.server_port, file=open('port', 'w'), flush=True); s.serve_forever()"
    )
    with Children(tmp_path) as children:
        children.start(
            "web", ["sh", "-c", f'cd {tmp_path}; exec {sys.executable} -c "{serve}"'], ENV
        )
        url = f"http://127.0.0.1:{written(tmp_path / 'port')}/"
        children.wait_for("web", url, timeout_s=10)
        with pytest.raises(SetupError, match=r"web does not answer at .*/nothing after 0 s"):
            children.wait_for("web", f"{url}nothing", timeout_s=0)
        children.start("other", ["sh", "-c", "echo no more"], ENV)
        with pytest.raises(SetupError, match="other stopped: no more"):
            children.wait_for("web", f"{url}nothing", timeout_s=10)


def test_secrets_travel_by_the_environment_and_are_on_no_command_line(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("sleep", SLEEP, {**ENV, "FACELOOP_STUDIO_API_KEY": "token-1"})
        process = Path("/proc") / str(started(tmp_path, "sleep"))
        wait_until(lambda: b"60" in (process / "cmdline").read_bytes())
        assert b"token-1" not in (process / "cmdline").read_bytes()
        assert b"token-1" in (process / "environ").read_bytes()


def test_nothing_is_noted_once_all_is_stopped(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("sleep", SLEEP, ENV)
        assert [one.name for one in running._read(tmp_path)] == [UP, "sleep"]
        assert all(one.runs for one in running._read(tmp_path))
    assert not (tmp_path / "running.json").exists()


def test_a_second_up_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("sleep", SLEEP, ENV)
        with pytest.raises(SetupError, match=rf"already \(process {os.getpid()}\)"):
            stop_leftovers(tmp_path)
        assert runs(started(tmp_path, "sleep"))


def test_what_a_killed_up_left_running_is_stopped(tmp_path: Path) -> None:
    start = (
        "import sys, os, pathlib; from faceloop.processes import Children;"
        "c = Children(pathlib.Path(sys.argv[1])); c.__enter__();"
        "c.start('one', ['sleep', '60'], os.environ); c.start('two', ['true'], os.environ);"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", start, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    one, two = started(tmp_path, "one"), started(tmp_path, "two")
    assert runs(one)
    wait_until(lambda: not runs(two))
    assert stop_leftovers(tmp_path) == ["one"]
    assert not runs(one)
    assert stop_leftovers(tmp_path) == []


def test_a_process_that_only_has_the_number_of_ours_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        note_running(tmp_path, [Noted("label-studio", stranger.pid, "another boot:1")])
        assert stop_leftovers(tmp_path) == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "{}", '["x"]', '[{"name": "up"}]', "no json"])
def test_a_damaged_note_stops_nothing_and_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "running.json").write_text(content, encoding="utf-8")
    assert stop_leftovers(tmp_path) == []
