"""What every subcommand promises: help, one line for a mistake, nothing begun that cannot end."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceloop.main import SUBCOMMANDS
from faceloop.workspace import up_alone
from sync.folder import find_photo_files


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(folder / "grey.jpg")
    return folder


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "studio", [":::", "http://[::1", "ftp://studio.example", "http://", "1.2.3.999", "a b"]
)
def test_what_is_no_address_is_one_line(faceloop, photos: Path, tmp_path: Path, studio) -> None:
    for subcommand in (("up", photos), ("sync",)):
        said = faceloop(*subcommand, "-w", tmp_path / "workspace", "--studio", studio)
        assert "no address of a Label Studio" in said.fault


@pytest.mark.parametrize("token", ["a\u00e9", "a b", "a\n"])
def test_what_is_no_token_is_one_line(faceloop, photos: Path, tmp_path: Path, token: str) -> None:
    options = ("-w", tmp_path / "workspace", "--studio", "studio.example", "--api-key", token)
    fault = faceloop("up", photos, *options).fault
    assert "copy it again" in fault
    assert token not in fault


@pytest.mark.parametrize("subcommand", ["status", "cluster", "models", "worker"])
def test_a_workspace_below_a_file_is_one_line(faceloop, photos: Path, subcommand: str) -> None:
    assert "Not a directory" in faceloop(subcommand, "-w", photos / "grey.jpg" / "x").fault


def test_a_connection_that_cannot_be_read_is_one_line(faceloop, tmp_path: Path) -> None:
    (tmp_path / "connection.json").mkdir()
    assert "Is a directory" in faceloop("status", "-w", tmp_path).fault
    assert "cannot be used" in faceloop("status", "-w", "~nobody-at-all/x").fault


@pytest.mark.parametrize("where", ["imported", "run"])
def test_ctrl_c_is_no_traceback(faceloop, tmp_path: Path, monkeypatch, where: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    place = "main.import_module" if where == "imported" else "status.settings_for"
    monkeypatch.setattr(f"faceloop.{place}", interrupt)
    said = faceloop("status", "-w", tmp_path)
    assert (said.code, said.err.strip()) == (130, "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_a_backend_on_every_address_needs_one_to_tell(
    faceloop, photos: Path, tmp_path: Path, monkeypatch, host: str
) -> None:
    monkeypatch.setenv("FACELOOP_BACKEND_HOST", host)
    fault = faceloop("up", photos, "-w", tmp_path / "workspace").fault
    assert "set FACELOOP_BACKEND_URL" in fault


@pytest.mark.enable_socket
def test_ports_are_tried_on_the_address_that_is_listened_on(
    faceloop, photos: Path, tmp_path: Path, monkeypatch, free_ports
) -> None:
    monkeypatch.setenv("FACELOOP_BACKEND_HOST", "192.0.2.1")
    fault = faceloop("up", photos, "-w", tmp_path / "workspace", *free_ports).fault
    assert "for the backend cannot be used on 192.0.2.1" in fault


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_subcommand_explains_itself(faceloop, subcommand: str) -> None:
    said = faceloop(subcommand, "--help")
    assert said.code == 0
    assert f"faceloop {subcommand} [OPTIONS]" in said.out
    assert "Traceback" not in said.err


def test_without_a_subcommand_all_are_listed(faceloop) -> None:
    said = faceloop("--help")
    assert "Name the people in your photographs" in said.out
    assert all(f"  {name} " in said.out for name in SUBCOMMANDS)


@pytest.mark.parametrize("subcommand", ["status", "sync", "retrain"])
def test_a_workspace_that_nobody_made_is_one_line(faceloop, tmp_path: Path, subcommand) -> None:
    workspace = tmp_path / "nowhere"
    assert "faceloop up" in faceloop(subcommand, "--workspace", workspace).fault
    assert not workspace.exists()


def test_a_subcommand_that_does_not_exist_is_named(faceloop) -> None:
    said = faceloop("upp")
    assert said.code == 2
    assert "'upp'" in said.err


HEAVY = {"dlib", "onnx", "sklearn", "label_studio_sdk", "torch", "fastai", "gradio"}
IN_A_PROCESS = f"""
import runpy, sys
from faceloop.main import command
command(["backend", "models", "cluster"])
print({HEAVY!r} & set(sys.modules) or "light")
sys.stdout.flush()
sys.argv = ["faceloop", "models", "--use", "model-9999-none"]
runpy.run_module("faceloop", run_name="__main__")
"""


@pytest.mark.slow
def test_in_a_process_parts_start_light_and_a_mistake_is_one_line_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS],
        env={**os.environ, "FACELOOP_WORKSPACE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (1, "light"), done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("faceloop: ")
    assert "model-9999-none" in line


def test_a_setting_that_cannot_be_used_is_named(faceloop, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FACELOOP_APP_PORT", "many")
    assert "FACELOOP_APP_PORT" in faceloop("status", "--workspace", tmp_path).fault


@pytest.mark.parametrize("subcommand", ["up", "cluster"])
def test_folders_that_cannot_be_worked_with_leave_nothing_behind(
    faceloop, photos: Path, tmp_path: Path, subcommand: str
) -> None:
    empty, workspace = tmp_path / "empty", tmp_path / "workspace"
    empty.mkdir()
    (empty / "notes.txt").write_text("no photo", encoding="utf-8")
    for folder, reason in ((tmp_path / "nowhere", "there is no folder"), (empty, "no photo in")):
        said = faceloop(subcommand, folder, "--workspace", workspace)
        assert f"{reason} {folder}" in said.fault
    within = faceloop(subcommand, photos, "--workspace", photos / "work")
    assert "previews would be read as photos" in within.fault
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "photos"]
    assert [path.name for path in photos.iterdir()] == ["grey.jpg"]


@pytest.mark.parametrize("hidden", [False, True])
def test_another_workspace_among_the_photos_is_not_read(photos: Path, hidden: bool) -> None:
    other = photos / (".work" if hidden else "work")
    (other / "media").mkdir(parents=True)
    (other / "faceloop.sqlite3").touch()
    shutil.copy(photos / "grey.jpg", other / "media")
    assert [file.path for file in find_photo_files(photos)] == ["grey.jpg"]


def test_a_photo_folder_inside_the_workspace_is_refused(faceloop, photos: Path) -> None:
    said = faceloop("cluster", photos, "--workspace", photos.parent)
    assert "lies in the workspace" in said.fault


@pytest.mark.parametrize("subcommand", ["up", "cluster"])
def test_no_folder_at_all_is_asked_for(faceloop, tmp_path: Path, subcommand: str) -> None:
    workspace = tmp_path / "workspace"
    assert "no folder yet" in faceloop(subcommand, "--workspace", workspace).fault
    assert not workspace.exists()


def test_a_second_up_invents_nothing_while_the_first_one_starts(
    faceloop, photos: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    with up_alone(workspace):
        assert "is up on" in faceloop("up", photos, "--workspace", workspace).fault
        assert [path.name for path in workspace.rglob("*")] == ["locks", "up.lock"]
    assert not workspace.exists()


@pytest.mark.parametrize("subcommand", ["up", "cluster"])
def test_a_folder_with_something_else_is_no_workspace(
    faceloop, photos: Path, tmp_path: Path, subcommand: str
) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    (other / "letter.txt").touch()
    assert "holds something else" in faceloop(subcommand, photos, "--workspace", other).fault
    assert stat.S_IMODE(other.stat().st_mode) == 0o755
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


@pytest.mark.enable_socket
@pytest.mark.parametrize("part", ["studio", "backend", "app"])
def test_a_busy_port_is_one_line_before_anything_starts(
    faceloop, photos: Path, tmp_path: Path, busy_port: int, part: str
) -> None:
    workspace = tmp_path / "workspace"
    said = faceloop("up", photos, "--workspace", workspace, f"--{part}-port", busy_port)
    assert f"port {busy_port} for " in said.fault
    assert f"--{part}-port" in said.fault
    assert not workspace.exists()


@pytest.mark.enable_socket
def test_two_parts_cannot_share_a_port(faceloop, photos: Path, tmp_path: Path, free_port) -> None:
    ports = [f"--{part}-port={free_port}" for part in ("studio", "app")]
    said = faceloop("up", photos, "--workspace", tmp_path / "workspace", *ports)
    assert f"Label Studio and the app cannot share port {free_port}" in said.fault


@pytest.mark.enable_socket
def test_a_label_studio_that_is_not_installed_is_said_before_anything_starts(
    faceloop, photos: Path, tmp_path: Path, monkeypatch, free_ports
) -> None:
    monkeypatch.setenv("FACELOOP_STUDIO_VENV", str(tmp_path / "no-venv"))
    workspace = tmp_path / "workspace"
    said = faceloop("up", photos, "--workspace", workspace, *free_ports)
    assert "run `make setup`" in said.fault
    assert not workspace.exists()


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "asks for a token; give --api-key"),
        (("--api-key", "0" * 40), "no answer from Label Studio"),
    ],
)
def test_anothers_label_studio_is_tried_before_anything_starts(
    faceloop, photos: Path, tmp_path: Path, free_ports, free_port, monkeypatch, options, reason
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # the SDK tries again, and waits before
    workspace, studio = tmp_path / "workspace", f"127.0.0.1:{free_port}"
    said = faceloop(
        "up", photos, "--workspace", workspace, "--studio", studio, *free_ports, *options
    )
    assert reason in said.fault
    assert f"http://{studio}" in said.fault
    assert not workspace.exists()


def unused_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture
def free_port() -> int:
    """A port where nobody listens."""
    return unused_ports(1)[0]


@pytest.fixture
def free_ports() -> list[str]:
    """Options that give each part a port where nobody listens."""
    parts = ("studio", "backend", "app")
    return [f"--{part}-port={port}" for part, port in zip(parts, unused_ports(3), strict=True)]


def test_nothing_between_here_and_here_goes_through_a_proxy(faceloop, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "corp.example,localhost")
    faceloop("status", "--help")
    assert os.environ["no_proxy"] == "corp.example,localhost,127.0.0.1"
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"]


@pytest.mark.parametrize("command", ["status", "worker", "backend", "retrain"])
def test_an_address_of_a_database_that_is_none_is_one_line_without_its_password(
    faceloop, monkeypatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setenv("FACELOOP_DATABASE_URL", "postgresql://me:se/cret@host:many/faces")
    said = faceloop(command, "--workspace", tmp_path / "workspace")
    assert "FACELOOP_DATABASE_URL cannot be understood" in said.fault
    assert "cret" not in said.out + said.err


def test_an_address_of_redis_that_is_none_is_one_line_without_its_password(
    faceloop, monkeypatch, tmp_path: Path
) -> None:
    pytest.importorskip("redis")
    monkeypatch.setenv("FACELOOP_REDIS_URL", "redis://:se/cret@host:many/0")
    said = faceloop("worker", "--workspace", tmp_path / "workspace")
    assert "FACELOOP_REDIS_URL cannot be understood" in said.fault
    assert "cret" not in said.out + said.err
