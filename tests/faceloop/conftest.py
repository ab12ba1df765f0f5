"""The command as somebody calls it, with a home, a workspace and settings of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from faceloop.main import main

Faceloop = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def fault(self) -> str:
        """The one line of a command that failed."""
        assert self.code == 1, self
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("faceloop: ")
        return self.err.strip()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's settings, and nothing that a command changes stays changed."""
    for name in [*os.environ]:
        if name.startswith("FACELOOP_"):
            monkeypatch.delenv(name)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


@pytest.fixture
def faceloop(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Faceloop:
    """`faceloop("status", "--workspace", path)`: calls the command in this process."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["faceloop", *map(str, arguments)])
        capsys.readouterr()
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(SystemExit) as ended:
            main()
        signal.signal(signal.SIGTERM, before)
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, *capsys.readouterr())

    return call
