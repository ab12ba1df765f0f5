"""`python -m backend`: serve by the settings in the environment."""

from __future__ import annotations

import sys

from backend.server import run
from faces.errors import FaceloopError
from faces.settings import load_settings


def main() -> int:
    """Serve; one line and 1 when that is not possible."""
    try:
        run(load_settings())
    except FaceloopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
