"""Runs our commands as processes of their own, forked from one that has imported all they need.

So a command is at work from its first moment on, and one killed at random is killed at its work.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any

_LOADED = (
    *("faceloop.cluster", "faceloop.sync", "faceloop.retrain", "faceloop.models"),
    *("faceloop.worker", "faceloop.backend", "backend.server", "faceloop.model_report"),
    *("training.retrain", "training.learner", "training.report", "training.promotion"),
)
"""Nothing that starts threads as it is imported: those do not outlive a fork."""


def main() -> None:
    """Fork for each line of JSON that asks for a command; in the child, run it.

    `{"arguments": [...], "environment": {...}, "output": file}` is answered by the child's number,
    `{"poll": number}` by its exit code, or null while it runs.
    """
    for name in _LOADED:
        import_module(name)
    while line := sys.stdin.readline():
        asked = json.loads(line)
        if "poll" in asked:
            _tell(_exit_code(asked["poll"]))
            continue
        child = os.fork()
        if not child:
            _become(asked)
            return
        _tell(child)


def _become(asked: dict[str, Any]) -> None:
    """Be the command from here on, in a session of its own."""
    os.setsid()
    output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, replaced in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(stream, replaced)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["faceloop", *asked["arguments"]]
    from faceloop.main import main as command

    command()


def _exit_code(child: int) -> int | None:
    found, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
