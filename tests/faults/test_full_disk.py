"""On a full disk each command says so in one line; once there is room, nothing is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOM_MB = 24
SCENE = [sys.executable, "-m", "tests.faults.full_disk"]


def on_small_disk(folder: Path, command: list[str]) -> list[str]:
    """The same command, with a file system of few megabytes in this folder, seen by it alone."""
    mount = f'mount -t tmpfs -o size={ROOM_MB}m tmpfs "$0" && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, str(folder), *command]


def may_mount(folder: Path) -> bool:
    """Whether this machine lets us have a file system of our own."""
    try:
        return not subprocess.run(on_small_disk(folder, ["true"]), check=False).returncode
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_with_a_full_disk_every_command_says_so_and_the_next_run_finishes(tmp_path: Path) -> None:
    command = [*SCENE, str(tmp_path), "limit"]
    if may_mount(tmp_path):
        command = on_small_disk(tmp_path, [*SCENE, str(tmp_path), "tmpfs"])
    environment = {n: v for n, v in os.environ.items() if not n.startswith("FACELOOP_")}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert not done.returncode, done.stdout + done.stderr
