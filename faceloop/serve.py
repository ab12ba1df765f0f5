"""`faceloop serve`: the app that names every face in a picture."""

from __future__ import annotations

from faceloop import options
from faceloop.workspace import settings_for


def serve(workspace: options.Workspace = None) -> None:
    """Open the app: who is in this picture?"""
    from serve.server import run

    run(settings_for(workspace))
