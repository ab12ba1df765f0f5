"""Label Studio's tables, made once: making them takes longer than most tests with a Label Studio.

They are kept in `build/`, so that the next run has them, too; `make clean` removes them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from filelock import FileLock

from benchmarks.own_studio import new_connection
from faceloop.studio_server import (
    find_studio_venv,
    studio_command,
    studio_data,
    studio_environment,
)
from faces.settings import Settings, load_settings

KEPT = Path(__file__).parents[2] / "build" / "label-studio"
DATABASE = "label_studio.sqlite3"


def give_tables(data: Path) -> None:
    """Let a Label Studio that keeps its data in this folder find all its tables, empty.

    One that ran already has its own.
    """
    if not (data / DATABASE).exists():
        data.mkdir(parents=True, exist_ok=True)
        shutil.copy(_tables(), data / DATABASE)


@cache
def _tables() -> Path:
    """The database as the installed version makes it; of several processes one makes it."""
    settings = load_settings()
    [installed] = find_studio_venv(settings).glob("lib/*/site-packages/label_studio-*.dist-info")
    made = KEPT / f"{installed.stem}.sqlite3"
    KEPT.mkdir(parents=True, exist_ok=True)
    with FileLock(KEPT / "lock"):
        if not made.exists():
            _make(made, settings)
    return made


def _make(made: Path, settings: Settings) -> None:
    """Have Label Studio say its version: before it says anything, it makes its tables."""
    program = studio_command(settings)[0]
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        own = settings.model_copy(update={"workspace": Path(folder)})
        environment = studio_environment(own, new_connection(own.workspace))
        subprocess.run(
            [program, "version"], env=environment, check=True, capture_output=True, text=True
        )
        (studio_data(own) / DATABASE).replace(made)
