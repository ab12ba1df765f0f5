"""`make` in a clone whose path has a space."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_clone_may_lie_in_a_path_with_a_space(tmp_path: Path) -> None:
    clone = tmp_path / "my clone"
    python = clone / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "called $*"\n', encoding="utf-8")
    python.chmod(0o755)
    shutil.copy(python, python.parent / "lint-imports")
    shutil.copy(MAKEFILE, clone)
    for target in ("test-fast", "check", "fix"):
        done = subprocess.run(
            ["make", "-C", clone, target],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "called -m scripts.install --venv=.venv" in done.stdout
