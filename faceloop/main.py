"""The command `faceloop`: one subcommand a file, errors as one line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from importlib import import_module

import typer

from faceloop.console import INTERRUPTED, fail
from faceloop.disk import told_if_full
from faces.errors import FaceloopError

SUBCOMMANDS = (
    *("up", "cluster", "sync", "retrain", "status", "rename", "restore"),
    *("doctor", "models", "backend", "serve", "worker", "demo"),
)


def command(subcommands: Iterable[str] = SUBCOMMANDS) -> typer.Typer:
    """The command with some of its subcommands, each a function in the module of its name."""
    app = typer.Typer(
        name="faceloop",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_faceloop)
    for name in subcommands:
        app.command()(getattr(import_module(f"faceloop.{name}"), name))
    return app


def main() -> None:
    """Run the command; a mistake of the user's is one line and exit code 1.

    Only what is asked for is imported: all of it takes seconds. A command that is asked to end
    does it as with Ctrl-C, and takes the processes that read photos with it.
    """
    _reach_this_machine_directly()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked_for = [name for name in sys.argv[1:2] if name in SUBCOMMANDS]
    try:
        with told_if_full():
            command(asked_for or SUBCOMMANDS)()
    except FaceloopError as error:
        fail(f"faceloop: {error}")
        sys.exit(1)
    except KeyboardInterrupt:  # while a subcommand is imported; later typer does the same
        sys.exit(INTERRUPTED)


def _faceloop() -> None:
    """Name the people in your photographs: clusters, Label Studio, a classifier, and back."""


def _reach_this_machine_directly() -> None:
    """The parts of faceloop talk to each other here; no proxy between us and the world can help."""
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    excepted = [name for name in before.split(",") if name]
    missing = [name for name in ("127.0.0.1", "localhost") if name not in excepted]
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join([*excepted, *missing])


if __name__ == "__main__":
    main()
