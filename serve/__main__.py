"""`python -m serve`: the app alone, on the current workspace."""

from __future__ import annotations

import argparse
import sys

from faces.errors import FaceloopError
from faces.settings import load_settings


def main() -> int:
    """Serve until stopped; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m serve", description="The app that names every face in a picture."
    )
    parser.add_argument("--workspace", help="where faceloop keeps its database and models")
    parser.add_argument("--port", type=int, help="port to listen on")
    parser.add_argument(
        "--in-container",
        action="store_true",
        help="listen on any address; publish the container's port on this machine alone",
    )
    given = parser.parse_args()
    try:
        settings = load_settings(workspace=given.workspace, app_port=given.port)
        from serve.server import run  # Gradio takes seconds to import; --help should not

        run(settings, in_container=given.in_container)
    except FaceloopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
