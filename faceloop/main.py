"""The command `faceloop`: one subcommand a file, errors as one line."""

from __future__ import annotations

import os
import sys

import typer

from faceloop.backend import backend
from faceloop.cluster import cluster
from faceloop.console import fail
from faceloop.demo import demo
from faceloop.models import models
from faceloop.retrain import retrain
from faceloop.serve import serve
from faceloop.status import status
from faceloop.sync import sync
from faceloop.up import up
from faceloop.worker import worker
from faces.errors import FaceloopError

app = typer.Typer(
    name="faceloop",
    help="Name the people in your photographs: clusters, Label Studio, a classifier, and back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for subcommand in (up, cluster, sync, retrain, status, models, backend, serve, worker, demo):
    app.command()(subcommand)


def main() -> None:
    """Run the command; a mistake of the user's is one line and exit code 1."""
    _reach_this_machine_directly()
    try:
        app()
    except FaceloopError as error:
        fail(f"faceloop: {error}")
        sys.exit(1)


def _reach_this_machine_directly() -> None:
    """The parts of faceloop talk to each other here; no proxy between us and the world can help."""
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    excepted = [name for name in before.split(",") if name]
    missing = [name for name in ("127.0.0.1", "localhost") if name not in excepted]
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join([*excepted, *missing])


if __name__ == "__main__":
    main()
