"""Our side of the benchmark `ingest`: FOLDER WORKSPACE PROCESSES."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.convention import tell
from faceloop.main import command
from faces.settings import load_settings
from faces.store import photos
from faces.store.database import Store


def run(folder: Path, workspace: Path, *, processes: int) -> dict[str, int]:
    """Read a folder with the command that users type, and say what its store holds then."""
    for name in [name for name in os.environ if name.startswith("FACELOOP_")]:
        del os.environ[name]  # as faceloop is shipped
    arguments = ["cluster", str(folder), "--workspace", str(workspace), "--jobs", str(processes)]
    command(["cluster"])(arguments, standalone_mode=False)
    store = Store(load_settings(workspace=workspace).store_url)
    with store.read() as connection:
        counted = {
            "photos": len(photos.photos(connection)),
            "faces": len(photos.faces(connection)),
        }
    store.close()
    return counted


if __name__ == "__main__":
    _folder, _workspace, _processes = sys.argv[1:]
    tell(run(Path(_folder), Path(_workspace), processes=int(_processes)))
