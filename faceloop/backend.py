"""`faceloop backend`: the ML backend that Label Studio calls."""

from __future__ import annotations

from faceloop import options
from faceloop.workspace import settings_for


def backend(workspace: options.Workspace = None) -> None:
    """Answer Label Studio's calls: predictions, boxes just drawn, hints that somebody answered."""
    from backend.server import run

    run(settings_for(workspace))
